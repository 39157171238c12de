import json
from collections import defaultdict
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest

from chalicelib.domain.orders.order import OrderStatus
from chalicelib.entrypoints.wire.order_requests import read_order
from infra.verify.chaos.load import Followed, market_terms, schedule_terms, waiting_terms
from infra.verify.chaos.plan import Fault, Planned, carry_out, make_plan
from infra.verify.chaos.proxies import Disturbance, Failure, FailureInjector
from infra.verify.chaos.snipes import snipe
from infra.verify.chaos.verdict import Settling, StoredOrder, false_failures, violations_of
from orders_client.cli.bench import EventCounter
from tests.launches import honest
from tests.world import FIVE

TWICE = [*FIVE[:4], "routing", *FIVE[2:]]
SEEDS = range(50)


def followed(*frames):
    statuses = dict(frames)
    events = [{"status": statuses[sequence]} for sequence in sorted(statuses)]
    wanted = {"type": "MARKET", "tokenIn": "SOL", "tokenOut": "USDC", "amount": "1"}
    return Followed(EventCounter(), wanted, order_id="an-order", frames=list(frames), events=events)


@pytest.mark.parametrize("seed", SEEDS)
def test_orders_of_the_load_that_wait_have_the_form_of_their_type(seed):
    terms = waiting_terms(Random(seed), 0.00016)
    expiry = {"expiresAt": "2026-01-02T00:00:00Z"}

    order = {"tokenIn": "BONK", "tokenOut": "USDC", "amount": "1000000"} | terms | expiry

    wanted = read_order(json.loads(json.dumps(order), parse_int=Decimal), {}.get)
    assert wanted.terms.order_type == terms["type"]
    assert wanted.terms.order_type != "MARKET"


@pytest.mark.parametrize("seed", SEEDS)
def test_orders_of_the_load_that_trade_at_once_are_sold_again_soon_if_at_all(seed):
    terms = market_terms(Random(seed), 0.00016)

    order = {"tokenIn": "BONK", "tokenOut": "USDC", "amount": "1000000"} | terms

    wanted = read_order(json.loads(json.dumps(order), parse_int=Decimal), {}.get)
    assert wanted.terms.order_type == "MARKET"
    assert wanted.terms.exit is None or 1 <= wanted.terms.exit.hold_seconds_max <= 8


LAUNCH = {"quoteToken": "USDC", "mint": honest().token.mint}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("launches", [[], [LAUNCH]])
def test_orders_of_the_load_that_wait_for_a_pool_have_the_form_of_their_type(seed, launches):
    order = snipe(Random(seed), launches) | {"expiresAt": "2026-01-02T00:00:00Z"}

    wanted = read_order(json.loads(json.dumps(order), parse_int=Decimal), {}.get)
    assert wanted.terms.order_type == "SNIPER"
    assert wanted.terms.takes_existing == (wanted.terms.mint is not None)


@pytest.mark.parametrize("seed", SEEDS)
def test_orders_of_the_load_that_trade_over_time_are_through_soon(seed):
    terms = schedule_terms(Random(seed), 0.00016)

    order = {"tokenIn": "BONK", "tokenOut": "USDC", "amount": "1000000"} | terms

    wanted = read_order(json.loads(json.dumps(order), parse_int=Decimal), {}.get)
    assert wanted.terms.order_type in ("DCA", "TWAP")
    assert timedelta(seconds=1) <= wanted.terms.span <= timedelta(seconds=6)
    assert wanted.terms.interval >= timedelta(seconds=1)


def test_some_orders_of_the_load_are_sold_again():
    plans = [market_terms(Random(seed), 1.0).get("exit") for seed in SEEDS]

    assert 3 < sum(plan is not None for plan in plans) < 25


def frames_of(history):
    return list(enumerate(history, 1))


@pytest.mark.parametrize("seed", SEEDS)
def test_plan_is_the_same_when_the_seed_is(seed):
    assert make_plan(Random(seed), 60) == make_plan(Random(seed), 60)


@pytest.mark.parametrize("seed", SEEDS)
def test_faults_end_in_time_and_no_two_of_a_kind_overlap_when_planned(seed):
    plan = make_plan(Random(seed), 60)

    by_kind = defaultdict(list)
    for planned in plan:
        by_kind[planned.fault.kind].append(planned)
    assert all(0 < planned.begins_at <= planned.ends_at <= 60 for planned in plan)
    assert all(
        before.ends_at < after.begins_at
        for same in by_kind.values()
        for before, after in pairwise(same)
    )


@contextmanager
def breaking(world, *, done, name, interrupted=False):
    try:
        done.append(f"{name} begins")
        if interrupted:
            raise KeyboardInterrupt
        yield name
    finally:
        done.append(f"{name} ends")


def planned(begins_at, ends_at, **arguments):
    fault = Fault("breakable", breaking, arguments)
    return Planned(begins_at=begins_at, ends_at=ends_at, fault=fault)


def test_faults_begin_and_end_at_their_times_when_they_overlap():
    done, reported = [], []
    plan = [
        planned(0.02, 0.03, done=done, name="b"),
        planned(0, 0.06, done=done, name="a"),
    ]

    carry_out(plan, None, report=lambda fault, what: reported.append(what))

    assert done == ["a begins", "b begins", "b ends", "a ends"]
    assert reported == ["a", "b"]


def test_every_fault_under_way_ends_when_the_plan_is_interrupted():
    done = []
    plan = [
        planned(0, 9, done=done, name="a"),
        planned(0.01, 9, done=done, name="b", interrupted=True),
    ]

    with pytest.raises(KeyboardInterrupt):
        carry_out(plan, None, report=lambda fault, what: None)

    assert sorted(done[2:]) == ["a ends", "b ends"]


