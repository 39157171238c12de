"""Every block of the documents is run, or says how it is checked instead."""

import re
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator

from chalicelib.settings import Settings
from infra.local.stack import LocalStack
from orders_client.cli.snipes import FINDINGS
from tests.docs.markdown import DOCUMENTS, Block, blocks, of_kind, source
from tests.docs.running import (
    RUN,
    Reader,
    documents_in,
    example_before,
    is_run,
    require,
    shown,
    squeezed,
)
from tests.outside import Outside
from tests.strict_contract import closed, strict
from tests.unit.entrypoints.contract import ASYNCAPI

# How a block can be checked that is not run: here, by test_commands.py, by test_extending.py, by
# tests/acceptance/test_generated_clients.py.
KINDS = (
    *("output", "lines", "frames", "secret", "policy", "make", "docker", "query", "file", "diff"),
    "client",
)
# Looked at, not read.
NOT_CODE = ("mermaid",)
# What is told against a stack on which trading takes no time.
INSTANT = "docs/stories.md"


@pytest.fixture(scope="module")
def reader(outside: Outside, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    # Some examples show what was confirmed, whatever came of those before them by then.
    outside.follow(outside.submit())
    return Reader(outside.base_url.removeprefix("http://"), tmp_path_factory.mktemp("reader"))


@pytest.fixture(scope="module")
def instant_reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("instant")
    with LocalStack(folder / "stack", parameters={"LatencyMs": "0"}) as stack:
        yield Reader(stack.description.base_url.removeprefix("http://"), folder)


def reader_of(block: Block, request: pytest.FixtureRequest) -> Reader:
    """Whoever reads the document of the block."""
    name = "instant_reader" if block.document == INSTANT else "reader"
    found: Reader = request.getfixturevalue(name)
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_fence_is_that_of_a_block_when_read(document: str) -> None:
    fences = re.findall(r"^\s*(?:```|~~~)", source(document), re.MULTILINE)

    assert len(fences) == 2 * sum(block.document == document for block in blocks())


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_block_is_run_or_says_how_it_is_checked(block: Block) -> None:
    if block.kind:
        assert block.kind in KINDS
    else:
        assert block.language in (*RUN, *NOT_CODE), "say in a comment before it how it is checked"


@pytest.mark.parametrize("block", [block for block in blocks() if is_run(block)], ids=str)
def test_example_works_when_a_reader_runs_it(block: Block, request: pytest.FixtureRequest) -> None:
    require(block)

    reader_of(block, request).output(block)


@pytest.mark.parametrize("block", of_kind("output"), ids=str)
def test_output_is_what_the_example_before_it_prints(
    block: Block, request: pytest.FixtureRequest
) -> None:
    example = example_before(block)
    require(example)

    printed = squeezed(reader_of(block, request).output(example))

    assert shown(block.text).fullmatch(printed), printed


@pytest.mark.parametrize("block", of_kind("lines"), ids=str)
def test_lines_are_those_of_verdicts_when_shown(block: Block) -> None:
    said = [re.escape(words).replace(r"\{", "{").replace(r"\}", "}") for words in FINDINGS.values()]
    forms = "|".join(words.format(value=r"\S+", wanted=r"\S+") for words in said)

    for line in block.text.splitlines():
        assert re.fullmatch(rf"\w+ ({forms})(: refused|, asked again)", line), line


@pytest.mark.parametrize("block", of_kind("frames"), ids=str)
def test_frame_is_one_of_the_stream_when_shown(block: Block) -> None:
    forms = [message["payload"] for message in ASYNCAPI["components"]["messages"].values()]
    whole = {"anyOf": closed(forms), "components": strict(ASYNCAPI)["components"]}

    for frame in documents_in(block.text):
        Draft202012Validator(whole).validate(frame)


def test_secrets_are_complete_when_shown() -> None:
    shown = [name for block in of_kind("secret") for name in documents_in(block.text)[0]]
    known = {name for name, kind in Settings.__annotations__.items() if "Secret" in str(kind)}

    assert len(shown) == len(known)
    assert set(shown) == known
