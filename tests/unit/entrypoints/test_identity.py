"""With AUTH_MODE=api_key: who may do what, and that strangers learn nothing."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

import app
from chalicelib.adapters.memory.ports import MemoryKeyStore
from chalicelib.domain.orders.order import OrderId
from chalicelib.domain.owners import OwnerId
from chalicelib.engine.admission.identity import Scope, make_key
from chalicelib.settings import SettingsError, settings_of
from tests.unit.functions import Answer, Functions, captured
from tests.world import SETTINGS

FIELDS = {"type": "MARKET", "tokenIn": "SOL", "tokenOut": "USDC", "amount": 1}
QUOTE = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1"}
NOBODYS = OrderId("ffffffff-ffff-4fff-8fff-ffffffffffff")
ORIGIN = "https://console.example"


@dataclass(frozen=True, slots=True)
class Service:
    """The functions behind a gate, and keys to it."""

    functions: Functions
    keys: MemoryKeyStore

    def key(self, owner: str, scope: Scope = Scope.TRADE) -> dict[str, str]:
        """Headers with a new key of that owner."""
        text, kept = make_key(OwnerId(owner), scope, self.functions.world.clock.at)
        self.keys.add(kept)
        return {"Authorization": f"Bearer {text}"}

    def place(self, headers: dict[str, str]) -> Answer:
        return self.functions.post(
            json.dumps(FIELDS), headers={"content-type": "application/json", **headers}
        )

    def get_order(self, order_id: str, headers: dict[str, str]) -> Answer:
        path = {"order_id": order_id}
        return self.functions.get("/api/orders/{order_id}", path=path, headers=headers)

    def list_orders(self, headers: dict[str, str], **query: str) -> Answer:
        return self.functions.get("/api/orders", query=query or None, headers=headers)


@pytest.fixture
def service(functions: Functions) -> Service:
    keys = MemoryKeyStore()
    settings = settings_of(
        SETTINGS | {"auth_mode": "api_key", "allowed_origins": f"{ORIGIN} https://b.example"}
    )
    functions.deploy(settings=settings, key_store=keys)
    return Service(functions, keys)


def query_of(answer: Answer) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(answer.document["streamUrl"]).query))


ROUTES: dict[str, Callable[[Service, dict[str, str]], Answer]] = {
    "submit": lambda service, headers: service.place(headers),
    "order": lambda service, headers: service.get_order(NOBODYS, headers),
    "orders": lambda service, headers: service.list_orders(headers),
    "quotes": lambda service, headers: service.functions.get(
        "/api/quotes", query=QUOTE, headers=headers
    ),
    "tokens": lambda service, headers: service.functions.get("/api/tokens", headers=headers),
    "pools": lambda service, headers: service.functions.get("/api/pools", headers=headers),
    "launches": lambda service, headers: service.functions.get("/api/launches", headers=headers),
    "ready": lambda service, headers: service.functions.get("/api/ready", headers=headers),
}
REACHED = {"submit": 202, "order": 404}
WRONG = {
    "none": {},
    "another scheme": {"Authorization": "Basic YTpi"},
    "no key": {"Authorization": "Bearer "},
    "not a key": {"Authorization": "Bearer oe_1_2"},
    "unknown": {"Authorization": f"Bearer oe_{'0' * 12}_{'A' * 43}"},
}


@pytest.mark.parametrize("headers", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("route", ROUTES)
def test_route_is_closed_without_a_good_key(
    service: Service, route: str, headers: dict[str, str]
) -> None:
    answer = ROUTES[route](service, headers)

    assert (answer.status, answer.document["code"]) == (401, "UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert service.functions.world.store.orders == {}


@pytest.mark.parametrize("route", ROUTES)
def test_route_is_open_with_a_key_and_closed_when_that_is_revoked(
    service: Service, route: str
) -> None:
    headers = service.key("alice")

    assert ROUTES[route](service, headers).status == REACHED.get(route, 200)
    service.keys.revoke(next(iter(service.keys.keys)), service.functions.world.clock.at)
    assert ROUTES[route](service, headers).status == 401


def test_reader_sees_everything_of_the_owner_and_places_nothing(service: Service) -> None:
    order_id = service.place(service.key("alice")).document["orderId"]
    reader = service.key("alice", Scope.READ)

    refused = service.place(reader)

    assert (refused.status, refused.document["code"]) == (403, "FORBIDDEN")
    assert service.get_order(order_id, reader).status == 200
    assert len(service.list_orders(reader).document["orders"]) == 1


@pytest.mark.parametrize("path", ["/api/health", "/"])
def test_health_and_pages_need_no_key(service: Service, path: str) -> None:
    assert service.functions.get(path).status == 200


def test_order_of_another_owner_is_answered_as_if_there_were_none(service: Service) -> None:
    order_id = service.place(service.key("alice")).document["orderId"]
    bob = service.key("bob")

    foreign, missing = (service.get_order(o, bob) for o in (order_id, NOBODYS))

    assert foreign.status == missing.status == 404
    assert foreign.document == missing.document
    assert service.list_orders(bob).document == {"orders": [], "nextCursor": None}


def test_cursor_of_another_owner_is_refused(service: Service) -> None:
    alice, bob = service.key("alice"), service.key("bob")
    for headers in (alice, alice, bob, bob):
        service.place(headers)
    cursor = service.list_orders(alice, limit="1").document["nextCursor"]

    assert service.list_orders(alice, cursor=cursor).status == 200
    foreign = service.list_orders(bob, cursor=cursor)
    assert (foreign.status, foreign.document["code"]) == (422, "INVALID_CURSOR")


def test_keys_of_two_owners_do_not_meet(service: Service) -> None:
    answers = [
        service.place(service.key(owner) | {"Idempotency-Key": "same"}) for owner in ("a", "b")
    ]

    assert len({answer.document["orderId"] for answer in answers}) == 2


def test_stream_opens_with_its_ticket_or_a_key(service: Service) -> None:
    alice = service.key("alice")
    answer = service.place(alice)
    order_id = answer.document["orderId"]

    assert service.functions.connect(query_of(answer))["statusCode"] == 200
    assert service.functions.connect({"orderId": order_id}, headers=alice)["statusCode"] == 200
    again = service.get_order(order_id, service.key("alice", Scope.READ))
    assert service.functions.connect(query_of(again))["statusCode"] == 200


def refusals(service: Service) -> dict[str, Any]:
    alice, bob = service.key("alice"), service.key("bob")
    mine, other = service.place(alice), service.place(alice)
    bobs = service.place(bob)
    order_id, ticket = mine.document["orderId"], query_of(mine)["ticket"]
    forged = ticket[:-1] + ("A" if ticket[-1] != "A" else "B")
    cursor = app.deployment.signer.seal("cursor", ["alice", order_id, 2**40])
    connect = service.functions.connect
    return {
        "nothing": connect({"orderId": order_id}),
        "forged": connect({"orderId": order_id, "ticket": forged}),
        "cut": connect({"orderId": order_id, "ticket": ticket.partition(".")[0]}),
        "empty": connect({"orderId": order_id, "ticket": ""}),
        "of another order": connect({"orderId": order_id, "ticket": query_of(other)["ticket"]}),
        "of another owner": connect({"orderId": order_id, "ticket": query_of(bobs)["ticket"]}),
        "sealed for a cursor": connect({"orderId": order_id, "ticket": cursor}),
        "a wrong key": connect({"orderId": order_id}, headers=WRONG["unknown"]),
    }


def test_stream_stays_closed_without_its_ticket(service: Service) -> None:
    answers = refusals(service)

    assert {name: answer["statusCode"] for name, answer in answers.items()} == dict.fromkeys(
        answers, 401
    )
    assert service.functions.world.followers.subscriptions == {}
    assert not service.functions.world.status_queue.messages


def frames_of(service: Service, *frames: dict[str, object]) -> list[Any]:
    """What an open connection hears when it sends these."""
    world = service.functions.world
    connection_id = captured("websocket_message")["requestContext"]["connectionId"]
    world.feed.open(connection_id)
    for frame in frames:
        service.functions.message(json.dumps(frame))
    world.publish()
    return world.frames(connection_id)


@pytest.mark.parametrize("action", ["subscribe", "unsubscribe"])
def test_frame_is_refused_without_a_ticket_for_its_order(service: Service, action: str) -> None:
    alice, bob = service.key("alice"), service.key("bob")
    mine, other, bobs = service.place(alice), service.place(alice), service.place(bob)
    tickets = [None, "", "forged", query_of(other)["ticket"], query_of(bobs)["ticket"]]
    frame = {"action": action, "orderId": mine.document["orderId"]}
    nobodys = {"action": action, "orderId": NOBODYS}

    heard = frames_of(
        service, *(frame | ({"ticket": t} if t is not None else {}) for t in tickets), nobodys
    )

    assert [answer["error"]["code"] for answer in heard] == ["UNAUTHORIZED"] * 6
    assert len({answer["error"]["detail"] for answer in heard}) == 1


def test_frame_is_served_with_the_ticket_of_its_order(service: Service) -> None:
    query = query_of(service.place(service.key("alice")))

    heard = frames_of(service, {"action": "subscribe", **query}, {"action": "ping"})

    assert sorted(frame["type"] for frame in heard) == ["pong", "update"]


def test_foreign_order_is_answered_as_if_there_were_none_on_connect(service: Service) -> None:
    order_id = service.place(service.key("alice")).document["orderId"]
    bob = service.key("bob")

    foreign, missing = (
        service.functions.connect({"orderId": o}, headers=bob) for o in (order_id, NOBODYS)
    )

    assert foreign == missing
    assert foreign["statusCode"] == 404


@pytest.mark.parametrize(("minutes", "status"), [(0, 200), (4.9, 200), (10, 401), (1_000, 401)])
def test_ticket_is_good_for_minutes_only(service: Service, minutes: float, status: int) -> None:
    query = query_of(service.place(service.key("alice")))
    service.functions.world.clock.at += timedelta(minutes=minutes)

    assert service.functions.connect(query)["statusCode"] == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [(ORIGIN, 200), ("https://b.example", 200), ("https://evil.example", 403), ("null", 403)],
)
def test_only_pages_of_allowed_origins_may_connect(
    service: Service, origin: str, status: int
) -> None:
    query = query_of(service.place(service.key("alice")))

    answer = service.functions.connect(query, headers={"Origin": origin})

    assert answer["statusCode"] == status


@pytest.mark.parametrize("allowed_origins", ["", "*", f"{ORIGIN} *"])
def test_any_page_may_connect_when_no_origins_are_named(
    service: Service, allowed_origins: str
) -> None:
    settings = settings_of(SETTINGS | {"auth_mode": "api_key", "allowed_origins": allowed_origins})
    service.functions.deploy(settings=settings, key_store=service.keys)
    query = query_of(service.place(service.key("alice")))

    answer = service.functions.connect(query, headers={"Origin": "https://any.example"})

    assert answer["statusCode"] == 200


def test_settings_refuse_keys_without_a_signing_secret() -> None:
    settings = {name: value for name, value in SETTINGS.items() if name != "signing_secret"}

    with pytest.raises(SettingsError, match="SIGNING_SECRET"):
        settings_of(settings | {"auth_mode": "api_key"})
