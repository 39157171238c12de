from datetime import timedelta

import pytest
from pydantic import ValidationError

from chalicelib import bootstrap
from chalicelib.settings import Settings
from tests.unit.conftest import SETTINGS


@pytest.mark.parametrize(
    ("latency_ms", "least", "most"),
    [("2000-3000", 2_000, 3_000), ("3000-2000", 2_000, 3_000), ("2500", 2_500, 2_500), ("0", 0, 0)],
)
def test_latency_is_a_number_or_a_range(latency_ms: str, least: int, most: int) -> None:
    settings = Settings(**SETTINGS, latency_ms=latency_ms)

    assert settings.latency_range == (timedelta(milliseconds=least), timedelta(milliseconds=most))


@pytest.mark.parametrize(
    "bad",
    [
        {"latency_ms": "fast"},
        {"latency_ms": "-1"},
        {"latency_ms": "1-2-3"},
        {"drop_rate_bps": "10001"},
        {"failure_rate_bps": "-1"},
    ],
    ids=str,
)
def test_settings_are_refused_when_a_value_is_out_of_range(bad: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Settings(**SETTINGS | bad)


def test_settings_do_not_show_secrets_when_printed() -> None:
    settings = Settings(
        **SETTINGS | {"database_url": "postgresql://x:pw@y"}, wallet_secret_key="sk"
    )

    assert "pw@" not in repr(settings)
    assert "'sk'" not in repr(settings)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name.upper(), value)
    monkeypatch.setenv("DROP_RATE_BPS", "250")
    monkeypatch.delenv("SETTINGS_SECRET_ID", raising=False)

    assert Settings() == Settings(**SETTINGS, drop_rate_bps=250)


def test_pacing_spreads_the_least_latency_over_an_execution(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = Settings(**SETTINGS, latency_ms="2000-3000")
    monkeypatch.setattr(bootstrap, "settings", lambda: settings)

    pacing = bootstrap.pacing.__wrapped__()

    waits = pacing.quote_latency, pacing.build_latency, pacing.confirmation_first
    assert sum(waits, timedelta(0)) == timedelta(seconds=2)
    assert all(waits)
