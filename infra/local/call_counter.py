"""Counts the calls of AWS operations that reach the emulator, where COUNT_CALLS is set."""

import json
from collections import Counter
from typing import Any

#: The variable that switches it on. It costs each call a few microseconds.
COUNT_CALLS = "ORDERS_COUNT_CALLS"
#: Where the emulator then answers with the counts so far, by operation.
COUNTS_PATH = "/_orders/calls"


class CallCounter:
    """An ASGI application that counts calls, and passes them on to another."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._calls: Counter[str] = Counter()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope.get("path") == COUNTS_PATH:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": json.dumps(self._calls).encode()})
            return
        if scope["type"] == "http" and (operation := operation_of(scope)):
            self._calls[operation] += 1
        await self._application(scope, receive, send)


def operation_of(scope: Any) -> str:
    """Return "SQS SendMessageBatch", say; nothing when a request calls no operation of AWS."""
    for name, value in scope["headers"]:
        if name == b"x-amz-target":
            # AmazonSQS.SendMessageBatch, DynamoDB_20120810.UpdateItem
            service, _, operation = value.decode().partition(".")
            return f"{service.partition('_')[0].removeprefix('Amazon')} {operation}"
    return f"@connections {scope['method']}" if "/@connections/" in scope["path"] else ""
