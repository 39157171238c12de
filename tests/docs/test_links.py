"""What the documents point to is there."""

import re

import pytest

from tests.docs.markdown import DOCUMENTS, ROOT, anchors, links, of_kind, prose

# A name in code that is one of a file: it has a folder, or is one of the few at the root.
FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.\w+|app\.py|compose\.yaml|pyproject\.toml)`")
FOLDER = re.compile(r"`((?:chalicelib|infra|tests|docs)(?:/[\w-]+)*/?)`")
# Written below the folder that everybody means.
ROOTS = (ROOT, ROOT / "chalicelib")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_link_leads_somewhere_when_followed(document: str) -> None:
    for link in links(document):
        path, _, anchor = link.partition("#")
        assert not re.match(r"\w+:", link), f"{link} leads outside"
        target = (ROOT / document).parent / path if path else ROOT / document
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(str(target.resolve().relative_to(ROOT))), link


@pytest.mark.parametrize("document", DOCUMENTS)
def test_file_exists_when_it_is_named(document: str) -> None:
    # The example makes some of its own.
    made = {block.of for block in of_kind("file")}

    for name in [*FILE.findall(prose(document)), *FOLDER.findall(prose(document))]:
        assert name in made or any((root / name).exists() for root in ROOTS), name


def test_front_page_links_every_document_when_read() -> None:
    linked = {link.partition("#")[0] for link in links("README.md")}

    assert linked >= {*DOCUMENTS} - {"README.md"}
