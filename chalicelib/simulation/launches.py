"""New tokens, each with a pool of its own: one in every period, a pure function of the seed.

Some are traps. A launch is found by its number, and its number stands in its mint and in the
address of its pool, hidden and verified: so both are found without looking through the others.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from chalicelib.domain.base58 import (
    ADDRESS_BYTES,
    ADDRESS_CHARACTERS_MAX,
    address_of,
    bytes_of,
)
from chalicelib.domain.pools.damm_v2.fees import ConstantFee, ExponentialFee
from chalicelib.domain.pools.damm_v2.modes import CollectFeeMode
from chalicelib.domain.token_list import SOL, USDC
from chalicelib.domain.tokens import Mint, Token
from chalicelib.simulation.listings import (
    METEORA,
    RAYDIUM,
    BinTerms,
    ConcentratedTerms,
    ConstantProductTerms,
    DammV2Terms,
    ListedPool,
    Terms,
    standing_price,
)
from chalicelib.simulation.noise import ONE, drawn, smooth_noise

# A minute, and half an hour.
PERIOD_SLOTS = 150
LIFE_SLOTS = 4_500

TRAPS_PERCENT = 40
TWO_TRAPS_PERCENT = 30
TRANSFER_FEE_BPS = 3_000
_USDC_PERCENT = 20
# Honest pools of which something is to come yet when they are created.
_OPENS_LATER_PERCENT, _FUNDED_LATER_PERCENT, _LOCKED_LATER_PERCENT = 20, 20, 15
_LATER_SLOTS_MIN, _LATER_SLOTS_MAX = 3, 40
_DRAINED_AFTER_SLOTS_MIN, _DRAINED_AFTER_SLOTS_MAX = 25, 750

# Most launches are by a few.
_KNOWN_CREATORS, _KNOWN_CREATORS_PERCENT = 12, 60

_DECIMALS = (5, 6, 6, 6, 9)
_FIRST_WORDS = ("BABY", "BIG", "DARK", "GIGA", "LIL", "MEGA", "MOON", "PIXEL", "SUPER", "TURBO")
_SECOND_WORDS = ("APE", "BEAR", "CAT", "CRAB", "DOG", "DUCK", "FROG", "GOAT", "OWL", "TOAD")

# Prices wander about so far from where they began, in each of three rhythms: as far as they do
# within the usual latency, most orders keep within a slippage of one or two percent.
_VOLATILITY_PPB = 500_000_000
_RHYTHMS = (("quarter", 2_250, 65), ("minutes", 450, 30), ("seconds", 75, 5))

_NUMBER_BYTES = 4
_REST_BYTES = ADDRESS_BYTES - _NUMBER_BYTES

T = TypeVar("T")

_DAMM_V2 = (
    DammV2Terms(ConstantFee(10_000_000)),
    # From 50 % at the creation down to 1 % about six minutes later.
    DammV2Terms(
        ExponentialFee(
            cliff_fee_numerator=500_000_000,
            number_of_period=60,
            period_frequency=15,
            reduction_factor=631,
        ),
        CollectFeeMode.ONLY_B,
    ),
    DammV2Terms(ConstantFee(2_500_000), CollectFeeMode.COMPOUNDING),
)
_TERMS: tuple[tuple[str, tuple[Terms, ...]], ...] = (
    (RAYDIUM, (ConstantProductTerms(2_500), ConstantProductTerms(10_000))),
    (
        RAYDIUM,
        (
            ConcentratedTerms(tick_spacing=60, trade_fee_rate=2_500, ticks_apart=240),
            ConcentratedTerms(tick_spacing=120, trade_fee_rate=10_000, ticks_apart=240),
        ),
    ),
    (
        METEORA,
        (
            BinTerms(bin_step=80, base_factor=12_500, variable_fee_control=7_500),
            BinTerms(bin_step=100, base_factor=10_000, variable_fee_control=7_500),
        ),
    ),
    (METEORA, _DAMM_V2),
)


class Trap(StrEnum):
    """What a launch does to those who buy."""

    #: Its creator can mint more.
    MINTABLE = "mintable"
    #: Its creator can freeze what others hold.
    FREEZABLE = "freezable"
    #: Each transfer costs TRANSFER_FEE_BPS.
    TRANSFER_FEE = "transfer_fee"
    #: Its liquidity leaves soon.
    DRAINED = "drained"
    #: What was bought cannot be sold.
    NOT_SELLABLE = "not_sellable"


_TRAPS = tuple(Trap)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchedPool(ListedPool):
    """A pool whose token A is on no list: what that costs at first, it says itself."""

    start_price_nano_usd: int

    @property
    def standing_prices(self) -> tuple[int, int]:
        return self.start_price_nano_usd, standing_price(self.token_b)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A token and its one pool. All that happens to it is known by slot from the beginning."""

    seed: str = field(repr=False)
    number: int
    #: Its token A is the new one, its token B what that is paid with.
    pool: LaunchedPool
    creator: str
    traps: frozenset[Trap]
    #: The first slots in which it swaps, in which it holds something, and in which its liquidity
    #: can no longer be taken out; None when it always can.
    opens_slot: int
    funded_slot: int
    locked_slot: int | None
    #: The first slot in which its liquidity has left; None when it stays.
    drained_slot: int | None

    @property
    def token(self) -> Token:
        return self.pool.token_a

    @property
    def quote(self) -> Token:
        """What the token is paid with."""
        return self.pool.token_b

    @property
    def created_slot(self) -> int:
        return self.pool.listed_at_slot

    @property
    def transfer_fee_bps(self) -> int:
        return TRANSFER_FEE_BPS if Trap.TRANSFER_FEE in self.traps else 0

    @property
    def is_sellable(self) -> bool:
        return Trap.NOT_SELLABLE not in self.traps

    def is_created(self, slot: int) -> bool:
        """Tell whether anybody can know of it."""
        return slot >= self.created_slot

    def is_alive(self, slot: int) -> bool:
        """Tell whether there is the pool."""
        return 0 <= slot - self.created_slot < LIFE_SLOTS

    def holds_liquidity(self, slot: int) -> bool:
        """Tell whether there is something in it."""
        is_drained = self.drained_slot is not None and slot >= self.drained_slot
        return self.is_alive(slot) and slot >= self.funded_slot and not is_drained

    def is_locked(self, slot: int) -> bool:
        """Tell whether its liquidity can no longer be taken out."""
        return self.locked_slot is not None and slot >= self.locked_slot

    def course_ppb(self, slot: int) -> int:
        """Return what the token costs in the one it is paid with, in parts per billion of what it
        cost when it was created."""
        return ONE * self._wandered(slot) // self._wandered(self.created_slot)

    def _wandered(self, slot: int) -> int:
        noise = sum(
            weight * smooth_noise(self.seed, f"{self.token.mint}:{name}", slot, period)
            for name, period, weight in _RHYTHMS
        )
        return ONE + _VOLATILITY_PPB * noise // (100 * ONE)


