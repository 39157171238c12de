"""What clients send, as JSON Schema: the forms of the wire models, and a name for each body.

That exactly one of two amounts is there is said by two bodies; no generator types it otherwise.
"""

from pydantic import BaseModel

from chalicelib.entrypoints.contract.answer_forms import ref
from chalicelib.entrypoints.wire import forms as wire_forms
from chalicelib.entrypoints.wire.edits import EDITABLE
from chalicelib.entrypoints.wire.fields import DEFAULT_MAX_PRICE_IMPACT_BPS, DEFAULT_SLIPPAGE_BPS
from chalicelib.entrypoints.wire.forms import DECIMAL_TEXT, Schema
from chalicelib.entrypoints.wire.order_request import OrderRequest
from chalicelib.entrypoints.wire.order_requests import ORDER_REQUESTS
from chalicelib.entrypoints.wire.requests import CancelOrdersRequest

ORDER_REQUEST, ORDER_EDIT, ORDERS_FILTER = "OrderRequest", "OrderEdit", "OrdersFilter"
_NAMED: dict[str, Schema] = {
    "TokenName": wire_forms.TOKEN,
    "OrderType": wire_forms.ORDER_TYPE,
    "OrderStatus": wire_forms.ORDER_STATUS,
    "Amount": wire_forms.AMOUNT,
    "ExitRequest": wire_forms.EXIT,
    "GuardsRequest": wire_forms.GUARDS,
    "SlippageBps": wire_forms.slippage_bps(DEFAULT_SLIPPAGE_BPS),
    "MaxPriceImpactBps": wire_forms.max_price_impact_bps(DEFAULT_MAX_PRICE_IMPACT_BPS),
}


def components() -> dict[str, Schema]:
    """Every schema of what is sent, by name."""
    orders = {
        name: schema for model in ORDER_REQUESTS for name, schema in _orders_of(model).items()
    }
    return {
        **_NAMED,
        **orders,
        ORDER_REQUEST: {"oneOf": [ref(name) for name in orders]},
        ORDER_EDIT: _edit(),
        ORDERS_FILTER: _body(CancelOrdersRequest, "Which orders are meant: all, if empty."),
    }


def query_parameters(model: type[BaseModel]) -> list[Schema]:
    """The query parameters that a wire model reads."""
    schema = model.model_json_schema(by_alias=True)
    return [
        _parameter(name, _plain(form), required=name in schema.get("required", []))
        for name, form in schema["properties"].items()
    ]


def _orders_of(model: type[OrderRequest]) -> dict[str, Schema]:
    """The bodies of a type of order, by name: ExactInOrder, ExactOutStopOrder."""
    words = model.order_type.title().replace("_", "")
    name = "Order" if words == "Market" else f"{words}Order"
    selling = _order(model, "Sell exactly `amount`.", has="amount", lacks="amountOut")
    if not model.may_buy_exactly:
        return {f"ExactIn{name}": selling}
    buying = _order(model, "Buy exactly `amountOut`.", has="amountOut", lacks="amount")
    return {f"ExactIn{name}": selling, f"ExactOut{name}": buying}


def _edit() -> Schema:
    """Every field that some type of order lets its owner edit."""
    forms: dict[str, Schema] = {}
    for model in ORDER_REQUESTS:
        names = EDITABLE.get(model.order_type, frozenset())
        properties = _body(model, "")["properties"]
        forms |= {name: form for name, form in properties.items() if name in names}
    return {
        "type": "object",
        "description": "What shall be different: fields that orders of this type have.",
        "properties": forms,
        "minProperties": 1,
        "additionalProperties": False,
    }


def _body(model: type[BaseModel], description: str) -> Schema:
    schema: Schema = model.model_json_schema(by_alias=True)
    return {
        "type": "object",
        "description": description,
        "properties": {n: _of_body(_plain(form)) for n, form in schema["properties"].items()},
        "additionalProperties": False,
    }


def _order(model: type[OrderRequest], what: str, *, has: str, lacks: str) -> Schema:
    schema: Schema = model.model_json_schema(by_alias=True)
    # What bounds the amount that is given cannot be said beside it.
    foreign = {"amount": "maxAmountIn", "amountOut": "minAmountOut"}[has]
    forms = {
        n: _plain(form) for n, form in schema["properties"].items() if n not in (lacks, foreign)
    }
    fields = {name: _of_body(form) for name, form in forms.items()}
    fields["type"] = {"type": "string", "const": str(model.order_type)}
    return {
        "type": "object",
        "description": f"{model.__doc__} {what}",
        "properties": fields,
        "required": [*dict.fromkeys((*schema["required"], has))],
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
