"""Answers are read as http.client reads them, in whatever pieces they come."""

import io
import socket
import string
from http.client import HTTPResponse
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.aws.answers import HEAD_BYTES_MAX, Answer, AnswerError, AnswerReader

NAMES = st.text(string.ascii_letters + "-", min_size=1, max_size=12).map(lambda name: f"x{name}")
VALUES = st.text(string.ascii_letters + string.digits + " :=;", max_size=20)
HEADERS = st.dictionaries(NAMES.map(str.lower), VALUES, max_size=5)
STATUSES = st.sampled_from([200, 204, 304, 400, 410, 503])
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Pieces:
    """A socket over which these pieces come, and then the end."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = [piece for piece in pieces if piece]

    def recv(self, _: int) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""

    def makefile(self, *_: Any) -> io.BytesIO:
        return io.BytesIO(b"".join(self.pieces))


def reader_of(*pieces: bytes) -> AnswerReader:
    return AnswerReader(cast(socket.socket, Pieces(*pieces)))


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    status, headers, body = draw(STATUSES), draw(HEADERS), draw(st.binary(max_size=200))
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    chunked = b""
    if status in (204, 304):
        body = b""
    elif draw(st.booleans()):
        cuts = sorted({0, len(body), *draw(st.lists(st.integers(0, len(body)), max_size=4))})
        chunks = [body[start:end] for start, end in pairwise(cuts)]
        chunked = b"".join(b"%X;a=b\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
        body = chunked + b"0\r\nx-trailer: 1\r\n\r\n"
        lines.append("Transfer-Encoding: chunked\r\n")
    else:
        lines.append(f"Content-Length: {len(body)}\r\n")
    if draw(st.booleans()):
        lines.append(f"Connection: {draw(st.sampled_from(['close', 'keep-alive']))}\r\n")
    version = draw(st.sampled_from(["1.1", "1.1", "1.0"]))
    return f"HTTP/{version} {status} As asked\r\n{''.join(lines)}\r\n".encode() + body


def as_http_client_reads(data: bytes) -> tuple[Answer, bool]:
    with HTTPResponse(cast(socket.socket, Pieces(data)), method="POST") as response:
        response.begin()
        headers = {name.lower(): value.strip() for name, value in response.headers.items()}
        return Answer(response.status, headers, response.read()), not response.will_close


@given(answers(), st.lists(st.integers(0, 500), max_size=6))
def test_answer_is_that_of_http_client_in_whatever_pieces_it_comes(
    data: bytes, cuts: list[int]
) -> None:
    places = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    reader = reader_of(*(data[start:end] for start, end in pairwise(places)))
    answer, may_be_kept = as_http_client_reads(data)
    assert reader.read() == answer
    # A connection of HTTP/1.0 is never kept.
    assert reader.is_reusable == (may_be_kept and data.startswith(b"HTTP/1.1"))


@given(answers(), st.data())
def test_answer_that_breaks_off_is_none(data: bytes, draws: st.DataObject) -> None:
    end = draws.draw(st.integers(1, len(data) - 1))
    with pytest.raises(AnswerError):
        reader_of(data[:end]).read()


def test_connection_is_reset_when_nothing_came() -> None:
    with pytest.raises(ConnectionResetError):
        reader_of().read()


def test_what_comes_unasked_ends_the_connection() -> None:
    reader = reader_of(EMPTY + b"HTTP/1.1 408 Too late\r\n\r\n")
    assert reader.read() == Answer(200, {"content-length": "0"}, b"")
    assert not reader.is_reusable


def test_provisional_answers_are_passed_over() -> None:
    reader = reader_of(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: a\r\n\r\n" + EMPTY
    )
    assert (reader.read().status, reader.is_reusable) == (200, True)


@pytest.mark.parametrize(
    "data",
    [
        b"220 smtp.example ESMTP\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * HEAD_BYTES_MAX + b"\r\n\r\n",
    ],
    ids=lambda data: repr(data[:50]),
)
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(AnswerError):
        reader_of(*(data[start : start + 1000] for start in range(0, len(data), 1000))).read()
