"""Idempotency-Key, as in the draft of the IETF's HTTP API working group: a quoted string; the bare
one that most clients send is as good."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC

from chalicelib.domain.orders.terms import OrderType
from chalicelib.domain.orders.terms_codec import write_terms
from chalicelib.engine.limits import IdempotencyKey
from chalicelib.entrypoints.errors import InvalidIdempotencyKeyError
from chalicelib.entrypoints.http.header_lines import NAME, SEPARATOR
from chalicelib.entrypoints.wire.fields import DEFAULT_MAX_PRICE_IMPACT_BPS
from chalicelib.entrypoints.wire.order_requests import WantedOrder

_QUOTED = re.compile(r'"([\x21\x23-\x7e]{1,255})"', re.ASCII)
_BARE = re.compile(r"[\x21\x23-\x7e]{1,255}", re.ASCII)


def read_key(headers: Mapping[str, str], wanted: WantedOrder) -> IdempotencyKey | None:
    """Return the key under which this order is placed, if there is one.

    What counts is what was asked, not how it was written. Raises InvalidIdempotencyKeyError.
    """
    text = headers.get(NAME)
    if text is None:
        return None
    value = _value(text)
    trade, pair, order_type = wanted.trade, wanted.trade.pair, wanted.terms.order_type
    asked: list[object] = [order_type, *pair.mints]
    asked += [trade.mode, trade.amount, wanted.slippage_bps]
    if wanted.max_price_impact_bps != DEFAULT_MAX_PRICE_IMPACT_BPS:
        # The default adds nothing, so that keys from before there was such a limit still match.
        asked.append(wanted.max_price_impact_bps)
    terms = write_terms(wanted.terms)
    # A market order has no more to say than that, unless it has an exit.
    if order_type is not OrderType.MARKET or terms:
        until = wanted.expires_at and wanted.expires_at.astimezone(UTC).isoformat()
        asked += [terms, until, wanted.trigger_if_met]
    content = json.dumps(asked).encode()
    return IdempotencyKey(value=value, fingerprint=hashlib.sha256(content).digest())


def _value(text: str) -> str:
    """Return the one value of all lines of the header."""
    values = {_unquoted(line) for line in text.split(SEPARATOR)}
    if len(values) > 1:
        raise InvalidIdempotencyKeyError(
            "Send exactly one Idempotency-Key; this request has several."
        )
    return values.pop()


def _unquoted(line: str) -> str:
    quoted = _QUOTED.fullmatch(line)
    if quoted is None and _BARE.fullmatch(line) is None:
        raise InvalidIdempotencyKeyError
    return quoted[1] if quoted else line