@lru_cache(maxsize=1_024)
def launch_of_number(seed: str, number: int) -> Launch:
    """Return a launch by its number, 0 or more: each has a period of its own, one after another."""
    return _Draws(seed, number).launch()


def launch_of_mint(seed: str, mint: Mint) -> Launch | None:
    """Return the launch of that mint, whenever it is; None when the mint is of no launch."""
    return _launch_named(seed, "mint", mint)


def launch_of_pool(seed: str, address: str) -> Launch | None:
    """Return the launch whose pool has that address; None when there is none."""
    return _launch_named(seed, "pool", address)


def _launch_named(seed: str, kind: str, address: str) -> Launch | None:
    # People write names of any length: none of those is kept.
    number = _number_in(seed, kind, address) if len(address) <= ADDRESS_CHARACTERS_MAX else None
    return None if number is None else launch_of_number(seed, number)


def launches_since(seed: str, slot: int) -> Iterator[Launch]:
    """Yield the launches of that slot and later ones, oldest first, without end."""
    number = max(0, slot // PERIOD_SLOTS)
    while True:
        launch = launch_of_number(seed, number)
        if launch.created_slot >= slot:
            yield launch
        number += 1


def launches_until(seed: str, slot: int) -> Iterator[Launch]:
    """Yield the launches of that slot and earlier ones, newest first."""
    for number in range(slot // PERIOD_SLOTS, -1, -1):
        launch = launch_of_number(seed, number)
        if launch.created_slot <= slot:
            yield launch


class _Draws:
    """What the seed decides of one launch."""

    def __init__(self, seed: str, number: int) -> None:
        self._seed, self._number = seed, number
        self._created_slot = number * PERIOD_SLOTS + self._between("created", 0, PERIOD_SLOTS - 1)

    def launch(self) -> Launch:
        traps = self._traps()
        is_drained = Trap.DRAINED in traps
        after = self._between("drained", _DRAINED_AFTER_SLOTS_MIN, _DRAINED_AFTER_SLOTS_MAX)
        return Launch(
            seed=self._seed,
            number=self._number,
            pool=self._pool(),
            creator=self._creator(),
            traps=traps,
            opens_slot=self._from("opens", 0 if traps else _OPENS_LATER_PERCENT),
            funded_slot=self._from("funded", 0 if traps else _FUNDED_LATER_PERCENT),
            locked_slot=None if is_drained else self._from("locked", _LOCKED_LATER_PERCENT),
            drained_slot=self._created_slot + after if is_drained else None,
        )

    def _pool(self) -> LaunchedPool:
        venue, terms = self._one_of("kind", _TERMS)
        return LaunchedPool(
            venue=venue,
            address=_numbered_address(self._seed, "pool", self._number),
            token_a=self._token(),
            token_b=USDC if self._happens("quote", _USDC_PERCENT) else SOL,
            # 33 to 3,300 SOL of 150 dollars on either side.
            depth_usd=self._between("depth", 10, 99) * 10 ** self._between("depth scale", 3, 4),
            terms=self._one_of("terms", terms),
            listed_at_slot=self._created_slot,
            # A hundredth of a cent to ten cents.
            start_price_nano_usd=self._between("price", 100, 999)
            * 10 ** self._between("price scale", 3, 5),
        )

    def _token(self) -> Token:
        words = self._one_of("first word", _FIRST_WORDS), self._one_of("second word", _SECOND_WORDS)
        return Token(
            symbol="".join(words),
            mint=Mint(_numbered_address(self._seed, "mint", self._number)),
            decimals=self._one_of("decimals", _DECIMALS),
        )

    def _creator(self) -> str:
        if not self._happens("known creator", _KNOWN_CREATORS_PERCENT):
            return _numbered_address(self._seed, "creator", self._number)
        known = self._between("creator", 0, _KNOWN_CREATORS - 1)
        return _numbered_address(self._seed, "known creator", known)

    def _traps(self) -> frozenset[Trap]:
        if not self._happens("trap", TRAPS_PERCENT):
            return frozenset()
        first = self._between("first trap", 0, len(_TRAPS) - 1)
        further = self._between("second trap", 1, len(_TRAPS) - 1)
        second = (first + further * self._happens("two traps", TWO_TRAPS_PERCENT)) % len(_TRAPS)
        return frozenset({_TRAPS[first], _TRAPS[second]})

    def _from(self, what: str, later_percent: int) -> int:
        """The creation, or with that chance a few slots after it."""
        slots = self._between(f"{what} after", _LATER_SLOTS_MIN, _LATER_SLOTS_MAX)
        return self._created_slot + slots * self._happens(f"{what} later", later_percent)

    def _happens(self, what: str, percent: int) -> bool:
        return self._between(what, 0, 99) < percent

    def _one_of(self, what: str, choices: Sequence[T]) -> T:
        return choices[self._between(what, 0, len(choices) - 1)]

    def _between(self, what: str, low: int, high: int) -> int:
        return drawn(self._seed, f"launch:{what}", self._number, low, high)


def _numbered_address(seed: str, kind: str, number: int) -> str:
    """An address that hides the number in its first bytes, behind what the others say."""
    rest = hashlib.blake2b(f"{seed}|{kind}|{number}".encode(), digest_size=_REST_BYTES).digest()
    return address_of(_masked(number.to_bytes(_NUMBER_BYTES), rest) + rest)


@lru_cache(maxsize=4_096)
def _number_in(seed: str, kind: str, address: str) -> int | None:
    """The number that such an address hides; None when it is another address."""
    content = bytes_of(address)
    if content is None:
        return None
    hidden, rest = content[:_NUMBER_BYTES], content[_NUMBER_BYTES:]
    number = int.from_bytes(_masked(hidden, rest))
    return number if _numbered_address(seed, kind, number) == address else None


def _masked(hidden: bytes, rest: bytes) -> bytes:
    mask = hashlib.blake2b(rest, digest_size=_NUMBER_BYTES).digest()
    return bytes(one ^ other for one, other in zip(hidden, mask, strict=True))
