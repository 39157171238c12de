"""Connections and followers in one DynamoDB table.

Item `order#<id>` has an attribute `c:<connection id>` per follower, so that one batch read answers
for a whole batch of events. Item `connection#<id>` counts how often a connection has subscribed;
one that follows only the order it was opened with has none.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.adapters.aws.client import AwsClient
from chalicelib.adapters.aws.errors import AwsError
from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.errors import TooManySubscriptionsError, UnavailableError
from chalicelib.engine.ports.followers import SUBSCRIPTIONS_MAX, Follower

# API Gateway closes a connection after two hours at the latest.
CONNECTION_LIFE = timedelta(hours=2, minutes=10)
READ_ROUNDS_MAX = 5
# An update takes 4 KB of expression.
SWEPT_MAX = 50
_FOLLOWER_PREFIX = "c:"

Item = Mapping[str, Any]


class _ConditionFailedError(Exception):
    """The item as it stands is not as the write needs it."""


class DynamoDbFollowerStore:
    """The FollowerStore port."""

    def __init__(self, client: AwsClient, table_name: str, now: Callable[[], datetime]) -> None:
        self._client, self._table_name, self._now = client, table_name, now
        # What the last read found of followers that have expired, by order.
        self._expired: dict[OrderId, list[str]] = {}

    def count_subscription(self, connection_id: str) -> None:
        try:
            self._call(
                "UpdateItem",
                TableName=self._table_name,
                Key=_connection_key(connection_id),
                UpdateExpression="ADD subscriptions :one SET expires_at = :expiry",
                ConditionExpression="attribute_not_exists(subscriptions) OR subscriptions < :most",
                ExpressionAttributeValues={
                    ":one": {"N": "1"},
                    # The order that the connection was opened with is not written down.
                    ":most": {"N": str(SUBSCRIPTIONS_MAX - 1)},
                    ":expiry": self._expiry(),
                },
            )
        except _ConditionFailedError as failure:
            raise TooManySubscriptionsError from failure

    def add_follower(self, order_id: OrderId, follower: Follower) -> None:
        value = {
            "replayed_through": {"N": str(follower.replayed_through)},
            "connected_at": {"S": follower.connected_at.isoformat()},
            "batch": {"BOOL": follower.takes_batches},
            "expires_at": self._expiry(),
        }
        names = {"#follower": _FOLLOWER_PREFIX + follower.connection_id}
        swept = {
            f"#expired{number}": name
            for number, name in enumerate(self._expired.pop(order_id, ())[:SWEPT_MAX])
            if name not in names.values()
        }
        removal = f" REMOVE {', '.join(swept)}" if swept else ""
        self._call(
            "UpdateItem",
            TableName=self._table_name,
            Key=_order_key(order_id),
            UpdateExpression="SET #follower = :follower, expires_at = :expiry" + removal,
            ExpressionAttributeNames=names | swept,
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
        self._expired = {}
        for item in self._read(keys) if keys else []:
            order_id = OrderId(item["key"]["S"].removeprefix("order#"))
            found[order_id], self._expired[order_id] = self._followers_in(item)
        return found

    def check(self) -> None:
        self._call("DescribeTable", TableName=self._table_name)

    def _followers_in(self, item: Item) -> tuple[list[Follower], list[str]]:
        """Return the followers, and the names of those that have expired: DynamoDB deletes whole
        items, and those late."""
        now = self._now().timestamp()
        entries = {n: v["M"] for n, v in item.items() if n.startswith(_FOLLOWER_PREFIX)}
        expired = [name for name, entry in entries.items() if int(entry["expires_at"]["N"]) <= now]
        followers = [
            _read_follower(name, entry) for name, entry in entries.items() if name not in expired
        ]
        return followers, expired

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
                raise _ConditionFailedError from error
            raise UnavailableError(f"table: {error}") from error


def _read_follower(name: str, entry: Item) -> Follower:
    return Follower(
        connection_id=name.removeprefix(_FOLLOWER_PREFIX),
        replayed_through=int(entry["replayed_through"]["N"]),
        connected_at=datetime.fromisoformat(entry["connected_at"]["S"]).astimezone(UTC),
        # Entries of the version before do not say it.
        takes_batches=entry.get("batch", {"BOOL": False})["BOOL"],
    )


def _connection_key(connection_id: str) -> dict[str, Any]:
    return {"key": {"S": f"connection#{connection_id}"}}


def _order_key(order_id: str) -> dict[str, Any]:
    return {"key": {"S": f"order#{order_id}"}}
