"""The tokens that people can name by symbol: real mints and decimals of Solana's main network."""

from chalicelib.domain.errors import SameTokenError, UnknownTokenError
from chalicelib.domain.tokens import Mint, Pair, Token

SOL = Token(symbol="SOL", mint=Mint("So11111111111111111111111111111111111111112"), decimals=9)
USDC = Token(symbol="USDC", mint=Mint("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"), decimals=6)
USDT = Token(symbol="USDT", mint=Mint("Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB"), decimals=6)
BONK = Token(symbol="BONK", mint=Mint("DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263"), decimals=5)
JUP = Token(symbol="JUP", mint=Mint("JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN"), decimals=6)
RAY = Token(symbol="RAY", mint=Mint("4k3Dyjzvzp8eMZWUXbBCjEvwSkkk59S5iCNLY3QrkX6R"), decimals=6)
WIF = Token(symbol="WIF", mint=Mint("EKpQGSJtjMFqKZ9KQanSqYXRcF8fBopzLHYxdM65zcjm"), decimals=6)
MSOL = Token(symbol="mSOL", mint=Mint("mSoLzYCxHdYgdzU16g5QSh3i5K3z3KZK7ytfqcJm7So"), decimals=9)

TOKENS = (SOL, USDC, USDT, BONK, JUP, RAY, WIF, MSOL)

# Pools trade wrapped SOL; wallets, explorers and people call it SOL. One token here.
_ALIASES = {"WSOL": SOL, "wSOL": SOL, "11111111111111111111111111111111": SOL}
_BY_NAME = {token.symbol: token for token in TOKENS} | {str(t.mint): t for t in TOKENS} | _ALIASES

# Every name that find_token knows.
TOKEN_NAMES = tuple(_BY_NAME)


def find_pair(name_in: str, name_out: str) -> Pair:
    """Look up both tokens by symbol or mint.

    Raises UnknownTokenError, or SameTokenError when both names mean one token.
    """
    token_in, token_out = find_token(name_in), find_token(name_out)
    if token_in == token_out:
        raise SameTokenError(f"{name_in} and {name_out} are the same token")
    return Pair(token_in=token_in, token_out=token_out)


def find_token(name: str) -> Token:
    """Return the token with this symbol or mint. Raises UnknownTokenError."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise UnknownTokenError(f"{name[:64]!r} is not a listed token") from None
