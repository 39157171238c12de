"""Orders that wait for a new pool as clients see them: their guards, and what they have met."""

from datetime import timedelta

from chalicelib.domain.amounts import to_decimal_string
from chalicelib.domain.orders.hunts import Verdict
from chalicelib.domain.orders.order import Order
from chalicelib.domain.orders.terms import Guards, SniperTerms
from chalicelib.domain.pools.new_pools import Property
from chalicelib.entrypoints.wire.values import Document

#: What guards may require, in the words of the wire.
PROPERTIES = {
    "mintRenounced": Property.MINT_RENOUNCED,
    "notFreezable": Property.NOT_FREEZABLE,
    "liquidityLocked": Property.LIQUIDITY_LOCKED,
    "sellable": Property.SELLABLE,
}


def snipe_document(terms: SniperTerms, order: Order) -> Document:
    """What the order waits for, as it was placed."""
    guards = _guards(terms.guards, order.pair.token_in.decimals)
    given = {
        "symbolContains": terms.name_part,
        "creator": terms.creator,
        "existing": terms.takes_existing,
    }
    retry_for = terms.retry_for // timedelta(seconds=1)
    return {"retryFor": retry_for, "guards": guards} | {
        name: each for name, each in given.items() if each
    }


def _guards(guards: Guards, decimals: int) -> Document:
    amounts = {"minLiquidity": guards.liquidity_min, "maxLiquidity": guards.liquidity_max}
    numbers = {
        "maxPriceImpactBps": guards.price_impact_bps_max,
        "maxFeeBps": guards.fee_bps_max,
        "maxPrice": guards.price_max,
        "maxPoolAgeSlots": guards.pool_age_slots_max,
    }
    return {
        **{n: to_decimal_string(a, decimals) for n, a in amounts.items() if a is not None},
        **{name: number for name, number in numbers.items() if number is not None},
        **({"venues": [*guards.venues]} if guards.venues else {}),
        **{name: True for name, each in PROPERTIES.items() if each in guards.requires},
    }


def hunt_document(order: Order) -> Document:
    """What an order that waits for a pool has met; nothing of any other."""
    hunt = order.hunt
    if hunt is None:
        return {}
    # The last word on each: first those that are final, then those that may change.
    verdicts = [verdict_document(each) for each in (*hunt.verdicts, *hunt.waiting)]
    bought = {} if hunt.pool_address is None else {"pool": hunt.pool_address}
    return {"poolsJudged": hunt.judged, "verdicts": verdicts, **bought}


def verdict_document(verdict: Verdict) -> Document:
    """What was found of a pool."""
    found = {"value": verdict.value, "wanted": verdict.wanted}
    return {
        "pool": verdict.pool_address,
        "mint": verdict.token.mint,
        "symbol": verdict.token.symbol,
        "createdSlot": verdict.created_slot,
        "slot": verdict.slot,
        "code": verdict.finding,
        **{name: text for name, text in found.items() if text is not None},
        "final": verdict.is_final,
    }
