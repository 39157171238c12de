"""The one reader of the environment: every setting, validated once."""

from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from os import environ
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

BasisPoints = Annotated[int, Field(ge=0, le=10_000)]


def _bounds(text: str) -> tuple[int, int]:
    first, _, second = text.partition("-")
    return int(first), int(second or first)


def _ascending(text: str) -> str:
    low, high = _bounds(text)
    if low > high:
        raise ValueError(f"{text} is a reversed range")
    return text


# "2500", or "2000-3000" for a range.
Range = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{1,6}(-[0-9]{1,6})?$"), AfterValidator(_ascending)
]


class SimulationSettings(BaseSettings):
    """The knobs of the simulated world, from the environment alone: they are no secrets."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

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


class Settings(BaseSettings):
    """What a deployment decides, from the environment and from the secret that it names.

    Fields are environment variables in capitals; the secret is a JSON object with the same names in
    small letters.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    database_url: SecretStr
    wallet_secret_key: SecretStr | None = None

    orders_queue_url: str
    status_queue_url: str
    connections_table: str
    websocket_management_url: str
    stream_url: str
    public_base_url: str = ""

    # Without keys everybody is one anonymous owner.
    auth_mode: Literal["none", "api_key"] = "none"
    # Seals tickets and cursors.
    signing_secret: Annotated[SecretStr, Field(min_length=32)] | None = None
    # Orders that an owner may place per minute; 0 for no limit.
    orders_per_minute: Annotated[int, Field(ge=0, le=10**6)] = 0
    # Origins of pages that may call and connect, separated by spaces; none, or *, for any.
    allowed_origins: str = ""

    log_level: str = "INFO"
    stack_name: str = "local"
    # The priority fee: a leg of a route has to earn more than it costs.
    compute_unit_price_micro_lamports: Annotated[int, Field(ge=0, le=10**9)] = 50_000

    # How the simulated world behaves; a world of your own does without.
    simulation: SimulationSettings = Field(default_factory=SimulationSettings)

    @model_validator(mode="after")
    def _keys_need_a_secret(self) -> Self:
        if self.keys_required and self.signing_secret is None:
            raise ValueError("AUTH_MODE=api_key needs a signing_secret")
        return self

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
        return sha256(b"signing:" + secret.get_secret_value().encode()).digest()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        secret_id = environ.get("SETTINGS_SECRET_ID")
        if not secret_id:
            return init_settings, env_settings
        from chalicelib.adapters.aws.secrets import read_secret

        secret = InitSettingsSource(settings_cls, read_secret(secret_id))
        return init_settings, secret, env_settings
