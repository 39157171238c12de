import json
from concurrent.futures import ThreadPoolExecutor
from urllib.request import Request, urlopen

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
