import json
import os
from pathlib import Path

import pytest

from chalicelib.domain.pools.cpmm import ConstantProductPool, CreatorFeeOn
from chalicelib.domain.pools.pool import FeeKind, Moment
from chalicelib.domain.pools.rejections import QuoteError
from chalicelib.domain.tokens import Mint

FOLDER = Path(os.environ.get("VECTORS_DIR") or Path(__file__).parent / "vectors")
FILE = json.loads((FOLDER / "raydium_cpmm.json").read_text())

MINT_0, MINT_1 = Mint("mint0"), Mint("mint1")
NOW = Moment(slot=0, unix_seconds=0)

BALANCES = [
    f"{name}_{side}"
    for name in ("vault", "protocol_fees", "fund_fees", "creator_fees")
    for side in (0, 1)
]
RATES = ("trade_fee_rate", "protocol_fee_rate", "fund_fee_rate", "creator_fee_rate")


def pool_of(name):
    state = FILE["pools"][name]
    return ConstantProductPool(
        address=name,
        venue="raydium",
        mint_a=MINT_0,
        mint_b=MINT_1,
        enable_creator_fee=state["enable_creator_fee"],
        creator_fee_on=CreatorFeeOn(state["creator_fee_on"]),
        **{field: int(state[field]) for field in (*BALANCES, *RATES)},
    )


def quote_of(case):
    pool = pool_of(case["pool"])
    input_mint = MINT_0 if case["direction"] == "zero_for_one" else MINT_1
    quote = pool.quote_exact_in if case["mode"] == "exact_in" else pool.quote_exact_out
    return quote(input_mint, int(case["amount"]), NOW)


def outcome_of(case):
    try:
        quote = quote_of(case)
    except QuoteError as rejection:
        return {"error": rejection.code}
    after = quote.pool_after
    return {
        "amount_in": str(quote.amount_in),
        "amount_out": str(quote.amount_out),
        "trade_fee": str(quote.trade_fee),
        "protocol_fee": str(quote.protocol_fee),
        "fund_fee": str(quote.fund_fee),
        "creator_fee": str(quote.creator_fee),
        "creator_fee_on_input": quote.is_creator_fee_on_input,
        "pool_after": {field: str(getattr(after, field)) for field in BALANCES},
    }


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
    mint_in, mint_out = MINT_0, MINT_1
    if case["direction"] == "one_for_zero":
        mint_in, mint_out = MINT_1, MINT_0
    creator_mint = mint_in if expected["creator_fee_on_input"] else mint_out

    fees = {fee.kind: (fee.mint, fee.amount) for fee in quote_of(case).fees}

    parts = int(expected["protocol_fee"]) + int(expected["fund_fee"])
    assert fees == {
        FeeKind.LP: (mint_in, int(expected["trade_fee"]) - parts),
        FeeKind.PROTOCOL: (mint_in, int(expected["protocol_fee"])),
        FeeKind.FUND: (mint_in, int(expected["fund_fee"])),
        FeeKind.CREATOR: (creator_mint, int(expected["creator_fee"])),
    }
