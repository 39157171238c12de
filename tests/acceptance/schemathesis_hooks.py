"""Lets schemathesis ask for listed tokens, and hold answers to all that the tests hold them to."""

from typing import Any

import schemathesis

from chalicelib.domain.token_list import TOKEN_NAMES
from tests.strict_contract import strict


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    raw_schema.update(strict(raw_schema))
    # The document leaves open what may be listed one day; any other name is a 422 today.
    raw_schema["components"]["schemas"]["TokenName"] = {"type": "string", "enum": [*TOKEN_NAMES]}
