"""The log of a training: ``history.jsonl``, a JSON line for each epoch.

Each line holds a digest of itself and of the line before, so that no line that was finished can
change, vanish or move unnoticed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from handwrought.errors import CannotWrite, ModelFileError
from handwrought.storage.atomic import write_all, write_atomically
from handwrought.storage.regular import read_regular
from handwrought.storage.sealed import sealed, unsealed
from handwrought.training.reports import EpochReport

__all__ = ["History", "read_log"]


class History:
    """The reports of the epochs so far, in a file that is mended where a crash has cut it short.

    A checkpoint is written after the lines of its epochs are safe: a crash can cut short those after
    it alone, whose epochs are trained once more.  Where one of the others is damaged or gone, that
    is told.  Where there is no file any more, the log begins with the next epoch.

    Parameters
    ----------
    path : Path
    epochs : int
        Epochs from the file to go on after; what follows them there is forgotten.

    Attributes
    ----------
    reports : list of EpochReport

    Raises
    ------
    CannotWrite
        If the file cannot be written.
    ModelFileError
        If it is there and cannot be read, or a line of these epochs is damaged or gone.
    """

    _handle: int  # -1 where the file is closed
    _last: str  # the digest of the last line written

    def __init__(self, path: Path, epochs: int = 0) -> None:
        self.path = path
        self.reports = _read(path, epochs)
        self._rewrite()

    def add(self, report: EpochReport) -> None:
        """Take in an epoch, for the next :meth:`write`."""
        self.reports.append(report)

    def write(self) -> None:
        """Write the lines of the epochs that have none yet.

        Raises
        ------
        CannotWrite
            If that cannot be done; the log is written whole next time.
        """
        if self._handle < 0:
            self._rewrite()
            return
        try:
            for line in _lines(self.reports[self._written :], self._last):
                write_all(self._handle, line)
                self._written += 1
                self._last = _digest_in(line)
        except (OSError, MemoryError) as error:
            self.close()  # half a line may stand there
            raise self._error(error) from None

    def sync(self) -> None:
        """Make every line last through a power cut.

        Raises
        ------
        CannotWrite
            If that cannot be done; the log is written whole next time.
        """
        self.write()
        try:
            os.fsync(self._handle)
        except OSError as error:
            self.close()  # what is not safe now is written anew
            raise self._error(error) from None

    def close(self) -> None:
        """Close the file."""
        handle = self._handle
        self._handle = -1
        if handle >= 0:
            with suppress(OSError):
                os.close(handle)

    def _rewrite(self) -> None:
        try:
            lines = list(_lines(self.reports))
            write_atomically(self.path, b"".join(lines))
            self._handle = os.open(self.path, os.O_WRONLY | os.O_APPEND)
            self._written = len(lines)
            self._last = _digest_in(lines[-1]) if lines else ""
        except (OSError, MemoryError) as error:
            raise self._error(error) from None

    def _error(self, error: BaseException) -> CannotWrite:
        return CannotWrite.of(self.path, error, "the log is written whole as soon as it can be")


def _lines(reports: list[EpochReport], last: str = "") -> Iterator[bytes]:
    """Lines that go on after one with this digest."""
    for report in reports:
        line = sealed(vars(report), after=last) + b"\n"
        yield line
        last = _digest_in(line)


def _digest_in(line: bytes) -> str:
    return line[-67:-3].decode()


def read_log(path: Path) -> list[EpochReport]:
    """The reports of a log; what a crash has cut short at its end is left out.

    Raises
    ------
    ModelFileError
        If it cannot be read, or a line of it is damaged.
    """
    try:
        content = read_regular(path, 1 << 28)
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}") from None
    return _reports(path, content)


def _read(path: Path, epochs: int) -> list[EpochReport]:
    """The reports of the first epochs."""
    if not epochs:
        return []
    try:
        content = read_regular(path, 1 << 28)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}") from None
    reports = _reports(path, content, epochs)
    if not reports or reports[-1].epoch < epochs:
        raise ModelFileError(
            f"{path} ends before epoch {epochs}, which its training has done: the file was changed; "
            f"{_REMEDY}"
        )
    return reports


_REMEDY = "put it right, or remove it: the log then begins with the next epoch"


def _reports(path: Path, content: bytes, epochs: int | None = None) -> list[EpochReport]:
    """Those of all lines, or of lines up to an epoch."""
    reports: list[EpochReport] = []
    last: str | None = ""
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        if epochs is not None and reports and reports[-1].epoch >= epochs:
            break
        try:
            values, digest = unsealed(line, after=last or "")
            if number > 1 and (digest is None) != (last is None):
                raise ValueError("the digest is missing")
            report = _report(values)
            if reports and report.epoch != reports[-1].epoch + 1:
                raise ValueError("an epoch is missing before it")
        except (ValueError, TypeError, RecursionError) as error:
            raise ModelFileError(f"{path}, line {number}: {error}; {_REMEDY}") from None
        reports.append(report)
        last = digest
    return reports


def _report(values: dict[str, Any]) -> EpochReport:
    report = EpochReport(**values)
    for name, value in vars(report).items():
        whole = name in ("epoch", "epochs")
        may_be_none = name.startswith("validation")
        number = type(value) is int or (type(value) is float and not whole)
        if not number and not (value is None and may_be_none):
            raise ValueError(f"{name} is {value!r}"[:80])
    return report
