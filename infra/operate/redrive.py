"""Return dead letters to the queue that they came from."""

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.client import BaseClient

from infra.deploy.change_sets import outputs
from infra.local.commands import command
from infra.stages import target_of

# Where messages end that nobody could deal with, and where they came from.
WAYS_BACK = {
    "OrdersUnresolvedQueue": "OrdersQueue",
    "OrdersDeadLetterQueue": "OrdersQueue",
    "StatusDeadLetterQueue": "StatusQueue",
}
RECEIVE_MAX = 10


def redrive(sqs: BaseClient, source_url: str, target_url: str) -> int:
    """Send every visible message of `source_url` to `target_url` and return how many there were.

    A message is deleted only after it was sent: when this is interrupted, one may be in both.
    """
    moved = 0
    for message in _receive(sqs, source_url):
        sqs.send_message(
            QueueUrl=target_url, MessageBody=message["Body"], **_grouping(message["Attributes"])
        )
        sqs.delete_message(QueueUrl=source_url, ReceiptHandle=message["ReceiptHandle"])
        moved += 1
    return moved


def _receive(sqs: BaseClient, queue_url: str) -> Iterator[Mapping[str, Any]]:
    while messages := sqs.receive_message(
        QueueUrl=queue_url,
        MaxNumberOfMessages=RECEIVE_MAX,
        MessageSystemAttributeNames=["All"],
        WaitTimeSeconds=1,
    ).get("Messages"):
        yield from messages


def _grouping(attributes: Mapping[str, str]) -> dict[str, str]:
    """The message group of a FIFO queue; what was sent once must not count as a duplicate now."""
    if "MessageGroupId" not in attributes:
        return {}
    again = f"{attributes['MessageDeduplicationId'][:90]}:again:{attributes['SequenceNumber']}"
    return {"MessageGroupId": attributes["MessageGroupId"], "MessageDeduplicationId": again}


def main() -> None:
    """Return the dead letters of a stage: `local` is the running `make dev`, any other is AWS."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--stage", required=True)
    stage = parser.parse_args().stage
    with command():
        target = target_of(stage)
        sqs, urls = target.clients.client("sqs"), outputs(target)
        for source, queue in WAYS_BACK.items():
            moved = redrive(sqs, urls[source], urls[queue])
            print(f"{moved} messages from {source} to {queue}")


if __name__ == "__main__":
    main()
