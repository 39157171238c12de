"""What a caller names: keys of orders, API keys and order ids, checked before anything is sent."""

import re
import uuid

# What the service takes: in quotes, or without any.
_IDEMPOTENCY_KEY = re.compile(r'"[\x21\x23-\x7e]{1,255}"|[\x21\x23-\x7e]{1,255}', re.ASCII)
_ORDER_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_SHORT_ID = re.compile(r"[0-9a-f]{4,8}|[0-9a-f]{8}-[0-9a-f-]{0,26}", re.ASCII | re.IGNORECASE)
_API_KEY = re.compile(r"[\x21-\x7e]+", re.ASCII)


def new_idempotency_key() -> str:
    """Return a key that no order was placed under."""
    return str(uuid.uuid4())


def check_idempotency_key(key: str) -> str:
    """Return the key. Raises ValueError, which says what a key is, unless the service takes it."""
    if _IDEMPOTENCY_KEY.fullmatch(key) is None:
        raise ValueError(
            "an idempotency key must be 1 to 255 visible ASCII characters, without spaces or quotes"
        )
    return key


def check_api_key(key: str) -> str:
    """Return the key. Raises ValueError unless a header can carry it."""
    if _API_KEY.fullmatch(key) is None:
        raise ValueError("an API key must be visible ASCII characters only, without spaces")
    return key


def is_order_id(text: str) -> bool:
    """Tell whether this is a whole order id."""
    return _ORDER_ID.fullmatch(text) is not None


def check_order_name(text: str) -> str:
    """Return the order id, or the beginning of one. Raises ValueError when it is neither."""
    if not is_order_id(text) and _SHORT_ID.fullmatch(text) is None:
        raise ValueError(
            "an order is named by its id, such as 4d3f1a52-6a39-4a8e-9d0a-0b1a5b0c9d11, or by the "
            f"first four characters of it or more, not by {text!r}"
        )
    return text


def check_order_id(text: str) -> str:
    """Return the order id. Raises ValueError unless it is a whole one."""
    if not is_order_id(text):
        raise ValueError(
            "an order id has 36 characters, such as "
            f"4d3f1a52-6a39-4a8e-9d0a-0b1a5b0c9d11, not {text!r}"
        )
    return text
