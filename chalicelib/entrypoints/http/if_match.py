"""If-Match, which names the sequence of the order that a client has seen."""

import re
from collections.abc import Mapping

from chalicelib.entrypoints.errors import IfMatchRequiredError, InvalidIfMatchError

_SEQUENCE = re.compile(r'("?)([1-9][0-9]{0,8})\1', re.ASCII)


def read_sequence(headers: Mapping[str, str]) -> int:
    """Return the sequence of the header, which may stand in quotes. Raises IfMatchRequiredError or
    InvalidIfMatchError."""
    text = headers.get("if-match")
    if text is None:
        raise IfMatchRequiredError
    written = _SEQUENCE.fullmatch(text.strip())
    if written is None:
        raise InvalidIfMatchError
    return int(written[2])


def entity_tag(sequence: int) -> str:
    """Write the sequence as an entity tag."""
    return f'"{sequence}"'
