"""The arguments and options that commands share, and the service that a command calls."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from orders_client import OrdersClient
from orders_client.cli.values import check_amount
from orders_client.keys import check_api_key, check_order_name, is_order_id

DEFAULT_URL = "http://localhost:3000"
# Where `make dev`, run in the same folder, says where it is.
LOCAL_STACK = Path(".local/stack.json")
# Whatever that file says, an API key goes nowhere else.
LOCAL_URL = re.compile(r"http://localhost:[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Service:
    """A deployment at its base URL, and the API key for it if it requires one."""

    url: str
    api_key: str | None

    def client(self) -> OrdersClient:
        """Return a client of the service, to be entered as a context manager."""
        return OrdersClient(self.url, api_key=self.api_key)


def service_of(context: typer.Context) -> Service:
    """Return the service that the options before the command name."""
    service = context.find_object(Service)
    assert service is not None, "the callback of the application sets it"
    return service


def default_url() -> str:
    """Return the base URL of the local stack that runs in this folder, else DEFAULT_URL."""
    try:
        url = str(json.loads(LOCAL_STACK.read_text())["base_url"])
    except (OSError, ValueError, LookupError, TypeError):
        return DEFAULT_URL
    return url if LOCAL_URL.fullmatch(url) else DEFAULT_URL


def checked(check: Callable[[str], str]) -> Callable[[str | None], str | None]:
    """Return a callback for an option: what `check` says of its value becomes wrong usage."""

    def callback(value: str | None) -> str | None:
        try:
            return None if value is None else check(value)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error

    return callback


def check_url(url: str) -> str:
    """Return the URL. Raises BadParameter unless it begins as a base URL does."""
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter("it must start with http:// or https://")
    return url


Url = Annotated[
    str,
    typer.Option(
        envvar="ORDERS_URL",
        callback=check_url,
        default_factory=default_url,
        show_default="the stack of `make dev` in this folder, or http://localhost:3000",
        help="Base URL of the service.",
    ),
]
ApiKey = Annotated[
    str | None,
    typer.Option(
        envvar="ORDERS_API_KEY",
        callback=checked(check_api_key),
        show_default=False,
        help="API key, if the service requires one.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print only JSON on stdout, for scripts.")]
TokenIn = Annotated[
    str, typer.Argument(metavar="TOKEN_IN", help="Token to pay with: a symbol or a mint.")
]
TokenOut = Annotated[
    str, typer.Argument(metavar="TOKEN_OUT", help="Token to receive: a symbol or a mint.")
]
Amount = Annotated[
    str,
    typer.Argument(
        metavar="AMOUNT",
        callback=check_amount,
        help="How much to pay, as a decimal; it is taken exactly.",
    ),
]
ExactOut = Annotated[
    bool, typer.Option("--exact-out", help="AMOUNT is what to receive, not what to pay.")
]
SlippageBps = Annotated[
    int, typer.Option(help="How much worse than the quote the result may be, in basis points.")
]
MaxPriceImpactBps = Annotated[
    int | None,
    typer.Option(
        show_default="1500",
        help="The price impact above which the order fails, in basis points.",
    ),
]
OrderId = Annotated[
    str,
    typer.Argument(
        metavar="ORDER_ID",
        callback=checked(check_order_name),
        help="The id of an order, or its first four characters or more.",
    ),
]


async def order_named(client: OrdersClient, name: str) -> str:
    """Return the id of the order that is named so. Raises NoSingleOrderError."""
    return name if is_order_id(name) else str((await client.find(name))["orderId"])
