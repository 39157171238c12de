"""Tell followers what happened: each order's events in order, replayed to whoever comes late.

Invariant: a follower gets every event once and in order. A follow request stands in its order's
group, so no live event overtakes a replay: whatever was committed before the replay reads is part
of it, whatever is committed later arrives behind it and is posted. No event comes in two messages
that are not the same, and the queue delivers the same one once.

Orders know nothing of each other, nor do the followers of one: they are served side by side, and
one that takes nothing holds up nobody else for long.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial

from chalicelib.domain.errors import CodedError
from chalicelib.domain.orders.events import OrderEvent
from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.errors import ConnectionGoneError, FrameRefusedError, UnavailableError
from chalicelib.engine.messages import FollowRequest, StatusMessage, StatusUpdate, UnfollowRequest
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.followers import (
    FOLLOWERS_MAX,
    Follower,
    FollowerStore,
    StatusFeed,
)
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.engine.ports.side_by_side import SideBySide

log = logging.getLogger(__name__)

# API Gateway answers 410 for a connection whose handshake is not quite done: it ends after the
# follow request was queued.
OPENING = timedelta(seconds=2)
OPENING_RETRY_SECONDS = 0.05
OPENING_TRIES = 41
POST_TRIES = 3
POST_RETRY_SECONDS = 0.1
# How much time posts in vain to a connection may cost a batch: as long as one that times out.
PATIENCE = timedelta(seconds=2)
# How long nothing is posted to a connection after that: less than it takes a client that hears
# nothing to ask for what it missed.
REST = timedelta(seconds=10)

Messages = Sequence[tuple[str, StatusMessage]]
History = Mapping[OrderId, tuple[OrderEvent, ...]]


@dataclass(slots=True)
class _Line:
    """How the posts to one connection went in one batch.

    Once a frame could not be posted each later one gets one try, so that the client may see its
    hole. Once the posts in vain have cost PATIENCE, or while it rests, there are none.
    """

    is_resting: bool = False
    is_unreachable: bool = False
    in_vain: timedelta = timedelta(0)

    @property
    def has_cost_patience(self) -> bool:
        return self.in_vain >= PATIENCE


@dataclass(slots=True)
class _Audience:
    """Who follows the orders of one batch; kept in step while the batch is worked through."""

    by_order: Mapping[OrderId, dict[str, Follower]]
    lines: dict[str, _Line]

    def line(self, connection_id: str) -> _Line:
        return self.lines.setdefault(connection_id, _Line())

    def add(self, order_id: OrderId, follower: Follower) -> None:
        self.by_order[order_id][follower.connection_id] = follower

    def of(self, order_id: OrderId) -> list[Follower]:
        return list(self.by_order[order_id].values())

    def remove(self, order_id: OrderId, connection_id: str) -> bool:
        """Take it off the order; False when it was not there."""
        return self.by_order[order_id].pop(connection_id, None) is not None

    def forget(self, connection_id: str) -> None:
        for followers in self.by_order.values():
            followers.pop(connection_id, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """The use case behind the status queue."""

    store: OrderStore
    followers: FollowerStore
    feed: StatusFeed
    clock: Clock
    encode_frames: Callable[[Sequence[OrderEvent], bool], Sequence[str]]
    side_by_side: SideBySide
    resting_until: dict[str, datetime] = field(default_factory=dict)

    def publish(self, messages: Messages, *, has_time: Callable[[], bool]) -> set[str]:
        """Work through a batch of (message id, message) in order, as long as it `has_time`.

        Returns the ids that failed and shall come again. When one message fails, the later ones
        of its order fail too, so that none overtakes it.
        """
        audience, history = self._load([message for _, message in messages])
        by_order: dict[OrderId, list[tuple[str, StatusMessage]]] = defaultdict(list)
        for message_id, message in messages:
            by_order[message.order_id].append((message_id, message))
        work = partial(self._work, audience=audience, history=history, has_time=has_time)
        failed = self.side_by_side([partial(work, of_order) for of_order in by_order.values()])
        self._let_rest(audience)
        return set[str]().union(*failed)

    def _work(
        self,
        messages: Messages,
        *,
        audience: _Audience,
        history: History | None,
        has_time: Callable[[], bool],
    ) -> set[str]:
        """Work through the messages of one order; return the first that failed and all after it."""
        for number, (_, message) in enumerate(messages):
            if not has_time() or not self._try(message, audience, history):
                return {message_id for message_id, _ in messages[number:]}
        return set()

    def _let_rest(self, audience: _Audience) -> None:
        """Remember who was given up, so that the next batches need not find out again."""
        now = self.clock.now()
        for connection_id in [c for c, until in self.resting_until.items() if until <= now]:
            del self.resting_until[connection_id]
        for connection_id, line in audience.lines.items():
            if line.has_cost_patience:
                self.resting_until[connection_id] = now + REST

    def _try(self, message: StatusMessage, audience: _Audience, history: History | None) -> bool:
        try:
            self._deliver(message, audience, history)
        except Exception:
            # Whatever it is, it is this message's trouble; the other orders go on.
            log.exception("publish_failed", extra={"order_id": message.order_id})
            return False
        return True

    def _load(self, messages: Sequence[StatusMessage]) -> tuple[_Audience, History | None]:
        order_ids = list(dict.fromkeys(message.order_id for message in messages))
        now = self.clock.now()
        resting = [c for c, until in self.resting_until.items() if now < until]
        audience = _Audience(
            by_order={order_id: {} for order_id in order_ids},
            lines={connection_id: _Line(is_resting=True) for connection_id in resting},
        )
        for order_id, followers in self.followers.followers(order_ids).items():
            for follower in followers:
                audience.add(order_id, follower)
        return audience, self._read_history(messages)

    def _read_history(self, messages: Sequence[StatusMessage]) -> History | None:
        """Return what the follow requests ask for, None when it cannot be read."""
        asked = dict.fromkeys(m.order_id for m in messages if isinstance(m, FollowRequest))
        if not asked:
            return {}
        try:
            return self.store.events([*asked])
        except Exception:
            # Trouble of those who ask: their messages come again, live events go out all the same.
            log.exception("history_unreadable", extra={"orders": len(asked)})
            return None

    def _deliver(
        self, message: StatusMessage, audience: _Audience, history: History | None
    ) -> None:
        match message:
            case FollowRequest():
                if history is None:
                    raise UnavailableError("the history is unavailable")
                self._replay(message, audience, history.get(message.order_id, ()))
            case UnfollowRequest():
                self._unfollow(message.order_id, message.connection_id, audience)
            case StatusUpdate():
                self._update(message, audience)

    def _update(self, update: StatusUpdate, audience: _Audience) -> None:
        @cache
        def frames(seen: int, in_batches: bool) -> Sequence[str]:
            return self.encode_frames([e for e in update.events if e.sequence > seen], in_batches)

        first, last = update.sequences
        self.side_by_side(
            [
                partial(
                    self._post_all,
                    update.order_id,
                    follower,
                    frames(max(follower.replayed_through, first - 1), follower.takes_batches),
                    audience,
                )
                for follower in audience.of(update.order_id)
                if follower.replayed_through < last
            ]
        )

    def _replay(
        self, request: FollowRequest, audience: _Audience, events: tuple[OrderEvent, ...]
    ) -> None:
        last = events[-1].sequence if events else 0
        follower = Follower(
            connection_id=request.connection_id,
            replayed_through=max(last, request.after),
            connected_at=request.connected_at,
            takes_batches=request.takes_batches,
        )
        missed = [event for event in events if event.sequence > request.after]
        frames = self.encode_frames(missed, request.takes_batches)
        if not self._post_all(request.order_id, follower, frames, audience):
            return
        if events and events[-1].status.is_final:
            # It may follow already, and the events just replayed may be on their way to it.
            self._unfollow(request.order_id, request.connection_id, audience)
        else:
            self._make_room(request.order_id, audience)
            self.followers.add_follower(request.order_id, follower)
            audience.add(request.order_id, follower)

    def _make_room(self, order_id: OrderId, audience: _Audience) -> None:
        present = audience.of(order_id)
        if len(present) >= FOLLOWERS_MAX:
            oldest = min(present, key=lambda follower: follower.connected_at)
            self._unfollow(order_id, oldest.connection_id, audience)

    def _unfollow(self, order_id: OrderId, connection_id: str, audience: _Audience) -> None:
        if audience.remove(order_id, connection_id):
            self.followers.remove_follower(order_id, connection_id)

    def _post_all(
        self, order_id: OrderId, follower: Follower, frames: Sequence[str], audience: _Audience
    ) -> bool:
        """Post the frames in order; False when the follower is gone and forgotten."""
        return all(self._post(order_id, follower, frame, audience) for frame in frames)

    def _post(self, order_id: OrderId, follower: Follower, frame: str, audience: _Audience) -> bool:
        """Post one frame; False when the follower is gone and forgotten."""
        line = audience.line(follower.connection_id)
        if line.is_resting or line.has_cost_patience:
            _log_skipped(order_id, follower, UnavailableError("the connection was abandoned"))
            return True
        tries_left = 1 if line.is_unreachable else POST_TRIES
        openings_left = OPENING_TRIES
        while True:
            tried_at = self.clock.now()
            try:
                self.feed.post(follower.connection_id, frame)
                return True
            except ConnectionGoneError:
                # Counted as well: the clock that told `connected_at` may be ahead of this one.
                openings_left -= 1
                is_open_by_now = self.clock.now() - follower.connected_at >= OPENING
                if is_open_by_now or not openings_left:
                    self._unfollow(order_id, follower.connection_id, audience)
                    audience.forget(follower.connection_id)
                    return False
                self.clock.sleep(OPENING_RETRY_SECONDS)
            except FrameRefusedError as error:
                _log_skipped(order_id, follower, error)
                return True
            except UnavailableError as error:
                tries_left -= 1
                line.in_vain += self.clock.now() - tried_at
                if line.has_cost_patience or not tries_left:
                    line.is_unreachable = True
                    _log_skipped(order_id, follower, error)
                    return True
                self.clock.sleep(POST_RETRY_SECONDS)


def _log_skipped(order_id: OrderId, follower: Follower, error: CodedError) -> None:
    """The hole in the sequence tells the client to ask again; the log's count tells us."""
    log.warning(
        "push_skipped",
        extra={
            "order_id": order_id,
            "connection_id": follower.connection_id,
            "code": error.code,
            "reason": error.detail,
        },
    )
