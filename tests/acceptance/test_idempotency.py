import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

MANY = 50
ORDER = {"type": "MARKET", "tokenIn": "SOL", "tokenOut": "USDC", "amount": "1.5"}


def post(base_url, key, order):
    request = Request(
        f"{base_url}/api/orders/execute",
        data=json.dumps(order).encode(),
        headers={"Content-Type": "application/json", "Idempotency-Key": key},
    )
    with urlopen(request, timeout=60) as answer:
        replayed = answer.headers.get("Idempotent-Replayed")
        return answer.status, answer.read(), answer.headers["Location"], replayed


def test_one_order_and_equal_answers_when_fifty_posts_come_at_once_under_one_key(outside):
    with ThreadPoolExecutor(MANY) as pool:
        answers = [*pool.map(lambda _: post(outside.base_url, "fifty", ORDER), range(MANY))]

    assert len({answer[:3] for answer in answers}) == 1
    assert answers[0][0] == 202
    assert sorted(answer[3] or "" for answer in answers) == ["", *["true"] * (MANY - 1)]
    [(orders,)] = outside.sql(
        "SELECT count(DISTINCT order_id) FROM idempotency_keys WHERE key = 'fifty'"
    )
    [(stored,)] = outside.sql("SELECT count(*) FROM orders WHERE amount_in = 1500000000")
    assert (orders, stored) == (1, 1)


def test_first_answer_comes_again_when_the_order_is_over(outside):
    _, first, _, _ = post(outside.base_url, "over", ORDER | {"amount": "1.25"})
    outside.follow(json.loads(first))

    status, again, _, replayed = post(outside.base_url, "over", ORDER | {"amount": 1.25})

    assert (status, again, replayed) == (202, first, "true")


def post_lines(base_url, *keys):
    """Post the order with a line for each key, in bytes as they are."""
    where = urlsplit(base_url)
    connection = HTTPConnection(where.hostname, where.port, timeout=60)
    connection.putrequest("POST", "/api/orders/execute")
    body = json.dumps(ORDER | {"amount": "1.125"}).encode()
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(len(body)))
    for key in keys:
        connection.putheader("Idempotency-Key", key)
    connection.endheaders(body)
    with closing(connection):
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ([b"one", b"two"], "INVALID_IDEMPOTENCY_KEY"),
        ([b"", b"two"], "INVALID_IDEMPOTENCY_KEY"),
        (["ключ".encode()], "INVALID_IDEMPOTENCY_KEY"),
        ([b"short\xff\xfe"], "INVALID_REQUEST"),
    ],
    ids=["two", "empty and one", "utf-8", "other bytes"],
)
def test_no_order_is_placed_when_the_key_is_not_one_of_visible_ascii(outside, keys, code):
    status, problem = post_lines(outside.base_url, *keys)

    assert (status, problem["code"]) == (400, code)
    assert outside.sql("SELECT count(*) FROM orders WHERE amount_in = 1125000000") == [(0,)]


def test_order_is_placed_once_when_its_key_comes_in_two_equal_lines(outside):
    first, again = (post_lines(outside.base_url, *[b"equal"] * lines) for lines in (2, 1))

    assert first[0] == again[0] == 202
    assert first[1] == again[1]
