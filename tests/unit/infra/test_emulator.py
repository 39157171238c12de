"""What the local stack changes of the emulator."""

import pytest
from ministack.services import apigateway

from infra.local.emulator import match_route


@pytest.mark.parametrize(
    ("route_key", "expected"),
    [
        ("$connect", "$connect"),
        ("$disconnect", None),
        ("$default", "$default"),
        ("subscribe", "$default"),
    ],
)
def test_only_frames_go_to_the_default_route(
    route_key: str, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes = {key: {"routeKey": key} for key in ("$connect", "$default")}
    monkeypatch.setattr(apigateway, "_routes", {"api": routes})
    route = match_route("api", route_key)
    assert (route and route["routeKey"]) == expected
