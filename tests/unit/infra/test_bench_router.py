"""The router's benchmark: what it measures is what it says, and its figures can be read."""

import json

import pytest
from rich.console import Console

from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.routing.planning import Planner
from infra.verify.bench.buckets import (
    BINS_CROSSED,
    BUCKETS,
    TICKS_CROSSED,
    TICKS_CROSSED_AT_DYNAMIC_FEE,
    TURNS_MAX,
    bins_crossed,
    find_asks,
    ticks_crossed,
)
from infra.verify.bench.figures import Bench
from infra.verify.bench.requests import EIGHT_POOLS, TWO_POOLS, WHOLE_MARKET, find_requests
from infra.verify.bench.router import as_json, plan_table, quote_table

ASKS = 12


@pytest.fixture(scope="module")
def asks():
    return find_asks(ASKS)


@pytest.fixture(scope="module")
def requests():
    return find_requests()


@pytest.fixture(scope="module")
def figures(asks, requests):
    few_asks = {bucket: found[:2] for bucket, found in asks.items()}
    few_requests = {case: found[:1] for case, found in requests.items()}
    return Bench(few_asks, few_requests).measure(1, 0, lambda step: None)


def test_every_bucket_has_asks_of_several_pool_states(asks):
    assert tuple(asks) == BUCKETS
    for found in asks.values():
        assert len(found) == ASKS
        assert len({ask.pool for ask in found}) > 2


@pytest.mark.parametrize("turn", [0, 1, TURNS_MAX])
def test_quotes_cross_as_many_ticks_as_their_bucket_says(asks, turn):
    for bucket, counts in (TICKS_CROSSED | TICKS_CROSSED_AT_DYNAMIC_FEE).items():
        for ask in asks[bucket]:
            quote = ask.varied(turn).quote()

            assert ticks_crossed(quote) in counts
            if quote.pool.dynamic_fee is None:
                assert len(quote.step_fees) - ticks_crossed(quote) in (0, 1)


@pytest.mark.parametrize("turn", [0, 1, TURNS_MAX])
def test_quotes_cross_as_many_bins_as_their_bucket_says(asks, turn):
    for bucket, counts in BINS_CROSSED.items():
        for ask in asks[bucket]:
            quote = ask.varied(turn).quote()

            assert bins_crossed(quote) in counts
            assert bins_crossed(quote) == abs(quote.end_bin_id - quote.fills[0].bin_id)


def test_turns_differ_a_little(asks):
    for found in asks.values():
        amounts = {found[0].varied(turn).amount_in for turn in range(TURNS_MAX + 1)}

        assert len(amounts) == TURNS_MAX + 1
        assert max(amounts) < found[0].amount_in * 1.002


def test_requests_have_as_many_pools_and_hops_as_their_size_says(requests):
    assert {size for size, _ in requests} == {TWO_POOLS, EIGHT_POOLS, WHOLE_MARKET}
    for (size, mode), found in requests.items():
        for request in found:
            mints = request.pair.token_in.mint, request.pair.token_out.mint
            paths = Planner(request.pools, request.at, request.rules).paths(*mints)

            assert request.mode is mode
            assert len(request.pools) == size.pools
            assert max(map(len, paths)) - 1 == size.hops_max


@pytest.mark.parametrize("mode", SwapMode)
def test_plans_fill_what_was_asked_for(requests, mode):
    for size in (TWO_POOLS, EIGHT_POOLS, WHOLE_MARKET):
        request = requests[size, mode][0]

        route = request.plan(0)

        is_exact_in = mode is SwapMode.EXACT_IN
        assert request.amount == (route.amount_in if is_exact_in else route.amount_out)


def test_figures_come_out_positive(figures, requests):
    assert figures.rounds == 1
    assert [(figure.curve, figure.bucket) for figure in figures.quotes] == list(BUCKETS)
    assert [(f.pools, f.hops_max, f.mode) for f in figures.plans] == [(*s, m) for s, m in requests]
    assert all(f.quotes_per_second > 0 and f.turns_per_quote > 0 for f in figures.quotes)
    assert all(f.milliseconds_worst >= f.milliseconds_median > 0 for f in figures.plans)


def test_json_has_what_the_tables_show(figures):
    content = json.loads(as_json(figures))

    assert set(content) == {"rounds", "calibration_turns_per_second", "quotes", "plans"}
    assert len(content["quotes"]) == len(figures.quotes)
    assert content["plans"][0]["mode"] == "exact_in"


def test_tables_show_every_figure(figures):
    console = Console(width=80)

    with console.capture() as capture:
        console.print(quote_table(figures.quotes), plan_table(figures.plans))

    shown = capture.get()
    assert all(figure.bucket in shown for figure in figures.quotes)
    assert shown.count("exact_out") == 3
    assert "…" not in shown
