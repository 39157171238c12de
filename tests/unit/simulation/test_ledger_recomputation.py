"""A thousand orders, and every confirmed amount computed again from nothing but the signed bytes
and the pools of the landing slot."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle, groupby, permutations
from random import Random
from struct import unpack

import pytest
from solders.transaction import VersionedTransaction

from chalicelib.domain.orders.event_codec import write_details
from chalicelib.domain.token_list import TOKENS
from chalicelib.domain.tokens import Pair
from chalicelib.simulation.market import moment_at_slot, slot_at
from tests.world import World

ORDERS = 1_000
BATCH = 10
DOLLARS = (1, 500_000)

# Written down anew, so that builder and chain cannot agree on an error.
PROGRAMS = {
    "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C": "cpmm",
    "CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK": "clmm",
    "LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo": "dlmm",
    "cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG": "damm_v2",
}
GUARD = "Guard11111111111111111111111111111111111111"
MEMO = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"
EXACT_IN, EXACT_OUT = bytes.fromhex("8fbe5adac41e33de"), bytes.fromhex("37d96256a34ab4ad")


@dataclass(frozen=True, kw_only=True)
class Swap:
    """One swap instruction as it was signed."""

    kind: str
    pool: str
    input_mint: str
    output_mint: str
    amount_in: int
    amount_out: int
    is_exact_out: bool


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What was signed: the swaps, the guard's limit or None, the memo."""

    swaps: list
    guard: int | None
    memo: str

    @property
    def is_exact_out(self):
        return self.swaps[0].is_exact_out

    @property
    def limit(self):
        if self.guard is not None:
            return self.guard
        (swap,) = self.swaps
        return swap.amount_in if swap.is_exact_out else swap.amount_out


def decode(wire_bytes):
    message = VersionedTransaction.from_bytes(wire_bytes).message
    keys = [str(key) for key in message.account_keys]
    swaps, guard, memo = [], None, ""
    for instruction in message.instructions:
        program, data = keys[instruction.program_id_index], bytes(instruction.data)
        if program in PROGRAMS:
            _, pool, input_mint, output_mint = (keys[index] for index in instruction.accounts)
            discriminator, amount_in, amount_out = unpack("<8sQQ", data)
            assert discriminator in (EXACT_IN, EXACT_OUT)
            swaps.append(
                Swap(
                    kind=PROGRAMS[program],
                    pool=pool,
                    input_mint=input_mint,
                    output_mint=output_mint,
                    amount_in=amount_in,
                    amount_out=amount_out,
                    is_exact_out=discriminator == EXACT_OUT,
                )
            )
        elif program == GUARD:
            (guard,) = unpack("<Q", data)
        elif program == MEMO:
            memo = data.decode()
    return Signed(swaps=swaps, guard=guard, memo=memo)


