"""Orders of the deployed package that wait: for a price, for their time, and while watchers die."""

import asyncio
import os
import signal
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from infra.local.functions import function_processes
from infra.operate.audit import audit
from orders_client import OrdersClient, ProblemError

ORDERS = 200
# More at once would wait for each other, and their time be up before they are placed.
AT_ONCE = 50
KILLS = 10
# Whom nothing else starts, the schedule does.
RESUMED_SECONDS = 75
SELL = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "0.1"}
# A token whose price falls by a basis point within seconds.
SELL_RESTLESS = {"tokenIn": "BONK", "tokenOut": "USDC", "amount": "1000000"}


def run(outside, act):
    async def with_client():
        async with asyncio.timeout(240), OrdersClient(outside.base_url) as client:
            return await act(client)

    return asyncio.run(with_client())


async def price_now(client):
    quotes = await client.quote("SOL", "USDC", "0.1")
    return Decimal(quotes["amountOut"]) * 10


async def events_of(client, order):
    return [event async for event in client.follow(order)]


async def cancelled(client, order):
    """Cancel the order, or find that it is confirmed; return it."""
    try:
        return await client.cancel(order["orderId"])
    except ProblemError as error:
        refusal = error
    assert (refusal.status, refusal.problem["code"]) == (409, "ALREADY_CONFIRMED")
    return refusal.problem["order"]


def held(outside):
    """Every check of the audit holds."""
    assert audit(outside.description.database_url).findings == {}


def in_seconds(seconds):
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def stop(price, condition, **more):
    trigger = {"triggerPrice": f"{price:.6f}", "triggerCondition": condition}
    return SELL | {"type": "STOP", **trigger, **more}


def test_every_type_of_order_waits_and_trades(outside):
    async def act(client):
        price = await price_now(client)
        limit = SELL | {"type": "LIMIT"}
        orders = [
            limit | {"limitPrice": f"{price * Decimal('0.99'):.6f}"},
            limit | {"limitPrice": f"{price * Decimal('0.99'):.6f}", "timeInForce": "FOK"},
            limit | {"limitPrice": f"{price * Decimal('0.99'):.6f}", "timeInForce": "IOC"},
            stop(price * 2, "below", triggerIfMet=True),
            stop(price / 2, "above", triggerIfMet=True),
            SELL_RESTLESS | {"type": "TRAILING_STOP", "trailingBps": 1},
            SELL
            | {"type": "OCO", "takeProfitPrice": f"{price / 2:.6f}"}
            | {"stopPrice": f"{price / 4:.6f}", "triggerIfMet": True},
        ]
        placed = [await client.place(order) for order in orders]
        return await asyncio.gather(*(events_of(client, order) for order in placed))

    lives = run(outside, act)

    for events in lives:
        assert [event["sequence"] for event in events] == [*range(1, len(events) + 1)]
        assert events[0]["status"] in ("open", "pending")
        assert events[-1]["status"] == "confirmed"
    triggers = [events[1].get("trigger", {}).get("kind") for events in lives]
    assert triggers == ["limit", None, None, "stop", "stop", "trailingStop", "takeProfit"]
    held(outside)


def test_every_order_ends_truly_when_its_time_is_up_at_any_instant(outside):
    random = Random(14)

    async def one(client, price, turns):
        # Some trade before their time is up, some while it runs out, some never.
        near = price * Decimal(1 + random.choice([-1, 0, 0, 1]) * random.random() / 1_000)
        order = stop(near, random.choice(["above", "below"]), triggerIfMet=True)
        async with turns:
            placed = await client.place(order | {"expiresAt": in_seconds(random.uniform(1, 4))})
            return await events_of(client, placed)

    async def act(client):
        price = await price_now(client)
        turns = asyncio.Semaphore(AT_ONCE)
        return await asyncio.gather(*(one(client, price, turns) for _ in range(ORDERS)))

    lives = run(outside, act)

    ends = {events[-1]["status"] for events in lives}
    assert {"confirmed", "expired"} <= ends <= {"confirmed", "expired", "failed"}
    for events in lives:
        assert [event["sequence"] for event in events] == [*range(1, len(events) + 1)]
    held(outside)


def test_every_cancel_is_answered_truly_while_orders_wait(outside):
    random = Random(41)

    async def one(client, price):
        near = price * Decimal(1 + random.uniform(-1, 1) / 2_000)
        order = await client.place(stop(near, random.choice(["above", "below"]), triggerIfMet=True))
        await asyncio.sleep(random.uniform(0, 3))
        return await cancelled(client, order), await events_of(client, order)

    async def act(client):
        price = await price_now(client)
        return await asyncio.gather(*(one(client, price) for _ in range(ORDERS)))

    lives = run(outside, act)

    for answer, events in lives:
        end = events[-1]["status"]
        if answer.get("cancelRequested") and answer["status"] != "cancelled":
            assert end in ("confirmed", "cancelled")
        else:
            assert end == answer["status"]
    assert {events[-1]["status"] for _, events in lives} >= {"confirmed", "cancelled"}
    held(outside)


@pytest.fixture
def watchers(stack):
    def found():
        processes = function_processes(stack.process_ids())
        return [process for name, process in processes if name == "Watch"]

    return found


def last_slot(outside):
    [(slot,)] = outside.sql("SELECT slot FROM watch_cursor")
    return slot


async def a_slot_is_looked_at(outside, client, price, *, after):
    """Wait for a watcher that looks at a slot after this one; a new order starts one when it finds
    none at work."""
    loop = asyncio.get_running_loop()
    late = loop.time() + RESUMED_SECONDS
    while last_slot(outside) <= after:
        assert loop.time() < late, "no watcher came"
        waiting = await client.place(stop(price / 2, "below"))
        await client.cancel(waiting["orderId"])
        await asyncio.sleep(0.2)


async def kill_one_after_the_other(outside, client, price, watchers):
    for _ in range(KILLS):
        killed = watchers()
        assert killed
        for process in killed:
            os.kill(process.pid, signal.SIGKILL)
        await a_slot_is_looked_at(outside, client, price, after=last_slot(outside))


async def confirmed_in_time(client, orders):
    """The orders as they are when all are confirmed, or after so long."""
    late = asyncio.get_running_loop().time() + 100
    while True:
        shown = [await client.get(order["orderId"]) for order in orders]
        is_late = asyncio.get_running_loop().time() > late
        if is_late or all(order["status"] == "confirmed" for order in shown):
            return shown
        await asyncio.sleep(1)


def test_nothing_is_lost_or_done_twice_when_watchers_are_killed(outside, watchers):
    async def act(client):
        price = await price_now(client)
        # Ten that are met, and ten that may be.
        distances = [*range(-20, -10), *range(-5, 5)]
        orders = [
            await client.place(stop(price * Decimal(1 + n / 20_000), "above", triggerIfMet=True))
            for n in distances
        ]
        certain, uncertain = orders[:10], orders[10:]
        await a_slot_is_looked_at(outside, client, price, after=last_slot(outside))
        await kill_one_after_the_other(outside, client, price, watchers)
        shown = await confirmed_in_time(client, certain)
        for order in uncertain:
            await cancelled(client, order)
        return shown

    shown = run(outside, act)

    for order in shown:
        statuses = [event["status"] for event in order["events"]]
        assert statuses == ["open", "routing", "building", "submitted", "confirmed"]
    held(outside)
