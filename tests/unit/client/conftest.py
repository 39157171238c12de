import pytest

from orders_client import backoff


@pytest.fixture
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that hardly waits before it connects again."""
    monkeypatch.setattr(backoff, "RECONNECT_SECONDS", 0.01)
    monkeypatch.setattr(backoff, "RECONNECT_SECONDS_MAX", 0.05)
