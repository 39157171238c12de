"""Accounts as a node gives them, and their content: little-endian numbers at fixed offsets."""

from collections.abc import Mapping
from enum import IntEnum
from hashlib import sha256
from typing import NamedTuple, TypeVar

from chalicelib.domain.base58 import ADDRESS_BYTES, address_of
from chalicelib.domain.pools.pool import Moment
from chalicelib.solana.refusals import (
    InconsistentPoolError,
    MissingAccountError,
    UnsupportedPoolError,
    WrongAccountError,
)

CLOCK_ADDRESS = "SysvarC1ock11111111111111111111111111111111"
CLOCK_OWNER = "Sysvar1111111111111111111111111111111111111"
_CLOCK_BYTES = 40
DISCRIMINATOR_BYTES = 8

EnumT = TypeVar("EnumT", bound=IntEnum)


class Account(NamedTuple):
    """The program that owns an account, and the account's data."""

    owner: str
    data: bytes


# By address; what does not exist is absent.
Accounts = Mapping[str, Account]


class Clock(NamedTuple):
    """The time of a state: of the chain, not of this machine."""

    slot: int
    epoch: int
    unix_seconds: int

    @property
    def moment(self) -> Moment:
        return Moment(self.slot, self.unix_seconds)


class Kind(NamedTuple):
    """A kind of account of an Anchor program: its discriminator is made of its name."""

    program: str
    name: str
    size: int

    @property
    def discriminator(self) -> bytes:
        return sha256(f"account:{self.name}".encode()).digest()[:DISCRIMINATOR_BYTES]


class Content:
    """The data of one account, read by offset."""

    __slots__ = ("address", "data")

    def __init__(self, address: str, data: bytes) -> None:
        self.address = address
        self.data = data

    def unsigned(self, offset: int, size: int) -> int:
        return int.from_bytes(self.data[offset : offset + size], "little")

    def signed(self, offset: int, size: int) -> int:
        return int.from_bytes(self.data[offset : offset + size], "little", signed=True)

    def u8(self, offset: int) -> int:
        return self.data[offset]

    def u16(self, offset: int) -> int:
        return self.unsigned(offset, 2)

    def u32(self, offset: int) -> int:
        return self.unsigned(offset, 4)

    def u64(self, offset: int) -> int:
        return self.unsigned(offset, 8)

    def u128(self, offset: int) -> int:
        return self.unsigned(offset, 16)

    def i32(self, offset: int) -> int:
        return self.signed(offset, 4)

    def i64(self, offset: int) -> int:
        return self.signed(offset, 8)

    def key(self, offset: int) -> str:
        return address_of(self.data[offset : offset + ADDRESS_BYTES])

    def choice(self, offset: int, choices: type[EnumT], what: str) -> EnumT:
        """Read a byte that stands for one of few. Raises UnsupportedPoolError for another."""
        value = self.u8(offset)
        try:
            return choices(value)
        except ValueError:
            raise UnsupportedPoolError(self.address, f"{what} {value} is not known") from None

    def require(self, is_met: bool, reason: str) -> None:
        """Raise InconsistentPoolError with the reason unless the condition is met."""
        if not is_met:
            raise InconsistentPoolError(self.address, reason)


def account_at(accounts: Accounts, address: str) -> Account:
    """Return an account that must be there. Raises MissingAccountError."""
    account = accounts.get(address)
    if account is None:
        raise MissingAccountError(address, "the account is missing")
    return account


def content_of(accounts: Accounts, address: str, kind: Kind) -> Content:
    """Return the content of an account that must be of this kind.

    Raises MissingAccountError or WrongAccountError.
    """
    account = account_at(accounts, address)
    if account.owner != kind.program:
        raise WrongAccountError(address, f"not an account of {kind.program}")
    if len(account.data) != kind.size:
        raise WrongAccountError(address, f"{len(account.data)} bytes are no {kind.name}")
    if account.data[:DISCRIMINATOR_BYTES] != kind.discriminator:
        raise WrongAccountError(address, f"the discriminator is not that of {kind.name}")
    return Content(address, account.data)


def read_clock(accounts: Accounts) -> Clock:
    """Return the chain's clock. Raises MissingAccountError or WrongAccountError."""
    account = account_at(accounts, CLOCK_ADDRESS)
    if account.owner != CLOCK_OWNER or len(account.data) != _CLOCK_BYTES:
        raise WrongAccountError(CLOCK_ADDRESS, "not the clock")
    content = Content(CLOCK_ADDRESS, account.data)
    return Clock(content.u64(0), content.u64(16), content.i64(32))
