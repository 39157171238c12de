"""Every way in: HTTP routes, WebSocket events, queues and the schedule. Follow an order from here:
entrypoints read what arrives, the engine's use case acts, adapters stand behind its ports."""

import gc
from collections.abc import Callable
from functools import cache
from typing import Any

from chalice.app import CloudWatchEvent, Rate, Request, Response, SQSEvent, WebsocketEvent

from chalicelib.bootstrap import Deployment
from chalicelib.engine.admission.identity import Caller, Scope
from chalicelib.entrypoints import http, logs, operations, queue, schedule, websocket
from chalicelib.entrypoints.http import answers
from chalicelib.entrypoints.http.methods import MethodsChalice
from chalicelib.settings import read_settings

# Nothing of what is loaded up to the end of the first event is garbage.
gc.disable()

app = MethodsChalice(app_name="orders")
app.experimental_feature_flags.update(["WEBSOCKETS"])

deployment = Deployment(read_settings)

# The template names the deployed queues; Chalice wants a name here all the same.
ORDERS_QUEUE, ORDERS_DEAD_LETTER_QUEUE = "orders", "orders-dead-letter"
STATUS_QUEUE = "status.fifo"


def current_request() -> Request:
    assert app.current_request is not None, "Chalice sets it before it calls a view"
    return app.current_request


def caller(scope: Scope) -> Caller:
    return deployment.gate.admit(current_request().headers, scope)


@app.middleware("all")
def log_as_configured(event: Any, get_response: Callable[[Any], Any]) -> Any:
    with logs.handling(event.context):
        deployment.configure_logging()
        response = get_response(event)
        keep_what_is_loaded()
        return response


@cache
def keep_what_is_loaded() -> None:
    """Spare the garbage collector what the first event has loaded: it would look through all of it
    for 25 ms in the midst of an event, and find nothing."""
    gc.freeze()
    gc.enable()


@app.middleware("http")
def observe(request: Request, get_response: Callable[[Request], Response]) -> Response:
    return answers.observe(request, get_response, deployment.settings.origins)


@app.route("/api/orders/execute", methods=["POST"])
@answers.endpoint
def submit_order() -> Response:
    return http.orders.submit_order(
        current_request(),
        caller(Scope.TRADE),
        deployment.submitter,
        deployment.gate,
        deployment.world.listing,
        public_base_url=deployment.settings.public_base_url,
    )


@app.route("/api/orders/{order_id}", methods=["GET", "PATCH"])
@answers.endpoint
def get_or_edit_order(order_id: str) -> Response:
    if current_request().method == "PATCH":
        return http.orders.edit_order(
            order_id, current_request(), caller(Scope.TRADE), deployment.editor
        )
    return http.orders.get_order(
        order_id,
        caller(Scope.READ),
        deployment.order_store,
        deployment.gate,
        lambda: deployment.prospects,
    )


@app.route("/api/orders/cancel", methods=["POST"])
@answers.endpoint
def cancel_orders() -> Response:
    return http.orders.cancel_orders(
        current_request(), caller(Scope.TRADE), deployment.canceller, deployment.world.listing
    )


@app.route("/api/orders/{order_id}/cancel", methods=["POST"])
@answers.endpoint
def cancel_order(order_id: str) -> Response:
    return http.orders.cancel_order(order_id, caller(Scope.TRADE), deployment.canceller)


@app.route("/api/orders")
@answers.endpoint
def list_orders() -> Response:
    return http.orders.list_orders(
        current_request(),
        caller(Scope.READ),
        deployment.order_store,
        deployment.signer,
        deployment.world.listing,
    )


@app.route("/api/quotes")
@answers.endpoint
def get_quotes() -> Response:
    caller(Scope.READ)
    return http.market.get_quotes(current_request(), deployment.router, deployment.world.listing)


@app.route("/api/prices")
@answers.endpoint
def get_prices() -> Response:
    caller(Scope.READ)
    return http.market.get_prices(
        current_request(), deployment.world.price_history, deployment.world.listing
    )


