"""The composition root: settings to adapters to use cases.

Everything is made when first asked for and kept for the life of the process, and modules are
imported where they are needed: a cold start pays for its own function only.
"""

import uuid
from collections.abc import Callable, Mapping
from functools import cache
from random import Random
from typing import TYPE_CHECKING

from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.execution.pacing import Pacing
from chalicelib.engine.ports.chain import Chain, Wallet
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.followers import FollowerStore, StatusFeed
from chalicelib.engine.ports.market import PriceHistory, Venue
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.engine.ports.queues import OrderQueue, StatusQueue
from chalicelib.entrypoints import logs
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from chalicelib.adapters.postgres.database import PostgresDatabase
    from chalicelib.engine.admission.identity import KeyStore
    from chalicelib.engine.admission.submit import Submitter
    from chalicelib.engine.execution.executor import Executor
    from chalicelib.engine.execution.rescue import Rescuer
    from chalicelib.engine.execution.sweep import Sweeper
    from chalicelib.engine.limits import RateLimit
    from chalicelib.engine.router import Router
    from chalicelib.engine.streaming.follow import Following
    from chalicelib.engine.streaming.publish import Publisher
    from chalicelib.entrypoints.gate import Gate
    from chalicelib.entrypoints.signing import Signer
    from chalicelib.simulation.fate import Fate
    from chalicelib.simulation.market import Market

POST_TIMEOUT_SECONDS = 2
AWS_TIMEOUT_SECONDS = 3


@cache
def settings() -> Settings:
    """The validated settings."""
    return Settings()


@cache
def configure_logging() -> None:
    """Log as the settings say; once per process, before the first event."""
    logs.configure(settings().log_level, stack=settings().stack_name)


def submitter() -> "Submitter":
    """The use case of POST /api/orders/execute."""
    from chalicelib.engine.admission.submit import Submitter

    return Submitter(
        store=order_store(),
        queue=order_queue(),
        venues=venues(),
        clock=clock(),
        new_id=lambda: OrderId(str(uuid.uuid4())),
        limit=rate_limit(),
    )


def rate_limit() -> "RateLimit | None":
    """How many orders an owner may place."""
    from chalicelib.engine.limits import RateLimit

    most = settings().orders_per_minute
    return RateLimit(orders_max=most) if most else None


@cache
def gate() -> "Gate":
    """Who may come in."""
    from chalicelib.entrypoints.gate import Gate

    return Gate(
        keys=key_store() if settings().keys_required else None,
        signer=signer(),
        clock=clock(),
        stream_url=settings().stream_url,
        origins=frozenset(settings().allowed_origins.split()),
    )


@cache
def signer() -> "Signer":
    """What seals tickets and cursors."""
    from chalicelib.entrypoints.signing import Signer

    return Signer(settings().signing_key)


@cache
def key_store() -> "KeyStore":
    from chalicelib.adapters.postgres.keys import PostgresKeyStore

    return PostgresKeyStore(_database())


@cache
def executor() -> "Executor":
    """The use case of the order queue."""
    from chalicelib.engine.execution.executor import Executor

    return Executor(
        store=order_store(),
        order_queue=order_queue(),
        status_queue=status_queue(),
        router=router(),
        chain=chain(),
        wallet=wallet(),
        clock=clock(),
        random=Random(),
        pacing=pacing(),
    )


