"""The audit of orders that the real engine has executed, as they are and after tampering."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from chalicelib.adapters.memory import MemoryClock
from chalicelib.adapters.migrate import migrate
from chalicelib.adapters.postgres import PostgresDatabase, PostgresOrderStore
from chalicelib.domain.instructions import SWAP_PROGRAMS
from chalicelib.domain.orders import OrderId, SignedTransaction
from chalicelib.domain.pools.pool import PoolKind
from chalicelib.domain.tokens import USDT, Pair
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.simulation.fate import Fate
from chalicelib.simulation.ledger import PostgresLedger
from chalicelib.simulation.market import GENESIS, SLOT, Market
from chalicelib.simulation.pool_states import SimulatedPool
from chalicelib.simulation.transactions import read_swap
from infra.audit import Report, audit
from infra.audit.__main__ import main
from infra.audit.recompute import Recomputation, deployed_market
from infra.local import stack
from infra.local.postgres import LocalPostgres
from infra.local.processes import LOOPBACK, free_port
from tests.world import KEYPAIR, World, ticks

ALL = 10_000
MARKET = Market(seed="world")
NOBODY = "00000000-0000-4000-8000-ffffffffffff"
FORGED = "2" * 88
AWAY = f"postgresql://postgres@{LOOPBACK}:{free_port()}/postgres"
FINAL = ("plain", "split", "hops", "exact_out", "retried", "failed")
UNFINISHED = ("pending", "routing", "building", "dropped", "landed", "sent")
TERMS: dict[str, dict[str, Any]] = {
    "split": {"amount_in": 2_000 * 10**9},
    "hops": {"pair": Pair.of("WIF", "JUP")},
    "exact_out": {"amount_out": 150 * 10**6},
}


@dataclass
class Executed:
    """A world on PostgreSQL, and its orders by what became of them."""

    url: str
    ids: dict[str, OrderId] = field(default_factory=dict)

    def __post_init__(self) -> None:
        migrate(self.url)
        self.database = PostgresDatabase(self.url)
        store, ledger = PostgresOrderStore(self.database), PostgresLedger(self.database)
        self.world: Any = World(store=store, ledger=ledger)
        for name in (*FINAL, *UNFINISHED):
            self.ids[name] = self.world.submit(**TERMS.get(name, {}))
        self._run_all()

    def run(self, name: str, steps: int = 1_000, **fate: Any) -> None:
        """Take the order so many steps on, in a world of that fate."""
        self.world.chain = replace(self.world.chain, fate=replace(self.world.fate, **fate))
        self.world.execute([ExecuteOrder(order_id=self.ids[name])], has_time=ticks(steps))

    def entry(self, name: str) -> dict[str, Any]:
        """What the ledger has of the order's first attempt."""
        memo = f"{self.ids[name]}:1"
        [row] = self.database.execute("SELECT * FROM chain.transactions WHERE memo = %s", [memo])
        return row

    def _run_all(self) -> None:
        for name in ("plain", "split", "hops", "exact_out"):
            self.run(name)
        self.run("retried", steps=4, failure_rate_bps=ALL)
        self.run("retried")
        self.run("failed", failure_rate_bps=ALL)
        self.run("routing", steps=1)
        self.run("building", steps=2)
        self.run("dropped", steps=3, drop_rate_bps=ALL)
        self.run("landed", steps=3, lost_answer_rate_bps=ALL)
        late = timedelta(seconds=9)
        self.run("sent", steps=3, latency_least=late, latency_most=late)


@pytest.fixture(scope="module")
def executed(postgres: LocalPostgres) -> Iterator[Executed]:
    name = f"audit_{uuid4().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        executed = Executed(postgres.url.rpartition("/")[0] + f"/{name}")
        # No other constraint stands in the way of tampering.
        executed.database.execute(
            "ALTER TABLE order_events DROP CONSTRAINT order_events_order_id_fkey"
        )
        yield executed
        executed.database.close()
        connection.execute(f"DROP DATABASE {name}")


