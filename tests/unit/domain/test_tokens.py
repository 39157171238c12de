import pytest

from chalicelib.domain.errors import SameTokenError, UnknownTokenError
from chalicelib.domain.token_list import SOL, TOKENS, USDC, find_pair, find_token
from chalicelib.domain.tokens import Token

SOL_NAMES = (
    "SOL",
    "WSOL",
    "wSOL",
    "So11111111111111111111111111111111111111112",
    "11111111111111111111111111111111",
)


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token.symbol)
def test_token_is_found_by_symbol_and_by_mint(token: Token) -> None:
    assert find_token(token.symbol) is find_token(token.mint) is token


@pytest.mark.parametrize("name", SOL_NAMES)
def test_token_is_sol_when_wrapped_or_not(name: str) -> None:
    assert find_token(name) is SOL


@pytest.mark.parametrize("name", ["", "sol", " SOL", "SOL\n", "DOGE", "S" * 10_000, "\ud800"])
def test_token_is_refused_when_it_is_not_listed(name: str) -> None:
    with pytest.raises(UnknownTokenError) as refusal:
        find_token(name)

    assert len(refusal.value.detail) < 150


def test_tokens_have_names_of_their_own() -> None:
    assert len({token.symbol for token in TOKENS}) == len({token.mint for token in TOKENS}) == 8


def test_pair_keeps_its_direction() -> None:
    pair = find_pair("wSOL", "USDC")

    assert (pair.token_in, pair.token_out) == (SOL, USDC)


@pytest.mark.parametrize("name_in", SOL_NAMES)
@pytest.mark.parametrize("name_out", SOL_NAMES)
def test_pair_is_refused_when_both_names_mean_one_token(name_in: str, name_out: str) -> None:
    with pytest.raises(SameTokenError):
        find_pair(name_in, name_out)
