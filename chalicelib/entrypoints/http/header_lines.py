"""Every Idempotency-Key of a request. Chalice reads `headers` of an event, in which API Gateway
keeps the last line of each header; `multiValueHeaders` has them all."""

from collections.abc import Mapping
from typing import Any

from chalice.app import Chalice

NAME = "idempotency-key"
# As RFC 9110 (5.2) combines lines, and as the local emulator does. No key holds a space.
SEPARATOR = ", "


class HeaderLinesChalice(Chalice):
    """Chalice, whose requests have the values of all Idempotency-Key lines in one header."""

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """Answer an event of the REST API."""
        answer: dict[str, Any] = super().__call__(_with_every_line(event), context)
        return answer


def _with_every_line(event: Mapping[str, Any]) -> Mapping[str, Any]:
    lines = [
        line
        for name, several in (event.get("multiValueHeaders") or {}).items()
        if name.lower() == NAME
        for line in several
    ]
    if len(lines) < 2:
        return event
    others = {k: v for k, v in (event["headers"] or {}).items() if k.lower() != NAME}
    return {**event, "headers": {**others, NAME: SEPARATOR.join(lines)}}
