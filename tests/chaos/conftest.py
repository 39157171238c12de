"""A stage for processes that die, and the table of where they died."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest

from chalicelib.adapters.postgres.database import PostgresDatabase
from chalicelib.adapters.postgres.migrate import migrate
from infra.local.postgres import LocalPostgres
from tests.chaos.matrix import Matrix
from tests.chaos.stage import Stage
from tests.chaos.workshop import Scene
from tests.conftest import CRASH_TABLE


@pytest.fixture(scope="session")
def second_database_url(postgres: LocalPostgres) -> Iterator[str]:
    """A database beside the one that all suites use."""
    url = postgres.url.rpartition("/")[0] + "/chaos"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE chaos")
        migrate(url)
        yield url
        connection.execute("DROP DATABASE chaos (FORCE)")


@pytest.fixture
def stages(database_url: str, second_database_url: str, tmp_path: Path) -> Iterator[list[Stage]]:
    """Two stages that know nothing of each other: one for each core."""
    with ExitStack() as stack:
        opened = []
        for number, url in enumerate([database_url, second_database_url]):
            folder = tmp_path / str(number)
            folder.mkdir()
            database = stack.enter_context(closing(PostgresDatabase(url)))
            opened.append(Stage(Scene(database_url=url, folder=folder), url, database))
        yield opened


@pytest.fixture
def stage(stages: list[Stage]) -> Stage:
    """Nothing has happened here yet."""
    stages[0].begin()
    return stages[0]


@pytest.fixture
def matrix(request: pytest.FixtureRequest) -> Iterator[Matrix]:
    """A table that is shown at the end of the run, whatever comes of the test."""
    matrix = Matrix()
    yield matrix
    request.node.user_properties.append((CRASH_TABLE, [*matrix.lines()]))
