"""Standard output and standard error: text that can be shown, and what happens where it cannot be said.

Where standard output cannot be written, a command ends, as SIGPIPE ends other programs; one that has
:func:`keep_working` goes on with what it makes.  Either way :func:`ended` tells it in one sentence.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, TextIO

from handwrought.text import printable

__all__ = [
    "complain",
    "ended",
    "keep_working",
    "printable",
    "reader_is_gone",
    "say_elsewhere",
    "standard_streams",
]

_PLAIN = {
    "·": ".", "×": "x", "→": "->", "←": "<-", "…": "...", "½": "1/2", "√": "sqrt", "²": "^2",
    "₁": "1", "₂": "2", "⊙": "o", "ᵀ": "^T", "∂": "d", "‖": "|", "Σ": "sum", "α": "alpha",
    "β": "beta", "δ": "delta", "ε": "epsilon", "η": "eta", "θ": "theta", "λ": "lambda", "μ": "mu",
    "π": "pi", "ρ": "rho", "σ": "sigma",
}  # fmt: skip
"""What is written where the output has no such character; for others their number is."""
_ERRORS = "handwrought.plain"


def complain(error: object) -> None:
    """One sentence on standard error."""
    # Past a progress bar, which would print it on standard output.
    stream = getattr(sys.stderr, "rich_proxied_file", sys.stderr)
    stream.write(f"handwrought: {printable(str(error))}\n")
    stream.flush()


def keep_working() -> None:
    """From now on a standard output that cannot be written does not end this command."""
    output = _output(sys.stdout)
    if output is not None:
        output.goes_on = True


def reader_is_gone() -> bool:
    """Whether whoever read standard output, or standard error, has closed it."""
    outputs = map(_output, (sys.stdout, sys.stderr))
    return any(output is not None and output.reader_is_gone for output in outputs)


def say_elsewhere(stream: IO[str], text: str) -> None:
    """Say on standard error what was said on a stream whose reader has gone."""
    output = _output(stream)
    if output is not None and output.reader_is_gone:
        output.told = True
        complain(f"nobody reads its output any more. {text}")


class _Output(io.RawIOBase):
    """A standard stream that takes all that is written, and drops it once that has failed."""

    def __init__(self, raw: Any, goes_on: bool) -> None:
        self._raw = raw
        self.goes_on = goes_on
        self.problem: OSError | None = None
        self.told = False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        if self._raw is None:
            raise io.UnsupportedOperation("fileno")
        return int(self._raw.fileno())

    def isatty(self) -> bool:
        return self._raw is not None and bool(self._raw.isatty())

    def write(self, content: Any) -> int:
        if self.problem is None:
            try:
                self._write(memoryview(content))
            except OSError as error:
                self.problem = error
                if not self.goes_on:
                    raise SystemExit(1) from None
                if self is _output(sys.stdout) and not self.reader_is_gone:
                    self.report()
        return len(content)

    def _write(self, left: memoryview) -> None:
        if self._raw is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        while left:
            n = self._raw.write(left)
            if n is None:  # a pipe that does not block, and is full
                select.select([], [self._raw], [])
            else:
                left = left[n:]

    @property
    def reader_is_gone(self) -> bool:
        return isinstance(self.problem, BrokenPipeError)

    def report(self) -> None:
        """Say why standard output cannot be written, once."""
        if self.problem is not None and not self.told:
            self.told = True
            kept = "; what this command makes is kept all the same" if self.goes_on else ""
            why = self.problem.strerror or self.problem
            complain(f"standard output cannot be written: {why}{kept}")


class _Text(io.TextIOWrapper):
    """A standard stream whose text is always encoded here, never past it into its bytes."""

    buffer = None  # type: ignore[assignment]

    def __init__(self, output: _Output, stream: TextIO | None) -> None:
        self.output = output
        super().__init__(
            io.BufferedWriter(output),
            encoding=getattr(stream, "encoding", None) or "utf-8",
            errors=_ERRORS,
            line_buffering=bool(
                getattr(stream, "line_buffering", False) or getattr(stream, "write_through", False)
            ),
        )


def _output(stream: IO[str] | None) -> _Output | None:
    return getattr(stream, "output", None)


@contextmanager
def standard_streams() -> Iterator[None]:
    """Standard streams that show any text and outlive their readers, while the block runs."""
    before = sys.stdin, sys.stdout, sys.stderr
    _hold_descriptors()
    codecs.register_error(_ERRORS, _plain)
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BytesIO())
    with suppress(AttributeError, io.UnsupportedOperation):
        sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.stderr = _stream(sys.stderr, goes_on=True)
    sys.stdout = _stream(sys.stdout, goes_on=False)
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def _hold_descriptors() -> None:
    """Where one of the first three is closed, no file that is opened later may become it."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            with suppress(OSError):
                os.open(os.devnull, os.O_RDWR)


def _stream(stream: TextIO | None, goes_on: bool) -> TextIO:
    buffer = getattr(stream, "buffer", None)
    if stream is not None and buffer is None:  # one that is in memory only
        return stream
    return _Text(_Output(getattr(buffer, "raw", buffer), goes_on), stream)


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(_PLAIN.get(c) or ascii(c)[1:-1] for c in text), error.end


def ended(command: Callable[[], int]) -> int:
    """Run a command to its exit code; 1 if that is 0 and standard output could not be written."""
    try:
        code = command()
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, SystemExit):
            stream.flush()
    output = _output(sys.stdout)
    if output is None or output.problem is None:
        return code
    if output.goes_on or not output.reader_is_gone:
        output.report()  # a reader that has gone has had what it wanted
    return code or 1
