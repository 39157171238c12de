"""What is given to clients to bring back, and cannot be made or changed by them: tickets for a
stream and cursors of a list."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

CHARACTERS_MAX = 512


class ForgedError(Exception):
    """This was not given out by this service."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Seals values with HMAC-SHA256; what is sealed for one purpose opens for no other."""

    secret: bytes

    def seal(self, purpose: str, values: list[str | int]) -> str:
        """Return the values as a text that fits into a URL."""
        content = json.dumps(values, separators=(",", ":")).encode()
        return f"{_text(content)}.{_text(self._mark(purpose, content))}"

    def open(self, purpose: str, sealed: str) -> list[Any]:
        """Return the values. Raises ForgedError unless they were sealed here for that purpose."""
        if len(sealed) > CHARACTERS_MAX:
            raise ForgedError
        text, _, mark = sealed.partition(".")
        try:
            content, given = _content(text), _content(mark)
        except ValueError:
            raise ForgedError from None
        if not hmac.compare_digest(given, self._mark(purpose, content)):
            raise ForgedError
        values: list[Any] = json.loads(content)
        return values

    def _mark(self, purpose: str, content: bytes) -> bytes:
        return hmac.digest(self.secret, purpose.encode() + b":" + content, hashlib.sha256)


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _content(text: str) -> bytes:
    content = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    if _text(content) != text:
        raise ValueError("not the way it is written here")
    return content
