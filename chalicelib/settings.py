"""The one reader of the environment: every setting, checked once.

It is written without pydantic, which takes longer to import than all else that most functions need.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from os import environ
from typing import Annotated, Any, TypeVar

SIGNING_SECRET_CHARACTERS_MIN = 32
# The variables that name secrets, of which the later ones win.
SECRET_IDS = ("SETTINGS_SECRET_ID", "WALLET_SECRET_ID")


class SettingsError(ValueError):
    """What is wrong with the settings: each name, and what its value must be."""


class Secret:
    """A text that does not show where it is printed."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret(…)"

    def reveal(self) -> str:
        """Return the text."""
        return self._text


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch("[0-9]{1,10}", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return read


def _range(text: str) -> str:
    """Read "2500", or "2000-3000" for a range."""
    if not re.fullmatch("[0-9]{1,6}(-[0-9]{1,6})?", text):
        raise ValueError("must be a number of up to six digits, or two of them, as 2000-3000")
    low, high = _bounds(text)
    if low > high:
        raise ValueError("must not be a reversed range")
    return text


def _bounds(text: str) -> tuple[int, int]:
    first, _, second = text.partition("-")
    return int(first), int(second or first)


def _one_of(*known: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in known:
            raise ValueError(f"must be one of {', '.join(known)}")
        return text

    return read


def _signing_secret(text: str) -> Secret:
    if len(text) < SIGNING_SECRET_CHARACTERS_MIN:
        raise ValueError(f"must have {SIGNING_SECRET_CHARACTERS_MIN} characters or more")
    return Secret(text)


# How a setting is read stands beside its type; else its type reads it.
BasisPoints = Annotated[int, _whole(0, 10_000)]
Range = Annotated[str, _range]


@dataclass(frozen=True, kw_only=True)
class SimulationSettings:
    """The knobs of the simulated world, from the environment alone: they are no secrets."""

    # Equal seeds give equal markets and equal misfortunes.
    market_seed: str = "solana"
    # From acceptance to confirmation.
    latency_ms: Range = "2000-3000"
    # How far the venues' prices of a volatile pair stand apart.
    venue_gap_bps: Range = "5-60"
    # Parts of all transactions, in basis points: lost on the way, failed on chain, ten times as
    # slow, or sent without the sender hearing so.
    drop_rate_bps: BasisPoints = 0
    failure_rate_bps: BasisPoints = 0
    slow_rate_bps: BasisPoints = 0
    lost_answer_rate_bps: BasisPoints = 0
    # Parts of all slots in which a venue does not answer.
    quote_timeout_rate_bps: BasisPoints = 0
    # Parts of all half minutes in which the network drops most of what is sent.
    congestion_rate_bps: BasisPoints = 0

    @cached_property
    def latency_range(self) -> tuple[timedelta, timedelta]:
        """Shortest and longest time from acceptance to confirmation."""
        low, high = _bounds(self.latency_ms)
        return timedelta(milliseconds=low), timedelta(milliseconds=high)

    @property
    def venue_gap_range_bps(self) -> tuple[int, int]:
        """Smallest and largest distance of the venues' prices of a pair."""
        return _bounds(self.venue_gap_bps)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a deployment decides, from the environment and from the secrets that it names.

    Fields are environment variables in capitals; a secret is a JSON object with the same names in
    small letters.
    """

    database_url: Secret
    # Whose certificate the database must have; "url" leaves that to the URL.
    database_roots: Annotated[str, _one_of("rds", "public", "url")] = "url"
    # Only who signs knows it.
    wallet_secret_key: Annotated[Secret | None, Secret] = None

    orders_queue_url: str
    status_queue_url: str
    connections_table: str
    websocket_management_url: str
    stream_url: str
    public_base_url: str = ""

    # Without keys everybody is one anonymous owner.
    auth_mode: Annotated[str, _one_of("none", "api_key")] = "none"
    # Seals tickets and cursors.
    signing_secret: Annotated[Secret | None, _signing_secret] = None
    # Orders that an owner may place per minute; 0 for no limit.
    orders_per_minute: Annotated[int, _whole(0, 10**6)] = 0
    # Orders of an owner that may wait for a price at a time; 0 for no limit.
    waiting_orders_max: Annotated[int, _whole(0, 10**6)] = 1_000
    # The function that watches them, for whoever accepts orders to start.
    watch_function: str = ""
    # Origins of pages that may call and connect, separated by spaces; none, or *, for any.
    allowed_origins: str = ""

    log_level: str = "INFO"
    stack_name: str = "local"
    # The priority fee: a leg of a route has to earn more than it costs.
    compute_unit_price_micro_lamports: Annotated[int, _whole(0, 10**9)] = 50_000

    # How the simulated world behaves; a world of your own does without.
    simulation: SimulationSettings = field(default_factory=SimulationSettings)

    def __post_init__(self) -> None:
        if self.keys_required and self.signing_secret is None:
            raise SettingsError("AUTH_MODE=api_key needs a SIGNING_SECRET")

    @property
    def keys_required(self) -> bool:
        return self.auth_mode == "api_key"

    @property
    def origins(self) -> frozenset[str]:
        """Origins of pages that may call and connect; none for any."""
        named = frozenset(self.allowed_origins.split())
        return frozenset() if "*" in named else named

    @property
    def signing_key(self) -> bytes:
        """The key of seals: where nobody needs a ticket, what all functions know will do."""
        secret = self.signing_secret or self.database_url
        return sha256(b"signing:" + secret.reveal().encode()).digest()


def read_settings() -> Settings:
    """Return the settings of this process. Raises SettingsError, or AwsError when a secret cannot
    be read."""
    given: dict[str, object] = {name.lower(): text for name, text in environ.items()}
    for variable in SECRET_IDS:
        if secret_id := environ.get(variable):
            from chalicelib.adapters.aws.secrets import read_secret

            given |= read_secret(secret_id)
    return settings_of(given)


def settings_of(given: Mapping[str, object]) -> Settings:
    """Return the settings that these values give, by their names in small letters. Raises
    SettingsError, which names all that are missing or wrong and shows none of them."""
    faults: list[str] = []
    simulation = _values(SimulationSettings, given, faults)
    values = _values(Settings, given, faults)
    if faults:
        raise SettingsError("; ".join(faults))
    return Settings(**values, simulation=SimulationSettings(**simulation))


AnySettings = TypeVar("AnySettings", Settings, SimulationSettings)


def _values(
    kind: type[AnySettings], given: Mapping[str, object], faults: list[str]
) -> dict[str, Any]:
    """Read the fields that are given, and add to the faults."""
    values: dict[str, Any] = {}
    for each in fields(kind):
        value = given.get(each.name)
        if each.type is SimulationSettings:
            continue
        if value is None:
            if each.default is MISSING:
                faults.append(f"{each.name.upper()} is missing")
            continue
        try:
            # A secret may have numbers.
            values[each.name] = _reader_of(each)(str(value))
        except ValueError as error:
            faults.append(f"{each.name.upper()} {error}")
    return values


def _reader_of(setting: "Field[Any]") -> Callable[[str], Any]:
    of_type: Any = setting.type
    reader: Callable[[str], Any] = getattr(of_type, "__metadata__", (of_type,))[0]
    return reader
