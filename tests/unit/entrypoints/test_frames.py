import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.orders.events import AttemptStarted, Failure, OrderEvent
from chalicelib.entrypoints.contract.asyncapi import FRAME_KIB_MAX
from chalicelib.entrypoints.wire.events import event_document
from chalicelib.entrypoints.wire.frames import BATCH_BYTES_MAX, update_frames
from tests.contract.samples import accepted, event, way_to_confirmed


def history() -> list[OrderEvent]:
    pending = accepted()
    return [pending.event, *(move.event for move in way_to_confirmed(pending))]


def told(frame: str) -> list[Any]:
    """The events of a frame of either type."""
    document = json.loads(frame)
    return list(document["data"].get("events", [document["data"]]))


def of_bytes(size: int, sequence: int) -> OrderEvent:
    """An event whose own frame has that size."""
    empty = event(1, sequence, AttemptStarted(retry_of=Failure(code="ODD", message="")))
    [frame] = update_frames([empty], False)
    failure = Failure(code="ODD", message="x" * (size - len(frame)))
    return replace(empty, details=AttemptStarted(retry_of=failure))


def test_each_event_has_a_frame_of_its_own_unless_batches_are_taken() -> None:
    frames = [json.loads(frame) for frame in update_frames(history(), False)]

    assert frames == [{"type": "update", "data": event_document(event)} for event in history()]


def test_events_share_a_frame_when_batches_are_taken() -> None:
    [frame] = update_frames(history(), True)

    events = [event_document(event) for event in history()]
    assert json.loads(frame) == {"type": "updates", "data": {"events": events}}


@pytest.mark.parametrize("in_batches", [True, False])
def test_single_event_looks_the_same_either_way(in_batches: bool) -> None:
    [frame] = update_frames(history()[:1], in_batches)

    assert json.loads(frame) == {"type": "update", "data": event_document(history()[0])}


@pytest.mark.parametrize("in_batches", [True, False])
def test_no_event_is_no_frame(in_batches: bool) -> None:
    assert update_frames([], in_batches) == []


@pytest.mark.parametrize(
    ("sizes", "shared"),
    [
        ([20_000, 20_000, 5_000], [1, 2]),
        ([1_000, 40_000, 1_000, 1_000], [1, 1, 2]),
        ([10_000] * 7, [3, 3, 1]),
        ([40_000, 40_000], [1, 1]),
    ],
    ids=["two pieces", "a large one alone", "many", "nothing shared"],
)
def test_frame_is_split_when_it_would_be_larger_than_its_limit(
    sizes: list[int], shared: list[int]
) -> None:
    events = [of_bytes(size, number) for number, size in enumerate(sizes, start=1)]

    frames = update_frames(events, True)

    assert [len(told(frame)) for frame in frames] == shared
    assert [e for frame in frames for e in told(frame)] == [event_document(e) for e in events]
    several = [frame for frame in frames if len(told(frame)) > 1]
    assert all(len(frame.encode()) <= BATCH_BYTES_MAX for frame in several)


def test_shared_frame_is_metered_as_one() -> None:
    assert BATCH_BYTES_MAX <= FRAME_KIB_MAX * 1024
