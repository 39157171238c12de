"""What is sent in a header: Idempotency-Keys and API keys, checked before anything is sent."""

import re
import uuid

# What the service takes: in quotes, or without any.
_IDEMPOTENCY_KEY = re.compile(r'"[\x21\x23-\x7e]{1,255}"|[\x21\x23-\x7e]{1,255}', re.ASCII)
_API_KEY = re.compile(r"[\x21-\x7e]+", re.ASCII)


def new_idempotency_key() -> str:
    """Return a key that no order was placed under."""
    return str(uuid.uuid4())


def check_idempotency_key(key: str) -> str:
    """Return the key. Raises ValueError, which says what a key is, unless the service takes it."""
    if _IDEMPOTENCY_KEY.fullmatch(key) is None:
        raise ValueError(
            "an idempotency key has 1 to 255 visible ASCII characters, without spaces and quotes"
        )
    return key


def check_api_key(key: str) -> str:
    """Return the key. Raises ValueError unless a header can carry it."""
    if _API_KEY.fullmatch(key) is None:
        raise ValueError("an API key has visible ASCII characters only, without spaces")
    return key
