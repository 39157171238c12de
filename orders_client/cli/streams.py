"""Output that never ends a command: what became of an order counts, not who reads of it."""

import errno
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


class TolerantStream(io.TextIOBase):
    """Writes to a stream until that fails once; from then on to nowhere."""

    def __init__(self, stream: TextIO | None) -> None:
        """Replace what the stream's encoding lacks. None stands for a closed stream."""
        self._stream = stream
        self.error: OSError | None = None
        if stream is None:
            self.error = OSError(errno.EBADF, os.strerror(errno.EBADF))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream."""
        return self._stream.encoding if self._stream else "utf-8"

    @property
    def failure(self) -> OSError | None:
        """Why it takes no more; a reader that left, such as `head`, has what it wanted."""
        left = self.error is not None and self.error.errno == errno.EPIPE
        return None if left else self.error

    def isatty(self) -> bool:
        """Tell whether it is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def writable(self) -> bool:
        """Tell that it takes text: it always does."""
        return True

    def write(self, text: str) -> int:
        """Write the text, or note why that failed."""
        self._attempt(lambda stream: stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Write what is buffered, or note why that failed."""
        self._attempt(lambda stream: stream.flush())

    def _attempt(self, action: Callable[[TextIO], object]) -> None:
        if self._stream is None or self.error is not None:
            return
        try:
            action(self._stream)
        except OSError as error:
            self.error = error
            # What is still buffered would fail again when Python ends.
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), self._stream.fileno())


@contextmanager
def tolerant_output() -> Iterator[None]:
    """Let nothing fail because stdout or stderr does; say on stderr why stdout did."""
    before = sys.stdout, sys.stderr
    out, errors = TolerantStream(sys.stdout), TolerantStream(sys.stderr)
    sys.stdout, sys.stderr = out, errors
    try:
        yield
    finally:
        out.flush()
        if out.failure is not None:
            errors.write(f"the output could not be written: {out.failure.strerror}\n")
        errors.flush()
        sys.stdout, sys.stderr = before


def is_output_lost() -> bool:
    """Tell whether something that was printed to stdout did not get there."""
    sys.stdout.flush()
    return isinstance(sys.stdout, TolerantStream) and sys.stdout.error is not None


def is_output_failed() -> bool:
    """Tell whether stdout failed, though somebody may have wanted to read it."""
    sys.stdout.flush()
    return isinstance(sys.stdout, TolerantStream) and sys.stdout.failure is not None
