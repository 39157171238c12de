"""New pools as clients see them."""

from collections.abc import Sequence

from chalicelib.domain.amounts import to_decimal_string
from chalicelib.domain.pools.new_pools import NewPool, PoolCursor, Property
from chalicelib.entrypoints.errors import InvalidCursorError
from chalicelib.entrypoints.signing import ForgedError, Signer
from chalicelib.entrypoints.wire.values import Document, timestamp

_CURSOR = "launches"


def launches_document(pools: Sequence[NewPool], after: str | None, signer: Signer) -> Document:
    """Pools in the sequence of their creation, and the cursor that the next ones come after: when
    there are none, the one that was asked with, if there was one."""
    cursor = _write_cursor(pools[-1].cursor, signer) if pools else after
    return {"launches": [_document(pool) for pool in pools], "nextCursor": cursor}


def read_cursor(cursor: str, signer: Signer) -> PoolCursor:
    """Return where the list goes on. Raises InvalidCursorError."""
    try:
        slot, address = signer.open(_CURSOR, cursor)
    except ForgedError:
        raise InvalidCursorError from None
    return PoolCursor(slot, address)


def _write_cursor(cursor: PoolCursor, signer: Signer) -> str:
    return signer.seal(_CURSOR, [cursor.slot, cursor.address])


def _document(pool: NewPool) -> Document:
    return {
        "venue": pool.venue,
        "kind": pool.kind,
        "pool": pool.address,
        "mint": pool.token.mint,
        "symbol": pool.token.symbol,
        "decimals": pool.token.decimals,
        "quoteToken": pool.quote.symbol,
        "quoteMint": pool.quote.mint,
        "creator": pool.creator,
        "slot": pool.created_slot,
        "createdAt": timestamp(pool.created_at),
        "opensSlot": pool.opens_slot,
        "opensAt": timestamp(pool.opens_at),
        "liquidity": to_decimal_string(pool.liquidity, pool.quote.decimals),
        "feeBps": pool.fee_bps,
        "transferFeeBps": pool.transfer_fee_bps,
        "mintRenounced": Property.MINT_RENOUNCED in pool.properties,
        "freezable": Property.NOT_FREEZABLE not in pool.properties,
        "liquidityLocked": Property.LIQUIDITY_LOCKED in pool.properties,
        "sellable": Property.SELLABLE in pool.properties,
    }
