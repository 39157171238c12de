"""What clients send, as JSON Schema: the forms of the wire models, and a name for each body.

That exactly one of two amounts is there is said by two bodies; no generator types it otherwise.
"""

from pydantic import BaseModel

from chalicelib.entrypoints.contract.answer_forms import ref
from chalicelib.entrypoints.wire import forms as wire_forms
from chalicelib.entrypoints.wire.forms import DECIMAL_TEXT, Schema
from chalicelib.entrypoints.wire.requests import (
    DEFAULT_MAX_PRICE_IMPACT_BPS,
    DEFAULT_SLIPPAGE_BPS,
    SubmitOrderRequest,
)

ORDER_REQUEST = "OrderRequest"
_NAMED: dict[str, Schema] = {
    "TokenName": wire_forms.TOKEN,
    "OrderType": wire_forms.ORDER_TYPE,
    "OrderStatus": wire_forms.ORDER_STATUS,
    "Amount": wire_forms.AMOUNT,
    "SlippageBps": wire_forms.slippage_bps(DEFAULT_SLIPPAGE_BPS),
    "MaxPriceImpactBps": wire_forms.max_price_impact_bps(DEFAULT_MAX_PRICE_IMPACT_BPS),
}


def components() -> dict[str, Schema]:
    """Every schema of what is sent, by name."""
    orders = {
        "ExactInOrder": _order("Sell exactly `amount`.", has="amount", lacks="amountOut"),
        "ExactOutOrder": _order("Buy exactly `amountOut`.", has="amountOut", lacks="amount"),
    }
    return _NAMED | orders | {ORDER_REQUEST: {"oneOf": [ref(name) for name in orders]}}


def query_parameters(model: type[BaseModel]) -> list[Schema]:
    """The query parameters that a wire model reads."""
    schema = model.model_json_schema(by_alias=True)
    return [
        _parameter(name, _plain(form), required=name in schema.get("required", []))
        for name, form in schema["properties"].items()
    ]


def _order(description: str, *, has: str, lacks: str) -> Schema:
    schema: Schema = SubmitOrderRequest.model_json_schema(by_alias=True)
    forms = {name: _plain(form) for name, form in schema["properties"].items() if name != lacks}
    return {
        "type": "object",
        "description": description,
        "properties": {name: _of_body(form) for name, form in forms.items()},
        "required": [*schema["required"], has],
        "additionalProperties": False,
    }


def _of_body(form: Schema) -> Schema:
    # Not the default: openapi-typescript takes it for a field that has to be there.
    return _named({key: value for key, value in form.items() if key != "default"})


def _parameter(name: str, form: Schema, *, required: bool) -> Schema:
    parameter: Schema = {"name": name, "in": "query", "required": required}
    schema = _named(_as_text(form))
    if "description" in form:
        parameter["description"] = form["description"]
        schema = {key: value for key, value in schema.items() if key != "description"}
    return parameter | {"schema": schema}


def _as_text(form: Schema) -> Schema:
    """What of a form a query can write."""
    if DECIMAL_TEXT in form.get("anyOf", []):
        return DECIMAL_TEXT
    if "anyOf" in form:
        default = {"default": form["default"]} if "default" in form else {}
        return {**form["anyOf"][0], **default}
    return form


def _named(form: Schema) -> Schema:
    """Point to the form where it has a name."""
    name = next((name for name, named in _NAMED.items() if named == form), None)
    return ref(name) if name else form


def _plain(schema: Schema) -> Schema:
    """A property without what pydantic says of absence: it is left out, not null."""
    plain = {k: v for k, v in schema.items() if k != "title" and (k, v) != ("default", None)}
    forms = [form for form in plain.get("anyOf", []) if form != {"type": "null"}]
    if len(forms) == 1:
        del plain["anyOf"]
        plain.update(forms[0])
    return plain
