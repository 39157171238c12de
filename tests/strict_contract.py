"""A contract's document as the tests read it, with what no generator can type: an answer has the
documented fields alone, and of two fields the right ones are there."""

from typing import Any

Document = dict[str, Any]

GIVEN, LIMIT = ("amount", "amountOut"), ("minAmountOut", "maxAmountIn")
EXACTLY_ONE = {"AcceptedOrder": GIVEN, "CancelledOrder": GIVEN, "Quotes": LIMIT}
# `amountOut` is what was asked for, and later what was received.
AT_LEAST_ONE = {"ListedOrder": GIVEN, "Order": GIVEN}
# An event of this status tells of a decision with its limit, or of a request to cancel alone.
DECISION = {"quotes", "rejections", "route", "lastValidBlockHeight"}
BUILDING = [*({*DECISION, limit} for limit in LIMIT), {"cancelRequested"}]


def strict(document: Document) -> Document:
    """A copy whose schemas refuse what should not be answered."""
    copy: Document = closed(document)
    schemas = copy["components"]["schemas"]
    for keyword, rules in (("oneOf", EXACTLY_ONE), ("anyOf", AT_LEAST_ONE)):
        for name in rules.keys() & schemas.keys():
            schemas[name][keyword] = [{"required": [field]} for field in rules[name]]
    if "BuildingEvent" in schemas:
        schemas["BuildingEvent"]["oneOf"] = [_only(form, BUILDING) for form in BUILDING]
    return copy


def _only(form: set[str], forms: list[set[str]]) -> Document:
    """The fields of that form, and none that only others have."""
    others = set().union(*forms) - form
    return {"required": sorted(form), "properties": dict.fromkeys(sorted(others), False)}


def closed(node: Any) -> Any:
    """A copy whose records have no other fields than those that are documented."""
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    copy = {key: closed(value) for key, value in node.items()}
    is_record = node.get("type") == "object" and "properties" in node
    return {"additionalProperties": False, **copy} if is_record else copy