@pytest.fixture
def url(executed: Executed) -> Iterator[str]:
    """A database that may be tampered with: it is put in order again."""
    tables = ("orders", "order_events", "chain.transactions")
    with psycopg.connect(executed.url) as connection:
        for number, table in enumerate(tables):
            connection.execute(f"CREATE TEMP TABLE kept_{number} AS TABLE {table}")
        connection.commit()
        yield executed.url
        connection.execute(f"TRUNCATE {', '.join(tables)}")
        for number, table in enumerate(tables):
            connection.execute(f"INSERT INTO {table} TABLE kept_{number}")


def look(url: str, **how: Any) -> Report:
    return audit(url, market=MARKET, **how)


def tamper(executed: Executed, url: str, of: str, statements: str) -> None:
    """Change what the database has of that order."""
    order_id = executed.ids[of]
    tables = {
        "its_order": f"orders WHERE order_id = '{order_id}'",
        "its_events": f"order_events WHERE order_id = '{order_id}'",
        "its_entries": f"chain.transactions WHERE memo LIKE '{order_id}:%'",
    }
    with psycopg.connect(url) as connection:
        for name, rows in tables.items():
            connection.execute(f"CREATE TEMP VIEW {name} AS SELECT * FROM {rows}")
        connection.execute(statements)


def both(change: str) -> str:
    """Change the order and its last event alike."""
    last = "sequence = (SELECT max(sequence) FROM its_events)"
    return f"UPDATE its_events SET {change} WHERE {last}; UPDATE its_order SET {change};"


def then(status: str, attempt: int = 1) -> str:
    """Add an event, and let the order equal it."""
    return f"""
        INSERT INTO its_events
        SELECT order_id, sequence + 1, '{status}', {attempt}, occurred_at, details
          FROM its_events ORDER BY sequence DESC LIMIT 1;
        UPDATE its_order SET sequence = sequence + 1, status = '{status}', attempt = {attempt};"""


def told(details: str, where: str = "sequence = 5") -> str:
    return f"UPDATE its_events SET details = details || '{details}' WHERE {where};"


