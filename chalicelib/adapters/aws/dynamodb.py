"""Connections and followers in one DynamoDB table.

Item `order#<id>` has an attribute `c:<connection id>` per follower, so that one batch read answers
for a whole batch of events. Item `connection#<id>` has the set of orders it follows, and counts how
often it has subscribed.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.adapters.aws.client import AwsClient
from chalicelib.adapters.aws.errors import AwsError
from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.errors import (
    ConnectionGoneError,
    TooManySubscriptionsError,
    UnavailableError,
)
from chalicelib.engine.ports.followers import FORGOTTEN_ORDERS_MAX, SUBSCRIPTIONS_MAX, Follower

# API Gateway closes a connection after two hours at the latest.
CONNECTION_LIFE = timedelta(hours=2, minutes=10)
READ_ROUNDS_MAX = 5
_FOLLOWER_PREFIX = "c:"

Item = Mapping[str, Any]


class _ConditionFailedError(Exception):
    """The item as it stands, empty if there is none, is not as the write needs it."""

    def __init__(self, item: Item) -> None:
        super().__init__()
        self.item = item


class DynamoDbFollowerStore:
    """The FollowerStore port."""

    def __init__(self, client: AwsClient, table_name: str, now: Callable[[], datetime]) -> None:
        self._client, self._table_name, self._now = client, table_name, now

    def register_connection(self, connection_id: str, order_ids: Sequence[OrderId]) -> None:
        item: dict[str, Any] = {
            **_connection_key(connection_id),
            "subscriptions": {"N": str(len(order_ids))},
            "expires_at": self._expiry(),
        }
        if order_ids:
            item["order_ids"] = {"SS": list(order_ids)}
        self._call("PutItem", TableName=self._table_name, Item=item)

    def add_subscription(self, connection_id: str, order_id: OrderId) -> None:
        try:
            self._call(
                "UpdateItem",
                TableName=self._table_name,
                Key=_connection_key(connection_id),
                UpdateExpression="ADD order_ids :order, subscriptions :one",
                # False as well when there is no such item: the update must not make one.
                ConditionExpression="subscriptions < :most",
                ExpressionAttributeValues={
                    ":order": {"SS": [order_id]},
                    ":one": {"N": "1"},
                    ":most": {"N": str(SUBSCRIPTIONS_MAX)},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except _ConditionFailedError as failure:
            error = TooManySubscriptionsError if failure.item else ConnectionGoneError
            raise error from failure

    def add_follower(self, order_id: OrderId, follower: Follower) -> None:
        value = {
            "replayed_through": {"N": str(follower.replayed_through)},
            "connected_at": {"S": follower.connected_at.isoformat()},
            "expires_at": self._expiry(),
        }
        self._call(
            "UpdateItem",
            TableName=self._table_name,
            Key=_order_key(order_id),
            UpdateExpression="SET #follower = :follower, expires_at = :expiry",
            ExpressionAttributeNames={"#follower": _FOLLOWER_PREFIX + follower.connection_id},
            ExpressionAttributeValues={":follower": {"M": value}, ":expiry": self._expiry()},
        )

    def remove_follower(self, order_id: OrderId, connection_id: str) -> None:
        self._call(
            "UpdateItem",
            TableName=self._table_name,
            Key=_order_key(order_id),
            # An update makes the item if it is gone: it must expire then, too.
            UpdateExpression="REMOVE #follower SET expires_at = :expiry",
            ExpressionAttributeNames={"#follower": _FOLLOWER_PREFIX + connection_id},
            ExpressionAttributeValues={":expiry": self._expiry()},
        )

    def followers(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, Sequence[Follower]]:
        keys = [_order_key(order_id) for order_id in order_ids]
        found: dict[OrderId, Sequence[Follower]] = {}
        for item in self._read(keys) if keys else []:
            order_id = OrderId(item["key"]["S"].removeprefix("order#"))
            found[order_id] = self._followers_in(item)
        return found

    def forget_connection(self, connection_id: str, *, following: Sequence[OrderId] = ()) -> None:
        answer = self._call(
            "DeleteItem",
            TableName=self._table_name,
            Key=_connection_key(connection_id),
            ReturnValues="ALL_OLD",
        )
        registered = answer.get("Attributes", {}).get("order_ids", {}).get("SS", [])
        followed = dict.fromkeys([*following, *map(OrderId, registered)])
        for order_id in list(followed)[:FORGOTTEN_ORDERS_MAX]:
            self.remove_follower(order_id, connection_id)

    def check(self) -> None:
        self._call("DescribeTable", TableName=self._table_name)

    def _followers_in(self, item: Item) -> list[Follower]:
        # DynamoDB deletes what has expired late, so the reader looks too.
        now = self._now().timestamp()
        return [
            Follower(
                connection_id=name.removeprefix(_FOLLOWER_PREFIX),
                replayed_through=int(value["M"]["replayed_through"]["N"]),
                connected_at=datetime.fromisoformat(value["M"]["connected_at"]["S"]).astimezone(
                    UTC
                ),
            )
            for name, value in item.items()
            if name.startswith(_FOLLOWER_PREFIX) and int(value["M"]["expires_at"]["N"]) > now
        ]

    def _read(self, keys: list[dict[str, Any]]) -> list[Item]:
        # Consistent: a follower registered by the batch before must be seen by this one.
        wanted: dict[str, Any] = {self._table_name: {"Keys": keys, "ConsistentRead": True}}
        items: list[Item] = []
        for _ in range(READ_ROUNDS_MAX):
            answer = self._call("BatchGetItem", RequestItems=wanted)
            items += answer["Responses"].get(self._table_name, [])
            wanted = answer.get("UnprocessedKeys") or {}
            if not wanted:
                return items
        raise UnavailableError("table: reads are throttled")

    def _expiry(self) -> dict[str, str]:
        return {"N": str(int((self._now() + CONNECTION_LIFE).timestamp()))}

    def _call(self, operation: str, **arguments: object) -> dict[str, Any]:
        try:
            return self._client.call(operation, arguments)
        except AwsError as error:
            if error.code == "ConditionalCheckFailedException":
                raise _ConditionFailedError(error.document.get("Item", {})) from error
            raise UnavailableError(f"table: {error}") from error


def _connection_key(connection_id: str) -> dict[str, Any]:
    return {"key": {"S": f"connection#{connection_id}"}}


def _order_key(order_id: str) -> dict[str, Any]:
    return {"key": {"S": f"order#{order_id}"}}