def test_calls_fail_at_their_share_when_there_is_a_disturbance():
    injector = FailureInjector(Random(1))
    services = frozenset({"sqs"})
    injector.disturbance = Disturbance(share=0.5, failures=[Failure.CUT], services=services)

    met = [injector.draw(service) for service in ["sqs", "dynamodb"] * 200]

    assert set(met[1::2]) == {None}
    assert 60 < met[::2].count(Failure.CUT) < 140
    assert injector.failures == {Failure.CUT: met.count(Failure.CUT)}


def slice_event(number, status, **more):
    return {"status": "open", "slice": {"number": number, "status": status, **more}}


BEGUN = [slice_event(number, "begun") for number in range(2)]
ENDED = [slice_event(n, "confirmed", amountIn="1.5", amountOut=f"{n}") for n in range(2)]
COMPLETED = {"status": "completed", "amountIn": "3", "amountOut": "1"}


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ([BEGUN[0], ENDED[0], BEGUN[1], ENDED[1], COMPLETED], []),
        ([BEGUN[0], ENDED[0], BEGUN[0], ENDED[1], COMPLETED], ["the slices that began were"]),
        ([BEGUN[0], ENDED[0], COMPLETED], ["its amountIn was 3", "its amountOut was 1"]),
    ],
    ids=["right", "one twice", "one not told of"],
)
def test_slices_are_wrong_when_they_begin_twice_or_do_not_add_up(told, fault):
    events = [{"status": "open"}, *told]
    statuses = [event["status"] for event in events]
    order = followed(*frames_of(statuses))
    order.events = events

    found = [*violations_of(order, statuses)]

    assert len(found) == len(fault)
    assert all(text.startswith(start) for text, start in zip(found, fault, strict=True))


def test_children_are_those_that_the_events_of_an_order_name():
    order = followed((1, "open"))
    exits = {"status": "confirmed", "exitOrderId": "an-exit"}
    slices = [slice_event(0, status, orderId="a-slice") for status in ("begun", "confirmed")]
    order.events = [*slices, exits]

    assert order.child_ids == ["an-exit", "a-slice"]


CANCELLED = [*FIVE[:2], "cancelled"]


@pytest.mark.parametrize(
    ("history", "cancel_after_seconds", "cancel_answer"),
    [
        (FIVE, 1.0, "cancelled"),
        (CANCELLED, 1.0, "confirmed"),
        (CANCELLED, None, ""),
    ],
    ids=["confirmed all the same", "answered wrongly", "by nobody"],
)
def test_cancel_is_wrong_when_the_answer_and_the_end_do_not_fit(
    history, cancel_after_seconds, cancel_answer
):
    order = followed(*frames_of(history))
    order.cancel_after_seconds, order.cancel_answer = cancel_after_seconds, cancel_answer

    assert len(list(violations_of(order, history))) == 1


@pytest.mark.parametrize(
    ("history", "answer"), [(FIVE, "submitted"), (FIVE, ""), (CANCELLED, "cancelled")]
)
def test_cancel_is_right_when_the_end_fits_the_answer(history, answer):
    order = followed(*frames_of(history))
    order.cancel_after_seconds, order.cancel_answer = 1.0, answer

    assert list(violations_of(order, history)) == []


@pytest.mark.parametrize("history", [FIVE, TWICE, [*FIVE[:2], "failed"]])
def test_nothing_is_wrong_when_the_follower_saw_what_happened(history):
    assert list(violations_of(followed(*frames_of(history)), history)) == []


def test_nothing_is_wrong_when_frames_came_twice_or_after_a_hole():
    frames = frames_of(FIVE)
    order = followed(*frames[:2], frames[3], *frames[:3], *frames[3:])

    assert list(violations_of(order, FIVE)) == []


@pytest.mark.parametrize(
    ("frames", "violation"),
    [
        (frames_of(FIVE)[:4], "did not see the final status"),
        ([*frames_of(FIVE)[:3], (5, "confirmed")], "has gaps"),
        ([*frames_of(FIVE), (6, "failed")], "failed after confirmed"),
        ([*frames_of(FIVE)[:3], (2, "pending"), *frames_of(FIVE)[3:]], "was routing, then pend"),
        (frames_of([*FIVE[:2], "pending", *FIVE[1:]]), "pending after routing"),
        (frames_of(TWICE), "the history is"),
    ],
    ids=["no end", "hole", "after the end", "two truths", "backwards", "another history"],
)
def test_violation_is_named_when_a_follower_saw_what_cannot_be(frames, violation):
    assert violation in "; ".join(violations_of(followed(*frames), FIVE))


def test_slow_and_unfinished_orders_are_violations_when_waited_for():
    settling = Settling(seconds=99, unfinished={"an-order": "routing"})

    assert len([*settling.violations()]) == 2
    assert [*Settling(seconds=30, unfinished={}).violations()] == []


def test_failures_are_false_when_the_world_did_not_cause_them():
    ends = [("confirmed", ""), ("failed", "TRANSACTION_FAILED"), ("failed", "ABANDONED")]
    orders = [
        StoredOrder(str(number), OrderStatus(status), datetime.now(UTC), [status], code)
        for number, (status, code) in enumerate(ends)
    ]

    assert list(false_failures(orders)) == ["order 2 failed with ABANDONED"]
    assert [order.end for order in orders[:2]] == ["confirmed", "failed TRANSACTION_FAILED"]
