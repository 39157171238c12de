"""The JSON of tokens."""

from chalicelib.domain.orders.failure_codec import Fields, Json
from chalicelib.domain.tokens import Mint, Token


def write_token(token: Token) -> dict[str, Json]:
    """Return a token as a JSON object."""
    return {"symbol": token.symbol, "mint": token.mint, "decimals": token.decimals}


def read_token(fields: Fields) -> Token:
    """Return the token. Raises KeyError or ValueError."""
    decimals = int(fields["decimals"])
    return Token(symbol=str(fields["symbol"]), mint=Mint(fields["mint"]), decimals=decimals)