def recompute(signed, market, slot):
    """What each swap moves: leg by leg, hop by hop, of each hop all that the other one has."""
    hops = [list(hop) for _, hop in groupby(signed.swaps, key=lambda swap: swap.input_mint)]
    if signed.is_exact_out:
        hops.reverse()
    moved, handed_on = [], None
    for hop in hops:
        weights = [swap.amount_out if swap.is_exact_out else swap.amount_in for swap in hop]
        amounts = weights
        if handed_on is not None:
            amounts = [handed_on * weight // sum(weights) for weight in weights[:-1]]
            amounts.append(handed_on - sum(amounts))
        quotes = [
            quoted(swap, market.pool(swap.pool, slot), amount, slot)
            for swap, amount in zip(hop, amounts, strict=True)
        ]
        handed_on = sum(paid if signed.is_exact_out else received for paid, received in quotes)
        moved = [*quotes, *moved] if signed.is_exact_out else [*moved, *quotes]
    return moved


def quoted(swap, pool, amount, slot):
    assert (pool.kind, {pool.mint_a, pool.mint_b}) == (
        swap.kind,
        {swap.input_mint, swap.output_mint},
    )
    ask = pool.quote_exact_out if swap.is_exact_out else pool.quote_exact_in
    quote = ask(swap.input_mint, amount, moment_at_slot(slot))
    assert amount == (quote.amount_out if swap.is_exact_out else quote.amount_in)
    return quote.amount_in, quote.amount_out


class Run:
    """The orders of one run, and what became of each."""

    def __init__(self, seed="a thousand orders"):
        self.world = World(latency=timedelta(seconds=2.5))
        self.random = Random(seed)
        pairs = [Pair(token_in=a, token_out=b) for a, b in permutations(TOKENS, 2)]
        pairs = cycle(self.random.sample(pairs, len(pairs)))
        exact_out = set(self.random.sample(range(ORDERS), ORDERS // 10))
        self.order_ids = []
        for first in range(0, ORDERS, BATCH):
            for number in range(first, first + BATCH):
                self.order_ids.append(self.submit(next(pairs), number in exact_out))
            self.world.run()
            self.world.clock.at += timedelta(seconds=self.random.uniform(1, 900))

    def submit(self, pair, is_exact_out):
        low, high = DOLLARS
        nano_usd = int(low * (high / low) ** self.random.random() * 10**9)
        token = pair.token_out if is_exact_out else pair.token_in
        price = self.world.market.fair_price(token, slot_at(self.world.clock.at))
        amount = nano_usd * 10**token.decimals // price
        name = "amount_out" if is_exact_out else "amount_in"
        return self.world.submit(pair=pair, **{name: amount})

    def orders(self, status):
        orders = [self.world.order(order_id) for order_id in self.order_ids]
        return [order for order in orders if order.status == status]

    def confirmed(self):
        """Each confirmed order with its last event's details, its ledger entry, what was signed."""
        for order in self.orders("confirmed"):
            details = self.world.details(order.order_id, order.sequence)
            entry = self.world.ledger.entries[details["signature"]]
            yield order, details, entry, decode(entry.wire_bytes)


@pytest.fixture(scope="module")
def run():
    return Run()


def test_orders_are_of_all_pairs_and_both_kinds_and_of_many_slots(run):
    orders = [run.world.order(order_id) for order_id in run.order_ids]
    slots = {entry.landing_slot for *_, entry, _ in run.confirmed()}

    assert len(orders) == ORDERS
    assert len({order.pair for order in orders}) == 56
    assert Counter(order.trade.mode for order in orders) == {"exact_in": 900, "exact_out": 100}
    assert len(slots) >= ORDERS // BATCH


def test_nearly_all_orders_are_confirmed(run):
    assert len(run.orders("confirmed")) >= ORDERS * 99 // 100


def test_every_other_order_failed_for_a_reason_with_a_code(run):
    failed = run.orders("failed")

    assert len(failed) + len(run.orders("confirmed")) == ORDERS
    for order in failed:
        assert run.world.details(order.order_id, order.sequence)["code"].isupper()


def test_every_confirmed_amount_is_what_the_signed_bytes_move_at_the_landing_slot(run):
    for order, details, entry, signed in run.confirmed():
        moved = recompute(signed, run.world.market, entry.landing_slot)

        pair = order.pair
        ends = list(zip(signed.swaps, moved, strict=True))
        paid = sum(amounts[0] for swap, amounts in ends if swap.input_mint == pair.token_in.mint)
        got = sum(amounts[1] for swap, amounts in ends if swap.output_mint == pair.token_out.mint)
        assert (details["amount_in"], details["amount_out"]) == (paid, got)
        assert (entry.amount_in, entry.amount_out) == (paid, got)
        assert [(leg.amount_in, leg.amount_out) for leg in entry.legs] == moved
        assert details["slot"] == entry.landing_slot


def test_every_confirmed_order_moved_exactly_what_it_asked_for(run):
    for order, details, _, signed in run.confirmed():
        given = details["amount_out"] if signed.is_exact_out else details["amount_in"]

        assert signed.is_exact_out == (order.trade.mode == "exact_out")
        assert given == order.trade.amount


def test_every_confirmed_amount_keeps_the_limit_that_was_signed(run):
    for order, details, _, signed in run.confirmed():
        built = [
            write_details(event.details)
            for event in run.world.store.history[order.order_id]
            if event.status == "building"
        ][-1]

        if signed.is_exact_out:
            assert signed.limit == built["max_amount_in"] >= details["amount_in"]
            assert signed.limit == built["route"]["amount_in"] * 10_100 // 10_000
        else:
            quoted_out = built["route"]["amount_out"]
            assert signed.limit == built["min_amount_out"] <= details["amount_out"]
            assert signed.limit == quoted_out - quoted_out * 100 // 10_000


def test_every_transaction_names_its_order_and_attempt(run):
    for order, _, entry, signed in run.confirmed():
        assert signed.memo == entry.memo == f"{order.order_id}:{order.attempt}"


def test_routes_are_of_one_leg_and_of_many(run):
    legs = Counter(len(signed.swaps) for *_, signed in run.confirmed())

    assert set(range(1, 9)) <= legs.keys()
    assert max(legs) == 8
