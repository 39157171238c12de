"""The composition root: settings to adapters to use cases."""

import uuid
from collections.abc import Callable, Mapping
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING

from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.errors import UnavailableError
from chalicelib.entrypoints import logs
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from chalicelib.adapters.aws.client import AwsClient
    from chalicelib.adapters.postgres.database import PostgresDatabase
    from chalicelib.engine.admission.cancel import Canceller
    from chalicelib.engine.admission.edit import Editor
    from chalicelib.engine.admission.identity import KeyStore
    from chalicelib.engine.admission.submit import Submitter
    from chalicelib.engine.dispatch import Dispatcher
    from chalicelib.engine.execution.executor import Executor
    from chalicelib.engine.execution.rescue import Rescuer
    from chalicelib.engine.execution.sweep import Sweeper
    from chalicelib.engine.limits import RateLimit
    from chalicelib.engine.ports.book import WatchBook
    from chalicelib.engine.ports.clock import Clock
    from chalicelib.engine.ports.followers import FollowerStore, StatusFeed
    from chalicelib.engine.ports.halts import HaltSwitch
    from chalicelib.engine.ports.orders import OrderStore
    from chalicelib.engine.ports.queues import OrderQueue, StatusQueue
    from chalicelib.engine.ports.side_by_side import SideBySide
    from chalicelib.engine.prospects import Prospects
    from chalicelib.engine.router import Router
    from chalicelib.engine.streaming.follow import Following
    from chalicelib.engine.streaming.publish import Publisher
    from chalicelib.engine.watching.watcher import Watcher
    from chalicelib.entrypoints.gate import Gate
    from chalicelib.entrypoints.signing import Signer
    from chalicelib.simulation.ledger import PostgresLedger
    from chalicelib.worlds import World

POST_TIMEOUT_SECONDS = 2


