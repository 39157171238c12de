"""A ledger for tests."""

from collections.abc import Sequence

from chalicelib.domain.orders.order import Signature
from chalicelib.simulation.ledger import Database, LedgerEntry, PostgresLedger


class LedgerOfManyProcesses:
    """The ledger in Postgres, as every call finds it that comes from another process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, entries: Sequence[LedgerEntry]) -> None:
        PostgresLedger(self._database).append(entries)

    def find(self, signatures: Sequence[Signature], *, up_to_slot: int) -> list[LedgerEntry]:
        return PostgresLedger(self._database).find(signatures, up_to_slot=up_to_slot)
