"""SPL tokens: a pool's vaults, and what the mints of Token-2022 add to a transfer."""

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.domain.amounts import BPS, U64_MAX
from chalicelib.domain.pools.pool import Pool
from chalicelib.domain.pools.restricted import RestrictedPool
from chalicelib.domain.tokens import Mint
from chalicelib.solana.accounts import Accounts, Clock, Content, account_at
from chalicelib.solana.refusals import (
    ClosedPoolError,
    UnsupportedPoolError,
    WrongAccountError,
)

TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"
TOKEN_2022_PROGRAM = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"

MINT_BYTES = 82
VAULT_BYTES = 165
# Extensions follow the longest plain account, after a byte that tells what they belong to.
_OF_MINT, _OF_ACCOUNT = 1, 2
_EXTENSIONS_FROM = VAULT_BYTES + 1
_FROZEN = 2

_TRANSFER_FEE, _DEFAULT_STATE, _HOOK = 1, 6, 14
# These change no transfer: what may close, burn or rename, show other amounts, or hide them.
_HARMLESS = frozenset((3, 4, 10, 12, 16, 18, 19, 20, 21, 22, 23, 24, 25))


@dataclass(frozen=True, slots=True, kw_only=True)
class MintRules:
    """What a pool must know of a mint: its decimals, and the fee of a transfer."""

    decimals: int
    transfer_fee_bps: int = 0
    #: In base units.
    transfer_fee_max: int = U64_MAX


def read_mint(accounts: Accounts, address: str, clock: Clock) -> MintRules:
    """Return the rules of a mint in the clock's epoch.

    Raises MissingAccountError, WrongAccountError, or UnsupportedPoolError when it has others.
    """
    content = _token_content(accounts, address, MINT_BYTES, _OF_MINT)
    fee_bps, fee_max = 0, U64_MAX
    for kind, value in _extensions(content):
        if kind == _TRANSFER_FEE:
            fee_bps, fee_max = _transfer_fee(value, clock.epoch)
        elif kind == _DEFAULT_STATE and value.u8(0) == _FROZEN:
            raise UnsupportedPoolError(address, "accounts of the mint begin frozen")
        elif kind == _HOOK and any(value.data[32:64]):
            raise UnsupportedPoolError(address, "a program is called at each transfer")
        elif kind not in _HARMLESS and kind not in (_DEFAULT_STATE, _HOOK):
            raise UnsupportedPoolError(address, f"the mint has the extension {kind}")
    return MintRules(decimals=content.u8(44), transfer_fee_bps=fee_bps, transfer_fee_max=fee_max)


def restricted(pool: Pool, rules: MintRules, mint: Mint) -> Pool:
    """Return the pool as it trades with the rules of one of its mints."""
    if rules.transfer_fee_bps == 0 or rules.transfer_fee_max == 0:
        return pool
    return RestrictedPool(
        pool=pool,
        mint=mint,
        transfer_fee_bps=rules.transfer_fee_bps,
        transfer_fee_max=rules.transfer_fee_max,
    )


def read_vault(accounts: Accounts, address: str, *, mint: str, owner: str | None = None) -> int:
    """Return the balance of a pool's vault, in base units.

    Raises MissingAccountError, WrongAccountError, InconsistentPoolError when it is of another mint
    or owner, or ClosedPoolError when it is frozen.
    """
    content = _token_content(accounts, address, VAULT_BYTES, _OF_ACCOUNT)
    content.require(content.key(0) == mint, "the vault is of another mint")
    content.require(owner in (None, content.key(32)), "the vault is not the program's")
    if content.u8(108) == _FROZEN:
        raise ClosedPoolError(address, "the vault is frozen")
    return content.u64(64)


def _token_content(accounts: Accounts, address: str, size: int, what: int) -> Content:
    owner, data = account_at(accounts, address)
    is_plain = len(data) == size
    is_extended = len(data) >= _EXTENSIONS_FROM and data[_EXTENSIONS_FROM - 1] == what
    if owner not in (TOKEN_PROGRAM, TOKEN_2022_PROGRAM):
        raise WrongAccountError(address, "not an account of a token program")
    if not is_plain and not (is_extended and owner == TOKEN_2022_PROGRAM):
        raise WrongAccountError(address, f"{len(data)} bytes are no token account of this kind")
    return Content(address, data)


def _extensions(content: Content) -> Iterator[tuple[int, Content]]:
    offset = _EXTENSIONS_FROM
    while offset + 4 <= len(content.data):
        kind, length = content.u16(offset), content.u16(offset + 2)
        if kind == 0:
            return
        offset += 4
        value = content.data[offset : offset + length]
        content.require(len(value) == length, "an extension is cut off")
        yield kind, Content(content.address, value)
        offset += length


def _transfer_fee(value: Content, epoch: int) -> tuple[int, int]:
    """The fee in bps and its maximum: the newer one counts from its epoch on."""
    value.require(len(value.data) == 108, "the transfer fee is of another size")
    offset = 90 if epoch >= value.u64(90) else 72
    bps = value.u16(offset + 16)
    value.require(bps <= BPS, "the transfer fee is more than all")
    return bps, value.u64(offset + 8)
