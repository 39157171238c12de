"""Orders of the deployed package that wait for a new pool, and buy where one is that passes."""

from datetime import UTC, datetime

from infra.operate.audit import audit
from tests.acceptance.test_waiting import events_of, run

SNIPE = {"type": "SNIPER", "tokenIn": "SOL", "amount": "0.1", "slippageBps": 2_000}
# An honest pool has all of it at the end.
GUARDS = {
    "mintRenounced": True,
    "notFreezable": True,
    "liquidityLocked": True,
    "sellable": True,
    "maxFeeBps": 1_000,
}
UNMET = {"minLiquidity": "1000000000"}
# A launch lives for half an hour: the last ones still do when they are bought.
LAUNCHES = "20"


def is_honest(launch):
    fee_bps = launch["feeBps"] + launch["transferFeeBps"]
    return (
        launch["mintRenounced"]
        and not launch["freezable"]
        and launch["liquidityLocked"]
        and launch["sellable"]
        and fee_bps <= GUARDS["maxFeeBps"]
        and launch["quoteToken"] == "SOL"
        and float(launch["liquidity"]) > 0
        and datetime.fromisoformat(launch["opensAt"]) < datetime.now(UTC)
    )


def test_launch_is_sniped_held_and_sold_and_one_that_a_guard_refuses_is_not(outside):
    async def act(client):
        launches = (await client.launches(limit=LAUNCHES))["launches"]
        launch = next(each for each in reversed(launches) if is_honest(each))
        one = SNIPE | {"tokenOut": launch["mint"], "existing": True}
        buying = await client.place(
            one | {"guards": GUARDS, "exit": {"maxHoldSeconds": 1, "stopLossBps": 9_000}}
        )
        refused = await client.place(one | {"guards": UNMET, "retryFor": 0})
        bought = await events_of(client, buying)
        sold = await events_of(client, bought[-1]["exitOrderId"])
        # Its first event is told when it is stored, the verdict when a worker has looked.
        verdict = None
        async for event in client.follow(refused):
            if verdict := event.get("verdict"):
                break
        shown = await client.get(refused["orderId"])
        await client.cancel(refused["orderId"])
        return launch, bought, sold, verdict, shown

    launch, bought, sold, verdict, shown = run(outside, act)

    statuses = [event["status"] for event in bought]
    assert statuses[:2] == ["open", "routing"]
    assert statuses[-1] == sold[-1]["status"] == "confirmed"
    assert bought[1]["trigger"]["pool"] == launch["pool"]
    assert sold[-1]["amountIn"] == bought[-1]["amountOut"]
    assert (verdict["code"], verdict["final"]) == ("LIQUIDITY_TOO_LOW", True)
    assert (shown["status"], shown["verdicts"]) == ("open", [verdict])
    assert audit(outside.description.database_url).findings == {}
