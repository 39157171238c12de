"""Orders that the real engine has executed, for the audit, and what may be done to them."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import psycopg

from chalicelib.adapters.postgres.book import PostgresWatchBook
from chalicelib.adapters.postgres.database import PostgresDatabase
from chalicelib.adapters.postgres.migrate import migrate
from chalicelib.adapters.postgres.orders import PostgresOrderStore
from chalicelib.domain.orders.exits import exit_id
from chalicelib.domain.orders.order import OrderId
from chalicelib.domain.orders.terms import (
    Condition,
    ExitPlan,
    Guards,
    LimitTerms,
    MarketTerms,
    SniperTerms,
    StatedPrice,
    StopTerms,
    TimeInForce,
)
from chalicelib.domain.pools.new_pools import Property
from chalicelib.domain.token_list import SOL, USDC, USDT, find_pair
from chalicelib.domain.tokens import Pair, token_to_come
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.simulation.ledger import PostgresLedger
from chalicelib.simulation.market import SLOT, Market
from infra.local.processes import LOOPBACK, free_port
from infra.operate.audit import Report, audit
from tests.launches import FIRST_SLOT, honest
from tests.world import World, ticks

ALL = 10_000
MARKET = Market(seed="world")
NOBODY = "00000000-0000-4000-8000-ffffffffffff"
FORGED = "2" * 88
AWAY = f"postgresql://postgres@{LOOPBACK}:{free_port()}/postgres"
# Their exits; the first of them is sold at once.
EXITS = {"sold": "bought", "kept": "holder"}
UNTROUBLED = ("limit", "part", "stop", "plain", "split", "hops", "exact_out", "sniped")
FINAL = ("bought", "holder", *UNTROUBLED, "retried", "failed")
UNFINISHED = ("hunting", "waiting", "pending", "routing", "building", "dropped", "landed", "sent")
SNIPED = honest(since=FIRST_SLOT - 3_000)
TERMS: dict[str, dict[str, Any]] = {
    "sniped": {
        "pair": Pair(token_in=SOL, token_out=token_to_come(SNIPED.token.mint)),
        "amount_in": 10**8,
        "terms": SniperTerms(
            mint=SNIPED.token.mint,
            guards=Guards(requires=frozenset(Property)),
            retry_for=timedelta(0),
            takes_existing=True,
        ),
    },
    "hunting": {
        "pair": Pair(token_in=SOL, token_out=token_to_come(None)),
        "terms": SniperTerms(retry_for=timedelta(0)),
    },
    "bought": {"terms": MarketTerms(exit=ExitPlan(hold_seconds_max=1))},
    "holder": {"terms": MarketTerms(exit=ExitPlan(take_profit_bps=1_000_000, trailing_bps=5_000))},
    "split": {"amount_in": 2_000 * 10**9},
    "hops": {"pair": find_pair("WIF", "JUP")},
    "exact_out": {"amount_out": 150 * 10**6},
    "limit": {"terms": LimitTerms(limit=100 * 10**6, time_in_force=TimeInForce.GTC)},
    "waiting": {"terms": LimitTerms(limit=10**18, time_in_force=TimeInForce.GTC)},
    # 149 dollars for a SOL of so many, which costs a little more.
    "part": {
        "amount_in": 100_000 * 10**9,
        "terms": LimitTerms(limit=14_900_000 * 10**6, time_in_force=TimeInForce.IOC),
    },
    "stop": {
        "terms": StopTerms(
            price=StatedPrice(text="100", price_in=USDC.mint), condition=Condition.ABOVE
        ),
        "trigger_if_met": True,
    },
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
        self.world.book = PostgresWatchBook(self.database)
        for name in (*FINAL, *UNFINISHED):
            self.ids[name] = self.world.submit(**TERMS.get(name, {}))
        self.ids |= {name: exit_id(self.ids[of]) for name, of in EXITS.items()}
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
        self.run("bought")
        self.run("holder")
        self.world.clock.at += timedelta(seconds=1) + SLOT
        self.world.watch()
        for name in ("sold", *UNTROUBLED):
            self.run(name)
        self.run("retried", steps=4, failure_rate_bps=ALL)
        self.run("retried")
        self.run("failed", failure_rate_bps=ALL)
        self.run("routing", steps=1)
        self.run("building", steps=2)
        self.run("dropped", steps=3, drop_rate_bps=ALL)
        self.run("landed", steps=3, lost_answer_rate_bps=ALL)
        late = timedelta(seconds=9)
        self.run("sent", steps=3, latency_min=late, latency_max=late)


def look(url: str, **how: Any) -> Report:
    return audit(url, market=MARKET, **how)


def tamper(executed: Executed, url: str, of: str, statements: str) -> None:
    """Change what the database has of that order."""
    order_id = executed.ids[of]
    tables = {
        "its_order": f"orders WHERE order_id = '{order_id}'",
        "its_children": f"orders WHERE parent_id = '{order_id}'",
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
OF_PARENT = """
    CREATE TEMP VIEW its_parent AS
    SELECT * FROM orders WHERE order_id = (SELECT parent_id FROM its_order);"""
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
    "limits": {
        ("least", "limit"): "UPDATE its_order"
        """ SET terms = terms || '{"limit": "999999999999"}'""",
        ("of a part", "part"): "UPDATE its_order SET amount_in = amount_in / 2",
        ("none", "limit"): "UPDATE its_order SET terms = terms - 'limit'",
    },
    "watched": {
        ("not open", "plain"): """
            INSERT INTO watches (order_id, leg, kind, input_mint, output_mint, side, armed_slot,
                                 expires_at)
            SELECT order_id, 0, 'stop', input_mint, output_mint, 'below', 1, created_at
              FROM its_order""",
        ("forgotten", "waiting"): "DELETE FROM watches"
        " WHERE order_id = (SELECT order_id FROM its_order)",
    },
    "exits": {
        ("too much", "kept"): "UPDATE its_order SET amount_in = amount_in + 1",
        ("too little", "kept"): "UPDATE its_order SET amount_in = amount_in - 1",
        ("input", "kept"): f"UPDATE its_order SET input_mint = '{USDT.mint}'",
        ("output", "kept"): f"UPDATE its_order SET output_mint = '{USDT.mint}'",
        ("owner", "kept"): "UPDATE its_order SET owner_id = 'another'",
        ("price", "kept"): "UPDATE its_order SET terms = jsonb_set(terms, '{paid}', '\"1\"')",
        (
            "plan",
            "kept",
        ): "UPDATE its_order SET terms = jsonb_set(terms, '{plan,trailing_bps}', '1')",
        ("time", "kept"): "UPDATE its_order SET terms ="
        """ jsonb_set(terms, '{sell_at}', '"2026-01-01T00:00:00Z"')""",
        ("armed", "kept"): "UPDATE its_order SET armed_slot = 1",
        ("not planned", "kept"): OF_PARENT + "UPDATE its_parent SET terms = '{}'",
        ("not named", "kept"): "UPDATE order_events SET details = details - 'exit_order_id'"
        " WHERE status = 'confirmed' AND order_id = (SELECT parent_id FROM its_order)",
        ("none", "holder"): """
            DELETE FROM watches WHERE order_id IN (SELECT order_id FROM its_children);
            DELETE FROM order_events WHERE order_id IN (SELECT order_id FROM its_children);
            DELETE FROM its_children""",
    },
    "snipes": {
        ("another pool", "sniped"): "UPDATE its_order"
        """ SET hunt = jsonb_set(hunt, '{pool}', '"another"')""",
        ("another token", "sniped"): "UPDATE its_order"
        """ SET terms = jsonb_set(terms, '{mint}', '"another"')""",
        ("refused before", "sniped"): """
            UPDATE its_events AS first
               SET details = jsonb_build_object('verdict', jsonb_build_object(
                       'pool', started.details->'trigger'->'pool', 'is_final', true))
              FROM its_events AS started
             WHERE first.sequence = 1 AND started.sequence = 2""",
        ("bought elsewhere", "sniped"): "UPDATE its_events SET details ="
        """ jsonb_set(details, '{route,legs,0,pool}', '"another"') WHERE sequence = 3""",
        ("found before it began", "hunting"): "UPDATE its_order"
        """ SET hunt = jsonb_set(hunt, '{pool}', '"another"')""",
    },
    "triggers": {
        ("pool", "sniped"): "UPDATE its_events SET details = jsonb_set(details, '{trigger,pool}',"
        """ '"another"') WHERE sequence = 2; UPDATE its_order"""
        """ SET hunt = jsonb_set(hunt, '{pool}', '"another"'); UPDATE its_events SET details ="""
        """ jsonb_set(details, '{route,legs,0,pool}', '"another"') WHERE sequence = 3""",
        ("refused by a guard", "sniped"): "UPDATE its_order"
        """ SET terms = jsonb_set(terms, '{guards,liquidity_min}', '1000000000000000000')""",
        ("pool of no slot", "sniped"): "UPDATE its_events SET details ="
        " jsonb_set(details, '{trigger,slot}', '1') WHERE sequence = 2",
        ("before its time", "sold"): OF_PARENT
        + "UPDATE its_parent SET terms = jsonb_set(terms, '{exit,hold_seconds_max}', '61');"
        "UPDATE its_order SET terms = jsonb_set(jsonb_set(terms, '{plan,hold_seconds_max}', '61'),"
        " '{sell_at}', to_jsonb((terms->>'sell_at')::timestamptz + interval '1 minute'))",
        ("none", "stop"): told('{"trigger": null}', "sequence = 2"),
        ("rate", "stop"): "UPDATE its_events SET details ="
        """ jsonb_set(details, '{trigger,rate}', '"1"') WHERE sequence = 2""",
        ("slot", "stop"): "UPDATE its_events SET details ="
        " jsonb_set(details, '{trigger,slot}', '1') WHERE sequence = 2",
        ("price", "stop"): "UPDATE its_order SET terms ="
        """ jsonb_set(terms, '{price,text}', '"900"')""",
        ("before it was placed", "stop"): "UPDATE its_order SET armed_slot = armed_slot + 1000",
        ("after its time", "stop"): "UPDATE its_order SET expires_at = created_at",
    },
    "impact": {
        ("final", "split"): told('{"route": {"price_impact_bps": 1501}}', BUILDING),
        ("first attempt", "retried"): told('{"route": {"price_impact_bps": 9000}}', "sequence = 3"),
        ("of the order", "building"): "UPDATE its_order SET max_price_impact_bps = 99;"
        + told('{"route": {"price_impact_bps": 100}}', BUILDING),
        ("as text", "sent"): told('{"route": {"price_impact_bps": "1"}}', BUILDING),
        ("none", "exact_out"): told('{"route": {}}', BUILDING),
    },
    "unconfirmed": {
        ("failed, landed", "plain"): both("status = 'failed'"),
        ("failed, in flight", "sent"): then("failed"),
        ("next attempt", "sent"): then("routing", 2),
        ("signed again", "sent"): then("routing", 2)
        + then("building", 2)
        + told('{"route": {"price_impact_bps": 0}}', "sequence = 6")
        + FORGERY,
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
