"""JSON without its traps: exact decimals, no NaN or Infinity, no duplicate keys, bounded size and
depth."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from chalicelib.entrypoints.errors import (
    BodyTooDeepError,
    BodyTooLargeError,
    DuplicateKeyError,
    MalformedJsonError,
    NumberTooLargeError,
)

BODY_BYTES_MAX = 16 * 1024
DEPTH_MAX = 16


def parse(body: bytes) -> Any:
    """Read a JSON document; every number becomes an exact Decimal.

    Raises BodyTooLargeError, BodyTooDeepError, DuplicateKeyError, NumberTooLargeError or
    MalformedJsonError.
    """
    if len(body) > BODY_BYTES_MAX:
        raise BodyTooLargeError
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedJsonError("the body is not UTF-8") from error
    _refuse_depth(text)
    try:
        return json.loads(
            text,
            parse_int=_exact_number,
            parse_float=_exact_number,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique_keys,
        )
    except ValueError as error:
        raise MalformedJsonError(f"the body is not valid JSON: {error}") from error


def _refuse_depth(text: str) -> None:
    """Count brackets outside of strings before a parser recurses into them."""
    depth = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > DEPTH_MAX:
                raise BodyTooDeepError
        elif character in "]}":
            depth -= 1


def _exact_number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise NumberTooLargeError from error


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedJsonError(f"{name} is not a JSON number")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise DuplicateKeyError
    return document
