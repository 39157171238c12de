"""The audit of orders that the real engine has executed, as they are and after tampering."""

import json
from dataclasses import replace
from typing import Any

import pytest
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from chalicelib.adapters.memory.ports import MemoryClock
from chalicelib.domain.orders.order import SignedTransaction
from chalicelib.domain.pools.pool import PoolKind
from chalicelib.domain.token_list import USDT
from chalicelib.simulation.fate import Fate
from chalicelib.simulation.market import GENESIS, SLOT, Market
from chalicelib.simulation.pool_states import SimulatedPool
from chalicelib.solana.instructions import SWAP_PROGRAMS
from chalicelib.solana.transactions import read_swap
from infra.operate.audit import audit
from infra.operate.audit.recompute import Recomputation, deployed_market
from tests.integration.audited import (
    BUILDING,
    MARKET,
    NOBODY,
    TAMPERINGS,
    UNFINISHED,
    Executed,
    look,
    tamper,
)
from tests.world import KEYPAIR


def test_every_check_looks_and_holds_when_orders_were_executed(executed: Executed) -> None:
    report = look(executed.url, accepted=executed.ids.values())

    assert report.findings == {}
    assert {check.name for check in report.checks if check.looked_at} == {
        *TAMPERINGS,
        "once",
        "memos",
        "accepted",
    }
    assert (report.orders, report.unfinished, report.in_flight) == (22, 9, 2)


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


def test_exits_finds_the_second_exit_of_an_order(executed: Executed, url: str) -> None:
    tamper(
        executed,
        url,
        "kept",
        "".join(
            f"""
            INSERT INTO {table}
            SELECT (jsonb_populate_record(its, '{{"order_id": "{NOBODY}"}}')).*
              FROM {table} AS its
             WHERE order_id = (SELECT order_id FROM its_order);"""
            for table in ("orders", "order_events", "watches")
        ),
    )

    assert look(url).findings == {"exits": [NOBODY]}


@pytest.mark.parametrize(("rate", "is_right"), [("null", True), ('"1"', False)])
def test_trigger_of_a_time_may_have_seen_no_rate_but_no_wrong_one(
    executed: Executed, url: str, rate: str, is_right: bool
) -> None:
    seen = f"jsonb_set(details, '{{trigger,rate}}', '{rate}')"
    tamper(executed, url, "sold", f"UPDATE its_events SET details = {seen} WHERE sequence = 2")

    assert look(url).findings == ({} if is_right else {"triggers": [executed.ids["sold"]]})


def test_accepted_finds_the_order_when_it_is_gone(executed: Executed, url: str) -> None:
    tamper(executed, url, "pending", "DELETE FROM its_events; DELETE FROM its_order")

    report = look(url, accepted=executed.ids.values())

    assert report.findings == {"accepted": [executed.ids["pending"]]}


def test_final_finds_unfinished_orders_when_all_must_be_final(executed: Executed) -> None:
    report = look(executed.url, all_final=True)

    unfinished = [executed.ids[name] for name in (*UNFINISHED, "kept")]
    assert report.findings == {"final": sorted(unfinished)}


@pytest.mark.parametrize(("most", "looked_at"), [(None, 14), (3, 3), (0, None)])
def test_swaps_are_recomputed_up_to_a_number_when_it_is_given(
    executed: Executed, most: int | None, looked_at: int | None
) -> None:
    report = look(executed.url, recompute_max=most)

    assert {c.name: c.looked_at for c in report.checks}.get("recomputed") == looked_at


def test_recomputed_finds_every_swap_when_the_market_is_another(executed: Executed) -> None:
    report = audit(executed.url)

    wrong = [(check.name, check.wrong) for check in report.checks if check.wrong]
    assert wrong == [("recomputed", 14), ("triggers", 3)]


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

    report = audit(url, market=BusyMarket(seed="world"), recompute_max=1)

    assert (report.findings, report.orders) == ({}, 22)
    assert look(url).orders == 21


def test_deployed_market_takes_the_settings_when_they_are_given() -> None:
    markets = [deployed_market(), deployed_market(seed="world", venue_gap_bps="350")]

    assert markets == [
        Market(seed="solana", gap_bps_min=5, gap_bps_max=60),
        Market(seed="world", gap_bps_min=350, gap_bps_max=350),
    ]
