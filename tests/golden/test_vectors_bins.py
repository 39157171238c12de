import json
import os
from pathlib import Path

import pytest

from chalicelib.domain.pools.dlmm.bins import Bin, bin_price
from chalicelib.domain.pools.dlmm.fees import (
    CollectFeeMode,
    StaticParameters,
    VariableParameters,
)
from chalicelib.domain.pools.dlmm.pool import BinPool
from chalicelib.domain.pools.pool import FeeKind, Moment
from chalicelib.domain.pools.rejections import QuoteError
from chalicelib.domain.tokens import Mint

FOLDER = Path(os.environ.get("VECTORS_DIR") or Path(__file__).parent / "vectors")
FILE = json.loads((FOLDER / "meteora_dlmm.json").read_text())
FILLED = [case for case in FILE["cases"] if "expected" in case]

MINT_X, MINT_Y = Mint("mintX"), Mint("mintY")


def parameters_of(state):
    mode = CollectFeeMode(state["collect_fee_mode"])
    terms = {name: int(state[name]) for name in StaticParameters._fields}
    return StaticParameters(**terms | {"collect_fee_mode": mode})


def pool_of(name):
    state = FILE["pools"][name]
    return BinPool(
        address=name,
        venue="meteora",
        mint_a=MINT_X,
        mint_b=MINT_Y,
        active_id=state["active_id"],
        bin_step=state["bin_step"],
        bins=tuple(Bin(bin_id, int(x), int(y)) for bin_id, x, y in state["bins"]),
        parameters=parameters_of(state),
        v_parameters=VariableParameters(**{k: int(v) for k, v in state["v"].items()}),
    )


def quote_of(case):
    pool = pool_of(case["pool"])
    input_mint = MINT_X if case["direction"] == "x_to_y" else MINT_Y
    quote = pool.quote_exact_in if case["mode"] == "exact_in" else pool.quote_exact_out
    return quote(input_mint, int(case["amount"]), Moment(0, case["block_timestamp"]))


def outcome_of(case):
    try:
        quote = quote_of(case)
    except QuoteError as rejection:
        return {"error": rejection.code}
    return {
        "amount_in": str(quote.amount_in),
        "amount_out": str(quote.amount_out),
        "lp_fee": str(quote.lp_fee),
        "protocol_fee": str(quote.protocol_fee),
        "fee_on_input": quote.is_fee_on_input,
        "end_bin_id": quote.end_bin_id,
        "bins_visited": quote.bins_visited,
        "volatility_accumulator": quote.volatility_accumulator,
        "bins_after": [[bin_id, str(x), str(y)] for bin_id, x, y in quote.bins_after],
    }


@pytest.mark.parametrize("case", FILE["cases"], ids=lambda case: case["id"])
def test_quote_equals_program_when_vector_is_run(case):
    expected = case.get("expected") or {"error": case["error"]["code"]}

    outcome = outcome_of(case)

    assert outcome == expected


@pytest.mark.parametrize("case", FILLED, ids=lambda case: case["id"])
def test_pool_after_is_where_swap_ends_when_vector_is_filled(case):
    expected = case["expected"]
    changed = {bin_id: (int(x), int(y)) for bin_id, x, y in expected["bins_after"]}
    before = {held.bin_id: held[1:] for held in pool_of(case["pool"]).bins}
    has_moved = expected["end_bin_id"] != FILE["pools"][case["pool"]]["active_id"]
    stamped = int(FILE["pools"][case["pool"]]["v"]["last_update_timestamp"])

    after = quote_of(case).pool_after

    assert {held.bin_id: held[1:] for held in after.bins} == before | changed
    assert after.active_id == expected["end_bin_id"]
    assert after.v_parameters.volatility_accumulator == expected["volatility_accumulator"]
    assert after.v_parameters.last_update_timestamp == (
        case["block_timestamp"] if has_moved else stamped
    )


@pytest.mark.parametrize("case", FILLED, ids=lambda case: case["id"])
def test_fees_name_their_mint_when_vector_is_filled(case):
    expected = case["expected"]
    is_x_to_y = case["direction"] == "x_to_y"
    mint = MINT_X if is_x_to_y == expected["fee_on_input"] else MINT_Y

    fees = quote_of(case).fees

    assert fees == (
        (FeeKind.LP, mint, int(expected["lp_fee"])),
        (FeeKind.PROTOCOL, mint, int(expected["protocol_fee"])),
    )


@pytest.mark.parametrize(
    "price", FILE["bin_prices"], ids=lambda price: f"{price['bin_step']}@{price['bin_id']}"
)
def test_bin_price_equals_program_when_vector_is_run(price):
    assert bin_price(price["bin_id"], price["bin_step"]) == int(price["price_x64"])
