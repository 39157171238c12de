from datetime import timedelta

import pytest
from pydantic import ValidationError

from chalicelib.adapters.memory.ports import MemoryClock
from chalicelib.settings import Settings, SimulationSettings
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
    ],
    ids=str,
)
def test_settings_are_refused_when_a_value_is_out_of_range(
    bad: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in bad.items():
        monkeypatch.setenv(name.upper(), value)

    with pytest.raises(ValidationError):
        Settings(**SETTINGS)


def test_settings_do_not_show_secrets_when_printed() -> None:
    secrets = {"database_url": "postgresql://x:pw@y", "wallet_secret_key": "sk"}

    settings = Settings(**SETTINGS | secrets)

    assert "pw@" not in repr(settings)
    assert "'sk'" not in repr(settings)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name.upper(), value)
    monkeypatch.setenv("DROP_RATE_BPS", "250")
    monkeypatch.delenv("SETTINGS_SECRET_ID", raising=False)

    settings = Settings()

    assert settings == Settings(**SETTINGS, simulation=SimulationSettings(drop_rate_bps=250))


def test_pacing_spreads_the_shortest_latency_over_an_execution() -> None:
    pacing = World(latency=timedelta(seconds=2)).pacing

    waits = pacing.quote_latency, pacing.build_latency, pacing.confirmation_first
    assert sum(waits, timedelta(0)) == timedelta(seconds=2)
    assert all(waits)


def test_network_takes_what_is_left_of_the_latency_range() -> None:
    settings = Settings(**SETTINGS, simulation=SimulationSettings(latency_ms="2000-3000"))
    world = SimulatedWorld(settings, clock=MemoryClock(), ledger=MemoryLedger)

    assert world.fate.latency_min == world.pacing.confirmation_first
    assert world.fate.latency_max - world.fate.latency_min == timedelta(seconds=1)
