"""Return dead letters to the queue they came from."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.client import BaseClient

from infra.arguments import OneLineArgumentParser
from infra.deploy.change_sets import outputs
from infra.local.commands import command
from infra.stages import stage_name, target_of

# Each queue of dead letters, and the queue its messages came from.
SOURCES = {
    "OrdersUnresolvedQueue": "OrdersQueue",
    "OrdersDeadLetterQueue": "OrdersQueue",
    "StatusDeadLetterQueue": "StatusQueue",
}
RECEIVE_MAX = 10


def redrive(sqs: BaseClient, dead_letters_url: str, queue_url: str) -> int:
    """Move every visible message of a queue to another, and return how many there were.

    A message is deleted after it was sent: an interruption may leave one message in both queues.
    """
    moved = 0
    for message in _receive(sqs, dead_letters_url):
        sqs.send_message(
            QueueUrl=queue_url, MessageBody=message["Body"], **_grouping(message["Attributes"])
        )
        sqs.delete_message(QueueUrl=dead_letters_url, ReceiptHandle=message["ReceiptHandle"])
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
    """Return what a FIFO queue needs: the group, and an id that was never used before."""
    if "MessageGroupId" not in attributes:
        return {}
    new_id = f"{attributes['MessageDeduplicationId'][:90]}:again:{attributes['SequenceNumber']}"
    return {"MessageGroupId": attributes["MessageGroupId"], "MessageDeduplicationId": new_id}


def main() -> None:
    """Return the dead letters of a stage: `local` is the running `make dev`, any other is AWS."""
    parser = OneLineArgumentParser(description=main.__doc__)
    parser.add_argument("--stage", type=stage_name, required=True)
    stage = parser.parse_args().stage
    with command():
        target = target_of(stage)
        sqs, urls = target.clients.client("sqs"), outputs(target)
        for dead_letters, queue in SOURCES.items():
            moved = redrive(sqs, urls[dead_letters], urls[queue])
            print(f"{moved} messages from {dead_letters} to {queue}")


if __name__ == "__main__":
    main()