def router() -> "Router":
    """The use case of GET /api/quotes, and of every attempt to execute an order."""
    from chalicelib.engine.router import Router
    from chalicelib.solana.instructions import COMPUTE_UNITS_PER_LEG

    leg_cost_micro_lamports = COMPUTE_UNITS_PER_LEG * settings().compute_unit_price_micro_lamports
    return Router(venues=venues(), leg_cost_lamports=leg_cost_micro_lamports // 1_000_000)


def publisher() -> "Publisher":
    """The use case of the status queue."""
    from chalicelib.engine.streaming.publish import Publisher
    from chalicelib.entrypoints.wire.frames import update_frame

    return Publisher(
        store=order_store(),
        followers=follower_store(),
        feed=status_feed(),
        clock=clock(),
        encode_frame=update_frame,
    )


def following() -> "Following":
    """The use cases of the WebSocket."""
    from chalicelib.engine.streaming.follow import Following

    return Following(store=order_store(), followers=follower_store(), status_queue=status_queue())


def rescuer() -> "Rescuer":
    """The use case of the order queue's dead-letter queue."""
    from chalicelib.engine.execution.rescue import Rescuer

    return Rescuer(
        store=order_store(),
        order_queue=order_queue(),
        status_queue=status_queue(),
        chain=chain(),
        clock=clock(),
        pacing=pacing(),
    )


def sweeper() -> "Sweeper":
    """The use case of the schedule."""
    from chalicelib.engine.execution.sweep import Sweeper

    return Sweeper(store=order_store(), queue=order_queue(), clock=clock())


def readiness() -> Mapping[str, Callable[[], None]]:
    """What this service depends on, and how to ask it."""
    return {
        "postgres": order_store().check,
        "queue": order_queue().check,
        "connections": follower_store().check,
    }


@cache
def clock() -> Clock:
    from chalicelib.adapters.clock import SystemClock

    return SystemClock()


@cache
def order_store() -> OrderStore:
    from chalicelib.adapters.postgres.orders import PostgresOrderStore

    return PostgresOrderStore(_database())


@cache
def order_queue() -> OrderQueue:
    from chalicelib.adapters.aws.sqs import SqsOrderQueue

    return SqsOrderQueue(_sqs(), settings().orders_queue_url)


@cache
def status_queue() -> StatusQueue:
    from chalicelib.adapters.aws.sqs import SqsStatusQueue

    return SqsStatusQueue(_sqs(), settings().status_queue_url)


@cache
def follower_store() -> FollowerStore:
    from chalicelib.adapters.aws.dynamodb import DynamoDbFollowerStore

    return DynamoDbFollowerStore(_client("dynamodb"), settings().connections_table, clock().now)


@cache
def status_feed() -> StatusFeed:
    from chalicelib.adapters.aws.api_gateway import ApiGatewayStatusFeed

    # Chalice's own client assumes https and AWS's host names; retries are the publisher's.
    client = _client(
        "apigatewaymanagementapi",
        endpoint_url=settings().websocket_management_url,
        timeout_seconds=POST_TIMEOUT_SECONDS,
        tries=1,
    )
    return ApiGatewayStatusFeed(client)


@cache
def venues() -> tuple[Venue, ...]:
    """The places to trade. Put your own behind the Venue port here."""
    from chalicelib.simulation.market import METEORA, RAYDIUM
    from chalicelib.simulation.venues import SimulatedVenue

    return tuple(
        SimulatedVenue(name=name, market=_market(), clock=clock(), fate=_fate())
        for name in (RAYDIUM, METEORA)
    )


def price_history() -> PriceHistory:
    """The prices of the past. A venue of your own needs a store of them here, or none to show."""
    from chalicelib.simulation.prices import SimulatedPriceHistory

    return SimulatedPriceHistory(market=_market(), clock=clock())


@cache
def chain() -> Chain:
    """The chain. Put one that speaks to a real RPC node behind the Chain port here."""
    from chalicelib.simulation.chain import SimulatedChain
    from chalicelib.simulation.ledger import PostgresLedger

    return SimulatedChain(
        market=_market(), ledger=PostgresLedger(_database()), clock=clock(), fate=_fate()
    )


@cache
def wallet() -> Wallet:
    from chalicelib.adapters.solana.wallet import SolanaWallet

    secret_key = settings().wallet_secret_key
    if secret_key is None:
        raise RuntimeError("WALLET_SECRET_KEY is not set")
    return SolanaWallet.from_base58(
        secret_key.get_secret_value(),
        compute_unit_price_micro_lamports=settings().compute_unit_price_micro_lamports,
    )


@cache
def pacing() -> Pacing:
    """A tenth of the simulated latency goes to quotes, a twentieth to building; nothing confirms
    before the rest of it is over."""
    least, _ = settings().latency_range
    quote_latency, build_latency = least / 10, least / 20
    return Pacing(
        quote_latency=quote_latency,
        build_latency=build_latency,
        confirmation_first=least - quote_latency - build_latency,
    )


@cache
def _market() -> "Market":
    from chalicelib.simulation.market import Market

    least, most = settings().venue_gap_range_bps
    return Market(seed=settings().market_seed, gap_bps_min=least, gap_bps_max=most)


@cache
def _fate() -> "Fate":
    from chalicelib.simulation.fate import Fate

    least, most = settings().latency_range
    left = pacing().confirmation_first
    return Fate(
        seed=settings().market_seed,
        latency_min=left,
        latency_max=most - least + left,
        drop_rate_bps=settings().drop_rate_bps,
        failure_rate_bps=settings().failure_rate_bps,
        slow_rate_bps=settings().slow_rate_bps,
        lost_answer_rate_bps=settings().lost_answer_rate_bps,
        quote_timeout_rate_bps=settings().quote_timeout_rate_bps,
        congestion_rate_bps=settings().congestion_rate_bps,
    )


@cache
def _database() -> "PostgresDatabase":
    from chalicelib.adapters.postgres.database import PostgresDatabase

    return PostgresDatabase(settings().database_url.get_secret_value())


@cache
def _sqs() -> "BaseClient":
    return _client("sqs")


def _client(
    service: str,
    *,
    endpoint_url: str | None = None,
    timeout_seconds: int = AWS_TIMEOUT_SECONDS,
    tries: int = 3,
) -> "BaseClient":
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=timeout_seconds,
        read_timeout=timeout_seconds,
        retries={"total_max_attempts": tries, "mode": "standard"},
    )
    return boto3.client(service, endpoint_url=endpoint_url, config=config)
