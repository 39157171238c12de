"""What stands in the documents: blocks, headings, links, tables.

A comment before a block says how it is checked when it is not simply run: `<!-- example: kind -->`,
with what the kind needs behind it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    *sorted(f"docs/{p.name}" for p in ROOT.glob("docs/*.md")),
)

_FENCE = re.compile(
    r"(?:^<!-- example: (?P<kind>[a-z]+) ?(?P<of>[^\n]*?) -->\n)?"
    r"^```(?P<language>[a-z]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: where it stands, what it is, how it is checked."""

    document: str
    line: int
    language: str
    kind: str
    of: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def source(document: str) -> str:
    """The document as it is written."""
    return (ROOT / document).read_text()


@cache
def blocks() -> tuple[Block, ...]:
    """Every fenced block of every document, in reading order."""
    return tuple(block for document in DOCUMENTS for block in _blocks_of(document))


def of_kind(kind: str) -> list[Block]:
    """The blocks that are checked in that way."""
    return [block for block in blocks() if block.kind == kind]


def _blocks_of(document: str) -> Iterator[Block]:
    text = source(document)
    for found in _FENCE.finditer(text):
        yield Block(
            document=document,
            line=text[: found.start("text")].count("\n"),
            language=found["language"],
            kind=found["kind"] or "",
            of=found["of"] or "",
            text=found["text"],
        )


def prose(document: str) -> str:
    """The document without its blocks."""
    return _FENCE.sub("", source(document))


def links(document: str) -> list[str]:
    """Where the document points to."""
    return _LINK.findall(prose(document))


def anchors(document: str) -> set[str]:
    """The headings as their links name them."""
    headings = _HEADING.findall(prose(document))
    return {re.sub(r"[^\w\- ]", "", h).strip().lower().replace(" ", "-") for h in headings}


def section(document: str, heading: str) -> str:
    """What stands under a heading of the second level."""
    return source(document).split(f"\n## {heading}\n")[1].split("\n## ")[0]


def rows(text: str, header: str) -> list[list[str]]:
    """The cells of the table whose first column has that header."""
    table = text.split(f"| {header} |")[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


def names(cell: str) -> list[str]:
    """What is set as code."""
    return re.findall(r"`([^`]+)`", cell)
