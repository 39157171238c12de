import json
import os
from pathlib import Path

import pytest

from chalicelib.domain.pools.damm_v2.fees import (
    ConstantFee,
    DynamicFee,
    ExponentialFee,
    LinearFee,
    RateLimiter,
)
from chalicelib.domain.pools.damm_v2.modes import ActivationType, CollectFeeMode, PoolStatus
from chalicelib.domain.pools.damm_v2.pool import DammV2Pool
from chalicelib.domain.pools.pool import FeeKind, Moment
from chalicelib.domain.pools.rejections import QuoteError
from chalicelib.domain.tokens import Mint

FOLDER = Path(os.environ.get("VECTORS_DIR") or Path(__file__).parent / "vectors")
FILE = json.loads((FOLDER / "meteora_damm_v2.json").read_text())
FILLED = [case for case in FILE["cases"] if "expected" in case]

MINT_A, MINT_B = Mint("mintA"), Mint("mintB")
DECIMALS = ("mint_a_decimals", "mint_b_decimals")
NOT_NUMBERS = ("status", "collect_fee_mode", "base_fee", "dynamic_fee")
SCHEDULES = {
    "constant": ConstantFee,
    "linear": LinearFee,
    "exponential": ExponentialFee,
    "rate_limiter": RateLimiter,
}


def base_fee_of(state):
    terms = {name: int(value) for name, value in state.items() if name != "type"}
    return SCHEDULES[state["type"]](**terms)


def dynamic_fee_of(state, sqrt_price):
    # The vectors give what a quote needs; the rest is the program's usual configuration.
    usual = {
        "bin_step_u128": 1844674407370955,
        "filter_period": 10,
        "decay_period": 120,
        "reduction_factor": 5_000,
        "max_volatility_accumulator": 14_460_000,
        "volatility_reference": 0,
        "sqrt_price_reference": sqrt_price,
        "last_update_timestamp": 0,
    }
    return DynamicFee(**usual | {name: int(value) for name, value in state.items()})


def pool_of(case):
    state = FILE["pools"][case["pool"]]
    dynamic_fee = state["dynamic_fee"]
    return DammV2Pool(
        address=case["pool"],
        venue="meteora",
        mint_a=MINT_A,
        mint_b=MINT_B,
        status=PoolStatus(state["status"]),
        activation_type=ActivationType.TIMESTAMP,
        collect_fee_mode=CollectFeeMode(state["collect_fee_mode"]),
        base_fee=base_fee_of(state["base_fee"]),
        dynamic_fee=dynamic_fee and dynamic_fee_of(dynamic_fee, int(state["sqrt_price"])),
        has_referral=case["has_referral"],
        **{name: int(value) for name, value in state.items() if name not in DECIMALS + NOT_NUMBERS},
    )


def quote_of(case):
    quote = getattr(pool_of(case), f"quote_{case['mode']}")
    input_mint = MINT_A if case["direction"] == "a_to_b" else MINT_B
    return quote(input_mint, int(case["amount"]), Moment(0, int(case["current_point"])))


def amounts_by_kind(quote):
    return {fee.kind: str(fee.amount) for fee in quote.fees}


def outcome_of(case):
    try:
        quote = quote_of(case)
    except QuoteError as rejection:
        return {"error": rejection.code}
    fees = amounts_by_kind(quote)
    return {
        "amount_in": str(quote.amount_in),
        "amount_out": str(quote.amount_out),
        "amount_left": str(quote.amount_left),
        "claiming_fee": fees.get(FeeKind.LP, "0"),
        "compounding_fee": fees.get(FeeKind.COMPOUNDING, "0"),
        "protocol_fee": fees.get(FeeKind.PROTOCOL, "0"),
        "referral_fee": fees.get(FeeKind.REFERRAL, "0"),
        "fee_on_input": quote.is_fee_on_input,
        "next_sqrt_price": str(quote.next_sqrt_price),
    }


@pytest.mark.parametrize("case", FILE["cases"], ids=lambda case: case["id"])
def test_quote_equals_program_when_vector_is_run(case):
    expected = case.get("expected") or {"error": case["error"]["code"]}

    outcome = outcome_of(case)

    assert outcome == expected


@pytest.mark.parametrize("case", FILLED, ids=lambda case: case["id"])
def test_pool_after_has_next_price_when_vector_is_filled(case):
    after = quote_of(case).pool_after

    assert after.sqrt_price == int(case["expected"]["next_sqrt_price"])


@pytest.mark.parametrize("case", FILLED, ids=lambda case: case["id"])
def test_fees_name_their_mint_when_vector_is_filled(case):
    is_a_to_b = case["direction"] == "a_to_b"
    mint = MINT_A if is_a_to_b == case["expected"]["fee_on_input"] else MINT_B

    fees = quote_of(case).fees

    assert {fee.mint for fee in fees} <= {mint}
