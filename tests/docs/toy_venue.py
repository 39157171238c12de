"""The toy venue of docs/extending.md. Run by test_extending.py, in the copy where it is."""

from dataclasses import asdict
from typing import Any

import pytest

import app
from chalicelib.domain.token_list import find_pair
from chalicelib.simulation.ledger import LedgerEntry
from chalicelib.simulation.market import Market
from chalicelib.simulation.toy import TOY
from infra.operate.audit.recompute import Recomputation, deployed_market
from tests.unit.functions import Functions
from tests.world import World

BONK_SOL = find_pair("BONK", "SOL")


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Functions:
    """The functions of app.py in a market of the pools that a deployment lists."""
    world = World(listings=deployed_market().listings)
    monkeypatch.setattr(app, "deployment", world.deployment)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return Functions(world)


def sold(functions: Functions) -> tuple[Any, LedgerEntry]:
    """An order as clients see it afterwards, and what the chain has of it."""
    order_id = functions.world.submit(pair=BONK_SOL)
    functions.world.run()
    [entry] = functions.world.landed(order_id)
    answer = functions.get("/api/orders/{order_id}", path={"order_id": order_id})
    return answer.document, entry


def test_quotes_name_the_toy_when_its_pair_is_asked_for(functions: Functions) -> None:
    query = {"tokenIn": "SOL", "tokenOut": "BONK", "amount": "1"}

    document = functions.get("/api/quotes", query=query).document

    assert {quote["venue"] for quote in document["quotes"]} == {"raydium", "meteora", "toy"}


def test_pools_and_prices_name_the_toy_when_they_are_asked_for(functions: Functions) -> None:
    query = {"tokenIn": "SOL", "tokenOut": "BONK", "minutes": "1"}

    pools = functions.get("/api/pools").document["pools"]
    venues = functions.get("/api/prices", query=query).document["venues"]

    assert [pool["pool"] for pool in pools if pool["venue"] == "toy"] == [TOY.address]
    assert venues == ["meteora", "raydium", "toy"]


def test_order_is_swapped_at_the_toy_when_it_pays_most(functions: Functions) -> None:
    order, entry = sold(functions)

    building = order["events"][2]
    assert order["status"] == "confirmed"
    best = max(building["quotes"], key=lambda quote: float(quote["amountOut"]))
    assert best["venue"] == "toy"
    assert [leg["venue"] for leg in building["route"]["legs"]] == ["toy"]
    assert [leg.pool_address for leg in entry.legs] == [TOY.address]
    assert order["amountOut"] == best["amountOut"]


def test_audit_recomputes_the_swap_when_the_deployment_lists_the_toy(functions: Functions) -> None:
    _, entry = sold(functions)
    row = asdict(entry) | {"legs": [asdict(leg) for leg in entry.legs]}
    seed = functions.world.seed

    assert Recomputation(deployed_market(seed=seed)).confirms(row)
    assert not Recomputation(Market(seed=seed)).confirms(row)
