"""What the schemas of answers are made of: the forms of single values, and how they are joined.

A symbol or a mint may be any: what a token is called stands on the order, and orders outlive lists.
"""

from enum import StrEnum
from typing import Any

from chalicelib.domain.amounts import BPS
from chalicelib.entrypoints.wire import forms as wire_forms
from chalicelib.entrypoints.wire.forms import Schema

TEXT: Schema = {"type": "string", "minLength": 1}
ORDER_ID: Schema = {
    "type": "string",
    "format": "uuid",
    "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
}
TIMESTAMP: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
}
DECIMAL: Schema = {
    "type": "string",
    "pattern": r"^(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$",
    "description": "A plain decimal in whole tokens, without trailing zeros.",
}
CODE: Schema = {
    "type": "string",
    "pattern": "^[A-Z][A-Z0-9_]*$",
    "description": "Stable; docs/errors.md lists every code.",
}
ADDRESS: Schema = {"type": "string", "pattern": "^[1-9A-HJ-NP-Za-km-z]{32,44}$"}
SYMBOL: Schema = TEXT | {"description": "The name people use for the token.", "examples": ["SOL"]}
MINT: Schema = ADDRESS | {
    "description": "The token's address on the chain.",
    "examples": ["So11111111111111111111111111111111111111112"],
}
SIGNATURE: Schema = {"type": "string", "pattern": "^[1-9A-HJ-NP-Za-km-z]{64,88}$"}
SHARE_BPS: Schema = {"type": "integer", "minimum": 0, "maximum": BPS}
WHOLE: Schema = {"type": "integer", "minimum": 0}
SEQUENCE: Schema = {"type": "integer", "minimum": 1}
SECONDS: Schema = {"type": "number", "minimum": 0}
CURSOR: Schema = {key: wire_forms.CURSOR[key] for key in ("type", "pattern")}
STREAM_URL: Schema = {"type": "string", "pattern": "^wss?://"}


def ref(name: str) -> Schema:
    """Point to a schema of the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def record(
    fields: dict[str, Schema], optional: dict[str, Schema] | None = None, **more: Any
) -> Schema:
    """An object with these fields. It may get more: clients ignore what they do not know."""
    return {
        "type": "object",
        "properties": fields | (optional or {}),
        "required": list(fields),
        **more,
    }


def list_of(items: Schema) -> Schema:
    """An array of these."""
    return {"type": "array", "items": items}


def map_of(values: Schema, **more: Any) -> Schema:
    """An object of any names."""
    return {"type": "object", "additionalProperties": values, **more}


def one_of(names: type[StrEnum]) -> Schema:
    """One of these names."""
    return {"type": "string", "enum": [str(name) for name in names]}


def or_null(schema: Schema) -> Schema:
    """This, or nothing."""
    return {"anyOf": [schema, {"type": "null"}]}
