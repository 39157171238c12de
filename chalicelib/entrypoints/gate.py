"""Who may come in: API keys for calls, tickets for a browser's WebSocket, which has no headers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from chalicelib.domain.orders.order import OrderId
from chalicelib.domain.owners import OwnerId
from chalicelib.engine.admission.identity import ANYBODY, Caller, KeyStore, Scope, identify
from chalicelib.engine.errors import UnauthorizedError
from chalicelib.engine.ports.clock import Clock
from chalicelib.entrypoints.errors import OriginRefusedError
from chalicelib.entrypoints.signing import ForgedError, Signer

# A ticket is good for five to ten minutes: those of one period are equal, as repeated answers are.
TICKET_PERIOD = timedelta(minutes=5)
_TICKET = "ticket"
_SCHEME = "bearer "


class Admitted(NamedTuple):
    """Who may follow an order. With a ticket it is known to be theirs: it was sealed for it."""

    owner_id: OwnerId
    has_ticket: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Checks who calls; without keys, everybody is the same anonymous owner."""

    keys: KeyStore | None
    signer: Signer
    clock: Clock
    stream_url: str
    origins: Collection[str] = ()

    def admit(self, headers: Mapping[str, str], scope: Scope) -> Caller:
        """Return the caller. Raises UnauthorizedError without a good key, ForbiddenError when the
        key is read-only."""
        if self.keys is None:
            # Anybody may trade; nobody is an operator.
            ANYBODY.must(scope)
            return ANYBODY
        caller = identify(_bearer(headers), self.keys)
        caller.must(scope)
        return caller

    def admit_follower(
        self, headers: Mapping[str, str], order_id: OrderId, ticket: str | None
    ) -> Admitted:
        """Return who may follow this order. Raises UnauthorizedError, ForbiddenError or, for pages
        of another origin, OriginRefusedError."""
        origin = _header(headers, "origin")
        if origin and self.origins and origin not in self.origins:
            raise OriginRefusedError
        if ticket is None:
            return Admitted(self.admit(headers, Scope.READ).owner_id)
        return self._open_ticket(ticket, order_id)

    def admit_subscriber(self, order_id: OrderId, ticket: str | None) -> Admitted:
        """Return who may follow this order, too, on a connection that is open: who has a ticket,
        where one is needed. Raises UnauthorizedError."""
        return self._open_ticket(ticket or "", order_id)

    def _open_ticket(self, ticket: str, order_id: OrderId) -> Admitted:
        try:
            owner_id, ticket_order_id, good_until = self.signer.open(_TICKET, ticket)
        except ForgedError:
            return self._without_ticket()
        if ticket_order_id != order_id or self.clock.now().timestamp() >= good_until:
            return self._without_ticket()
        return Admitted(OwnerId(owner_id), has_ticket=True)

    def _without_ticket(self) -> Admitted:
        if self.keys is not None:
            raise UnauthorizedError
        return Admitted(ANYBODY.owner_id)

    def stream_of(self, order_id: OrderId, owner_id: OwnerId) -> str:
        """Return where the order can be followed, with a ticket: who has one needs no key, and the
        order need not be looked up."""
        period = int(TICKET_PERIOD.total_seconds())
        good_until = (int(self.clock.now().timestamp()) // period + 2) * period
        ticket = self.signer.seal(_TICKET, [owner_id, order_id, good_until])
        query = {"orderId": order_id, "ticket": ticket}
        return f"{self.stream_url}?{urlencode(query)}"


def _bearer(headers: Mapping[str, str]) -> str:
    value = _header(headers, "authorization")
    if not value.lower().startswith(_SCHEME):
        raise UnauthorizedError
    return value[len(_SCHEME) :].strip()


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((str(v) for k, v in headers.items() if k.lower() == name), "")
