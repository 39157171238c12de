from datetime import timedelta

import pytest

from chalicelib.adapters.memory.ports import MemoryClock
from chalicelib.settings import SettingsError, SimulationSettings, read_settings, settings_of
from chalicelib.simulation.ledger import MemoryLedger
from chalicelib.worlds import SimulatedWorld
from tests.world import SETTINGS, World


@pytest.mark.parametrize(
    ("latency_ms", "low", "high"),
    [("2000-3000", 2_000, 3_000), ("2500", 2_500, 2_500), ("0", 0, 0)],
)
def test_latency_is_a_number_or_a_range(latency_ms: str, low: int, high: int) -> None:
    simulation = SimulationSettings(latency_ms=latency_ms)

    assert simulation.latency_range == (timedelta(milliseconds=low), timedelta(milliseconds=high))


@pytest.mark.parametrize(
    "bad",
    [
        {"latency_ms": "fast"},
        {"latency_ms": "-1"},
        {"latency_ms": "1-2-3"},
        {"latency_ms": "3000-2000"},
        {"venue_gap_bps": "500-200"},
        {"drop_rate_bps": "10001"},
        {"failure_rate_bps": "-1"},
        {"auth_mode": "password"},
        {"orders_per_minute": "1e3"},
        {"signing_secret": "short"},
    ],
    ids=str,
)
def test_settings_are_refused_when_a_value_is_out_of_range(
    bad: dict[str, str],
) -> None:
    [(name, value)] = bad.items()

    with pytest.raises(SettingsError, match=name.upper()) as raised:
        settings_of(SETTINGS | bad)

    assert value not in str(raised.value)


def test_error_names_all_that_is_missing_or_wrong() -> None:
    rest = {name: value for name, value in SETTINGS.items() if name != "stream_url"}

    with pytest.raises(SettingsError) as raised:
        settings_of(rest | {"auth_mode": "password", "drop_rate_bps": "much"})

    assert str(raised.value) == (
        "DROP_RATE_BPS must be a whole number from 0 to 10000; STREAM_URL is missing; "
        "AUTH_MODE must be one of none, api_key"
    )


def test_settings_do_not_show_secrets_when_printed() -> None:
    secrets = {"database_url": "postgresql://x:pw@y", "wallet_secret_key": "sk"}

    settings = settings_of(SETTINGS | secrets)

    assert "pw@" not in repr(settings)
    assert "'sk'" not in repr(settings)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name.upper(), value)
    monkeypatch.setenv("DROP_RATE_BPS", "250")
    monkeypatch.delenv("SETTINGS_SECRET_ID", raising=False)

    assert read_settings() == settings_of(SETTINGS | {"drop_rate_bps": 250})
    assert read_settings().simulation == SimulationSettings(drop_rate_bps=250)


def test_pacing_spreads_the_shortest_latency_over_an_execution() -> None:
    pacing = World(latency=timedelta(seconds=2)).pacing

    waits = pacing.quote_latency, pacing.build_latency, pacing.confirmation_first
    assert sum(waits, timedelta(0)) == timedelta(seconds=2)
    assert all(waits)


def test_network_takes_what_is_left_of_the_latency_range() -> None:
    settings = settings_of(SETTINGS | {"latency_ms": "2000-3000"})
    world = SimulatedWorld(settings, clock=MemoryClock(), ledger=MemoryLedger)

    assert world.fate.latency_min == world.pacing.confirmation_first
    assert world.fate.latency_max - world.fate.latency_min == timedelta(seconds=1)
