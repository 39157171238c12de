import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from chalicelib.adapters.memory.ports import MemoryKeyStore
from chalicelib.domain.owners import OwnerId
from chalicelib.engine.admission.identity import Scope, make_key
from infra.local.commands import leave
from infra.operate.keys import key_table
from infra.tables import pairs_table

MARKUP = "[red]X[/red] [/] :smile:"


def shown(table: object) -> str:
    screen = io.StringIO()
    Console(file=screen, width=200).print(table)
    return screen.getvalue()


def test_key_table_shows_an_owner_unchanged_when_it_looks_like_markup() -> None:
    keys = MemoryKeyStore()
    keys.add(make_key(OwnerId(MARKUP), Scope.READ, datetime(2026, 1, 1, tzinfo=UTC))[1])

    assert MARKUP in shown(key_table(keys))


def test_pairs_table_shows_a_value_unchanged_when_it_looks_like_markup() -> None:
    assert MARKUP in shown(pairs_table({"last event": MARKUP}))


def test_command_leaves_with_the_reason_unchanged_when_it_looks_like_markup(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        leave(ValueError(MARKUP), 2)

    assert capsys.readouterr().err == f"{MARKUP}\n"
