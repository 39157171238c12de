"""What a stack has done since some moment, as its database, its emulator and its logs count it."""

import asyncio
import json
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from statistics import fmean
from typing import NamedTuple

import psycopg

from infra.deploy.clients import local_clients
from infra.local.call_counter import COUNTS_PATH
from infra.local.functions import log_group
from infra.verify.bench.stacks import RunningStack

# A session of PostgreSQL that has nothing to do tells what it did after ten seconds.
COUNTED_SECONDS = 11
CALL_SECONDS = 10
BATCH_ACTIONS = {"Execute": "orders_executed", "Publish": "statuses_published"}
# What a function logs last.
LAST_ACTIONS = BATCH_ACTIONS | {"APIHandler": "http", "WebsocketConnect": "ws_connected"}
# The functions' connections commit by themselves: a statement is a transaction of its own.
TRANSACTIONS = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'postgres'"


class Run(NamedTuple):
    """One run of a function: how long it took, and how many messages its batch had."""

    milliseconds: float
    messages: int


class Counters:
    """The counts from the moment when this object is made."""

    def __init__(self, stack: RunningStack) -> None:
        self._stack = stack
        self._since_ms = int(time.time() * 1000)
        self._statements, self._calls = _statements(stack), _calls(stack)

    def calls(self) -> Counter[str]:
        """Return how often each AWS operation was called; nothing if the emulator cannot tell."""
        return _calls(self._stack) - self._calls

    def messages_per_batch(self) -> dict[str, float]:
        """Return how many messages the batches of each queue's function had on average."""
        sizes = {name: [run.messages for run in self.runs(name)] for name in BATCH_ACTIONS}
        return {function: fmean(found) for function, found in sizes.items() if found}

    def runs(self, function: str) -> list[Run]:
        """Return the runs of a function, one of LAST_ACTIONS, that have ended."""
        lines = (
            json.loads(message[message.index("{") :])
            for message in self._messages(function, f'"{LAST_ACTIONS[function]}"')
        )
        return [Run(line["duration_ms"], line.get("messages", 1)) for line in lines]

    def log_bytes(self, function: str) -> int:
        """Return how much a function has logged."""
        return sum(len(message.encode()) for message in self._messages(function, ""))

    async def statements(self) -> int:
        """Return how many statements were run, once all sessions have told."""
        await asyncio.sleep(COUNTED_SECONDS)
        # Less the one that asked before.
        return _statements(self._stack) - self._statements - 1

    def _messages(self, function: str, pattern: str) -> Iterator[str]:
        logs = local_clients(self._stack.emulator_host).client("logs")
        # That of a baseline may have a longer name.
        groups = logs.describe_log_groups(logGroupNamePrefix=log_group(function))
        for group in groups["logGroups"]:
            pages = logs.get_paginator("filter_log_events").paginate(
                logGroupName=group["logGroupName"],
                filterPattern=pattern,
                startTime=self._since_ms,
            )
            for event in pages.search("events"):
                yield event["message"]


def _statements(stack: RunningStack) -> int:
    with psycopg.connect(stack.database_url) as connection:
        [[count]] = connection.execute(TRANSACTIONS).fetchall()
    return int(count)


def _calls(stack: RunningStack) -> Counter[str]:
    url = f"http://{stack.emulator_host}{COUNTS_PATH}"
    # That of another commit may not know what it is asked.
    with suppress(OSError, ValueError), urllib.request.urlopen(url, timeout=CALL_SECONDS) as answer:
        return Counter(json.load(answer))
    return Counter()
