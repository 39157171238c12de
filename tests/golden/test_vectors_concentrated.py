import json
import os
from pathlib import Path

import pytest

from chalicelib.domain.pools.clmm.pool import CollectFeeOn, ConcentratedPool, Tick
from chalicelib.domain.pools.clmm.volatility import DynamicFee
from chalicelib.domain.pools.pool import Moment
from chalicelib.domain.pools.rejections import QuoteError
from chalicelib.domain.tokens import Mint

FOLDER = Path(os.environ.get("VECTORS_DIR") or Path(__file__).parent / "vectors")
FILE = json.loads((FOLDER / "raydium_clmm.json").read_text())

MINT_0, MINT_1 = Mint("mint0"), Mint("mint1")

INTEGERS = (
    "sqrt_price_x64",
    "tick_current",
    "liquidity",
    "tick_spacing",
    "trade_fee_rate",
    "protocol_fee_rate",
    "fund_fee_rate",
)


def pool_of(name):
    state = FILE["pools"][name]
    fee = state["dynamic_fee"]
    return ConcentratedPool(
        address=name,
        venue="raydium",
        mint_a=MINT_0,
        mint_b=MINT_1,
        fee_on=CollectFeeOn(state["fee_on"]),
        ticks=tuple(Tick(*map(int, tick)) for tick in state["ticks"]),
        dynamic_fee=fee and DynamicFee(**{field: int(value) for field, value in fee.items()}),
        **{field: int(state[field]) for field in INTEGERS},
    )


def quote_of(case):
    pool = pool_of(case["pool"])
    input_mint = MINT_0 if case["direction"] == "zero_for_one" else MINT_1
    quote = pool.quote_exact_in if case["mode"] == "exact_in" else pool.quote_exact_out
    at = Moment(slot=0, unix_seconds=int(case["block_timestamp"]))
    return quote(input_mint, int(case["amount"]), at)


def outcome_of(case):
    try:
        quote = quote_of(case)
    except QuoteError as rejection:
        return {"error": rejection.code}
    after = quote.pool_after
    outcome = {
        "amount_in": str(quote.amount_in),
        "amount_out": str(quote.amount_out),
        "fee_amount": str(quote.fee_amount),
        "fee_on_input": quote.is_fee_on_input,
        "sqrt_price_x64": str(after.sqrt_price_x64),
        "tick_current": after.tick_current,
        "liquidity": str(after.liquidity),
        "complete": quote.is_complete,
    }
    if after.dynamic_fee:
        outcome["volatility_accumulator"] = after.dynamic_fee.volatility_accumulator
    return outcome


@pytest.mark.parametrize("case", FILE["cases"], ids=lambda case: case["id"])
def test_quote_equals_program_when_vector_is_run(case):
    expected = case.get("expected") or {"error": case["error"]["code"]}

    outcome = outcome_of(case)

    assert outcome == expected


@pytest.mark.parametrize(
    "case", [case for case in FILE["cases"] if "expected" in case], ids=lambda case: case["id"]
)
def test_fees_add_up_when_vector_is_filled(case):
    expected = case["expected"]
    is_token_0 = expected["fee_on_input"] is (case["direction"] == "zero_for_one")

    fees = quote_of(case).fees

    assert sum(fee.amount for fee in fees) == int(expected["fee_amount"])
    assert {fee.mint for fee in fees} == {MINT_0 if is_token_0 else MINT_1}
