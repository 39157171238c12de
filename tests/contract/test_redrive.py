"""How dead letters return to their queues."""

import pytest
from botocore.client import BaseClient

from infra.operate.redrive import redrive
from tests.contract.queues import receive_all


@pytest.fixture
def dead_letter_url(sqs: BaseClient) -> str:
    url: str = sqs.create_queue(QueueName="dead-letter")["QueueUrl"]
    return url


@pytest.fixture
def fifo_dead_letter_url(sqs: BaseClient) -> str:
    url: str = sqs.create_queue(QueueName="dead-letter.fifo", Attributes={"FifoQueue": "true"})[
        "QueueUrl"
    ]
    return url


@pytest.mark.parametrize("many", [0, 1, 25])
def test_every_message_returns_once(
    sqs: BaseClient, orders_queue_url: str, dead_letter_url: str, many: int
) -> None:
    bodies = [f"letter {n}" for n in range(many)]
    for body in bodies:
        sqs.send_message(QueueUrl=dead_letter_url, MessageBody=body)

    moved = redrive(sqs, dead_letter_url, orders_queue_url)

    assert moved == many
    assert sorted(m["Body"] for m in receive_all(sqs, orders_queue_url)) == sorted(bodies)
    assert receive_all(sqs, dead_letter_url) == []


def test_message_returns_to_its_group_in_order_although_it_was_sent_before(
    sqs: BaseClient, status_queue_url: str, fifo_dead_letter_url: str
) -> None:
    for url in (status_queue_url, fifo_dead_letter_url):
        for n in range(3):
            sqs.send_message(
                QueueUrl=url,
                MessageBody=f"{n}",
                MessageGroupId="order",
                MessageDeduplicationId=f"order:{n}",
            )
    receive_all(sqs, status_queue_url)

    moved = redrive(sqs, fifo_dead_letter_url, status_queue_url)

    found = receive_all(sqs, status_queue_url)
    assert moved == 3
    assert [m["Body"] for m in found] == ["0", "1", "2"]
    assert {m["Attributes"]["MessageGroupId"] for m in found} == {"order"}
