"""Addresses as people read them, without the library that a cold start had to wait for."""

_DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
ADDRESS_BYTES = 32
# What so many bytes take at most.
ADDRESS_CHARACTERS_MAX = 44


def address_of(content: bytes) -> str:
    """Write the bytes in base 58: each zero in front of them is a 1."""
    number, text = int.from_bytes(content), ""
    while number:
        number, value = divmod(number, len(_DIGITS))
        text = _DIGITS[value] + text
    zeros = len(content) - len(content.lstrip(b"\0"))
    return _DIGITS[0] * zeros + text


def bytes_of(address: str) -> bytes | None:
    """Return the 32 bytes of an address; None when the text is no address."""
    if len(address) > ADDRESS_CHARACTERS_MAX or not all(digit in _VALUES for digit in address):
        return None
    number = 0
    for digit in address:
        number = number * len(_DIGITS) + _VALUES[digit]
    if number >> 8 * ADDRESS_BYTES:
        return None
    content = number.to_bytes(ADDRESS_BYTES)
    return content if address_of(content) == address else None
