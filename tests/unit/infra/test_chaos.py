from collections import defaultdict
from itertools import pairwise
from random import Random

import pytest

from infra.verify.chaos.faults import Planned, carry_out, make_plan
from infra.verify.chaos.load import Followed
from infra.verify.chaos.proxies import Luck, Mishap, Trouble
from infra.verify.chaos.watch import Quiet, complaints_of, duplicates, false_failures, holes

HAPPY = ["pending", "routing", "building", "submitted", "confirmed"]
TWICE = [*HAPPY[:4], "routing", *HAPPY[2:]]
SEEDS = range(50)


def followed(*frames):
    statuses = dict(frames)
    events = [{"status": statuses[sequence]} for sequence in sorted(statuses)]
    return Followed("SOL", "USDC", "1", order_id="an-order", frames=list(frames), events=events)


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


class Breakable:
    kind = "breakable"

    def __init__(self, done, name, *, breaks=False):
        self.done, self.name, self.breaks = done, name, breaks

    def begin(self, world):
        self.done.append(f"{self.name} begins")
        if self.breaks:
            raise KeyboardInterrupt
        return self.name

    def end(self, world):
        self.done.append(f"{self.name} ends")


def planned(begins_at, ends_at, fault):
    return Planned(begins_at=begins_at, ends_at=ends_at, fault=fault)


def test_faults_begin_and_end_at_their_times_when_they_overlap():
    done, told = [], []
    plan = [planned(0.02, 0.03, Breakable(done, "b")), planned(0, 0.06, Breakable(done, "a"))]

    carry_out(plan, None, report=lambda fault, what: told.append(what))

    assert done == ["a begins", "b begins", "b ends", "a ends"]
    assert told == ["a", "b"]


def test_every_fault_under_way_ends_when_the_plan_is_interrupted():
    done = []
    plan = [
        planned(0, 9, Breakable(done, "a")),
        planned(0.01, 9, Breakable(done, "b", breaks=True)),
    ]

    with pytest.raises(KeyboardInterrupt):
        carry_out(plan, None, report=lambda fault, what: None)

    assert sorted(done[2:]) == ["a ends", "b ends"]


def test_calls_meet_their_share_of_mishaps_when_there_is_trouble():
    luck = Luck(Random(1))
    luck.trouble = Trouble(share=0.5, mishaps=[Mishap.CUT], services=frozenset({"sqs"}))

    met = [luck.draw(service) for service in ["sqs", "dynamodb"] * 200]

    assert set(met[1::2]) == {None}
    assert 60 < met[::2].count(Mishap.CUT) < 140
    assert luck.met == {Mishap.CUT: met.count(Mishap.CUT)}


@pytest.mark.parametrize("history", [HAPPY, TWICE, [*HAPPY[:2], "failed"]])
def test_nothing_is_wrong_when_the_follower_saw_what_happened(history):
    assert list(complaints_of(followed(*frames_of(history)), history)) == []


def test_nothing_is_wrong_when_frames_came_twice_or_after_a_hole():
    frames = frames_of(HAPPY)
    order = followed(*frames[:2], frames[3], *frames[:3], *frames[3:])

    assert list(complaints_of(order, HAPPY)) == []
    assert (holes([order]), duplicates([order])) == (1, 3)


@pytest.mark.parametrize(
    ("frames", "complaint"),
    [
        (frames_of(HAPPY)[:4], "did not see the end"),
        ([*frames_of(HAPPY)[:3], (5, "confirmed")], "has holes"),
        ([*frames_of(HAPPY), (6, "failed")], "failed after confirmed"),
        ([*frames_of(HAPPY)[:3], (2, "pending"), *frames_of(HAPPY)[3:]], "was routing, then pend"),
        (frames_of([*HAPPY[:2], "pending", *HAPPY[1:]]), "pending after routing"),
        (frames_of(TWICE), "the history is"),
    ],
    ids=["no end", "hole", "after the end", "two truths", "backwards", "another history"],
)
def test_follower_complains_when_it_saw_what_cannot_be(frames, complaint):
    assert complaint in "; ".join(complaints_of(followed(*frames), HAPPY))


def test_slow_and_lost_orders_are_told_when_there_is_no_quiet():
    quiet = Quiet(seconds=99, left={"an-order": "routing"})

    assert len([*quiet.complaints()]) == 2
    assert [*Quiet(seconds=60, left={}).complaints()] == []


def test_failures_are_false_when_the_world_did_not_cause_them():
    counted = {"confirmed": 5, "failed TRANSACTION_FAILED": 2, "failed ABANDONED": 1}

    assert list(false_failures(counted)) == ["1 orders failed with ABANDONED"]
