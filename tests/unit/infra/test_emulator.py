"""What the local stack changes of the emulator."""

from importlib import import_module
from importlib.metadata import version
from types import ModuleType
from typing import Any

import pytest
from ministack.services import sqs

from infra.local import emulator
from tests.docs.markdown import names, rows, section

# The release that the replacements were written for. With another one, compare each with what it
# replaces: docs/limits.md says what it is for.
RELEASE = "1.5.33"


def replaced(path: str) -> tuple[ModuleType, str]:
    module_name, _, name = path.rpartition(".")
    return import_module(module_name), name


def test_replacements_were_written_for_the_release_that_is_installed() -> None:
    assert version("ministack") == RELEASE


def test_replacements_are_those_that_are_documented() -> None:
    documented = rows(section("docs/limits.md", "The emulator"), "replaced")
    assert sorted(names(row[0])[0] for row in documented) == sorted(emulator.PATCHES)


def test_everything_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    for path in emulator.PATCHES:
        module, name = replaced(path)
        # As it was, when the test ends.
        monkeypatch.setattr(module, name, getattr(module, name))
    emulator.patch()
    for path, replacement in emulator.PATCHES.items():
        module, name = replaced(path)
        assert getattr(module, name) is replacement


def test_nothing_is_put_where_nothing_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator, "PATCHES", {"ministack.services.sqs._no_such_name": None})
    with pytest.raises(AttributeError):
        emulator.patch()


@pytest.mark.parametrize(
    ("route_key", "found", "is_meant"),
    [
        ("$connect", "$connect", True),
        ("$disconnect", "$default", False),
        ("$disconnect", "$disconnect", True),
        ("$default", "$default", True),
        ("subscribe", "$default", True),
    ],
)
def test_only_frames_go_to_the_default_route(route_key: str, found: str, is_meant: bool) -> None:
    route = {"routeKey": found}
    assert emulator.meant_route(route_key, route) == (route if is_meant else None)
    assert emulator.meant_route(route_key, None) is None


@pytest.mark.parametrize("prune", [sqs._prune_dedup, emulator.prune_deduplication])
def test_deduplication_forgets_what_has_expired(
    prune: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulator.time, "time", lambda: 100.0)
    cache = {str(expire): {"expire": expire} for expire in (98.0, 99.5, 100.5, 103.0)}
    queue = {"dedup_cache": cache}
    prune(queue)
    assert [*queue["dedup_cache"]] == ["100.5", "103.0"]