BUILDING = "status = 'building'"
FORGERY = told(f'{{"signature": "{FORGED}"}}', "sequence > 4")
FORGERY += f"UPDATE its_order SET signature = '{FORGED}';"
# What is done to which order, by the check that finds it.
TAMPERINGS = {
    "numbering": {
        ("a hole", "plain"): both("sequence = 6"),
        ("no first", "plain"): "DELETE FROM its_events WHERE sequence = 1",
        ("no pending", "plain"): "UPDATE its_events SET status = 'submitted' WHERE sequence = 1",
    },
    "current": {
        ("sequence", "plain"): "UPDATE its_order SET sequence = 4",
        ("status", "plain"): "UPDATE its_order SET status = 'submitted'",
        ("attempt", "plain"): "UPDATE its_order SET attempt = 2",
        ("time", "plain"): "UPDATE its_order SET updated_at = updated_at + interval '1 us'",
        ("signature", "building"): f"UPDATE its_order SET signature = '{FORGED}'",
        ("no order", "pending"): "DELETE FROM its_order",
    },
    "moves": {
        ("unknown", "plain"): "UPDATE its_events SET status = 'pending' WHERE sequence = 4",
        ("after failed", "failed"): then("routing", 4),
        ("after confirmed", "plain"): then("confirmed"),
    },
    "attempts": {
        ("at first", "pending"): both("attempt = 1"),
        ("skipped", "routing"): both("attempt = 2"),
        ("on the way", "dropped"): both("attempt = 2"),
    },
    "confirmed": {
        ("slot", "plain"): told('{"slot": 1}'),
        ("amount in", "plain"): told('{"amount_in": 1}'),
        ("amount out", "exact_out"): told('{"amount_out": 1}'),
        ("no amount", "plain"): told('{"amount_out": null}'),
        ("signature", "plain"): FORGERY,
        ("no swap", "plain"): "DELETE FROM its_entries",
        ("failed swap", "plain"): "UPDATE its_entries SET error_code = 'TRANSACTION_FAILED',"
        " amount_in = NULL, amount_out = NULL, legs = '[]'",
    },
    "terms": {
        ("amount in", "plain"): "UPDATE its_order SET amount_in = amount_in + 1",
        ("amount out", "exact_out"): "UPDATE its_order SET amount_out = amount_out - 1",
        ("mode", "plain"): "UPDATE its_order SET amount_out = amount_in, amount_in = NULL",
        ("input", "plain"): f"UPDATE its_order SET input_mint = '{USDT.mint}'",
        ("output", "plain"): f"UPDATE its_order SET output_mint = '{USDT.mint}'",
        ("in flight", "landed"): "UPDATE its_order SET amount_in = amount_in - 1",
        ("limit out", "plain"): told('{"min_amount_out": 999999999999}', BUILDING),
        ("limit in", "exact_out"): told('{"max_amount_in": 1}', BUILDING),
        ("limit as text", "plain"): told('{"min_amount_out": "1"}', BUILDING),
        ("no limit", "exact_out"): told('{"max_amount_in": null}', BUILDING),
    },
    "unconfirmed": {
        ("failed, landed", "plain"): both("status = 'failed'"),
        ("failed, in flight", "sent"): then("failed"),
        ("next attempt", "sent"): then("routing", 2),
        ("signed again", "sent"): then("routing", 2) + then("building", 2) + FORGERY,
    },
    "signed": {
        ("no signature", "failed"): told('{"signature": null}', "sequence = 3"),
        ("attempt", "failed"): "UPDATE its_entries SET memo = left(memo, -1) || 1",
    },
    "recomputed": {
        ("bytes", "plain"): "UPDATE its_entries"
        " SET wire_bytes = set_byte(wire_bytes, 99, 255 - get_byte(wire_bytes, 99))",
        ("more bytes", "plain"): r"UPDATE its_entries SET wire_bytes = wire_bytes || '\x00'",
        ("no bytes", "plain"): "UPDATE its_entries SET wire_bytes = ''",
        ("no signatures", "plain"): r"UPDATE its_entries"
        r" SET wire_bytes = '\x00' || substr(wire_bytes, 66)",
        ("leg", "hops"): "UPDATE its_entries SET legs = jsonb_set(legs, '{0,amount_out}', '1')",
        ("legs", "split"): "UPDATE its_entries SET legs = legs - 0",
        ("total", "landed"): "UPDATE its_entries SET amount_out = amount_out + 1",
        ("slot", "sent"): "UPDATE its_entries SET landing_slot = landing_slot + 1000",
        ("endless slot", "sent"): "UPDATE its_entries SET landing_slot = 9223372036854775807",
    },
}


def test_every_check_looks_and_holds_when_orders_were_executed(executed: Executed) -> None:
    report = look(executed.url, accepted=executed.ids.values())

    assert report.findings == {}
    assert {check.name for check in report.checks if check.looked_at} == {
        *TAMPERINGS,
        "once",
        "memos",
        "accepted",
    }
    assert (report.orders, report.unfinished, report.in_flight) == (12, 6, 2)


@pytest.mark.parametrize(
    ("check", "of", "statements"),
    [
        pytest.param(check, of, statements, id=f"{check}: {what}")
        for check, tamperings in TAMPERINGS.items()
        for (what, of), statements in tamperings.items()
    ],
)
def test_one_check_finds_the_order_when_it_was_tampered_with(
    executed: Executed, url: str, check: str, of: str, statements: str
) -> None:
    tamper(executed, url, of, statements)

    report = look(url)

    assert report.findings == {check: [executed.ids[of]]}


@pytest.mark.parametrize("memo", ["nobody", f"{NOBODY}:1", f"{NOBODY}:1 ", f"{NOBODY}:"])
def test_memos_finds_the_entry_when_it_names_no_order(
    executed: Executed, url: str, memo: str
) -> None:
    tamper(executed, url, "failed", f"UPDATE its_entries SET memo = '{memo}'")

    report = look(url)

    assert report.findings == {"memos": [NOBODY if memo == f"{NOBODY}:1" else memo]}


