"""The fields of requests, named as the service names them."""

from typing import Any


def swap_fields(
    token_in: str, token_out: str, amount: str, *, exact_out: bool = False
) -> dict[str, Any]:
    """Return what is swapped: `amount` is paid, or received if `exact_out`."""
    name = "amountOut" if exact_out else "amount"
    return {"tokenIn": token_in, "tokenOut": token_out, name: amount}


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields without those that are None: the service wants them left out."""
    return {name: value for name, value in fields.items() if value is not None}
