import io
import logging
from collections.abc import Iterator

import pytest
from hypothesis import settings

import app
from chalicelib.entrypoints import logs
from tests.unit.functions import Functions
from tests.world import World

settings.register_profile("unit", derandomize=True, database=None, deadline=None, max_examples=100)
settings.load_profile("unit")


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Functions:
    """The Lambda functions of app.py, deployed into a world in memory."""
    world = World()
    monkeypatch.setattr(app, "deployment", world.deployment)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return Functions(world)


@pytest.fixture
def log_output() -> Iterator[io.StringIO]:
    """What a deployed stack of the name `test` logs."""
    root, own = logging.getLogger(), logging.getLogger("chalicelib")
    before = (root.handlers, root.level, own.level)
    stream = io.StringIO()
    logs.configure("INFO", stack="test", stream=stream)
    yield stream
    root.handlers = before[0]
    root.setLevel(before[1])
    own.setLevel(before[2])