def test_once_finds_the_order_when_both_attempts_have_swapped(executed: Executed, url: str) -> None:
    failed = executed.entry("retried")
    tamper(executed, url, "retried", "DELETE FROM its_entries WHERE error_code IS NOT NULL")
    at_landing = MemoryClock(at=GENESIS + failed["landing_slot"] * SLOT)
    kind = replace(executed.world.chain, clock=at_landing, fate=Fate(seed="kind"))

    kind.send(
        [
            SignedTransaction(
                signature=failed["signature"],
                wire_bytes=failed["wire_bytes"],
                last_valid_block_height=0,
            )
        ]
    )

    assert look(url).findings == {"once": [executed.ids["retried"]]}


def test_accepted_finds_the_order_when_it_is_gone(executed: Executed, url: str) -> None:
    tamper(executed, url, "pending", "DELETE FROM its_events; DELETE FROM its_order")

    report = look(url, accepted=executed.ids.values())

    assert report.findings == {"accepted": [executed.ids["pending"]]}


def test_final_finds_unfinished_orders_when_all_must_be_final(executed: Executed) -> None:
    report = look(executed.url, all_final=True)

    assert report.findings == {"final": [executed.ids[name] for name in UNFINISHED]}


@pytest.mark.parametrize(("most", "looked_at"), [(None, 7), (3, 3), (0, None)])
def test_swaps_are_recomputed_up_to_a_number_when_it_is_given(
    executed: Executed, most: int | None, looked_at: int | None
) -> None:
    report = look(executed.url, recompute_most=most)

    assert {c.name: c.looked_at for c in report.checks}.get("recomputed") == looked_at


def test_recomputed_finds_every_swap_when_the_market_is_another(executed: Executed) -> None:
    report = audit(executed.url)

    assert [(c.name, c.wrong) for c in report.checks if c.wrong] == [("recomputed", 7)]


@pytest.mark.parametrize(
    ("of", "limit", "amount"),
    [("plain", "min_amount_out", "amount_out"), ("exact_out", "max_amount_in", "amount_in")],
)
def test_terms_hold_when_a_swap_is_just_within_its_limit(
    executed: Executed, url: str, of: str, limit: str, amount: str
) -> None:
    at_limit = f"jsonb_build_object('{limit}', (SELECT {amount} FROM its_entries))"
    tamper(
        executed, url, of, f"UPDATE its_events SET details = details || {at_limit} WHERE {BUILDING}"
    )

    assert look(url).holds


def signed_again(swap: dict[str, Any], before: bytes, after: bytes) -> dict[str, Any]:
    """The swap with something else in its bytes, under a signature that is right."""
    message = bytes(VersionedTransaction.from_bytes(swap["wire_bytes"]).message)
    assert message.count(before) == 1
    changed = MessageV0.from_bytes(message.replace(before, after))
    transaction = VersionedTransaction(changed, [KEYPAIR])
    signature = str(transaction.signatures[0])
    return swap | {"wire_bytes": bytes(transaction), "signature": signature}


def u64(number: int) -> bytes:
    return number.to_bytes(8, "little")


@pytest.mark.parametrize(
    ("of", "amount", "beyond"), [("plain", "amount_out", 1), ("exact_out", "amount_in", -1)]
)
def test_swap_is_confirmed_up_to_the_limit_when_its_bytes_name_another(
    executed: Executed, of: str, amount: str, beyond: int
) -> None:
    swap = executed.entry(of)
    limit = read_swap(VersionedTransaction.from_bytes(swap["wire_bytes"])).limit
    at_limit = int(swap[amount])

    recomputation = Recomputation(MARKET)
    confirmed = [
        recomputation.confirms(signed_again(swap, u64(limit), u64(new_limit)))
        for new_limit in (at_limit, at_limit + beyond)
    ]

    assert confirmed == [True, False]


def test_swap_is_not_confirmed_when_its_bytes_name_another_attempt(executed: Executed) -> None:
    swap = signed_again(executed.entry("plain"), b":1", b":2")

    assert not Recomputation(MARKET).confirms(swap)


