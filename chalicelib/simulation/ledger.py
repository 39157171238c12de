"""The simulated chain's memory of what landed: append-only, and out of the engine's reach.

A row is written when a transaction reaches the network and becomes visible at its landing slot.
Invariant: one row per signature, so the same bytes can land once only.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from chalicelib.domain.orders.order import Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLeg:
    """What one pool took and gave, in base units."""

    pool_address: str
    input_mint: str
    output_mint: str
    amount_in: int
    amount_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """A transaction in a block: the swap it made, or the reason it failed (`error_code`).

    A failed one moved nothing: it has neither amounts nor legs. `refused_by` is the address of the
    pool that it failed at, if it was one.
    """

    signature: Signature
    landing_slot: int
    memo: str
    input_mint: str
    output_mint: str
    amount_in: int | None
    amount_out: int | None
    legs: tuple[LedgerLeg, ...]
    error_code: str | None
    wire_bytes: bytes
    refused_by: str | None = None


class Database(Protocol):
    """One SQL statement, its parameters, its rows by column name."""

    def execute(self, statement: str, parameters: Sequence[object]) -> Sequence[Mapping[str, Any]]:
        """Run the statement in a transaction of its own."""


class Ledger(Protocol):
    """Where the chain keeps its transactions."""

    def append(self, entries: Sequence[LedgerEntry]) -> None:
        """Record the entries whose signature is new."""

    def find(self, signatures: Sequence[Signature], *, up_to_slot: int) -> list[LedgerEntry]:
        """Return the entries among these that have landed by that slot."""


@dataclass(slots=True)
class MemoryLedger:
    """A ledger for tests."""

    entries: dict[Signature, LedgerEntry] = field(default_factory=dict)

    def append(self, entries: Sequence[LedgerEntry]) -> None:
        for entry in entries:
            self.entries.setdefault(entry.signature, entry)

    def find(self, signatures: Sequence[Signature], *, up_to_slot: int) -> list[LedgerEntry]:
        found = [self.entries[s] for s in signatures if s in self.entries]
        return [entry for entry in found if entry.landing_slot <= up_to_slot]


_INSERT = """
    INSERT INTO chain.transactions (
        signature, landing_slot, memo, input_mint, output_mint,
        amount_in, amount_out, legs, error_code, wire_bytes, refused_by)
    SELECT signature, landing_slot, memo, input_mint, output_mint,
           amount_in, amount_out, legs, error_code, decode(wire_hex, 'hex'), refused_by
      FROM jsonb_to_recordset(%s::jsonb)
        AS entry (signature text, landing_slot bigint, memo text, input_mint text,
                  output_mint text, amount_in numeric, amount_out numeric, legs jsonb,
                  error_code text, wire_hex text, refused_by text)
    ON CONFLICT (signature) DO NOTHING
    RETURNING signature
"""
_FIND = """
    SELECT signature, landing_slot, memo, input_mint, output_mint,
           amount_in, amount_out, legs, error_code, wire_bytes, refused_by
      FROM chain.transactions
     WHERE signature = ANY(%s) AND landing_slot <= %s
"""


# Many more than a process waits for at once.
_RECORDED_MAX = 1_000


@dataclass(slots=True)
class PostgresLedger:
    """The durable ledger, in a database schema of its own.

    What this very process has recorded it need not read: a row never changes.
    """

    database: Database
    _recorded: dict[Signature, LedgerEntry] = field(default_factory=dict)

    def append(self, entries: Sequence[LedgerEntry]) -> None:
        if not entries:
            return
        # One document: psycopg takes long over many arrays.
        document = json.dumps([_document_of(entry) for entry in entries])
        new = {row["signature"] for row in self.database.execute(_INSERT, [document])}
        # Of a signature that stands here twice the first was recorded.
        self._recorded |= {e.signature: e for e in reversed(entries) if e.signature in new}
        for signature in [*self._recorded][:-_RECORDED_MAX]:
            del self._recorded[signature]

    def find(self, signatures: Sequence[Signature], *, up_to_slot: int) -> list[LedgerEntry]:
        entries = [self._recorded[s] for s in signatures if s in self._recorded]
        unknown = [s for s in signatures if s not in self._recorded]
        rows = self.database.execute(_FIND, [unknown, up_to_slot]) if unknown else []
        landed = [entry for entry in entries if entry.landing_slot <= up_to_slot]
        return landed + [_entry_of(row) for row in rows]


def _document_of(entry: LedgerEntry) -> dict[str, object]:
    return {
        "signature": entry.signature,
        "landing_slot": entry.landing_slot,
        "memo": entry.memo,
        "input_mint": entry.input_mint,
        "output_mint": entry.output_mint,
        "amount_in": entry.amount_in,
        "amount_out": entry.amount_out,
        "legs": [_document_of_leg(leg) for leg in entry.legs],
        "error_code": entry.error_code,
        "wire_hex": entry.wire_bytes.hex(),
        "refused_by": entry.refused_by,
    }


def _document_of_leg(leg: LedgerLeg) -> dict[str, object]:
    return {
        "pool_address": leg.pool_address,
        "input_mint": leg.input_mint,
        "output_mint": leg.output_mint,
        "amount_in": leg.amount_in,
        "amount_out": leg.amount_out,
    }


def _entry_of(row: Mapping[str, Any]) -> LedgerEntry:
    amounts = {name: row[name] for name in ("amount_in", "amount_out")}
    return LedgerEntry(
        **dict(row)
        | {name: None if amount is None else int(amount) for name, amount in amounts.items()}
        | {"legs": tuple(LedgerLeg(**leg) for leg in row["legs"])}
    )
