"""Routes give what they gave when 3,000 of them were recorded, or more."""

from fractions import Fraction

import pytest

from chalicelib.domain.orders.trades import SwapMode
from tests.golden.recorded_routes import Recorded, outcome_of, recorded

# All of them take a minute; these are of every slot, and of every size.
EVERY = 13
# A plan is not searched for gains that are smaller (`chalicelib/domain/routing/splitting.py`).
PRECISION = Fraction(1, 2**27)


@pytest.mark.parametrize("each", recorded()[::EVERY], ids=lambda each: f"{each.slot}-{each.amount}")
def test_route_is_as_good_as_the_recorded_one(each: Recorded) -> None:
    outcome = outcome_of(each.trade, each.slot)
    if not each.outcome.isdecimal() or not outcome.isdecimal():
        assert outcome == each.outcome
    elif each.trade.mode is SwapMode.EXACT_IN:
        assert int(outcome) >= int(each.outcome) * (1 - PRECISION)
    else:
        assert int(outcome) <= int(each.outcome) * (1 + PRECISION)
