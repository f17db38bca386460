"""The log of a training: ``history.jsonl``, a JSON line for each epoch."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from handwrought.errors import CannotWrite, ModelFileError
from handwrought.storage.atomic import write_all, write_atomically
from handwrought.storage.regular import read_regular
from handwrought.training.reports import EpochReport

__all__ = ["History"]


class History:
    """The reports of the epochs so far, in a file that is mended where a crash has cut it short.

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
        If it is there and cannot be read.
    """

    _handle: int  # -1 where the file is closed

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
            for report in self.reports[self._written :]:
                write_all(self._handle, _line(report))
                self._written += 1
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
            write_atomically(self.path, b"".join(map(_line, self.reports)))
            self._handle = os.open(self.path, os.O_WRONLY | os.O_APPEND)
            self._written = len(self.reports)
        except (OSError, MemoryError) as error:
            raise self._error(error) from None

    def _error(self, error: BaseException) -> CannotWrite:
        return CannotWrite.of(self.path, error, "the log is written whole as soon as it can be")


def _line(report: EpochReport) -> bytes:
    return json.dumps(vars(report)).encode() + b"\n"


def _read(path: Path, epochs: int) -> list[EpochReport]:
    """The reports of the first epochs, as many as are whole."""
    reports: list[EpochReport] = []
    if not epochs:
        return reports
    try:
        content = read_regular(path, 1 << 28)
    except FileNotFoundError:
        return reports
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}") from None
    with suppress(ValueError, TypeError, RecursionError):
        for line in content.splitlines()[:epochs]:
            report = EpochReport(**json.loads(line))
            if report.epoch != len(reports) + 1:
                break
            reports.append(report)
    return reports