@app.route("/api/statistics")
@answers.endpoint
def get_statistics() -> Response:
    return http.service.get_statistics(
        current_request(), caller(Scope.READ), deployment.order_store, deployment.clock
    )


@app.route("/api/tokens")
@answers.endpoint
def list_tokens() -> Response:
    caller(Scope.READ)
    return http.market.list_tokens()


@app.route("/api/pools")
@answers.endpoint
def list_pools() -> Response:
    caller(Scope.READ)
    return http.market.list_pools(deployment.world.venues)


@app.route("/api/launches")
@answers.endpoint
def list_launches() -> Response:
    caller(Scope.READ)
    return http.market.list_launches(
        current_request(), deployment.world.pool_feed, deployment.signer
    )


@app.route("/api/health")
@answers.endpoint
def health() -> Response:
    return http.service.health()


@app.route("/api/ready")
@answers.endpoint
def ready() -> Response:
    caller(Scope.READ)
    return http.service.ready(deployment.readiness, deployment.halt_switch)


@app.route("/api/halt", methods=["POST"])
@answers.endpoint
def halt() -> Response:
    caller(Scope.ADMIN)
    return http.service.halt(deployment.halt_switch, deployment.clock)


@app.route("/api/resume", methods=["POST"])
@answers.endpoint
def resume() -> Response:
    caller(Scope.ADMIN)
    return http.service.resume(deployment.halt_switch, deployment.clock)


@app.route("/api/openapi.json")
@answers.endpoint
def openapi_document() -> Response:
    from chalicelib.entrypoints.contract import http as contract

    settings = deployment.settings
    return contract.openapi_document(
        base_url=settings.public_base_url, keys_required=settings.keys_required
    )


@app.route("/api/asyncapi.json")
@answers.endpoint
def asyncapi_document() -> Response:
    from chalicelib.entrypoints.contract import http as contract

    return contract.asyncapi_document(stream_url=deployment.settings.stream_url)


@app.route("/docs")
@answers.endpoint
def docs() -> Response:
    from chalicelib.entrypoints.contract import http as contract

    settings = deployment.settings
    return contract.docs(
        base_url=settings.public_base_url,
        stream_url=settings.stream_url,
        keys_required=settings.keys_required,
    )


@app.route("/")
@answers.endpoint
def index() -> Response:
    settings = deployment.settings
    return http.pages.index(
        current_request(),
        public_base_url=settings.public_base_url,
        stream_url=settings.stream_url,
    )


@app.on_ws_connect()
def connect(event: WebsocketEvent) -> dict[str, Any]:
    return websocket.connect(event, deployment.following, deployment.gate)


@app.on_ws_message()
def message(event: WebsocketEvent) -> dict[str, Any]:
    return websocket.message(event, deployment.following, deployment.status_feed, deployment.gate)


@app.on_sqs_message(queue=ORDERS_QUEUE, batch_size=10, name="execute")
def execute(event: SQSEvent) -> dict[str, Any]:
    return queue.execute_orders(event, deployment.executor)


@app.on_sqs_message(queue=STATUS_QUEUE, batch_size=10, name="publish")
def publish(event: SQSEvent) -> dict[str, Any]:
    return queue.publish_statuses(event, deployment.publisher, deployment.status_queue)


@app.on_sqs_message(queue=ORDERS_DEAD_LETTER_QUEUE, batch_size=10, name="rescue")
def rescue(event: SQSEvent) -> dict[str, Any]:
    return queue.rescue_orders(event, deployment.rescuer)


@app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep")
def sweep(event: CloudWatchEvent) -> None:
    schedule.sweep(deployment.sweeper, deployment.watcher)


@app.schedule(Rate(1, unit=Rate.MINUTES), name="watch")
def watch(event: CloudWatchEvent) -> None:
    schedule.watch(event, deployment.watcher)


@app.lambda_function(name="operate")
def operate(event: dict[str, Any], context: object) -> dict[str, Any]:
    return operations.operate(event, deployment)