def test_swap_is_not_confirmed_when_its_bytes_call_another_program(executed: Executed) -> None:
    swap = executed.entry("plain")
    pools = [MARKET.pool(leg["pool_address"], swap["landing_slot"]) for leg in swap["legs"]]
    unused = next(kind for kind in PoolKind if kind not in {pool.kind for pool in pools})
    programs = [Pubkey.from_string(SWAP_PROGRAMS[kind]) for kind in (pools[0].kind, unused)]

    assert not Recomputation(MARKET).confirms(signed_again(swap, *map(bytes, programs)))


def test_swap_is_not_confirmed_when_its_pools_do_not_trade_the_output(executed: Executed) -> None:
    swap = executed.entry("plain")
    mints = (swap["output_mint"], USDT.mint)
    other = swap | {"output_mint": USDT.mint}
    other["legs"] = json.loads(json.dumps(swap["legs"]).replace(*mints))
    keys = [bytes(Pubkey.from_string(mint)) for mint in mints]

    assert not Recomputation(MARKET).confirms(signed_again(other, *keys))


def test_audit_reads_one_moment_when_orders_change_meanwhile(executed: Executed, url: str) -> None:
    class BusyMarket(Market):
        def pool(self, address: str, slot: int) -> SimulatedPool:
            tamper(executed, url, "hops", "DELETE FROM its_events; DELETE FROM its_order")
            return super().pool(address, slot)

    report = audit(url, market=BusyMarket(seed="world"), recompute_most=1)

    assert (report.findings, report.orders) == ({}, 12)
    assert look(url).orders == 11


def test_deployed_market_takes_the_settings_when_they_are_given() -> None:
    markets = [deployed_market(), deployed_market(seed="world", venue_gap_bps="350")]

    assert markets == [
        Market(seed="solana", gap_bps_least=200, gap_bps_most=500),
        Market(seed="world", gap_bps_least=350, gap_bps_most=350),
    ]


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., tuple[object, str, str]]:
    """What the command leaves with and prints, where no stack is up."""
    monkeypatch.setattr(stack, "LOCAL_FOLDER", tmp_path)
    monkeypatch.setattr("infra.audit.__main__.interrupt_on_signals", lambda: None)
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def run(*arguments: str) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["audit", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code, *capsys.readouterr()

    return run


def test_command_exits_0_when_all_checks_hold(executed, command, monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", executed.url)

    status, output, errors = command("--market-seed", "world")

    assert (status, errors) == (0, "")
    assert "orders 12, unfinished 6, in flight 2; all checks hold" in output


def test_command_exits_1_and_names_the_order_when_one_is_wrong(executed, url, command) -> None:
    tamper(executed, url, "exact_out", "DELETE FROM its_entries")

    status, output, _ = command("--database-url", url, "--market-seed", "world")

    assert status == 1
    assert executed.ids["exact_out"] in output
    assert "checks that fail: 1" in output


def test_command_audits_the_running_stack_when_no_database_is_named(
    executed, command, tmp_path
) -> None:
    description = stack.Description(
        base_url="",
        database_url=executed.url,
        emulator_host="",
        settings_secret_arn="",
        parameters={"MarketSeed": "world"},
        outputs={},
    )
    (tmp_path / "stack.json").write_text(json.dumps(asdict(description)))

    assert command()[0] == 0
    assert command("--all-final")[0] == 1
    assert command("--market-seed", "solana")[0] == 1
    assert command("--market-seed", "solana", "--recompute", "0")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param([], "the stack is not up: run `make dev`", id="no stack"),
        pytest.param(["--database-url", AWAY], "the database cannot be read: ", id="away"),
        pytest.param(["--database-url", "nonsense"], "the database cannot be read: ", id="no url"),
    ],
)
def test_command_exits_2_with_one_line_when_nothing_can_be_read(command, arguments, reason) -> None:
    status, output, errors = command(*arguments)

    assert (status, output) == (2, "")
    assert errors.startswith(reason)
    assert errors.count("\n") == 1


def test_command_exits_2_when_the_database_has_no_orders(command, postgres) -> None:
    empty = postgres.url.rpartition("/")[0] + "/template1"

    status, _, errors = command("--database-url", empty)

    assert status == 2
    assert errors == 'the database cannot be read: relation "chain.transactions" does not exist\n'