class Deployment:
    """One deployed service: its use cases, the adapters behind their ports, and its world.

    Every part is made when it is first asked for and kept for the life of the process, and modules
    are imported where they are needed: a cold start pays for its own function only. To exchange a
    part, subclass this and define the property anew.
    """

    def __init__(self, read_settings: Callable[[], Settings]) -> None:
        """`read_settings` is called when the first part needs a setting: packaging imports the
        functions where there are none. It is called again when a password is refused."""
        self._read_settings = read_settings
        self._logs_as_configured = False

    @cached_property
    def settings(self) -> Settings:
        """The validated settings."""
        return self._read_settings()

    def configure_logging(self) -> None:
        """Log as the settings say, from the first event on."""
        if not self._logs_as_configured:
            logs.configure(self.settings.log_level, stack=self.settings.stack_name)
            self._logs_as_configured = True

    # Who may come in

    @cached_property
    def gate(self) -> "Gate":
        """Checks who calls and who follows."""
        from chalicelib.entrypoints.gate import Gate

        return Gate(
            keys=self.key_store if self.settings.keys_required else None,
            signer=self.signer,
            clock=self.clock,
            stream_url=self.settings.stream_url,
            origins=self.settings.origins,
        )

    @cached_property
    def signer(self) -> "Signer":
        """Seals tickets and cursors."""
        from chalicelib.entrypoints.signing import Signer

        return Signer(self.settings.signing_key)

    @cached_property
    def rate_limit(self) -> "RateLimit | None":
        """How many orders an owner may place."""
        from chalicelib.engine.limits import RateLimit

        orders_max = self.settings.orders_per_minute
        return RateLimit(orders_max=orders_max) if orders_max else None

    # Use cases

    @cached_property
    def submitter(self) -> "Submitter":
        """Accepts orders: POST /api/orders/execute."""
        from chalicelib.engine.admission.submit import Submitter

        return Submitter(
            store=self.order_store,
            dispatcher=self.dispatcher,
            listing=self.world.listing,
            rates=self.world.rates,
            pools=self.world.pool_feed,
            clock=self.clock,
            new_id=self.new_order_id,
            interval_min=self.world.pacing.slice_interval_min,
            limit=self.rate_limit,
            waiting_max=self.settings.waiting_orders_max or None,
        )

    @cached_property
    def dispatcher(self) -> "Dispatcher":
        """Hands new orders to workers and watchers."""
        from chalicelib.engine.dispatch import Dispatcher

        return Dispatcher(
            queue=self.order_queue, book=self.watch_book, start_watcher=self.start_watcher
        )

    @cached_property
    def canceller(self) -> "Canceller":
        """Cancels orders: POST /api/orders/{orderId}/cancel, and many at once."""
        from chalicelib.engine.admission.cancel import Canceller

        return Canceller(store=self.order_store, queue=self.order_queue, clock=self.clock)

    @cached_property
    def editor(self) -> "Editor":
        """Edits orders that wait: PATCH /api/orders/{orderId}."""
        from chalicelib.engine.admission.edit import Editor

        return Editor(
            store=self.order_store,
            queue=self.order_queue,
            rates=self.world.rates,
            pools=self.world.pool_feed,
            clock=self.clock,
        )

    @cached_property
    def prospects(self) -> "Prospects":
        """Tells how far orders are from what they wait for: GET /api/orders/{orderId}."""
        from chalicelib.engine.prospects import Prospects

        return Prospects(book=self.watch_book, rates=self.world.rates, router=self.router)

    @cached_property
    def router(self) -> "Router":
        """Finds routes: GET /api/quotes, and every attempt to execute an order."""
        from chalicelib.engine.router import Router
        from chalicelib.solana.instructions import COMPUTE_UNITS_PER_LEG

        price = self.settings.compute_unit_price_micro_lamports
        return Router(
            venues=self.world.venues, leg_cost_lamports=COMPUTE_UNITS_PER_LEG * price // 1_000_000
        )

    @cached_property
    def executor(self) -> "Executor":
        """Carries orders on: the order queue."""
        from chalicelib.engine.execution.executor import Executor
        from chalicelib.engine.execution.open_hunts import OpenHunts
        from chalicelib.engine.execution.open_limits import OpenLimits
        from chalicelib.engine.execution.open_schedules import OpenSchedules
        from chalicelib.engine.execution.stepper import Stepper

        pacing = self.world.pacing
        return Executor(
            store=self.order_store,
            order_queue=self.order_queue,
            status_queue=self.status_queue,
            stepper=Stepper(
                router=self.router,
                listing=self.world.listing,
                open_limits=OpenLimits(router=self.router, book=self.watch_book, pacing=pacing),
                open_schedules=OpenSchedules(
                    store=self.order_store, listing=self.world.listing, rates=self.world.rates
                ),
                open_hunts=OpenHunts(
                    pools=self.world.pool_feed,
                    router=self.router,
                    book=self.watch_book,
                    pacing=pacing,
                ),
                chain=self.world.chain,
                wallet=self.world.wallet,
                random=self.random,
                pacing=pacing,
            ),
            dispatcher=self.dispatcher,
            clock=self.clock,
            pacing=pacing,
        )

    @cached_property
    def rescuer(self) -> "Rescuer":
        """Brings orders to an end: the order queue's dead-letter queue."""
        from chalicelib.engine.execution.rescue import Rescuer

        return Rescuer(
            store=self.order_store,
            order_queue=self.order_queue,
            dispatcher=self.dispatcher,
            status_queue=self.status_queue,
            chain=self.world.chain,
            clock=self.clock,
            pacing=self.world.pacing,
        )

    @cached_property
    def sweeper(self) -> "Sweeper":
        """Queues what stands still: the schedule."""
        from chalicelib.engine.execution.sweep import Sweeper

        return Sweeper(store=self.order_store, queue=self.order_queue, clock=self.clock)

    @cached_property
    def watcher(self) -> "Watcher":
        """Watches the orders that wait: a schedule, and the first of them."""
        from chalicelib.engine.watching.watcher import Watcher

        return Watcher(
            book=self.watch_book,
            rates=self.world.rates,
            pools=self.world.pool_feed,
            listing=self.world.listing,
            queue=self.order_queue,
            clock=self.clock,
            sweep=self.sweeper.sweep,
            quote_latency=self.world.pacing.quote_latency,
        )

    @cached_property
    def following(self) -> "Following":
        """Lets connections follow orders: the WebSocket."""
        from chalicelib.engine.streaming.follow import Following

        return Following(
            clock=self.clock,
            # Most requests bring a ticket, and never ask: neither is the store made for them.
            exists=lambda order_id, owner_id: self.order_store.exists(order_id, owner_id),
            followers=self.follower_store,
            status_queue=self.status_queue,
        )

    @cached_property
    def publisher(self) -> "Publisher":
        """Tells followers: the status queue."""
        from chalicelib.engine.streaming.publish import Publisher
        from chalicelib.entrypoints.wire.frames import update_frames

        return Publisher(
            store=self.order_store,
            followers=self.follower_store,
            feed=self.status_feed,
            clock=self.clock,
            encode_frames=update_frames,
            side_by_side=self.side_by_side,
        )

    @property
    def readiness(self) -> Mapping[str, Callable[[], None]]:
        """What this service depends on, and how to ask it."""
        return {
            "postgres": self.order_store.check,
            "queue": self.order_queue.check,
            "connections": self.follower_store.check,
            "watcher": self._check_watcher,
        }

    def _check_watcher(self) -> None:
        from chalicelib.engine.watching.watcher import check_watcher

        check_watcher(self.watch_book.state())

    # Adapters

    @cached_property
    def world(self) -> "World":
        """Where orders trade. Put your own here (docs/extending.md)."""
        from chalicelib.worlds import SimulatedWorld

        return SimulatedWorld(self.settings, clock=self.clock, ledger=self._ledger)

    def new_order_id(self) -> OrderId:
        """Return an id that no order has."""
        return OrderId(str(uuid.uuid4()))

    @cached_property
    def random(self) -> Random:
        """What spreads retries over time."""
        return Random()

    @cached_property
    def clock(self) -> "Clock":
        from chalicelib.adapters.clock import SystemClock

        return SystemClock()

    @property
    def side_by_side(self) -> "SideBySide":
        """What makes calls at the same time."""
        from chalicelib.adapters.threads import side_by_side

        return side_by_side

    @cached_property
    def order_store(self) -> "OrderStore":
        from chalicelib.adapters.postgres.orders import PostgresOrderStore

        return PostgresOrderStore(self.database)

    @cached_property
    def halt_switch(self) -> "HaltSwitch":
        from chalicelib.adapters.postgres.halts import PostgresHaltSwitch

        return PostgresHaltSwitch(self.database)

    @cached_property
    def watch_book(self) -> "WatchBook":
        from chalicelib.adapters.postgres.book import PostgresWatchBook

        return PostgresWatchBook(self.database)

    def start_watcher(self) -> None:
        """Let a watcher begin, and do not wait for it. Raises UnavailableError."""
        from chalicelib.adapters.aws.functions import start_function

        start_function(self._lambda, self.settings.watch_function)

    @cached_property
    def key_store(self) -> "KeyStore":
        from chalicelib.adapters.postgres.keys import PostgresKeyStore

        return PostgresKeyStore(self.database)

    @cached_property
    def database(self) -> "PostgresDatabase":
        from chalicelib.adapters.postgres.database import PostgresDatabase

        return PostgresDatabase(
            self._database_url(self.settings), renewed_url=self._renewed_database_url
        )

    def migrate(self) -> list[str]:
        """Bring the database to the schema of this code; return what was applied."""
        import psycopg

        from chalicelib.adapters.postgres.migrate import migrate

        try:
            return migrate(self._database_url(self.settings))
        except psycopg.OperationalError as error:
            raise UnavailableError(f"database: {str(error).splitlines()[0]}") from error

    def schema(self) -> str:
        """Return the newest migration that the database has seen."""
        from chalicelib.adapters.postgres.migrate import newest

        return newest(self.database)

    def _renewed_database_url(self) -> str:
        from chalicelib.adapters.aws.errors import AwsError

        try:
            return self._database_url(self._read_settings())
        except AwsError as error:
            raise UnavailableError(f"secret: {error}") from error

    def _database_url(self, settings: Settings) -> str:
        from chalicelib.adapters.postgres.roots import with_roots

        return with_roots(settings.database_url.reveal(), settings.database_roots)

    @cached_property
    def order_queue(self) -> "OrderQueue":
        from chalicelib.adapters.aws.sqs import SqsOrderQueue

        return SqsOrderQueue(self._sqs, self.settings.orders_queue_url)

    @cached_property
    def status_queue(self) -> "StatusQueue":
        from chalicelib.adapters.aws.sqs import SqsStatusQueue

        return SqsStatusQueue(self._sqs, self.settings.status_queue_url)

    @cached_property
    def follower_store(self) -> "FollowerStore":
        from chalicelib.adapters.aws.client import DYNAMODB, AwsClient
        from chalicelib.adapters.aws.dynamodb import DynamoDbFollowerStore

        client = AwsClient(DYNAMODB, clock=self.clock, random=self.random)
        return DynamoDbFollowerStore(client, self.settings.connections_table, self.clock.now)

    @cached_property
    def status_feed(self) -> "StatusFeed":
        from chalicelib.adapters.aws.api_gateway import ApiGatewayStatusFeed
        from chalicelib.adapters.aws.client import EXECUTE_API, AwsClient

        # Retries are the publisher's.
        client = AwsClient(
            EXECUTE_API,
            clock=self.clock,
            random=self.random,
            endpoint_url=self.settings.websocket_management_url,
            timeout_seconds=POST_TIMEOUT_SECONDS,
            tries=1,
        )
        return ApiGatewayStatusFeed(client)

    @cached_property
    def _lambda(self) -> "AwsClient":
        from chalicelib.adapters.aws.client import LAMBDA, AwsClient

        return AwsClient(LAMBDA, clock=self.clock, random=self.random)

    @cached_property
    def _sqs(self) -> "AwsClient":
        from chalicelib.adapters.aws.client import SQS, AwsClient

        return AwsClient(SQS, clock=self.clock, random=self.random)

    def _ledger(self) -> "PostgresLedger":
        from chalicelib.simulation.ledger import PostgresLedger

        return PostgresLedger(self.database)
