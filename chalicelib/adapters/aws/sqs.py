"""The two queues in SQS: orders (standard) and status (first in, first out, a group per order)."""

from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib.adapters.aws.client import AwsClient
from chalicelib.adapters.aws.errors import AwsError
from chalicelib.domain.orders.events import Pack
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.messages import (
    ExecuteOrder,
    FollowRequest,
    StatusUpdate,
    UnfollowRequest,
    encode,
)

BATCH_MAX = 10
# SQS takes 256 KiB per batch; the rest of the request counts a little too.
BATCH_BYTES_MAX = 240 * 1024
SEND_TRIES = 3

Entry = dict[str, Any]


class SqsOrderQueue:
    """The OrderQueue port."""

    def __init__(self, client: AwsClient, queue_url: str) -> None:
        self._client, self._queue_url = client, queue_url

    def enqueue(self, messages: Sequence[ExecuteOrder], *, delay_seconds: int = 0) -> None:
        entries = [{"MessageBody": encode(m), "DelaySeconds": delay_seconds} for m in messages]
        _send(self._client, self._queue_url, entries)

    def hold(self, receipts: Sequence[str], *, seconds: int) -> None:
        _hold(self._client, self._queue_url, receipts, seconds)

    def check(self) -> None:
        _call(
            self._client,
            "GetQueueAttributes",
            QueueUrl=self._queue_url,
            AttributeNames=["QueueArn"],
        )


class SqsStatusQueue:
    """The StatusQueue port: the order is the message group, its sequences deduplicate."""

    def __init__(self, client: AwsClient, queue_url: str) -> None:
        self._client, self._queue_url = client, queue_url

    def announce(self, packs: Sequence[Pack]) -> None:
        entries = [entry for pack in packs for entry in _update_entries(pack)]
        _send(self._client, self._queue_url, entries)

    def request_follow(self, request: FollowRequest) -> None:
        self._request("follow", request)

    def request_unfollow(self, request: UnfollowRequest) -> None:
        self._request("unfollow", request)

    def _request(self, kind: str, request: FollowRequest | UnfollowRequest) -> None:
        _call(
            self._client,
            "SendMessage",
            QueueUrl=self._queue_url,
            MessageBody=encode(request),
            MessageGroupId=request.order_id,
            MessageDeduplicationId=f"{request.order_id}:{kind}:{request.request_id}",
        )

    def hold(self, receipts: Sequence[str], *, seconds: int) -> None:
        _hold(self._client, self._queue_url, receipts, seconds)


def _update_entries(pack: Pack) -> list[Entry]:
    """Return the pack as one message, or as one for each event when it is too large for that."""
    update = StatusUpdate(events=pack)
    body = encode(update)
    if len(pack) > 1 and len(body) > BATCH_BYTES_MAX:
        return [entry for event in pack for entry in _update_entries((event,))]
    first, last = update.sequences
    sequences = str(last) if first == last else f"{first}-{last}"
    return [
        {
            "MessageBody": body,
            "MessageGroupId": update.order_id,
            "MessageDeduplicationId": f"{update.order_id}:{sequences}",
        }
    ]


def _send(client: AwsClient, queue_url: str, entries: Sequence[Entry]) -> None:
    for batch in _batches(entries):
        _send_batch(client, queue_url, batch)


def _batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size_bytes = 0
    for entry in entries:
        entry_bytes = len(entry["MessageBody"].encode())
        if batch and (len(batch) == BATCH_MAX or size_bytes + entry_bytes > BATCH_BYTES_MAX):
            yield batch
            batch, size_bytes = [], 0
        batch.append(entry)
        size_bytes += entry_bytes
    if batch:
        yield batch


def _send_batch(client: AwsClient, queue_url: str, batch: list[Entry]) -> None:
    """Send a batch; entries that SQS refuses are sent again, a few times."""
    waiting = {str(index): entry for index, entry in enumerate(batch)}
    for _ in range(SEND_TRIES):
        answer = _call(
            client,
            "SendMessageBatch",
            QueueUrl=queue_url,
            Entries=[{"Id": entry_id, **entry} for entry_id, entry in waiting.items()],
        )
        refused = {failure["Id"] for failure in answer.get("Failed") or ()}
        waiting = {i: entry for i, entry in waiting.items() if i in refused}
        if not waiting:
            return
    raise UnavailableError(f"queue: {len(waiting)} messages were refused")


def _hold(client: AwsClient, queue_url: str, receipts: Sequence[str], seconds: int) -> None:
    entries = [
        {"Id": str(index), "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
        for index, receipt in enumerate(receipts)
    ]
    # An entry that is refused was deleted, or has come into other hands: nothing to hold.
    for start in range(0, len(entries), BATCH_MAX):
        _call(
            client,
            "ChangeMessageVisibilityBatch",
            QueueUrl=queue_url,
            Entries=entries[start : start + BATCH_MAX],
        )


def _call(client: AwsClient, operation: str, **arguments: object) -> dict[str, Any]:
    try:
        return client.call(operation, arguments)
    except AwsError as error:
        raise UnavailableError(f"queue: {error}") from error
