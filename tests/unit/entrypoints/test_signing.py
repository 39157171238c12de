import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.entrypoints.signing import ForgedError, Signer

SIGNER = Signer(b"a key")
VALUES = st.lists(st.one_of(st.text(max_size=20), st.integers(-(2**53), 2**53)), max_size=4)


@given(VALUES)
def test_sealed_values_open_as_they_were(values: list[str | int]) -> None:
    assert SIGNER.open("cursor", SIGNER.seal("cursor", values)) == json.loads(json.dumps(values))


def test_seal_does_not_open_for_another_purpose_or_key() -> None:
    sealed = SIGNER.seal("cursor", ["alice", 1])

    with pytest.raises(ForgedError):
        SIGNER.open("ticket", sealed)
    with pytest.raises(ForgedError):
        Signer(b"another key").open("cursor", sealed)


def test_no_other_text_opens_when_a_character_is_changed_added_or_left_out() -> None:
    sealed = SIGNER.seal("cursor", ["alice", 1])
    changed = [
        sealed[:i] + other + sealed[i + 1 :]
        for i, one in enumerate(sealed)
        for other in "Aa0-_. =\u0661"
        if other != one
    ]
    for wrong in [*changed, sealed[1:], sealed[:-1], sealed + "A", sealed + "=", "", ".", "." * 9]:
        with pytest.raises(ForgedError):
            SIGNER.open("cursor", wrong)


@given(st.text())
def test_text_does_not_open_when_nobody_sealed_it(text: str) -> None:
    with pytest.raises(ForgedError):
        SIGNER.open("cursor", text)


def test_text_does_not_open_when_it_is_endless() -> None:
    with pytest.raises(ForgedError):
        SIGNER.open("cursor", SIGNER.seal("cursor", ["a" * 10_000]))
