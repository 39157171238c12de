"""Frames that nobody means well: each has to be answered with an error frame."""

import json

ORDER_ID = "00000000-0000-4000-8000-000000000001"
NOBODY = "ffffffff-ffff-4fff-8fff-ffffffffffff"
SQL = ["' OR 1=1 --", "'; DROP TABLE orders; --", "1) UNION SELECT current_user --", "%' ESCAPE '"]
# Look like what is meant, or turn around what follows: Cyrillic, full width, overrides, joiners.
CONFUSABLES = [
    "\u0440ing",
    "\uff50\uff49\uff4e\uff47",
    "\u202egnip",
    "pi\u200bng",
    "\ufeffping",
    "ping\u0000",
    "P\u0130NG",
]
CONFUSABLE_IDS = [
    ORDER_ID.replace("0", "\u0660"),
    ORDER_ID.replace("0", "\uff10"),
    ORDER_ID.replace("-", "\u2010"),
    "\u202e" + ORDER_ID,
    ORDER_ID + "\u0000",
    ORDER_ID + "\n",
]
SURROGATE = "\\ud800"


def _with_text(text: str) -> list[str]:
    """The text in every field of every frame."""
    fields: list[dict[str, object]] = [
        {"action": text},
        {"action": "ping", text: text},
        {"action": "subscribe", "orderId": text},
        {"action": "unsubscribe", "orderId": text},
        {"action": "subscribe", "orderId": ORDER_ID, "after": text},
        {"action": "subscribe", "orderId": ORDER_ID, text: 1},
        {text: {text: [text]}},
    ]
    return [json.dumps(frame, ensure_ascii=False) for frame in fields]


_TEXTS = ["", "\u0000", "x" * 10_000, "🦀" * 1_000, *SQL, *CONFUSABLES]
_BROKEN = [
    "",
    " ",
    "\u0000",
    "{",
    "}",
    "ping",
    "'ping'",
    "{action:'ping'}",
    '{"action":"ping"}{"action":"ping"}',
    '{"action":"ping",}',
    '{"action":"ping"/**/}',
    '{"action":"ping","action":"ping"}',
    '{"action":NaN}',
    '{"action":Infinity}',
    '{"action":1e999999999999}',
    f'{{"action":"{SURROGATE}"}}',
    f'{{"action":"subscribe","orderId":"{SURROGATE}"}}',
    f'{{"action":"ping","{SURROGATE}":"{SURROGATE}"}}',
    "null",
    "true",
    "0",
    '"ping"',
    "[]",
    '["ping"]',
    "[" * 9_000,
    "[" * 20_000,
    "[" * 10_000 + "]" * 10_000,
    '{"a":' * 3_000 + "1" + "}" * 3_000,
    '{"action":"' + "x" * 100_000 + '"}',
    "1" * 16_000,
]
_ELSEWHERE = [
    json.dumps({"action": action, "orderId": order_id})
    for action in ("subscribe", "unsubscribe")
    for order_id in (NOBODY, None, 1, [], {}, *CONFUSABLE_IDS)
]
_UNKNOWN_ACTIONS = [
    json.dumps({"action": action})
    for action in ("publish", "connect", "$connect", "$default", "__class__", "PING", " ping")
]

HOSTILE_FRAMES = [
    *_BROKEN,
    *_ELSEWHERE,
    *_UNKNOWN_ACTIONS,
    *[frame for text in _TEXTS for frame in _with_text(text)],
]


def name_of(frame: str) -> str:
    """A short ASCII name for a test's id."""
    return f"{frame[:40]!a} {len(frame)}"
