"""Orders that wait for a new pool: each pool judged once, one bought from at most."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import QuoteTimeoutError
from chalicelib.domain.orders.events import PoolJudged
from chalicelib.domain.orders.hunts import POOLS_MAX, Finding, Hunt, Verdict
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.orders.terms import ExitPlan, Guards, SniperTerms
from chalicelib.domain.pools.new_pools import NewPool, PoolCursor, Property
from chalicelib.domain.token_list import SOL, USDC
from chalicelib.domain.tokens import Mint, Pair, token_to_come
from chalicelib.engine.errors import (
    GuardNotAnswerableError,
    PoolAlreadyListedError,
    UnavailableError,
)
from chalicelib.simulation.launches import Launch, Trap, launches_since
from chalicelib.simulation.market import SLOT
from tests.launches import find_launch, go_to, honest, trap
from tests.world import FIVE, World, ticks

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
TENTH = 10**8
OPEN_TO_CONFIRMED = ["open", *FIVE[1:]]


def snipe(mint: Mint | None = None, **more: Any) -> SniperTerms:
    return SniperTerms(mint=mint, **{"retry_for": 30 * SECOND, **more})


def arm(world: World, terms: SniperTerms, **more: Any) -> OrderId:
    """Place an order for a tenth of a SOL."""
    pair = Pair(token_in=more.pop("token_in", SOL), token_out=token_to_come(terms.mint))
    order: dict[str, Any] = {"amount_in": TENTH, "slippage_bps": 2_000, **more}
    return world.submit(pair=pair, terms=terms, **order)


def pass_time(world: World, span: timedelta) -> None:
    world.pass_time(span, step=SLOT)


def before(launch: Launch) -> World:
    """A world two seconds before the launch."""
    world = World()
    go_to(world, launch.created_slot - 5)
    return world


def verdicts(world: World, order_id: OrderId) -> list[Verdict]:
    """What its events tell of pools."""
    details = (event.details for event in world.store.history[order_id])
    return [each.verdict for each in details if isinstance(each, PoolJudged)]


def findings(world: World, order_id: OrderId) -> list[tuple[Finding, bool]]:
    return [(verdict.finding, verdict.is_final) for verdict in verdicts(world, order_id)]


def test_order_buys_the_token_that_it_waits_for_as_soon_as_there_is_a_pool() -> None:
    launch = honest()
    world = before(launch)
    order_id = arm(world, snipe(launch.token.mint))
    world.connect("follower", order_id)

    pass_time(world, 10 * SECOND)
    world.publish()

    order = world.order(order_id)
    assert world.statuses(order_id) == OPEN_TO_CONFIRMED
    assert order.pair == Pair(token_in=SOL, token_out=launch.token)
    trigger = world.store.history[order_id][1].details.trigger  # type: ignore[union-attr]
    assert trigger is not None
    assert (trigger.kind, trigger.pool_address) == ("pool", launch.pool.address)
    assert trigger.slot - launch.created_slot <= 2
    [landing] = world.landed(order_id)
    assert landing.amount_in == TENTH
    assert world.sequences("follower") == [1, 2, 3, 4, 5]
    assert world.updates("follower")[-1]["amountIn"] == "0.1"
    assert world.store.watches == {}


def test_order_for_any_token_buys_in_the_first_pool_that_passes() -> None:
    world = World()
    order_id = arm(world, snipe(guards=Guards(requires=frozenset(Property), fee_bps_max=300)))

    pass_time(world, 20 * MINUTE)

    order = world.order(order_id)
    assert order.status is OrderStatus.CONFIRMED
    bought = world.market.launch(order.pair.token_out.mint)
    assert bought is not None
    assert not bought.traps
    # Every launch before it has been judged, and none of them could pass.
    armed = order.armed_slot
    assert armed is not None
    earlier = []
    for each in launches_since(world.seed, armed + 1):
        if each.number >= bought.number:
            break
        earlier.append(each.pool.address)
    final = [verdict.pool_address for verdict in verdicts(world, order_id) if verdict.is_final]
    assert [address for address in final if address in earlier] == earlier


@pytest.mark.parametrize(
    ("one", "guards", "finding"),
    [
        (Trap.MINTABLE, {"requires": {Property.MINT_RENOUNCED}}, Finding.MINT_AUTHORITY_KEPT),
        (Trap.FREEZABLE, {"requires": {Property.NOT_FREEZABLE}}, Finding.FREEZABLE),
        (Trap.NOT_SELLABLE, {"requires": {Property.SELLABLE}}, Finding.NOT_SELLABLE),
        (Trap.TRANSFER_FEE, {"fee_bps_max": 1_000}, Finding.FEE_TOO_HIGH),
    ],
)
def test_trap_that_a_guard_excludes_is_never_bought(
    one: Trap, guards: dict[str, Any], finding: Finding
) -> None:
    launch = trap(one)
    world = before(launch)
    if "requires" in guards:
        guards = {"requires": frozenset(guards["requires"])}
    guarded = arm(world, snipe(launch.token.mint, guards=Guards(**guards)))
    unguarded = arm(world, snipe(launch.token.mint))

    pass_time(world, MINUTE)

    assert findings(world, guarded) == [(finding, True)]
    assert world.order(guarded).status is OrderStatus.OPEN
    assert world.landed(guarded) == []
    assert world.order(unguarded).status is OrderStatus.CONFIRMED


def test_liquidity_that_can_leave_is_refused_when_its_time_is_up() -> None:
    launch = trap(Trap.DRAINED)
    world = before(launch)
    requires = frozenset({Property.LIQUIDITY_LOCKED})
    order_id = arm(world, snipe(launch.token.mint, guards=Guards(requires=requires)))

    pass_time(world, 40 * SECOND)

    finding = Finding.LIQUIDITY_NOT_LOCKED
    assert findings(world, order_id) == [(finding, False), (finding, True)]
    assert world.landed(order_id) == []


def later(what: str) -> Launch:
    """One of which something comes within 30 seconds after its creation."""

    def fits(launch: Launch) -> bool:
        others = {"opens_slot", "funded_slot", "locked_slot"} - {what}
        return (
            not launch.traps
            and launch.quote == SOL
            and getattr(launch, what) > launch.created_slot + 5
            and all(getattr(launch, name) == launch.created_slot for name in others)
        )

    return find_launch(fits)


@pytest.mark.parametrize(
    ("what", "guards", "finding"),
    [
        ("opens_slot", Guards(), Finding.NOT_OPEN),
        ("funded_slot", Guards(), Finding.LIQUIDITY_TOO_LOW),
        (
            "locked_slot",
            Guards(requires=frozenset({Property.LIQUIDITY_LOCKED})),
            Finding.LIQUIDITY_NOT_LOCKED,
        ),
    ],
)
def test_what_comes_later_is_waited_for(what: str, guards: Guards, finding: Finding) -> None:
    launch = later(what)
    world = before(launch)
    order_id = arm(world, snipe(launch.token.mint, guards=guards))

    pass_time(world, 40 * SECOND)

    assert findings(world, order_id) == [(finding, False)]
    assert world.order(order_id).status is OrderStatus.CONFIRMED
    trigger: Any = world.store.history[order_id][2].details
    assert 0 <= trigger.trigger.slot - getattr(launch, what) <= 2


def test_what_comes_too_late_is_not_waited_for() -> None:
    launch = later("funded_slot")
    world = before(launch)
    order_id = arm(world, snipe(launch.token.mint, retry_for=SECOND))

    pass_time(world, 40 * SECOND)

    finding = Finding.LIQUIDITY_TOO_LOW
    assert findings(world, order_id) == [(finding, False), (finding, True)]
    assert world.order(order_id).status is OrderStatus.OPEN


def test_pool_that_was_there_before_is_refused_at_the_door() -> None:
    launch = honest()
    world = World()
    go_to(world, launch.created_slot)

    with pytest.raises(PoolAlreadyListedError):
        arm(world, snipe(launch.token.mint))

    order_id = arm(world, snipe(launch.token.mint, takes_existing=True))
    pass_time(world, 5 * SECOND)
    assert world.order(order_id).status is OrderStatus.CONFIRMED


def test_guard_that_nobody_can_answer_is_refused_at_the_door() -> None:
    world = World()
    world.pool_feed = ScriptedFeed(world.pool_feed, tells=(Property.SELLABLE,))

    with pytest.raises(GuardNotAnswerableError):
        arm(world, snipe(guards=Guards(requires=frozenset({Property.MINT_RENOUNCED}))))

    arm(world, snipe(guards=Guards(requires=frozenset({Property.SELLABLE}))))


@dataclass
class ScriptedFeed:
    """A feed of which a test hides something, or which it breaks."""

    inner: Any
    tells: Sequence[Property] = tuple(Property)
    venues: Sequence[str] = ("raydium", "meteora")
    hidden: bool = False
    broken: bool = False

    def since(self, cursor: PoolCursor, *, limit: int) -> Sequence[NewPool]:
        return [] if self._is_hidden() else self.inner.since(cursor, limit=limit)

    def latest(self, *, limit: int) -> Sequence[NewPool]:
        return [] if self._is_hidden() else self.inner.latest(limit=limit)

    def of_mint(self, mint: Mint) -> Sequence[NewPool]:
        return [] if self._is_hidden() else self.inner.of_mint(mint)

    def pool(self, address: str) -> NewPool | None:
        return None if self._is_hidden() else self.inner.pool(address)

    def _is_hidden(self) -> bool:
        if self.broken:
            raise UnavailableError("the feed is away")
        return self.hidden


def judge_nothing(world: World) -> OrderId:
    """An order that no pool suits."""
    return arm(world, snipe(name_part="no such token"))


def test_gap_and_replay_let_each_pool_be_judged_once() -> None:
    world = World()
    world.pool_feed = ScriptedFeed(world.pool_feed)
    order_id = judge_nothing(world)
    armed = world.order(order_id).armed_slot
    assert armed is not None
    pass_time(world, 3 * MINUTE)

    world.pool_feed.hidden = True
    pass_time(world, 4 * MINUTE)
    world.pool_feed.hidden = False
    world.pool_feed.broken = True
    pass_time(world, 2 * MINUTE)
    world.pool_feed.broken = False
    # Nobody is at work.
    world.clock.at += 20 * MINUTE
    pass_time(world, 3 * MINUTE)

    created = []
    for launch in launches_since(world.seed, armed + 1):
        if launch.created_slot > world.rates.current_slot() - 5:
            break
        created.append(launch.pool.address)
    assert len(created) > 28
    told = [verdict.pool_address for verdict in verdicts(world, order_id)]
    assert told[: len(created)] == created
    assert len(told) == len(set(told))


def test_order_that_is_asked_about_twice_judges_a_pool_once() -> None:
    launch = honest()
    world = before(launch)
    order_id = judge_nothing(world)
    go_to(world, launch.created_slot + 1)
    world.watch(SLOT)
    [message] = {message.order_id: message for message in world.take()}.values()

    world.meanwhile("store.save", lambda: world.execute([message]))
    world.execute([message])
    world.execute([message])

    assert [v.pool_address for v in verdicts(world, order_id)] == [launch.pool.address]
    assert world.order(order_id).sequence == 2


def test_pool_that_appears_while_an_order_is_looked_at_is_not_missed() -> None:
    launch = honest()
    world = before(launch)
    order_id = arm(world, snipe(launch.token.mint))
    [first] = world.order_queue.messages or [None]
    world.watch(SLOT)
    messages = world.take()
    assert first is None
    assert [message.order_id for message in messages] == [order_id]

    def appear() -> None:
        go_to(world, launch.created_slot)
        world.watch(SLOT)

    # The worker has seen no pool, and a tick tells of one before the worker lets the order rest.
    world.meanwhile("book.hunt_on", appear)
    world.execute(messages)
    world.order_queue.messages.clear()
    pass_time(world, 2 * SECOND)

    assert world.order(order_id).status is OrderStatus.CONFIRMED


def test_two_orders_of_one_owner_buy_once_each() -> None:
    launch = honest()
    world = before(launch)
    order_ids = [arm(world, snipe(launch.token.mint)), arm(world, snipe())]

    pass_time(world, 30 * SECOND)

    assert [len(world.landed(order_id)) for order_id in order_ids] == [1, 1]


def test_other_pool_is_not_bought_from_when_a_venue_is_silent_about_the_first() -> None:
    launch = honest()
    world = before(launch)
    order_id = arm(world, snipe())
    outages = {f"{venue.name}.pools": QuoteTimeoutError() for venue in world.venues}
    world.outages = dict(outages)
    pass_time(world, 10 * SECOND)
    assert verdicts(world, order_id) == []

    world.outages = {}
    pass_time(world, 10 * SECOND)

    assert world.order(order_id).pair.token_out == launch.token


def test_failed_landings_bring_no_exit() -> None:
    launch = honest()
    world = World(failure_rate_bps=10_000)
    go_to(world, launch.created_slot - 5)
    order_id = arm(world, snipe(launch.token.mint, exit=ExitPlan(take_profit_bps=100)))

    pass_time(world, 20 * SECOND)

    assert world.order(order_id).status is OrderStatus.FAILED
    assert [*world.store.orders] == [order_id]


def test_exit_comes_with_the_buy_over_what_was_received() -> None:
    launch = honest()
    world = before(launch)
    terms = snipe(launch.token.mint, exit=ExitPlan(stop_loss_bps=9_000, hold_seconds_max=5))
    order_id = arm(world, terms)

    pass_time(world, 20 * SECOND)

    [landing] = world.landed(order_id)
    [child] = [order for order in world.store.orders.values() if order.parent_id == order_id]
    assert child.trade.amount == landing.amount_out
    assert child.status is OrderStatus.CONFIRMED
    assert child.pair == Pair(token_in=launch.token, token_out=SOL)


def test_pool_that_does_not_pass_any_more_is_not_bought_from() -> None:
    launch = trap(Trap.DRAINED)
    world = World(latency=timedelta(seconds=1))
    go_to(world, launch.created_slot - 5)
    order_id = arm(world, snipe(launch.token.mint))
    assert launch.drained_slot is not None
    while world.order(order_id).status is OrderStatus.OPEN:
        watch_and_step(world)

    go_to(world, launch.drained_slot)
    world.run()

    order = world.order(order_id)
    assert order.status is OrderStatus.FAILED
    failed: Any = world.store.history[order_id][-1].details
    assert failed.failure.code == "POOL_REFUSED"
    assert "LIQUIDITY_TOO_LOW" in failed.failure.message
    assert world.landed(order_id) == []


def watch_and_step(world: World) -> None:
    """Let a slot be watched, and whoever was asked about take one step."""
    world.watch(SLOT)
    if messages := world.take():
        world.execute(messages, has_time=ticks(1))


def test_price_that_is_too_high_is_told_and_kept_on_chain() -> None:
    launch = honest()
    world = before(launch)
    dear = arm(world, snipe(launch.token.mint, guards=Guards(price_max="0.000000000001")))
    fair = arm(world, snipe(launch.token.mint, guards=Guards(price_max="1000000")))

    pass_time(world, 20 * SECOND)

    [verdict] = verdicts(world, dear)
    assert (verdict.finding, verdict.wanted) == (Finding.PRICE_TOO_HIGH, "0.000000000001")
    assert verdict.value is not None
    assert float(verdict.value) > 0
    assert world.order(fair).status is OrderStatus.CONFIRMED


def test_pool_of_another_currency_is_told_of() -> None:
    launch = find_launch(lambda each: each.quote == USDC)
    world = before(launch)
    order_id = arm(world, snipe(launch.token.mint))

    pass_time(world, 5 * SECOND)

    [verdict] = verdicts(world, order_id)
    assert (verdict.finding, verdict.value, verdict.wanted) == (
        Finding.QUOTE_MISMATCH,
        "USDC",
        "SOL",
    )


def test_order_that_has_judged_as_many_pools_as_it_may_fails() -> None:
    world = World()
    order_id = judge_nothing(world)
    order = world.order(order_id)
    assert order.hunt is not None
    hunt = replace(order.hunt, judged=POOLS_MAX - 1)
    world.store.orders[order_id] = replace(order, hunt=hunt)

    pass_time(world, 3 * MINUTE)

    failed: Any = world.store.history[order_id][-1].details
    assert failed.failure.code == "POOLS_EXHAUSTED"
    assert len(verdicts(world, order_id)) == 1


def test_cancel_and_expiry_end_the_wait() -> None:
    world = World()
    cancelled = judge_nothing(world)
    expiring = arm(world, snipe(), expires_at=world.clock.at + SECOND)

    world.cancel(cancelled)
    pass_time(world, 3 * SECOND)

    assert world.order(cancelled).status is OrderStatus.CANCELLED
    assert world.order(expiring).status is OrderStatus.EXPIRED


def test_hunt_keeps_the_last_verdicts_only() -> None:
    hunt = Hunt(cursor=PoolCursor(0))
    for number in range(100):
        verdict = Verdict(
            pool_address=f"pool {number:03}",
            token=SOL,
            created_slot=number,
            slot=number,
            finding=Finding.FREEZABLE,
            is_final=True,
        )
        hunt = hunt.after(verdict)

    assert (hunt.judged, len(hunt.verdicts)) == (100, 32)
    assert hunt.cursor == PoolCursor(99, "pool 099")
