"""The log of a training: ``history.jsonl``, a JSON line for each epoch, and for each point measured
in between.

A line's ``kind`` is "epoch" (its report, and under ``point`` what was measured at its end) or "point".
Each holds a digest of itself and of the line before, so that no line that was finished can change,
vanish or move unnoticed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any

from handwrought.errors import CannotWrite, ModelFileError
from handwrought.storage.atomic import write_all, write_atomically
from handwrought.storage.regular import read_regular
from handwrought.storage.sealed import sealed, unsealed
from handwrought.training.metrics import Point
from handwrought.training.reports import EpochReport

__all__ = ["Entry", "History", "read_history", "readable_history", "thinned"]

MOST_POINTS = 800
_MOST_BYTES = 1 << 28
_POINT_OF_BEFORE = b'{"step"'


@dataclass(frozen=True)
class Entry:
    """One line: an epoch's report with what was measured at its end, or a point between epochs."""

    report: EpochReport | None = None
    point: Point | None = None


class History:
    """What a training has told so far, in a file that is mended where a crash has cut it short.

    A checkpoint is written after the lines of its epochs are safe: a crash can cut short those after
    it alone, whose epochs are trained once more.  Where one of the others is damaged or gone, that
    is told.  Where there is no file any more, the log begins with the next epoch.

    Parameters
    ----------
    path : Path
    epochs : int
        Epochs from the file to go on after; what follows them there is forgotten, but for points
        ``until`` a step.
    until : int
    mend : bool
        Whether lines that are damaged are left out, where else that is an error.

    Attributes
    ----------
    entries : list of Entry

    Raises
    ------
    CannotWrite
        If the file cannot be written.
    ModelFileError
        If it is there and cannot be read, or a line of these epochs is damaged or gone.
    """

    _handle: int  # -1 where the file is closed
    _last: str  # the digest of the last line written

    def __init__(self, path: Path, epochs: int = 0, until: int = 0, *, mend: bool = False) -> None:
        self.path = path
        self.entries = _kept(path, epochs, until, mend)
        self._rewrite()

    @property
    def reports(self) -> list[EpochReport]:
        """Of each epoch."""
        return [each.report for each in self.entries if each.report is not None]

    @property
    def points(self) -> list[Point]:
        """All that was measured."""
        return [each.point for each in self.entries if each.point is not None]

    def add(self, report: EpochReport | None = None, point: Point | None = None) -> None:
        """Take in an epoch, a point, or both, for the next :meth:`write`."""
        self.entries.append(Entry(report, point))
        points = self.points if point is not None else []
        fewer = thinned(points)
        if fewer is not points:
            left = {each.step for each in fewer}
            whole = [
                each if each.point is None or each.point.step in left else replace(each, point=None)
                for each in self.entries
            ]
            self.entries = [each for each in whole if each != Entry()]
            self.close()  # to be written whole

    def write(self) -> None:
        """Write the lines that are not in the file yet.

        Raises
        ------
        CannotWrite
            If that cannot be done; the log is written whole next time.
        """
        if self._handle < 0:
            self._rewrite()
            return
        try:
            for line in _lines(self.entries[self._written :], self._last):
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
            lines = list(_lines(self.entries))
            write_atomically(self.path, b"".join(lines))
            self._handle = os.open(self.path, os.O_WRONLY | os.O_APPEND)
            self._written = len(lines)
            self._last = _digest_in(lines[-1]) if lines else ""
        except (OSError, MemoryError) as error:
            raise self._error(error) from None

    def _error(self, error: BaseException) -> CannotWrite:
        return CannotWrite.of(self.path, error, "the log is written whole as soon as it can be")


def thinned(points: list[Point]) -> list[Point]:
    """The same list while it is short enough; else one with every other point of its older part."""
    if len(points) <= MOST_POINTS:
        return points
    keep = MOST_POINTS // 8
    return [points[0], *points[1:-keep:2], *points[-keep:]]


# --- lines -----------------------------------------------------------------------------------------


def _lines(entries: list[Entry], last: str = "") -> Iterator[bytes]:
    """Lines that go on after one with this digest."""
    for entry in entries:
        point = None if entry.point is None else asdict(entry.point)
        values: dict[str, Any]
        if entry.report is None:
            values = {"kind": "point", **(point or {})}
        else:
            values = {"kind": "epoch", **vars(entry.report), "point": point}
        line = sealed(values, after=last) + b"\n"
        yield line
        last = _digest_in(line)


def _digest_in(line: bytes) -> str:
    return line[-67:-3].decode("latin-1")


def _entry(values: dict[str, Any]) -> Entry:
    """The entry of a line; one without a kind is a report, or a point, of an earlier version."""
    kind = values.pop("kind", "point" if "step" in values else "epoch")
    if kind == "point":
        return Entry(point=_point(values))
    if kind != "epoch":
        raise ValueError(f"kind is {kind!r}"[:80])
    point = values.pop("point", None)
    return Entry(_report(values), None if point is None else _point(point))


def _report(values: dict[str, Any]) -> EpochReport:
    report = EpochReport(**values)
    for name, value in vars(report).items():
        may_be_none = name.startswith("validation")
        _check(name, value, whole=name in ("epoch", "epochs"), may_be_none=may_be_none)
    return report


def _point(values: Any) -> Point:
    if type(values) is not dict or type(values.get("layers")) is not list:
        raise ValueError("it is no point of a training")
    point = Point.of(values)
    for name, value in vars(point).items():
        if name == "whole":
            if type(value) is not bool:
                raise ValueError(f"whole is {value!r}"[:80])
        elif name != "layers":
            may_be_none = name == "cost" or name.startswith("validation")
            _check(name, value, whole=name == "step", may_be_none=may_be_none)
            if value is not None and not (isfinite(value) and value >= 0):
                raise ValueError(f"{name} is {value!r}"[:80])
    for layer in point.layers:
        for name, value in vars(layer).items():
            _check(name, value, whole=name == "number", may_be_none=False)
    return point


def _check(name: str, value: Any, *, whole: bool, may_be_none: bool) -> None:
    number = type(value) is int or (type(value) is float and not whole)
    if not number and not (value is None and may_be_none):
        raise ValueError(f"{name} is {value!r}"[:80])


# --- files -----------------------------------------------------------------------------------------


def read_history(path: Path) -> list[Entry]:
    """What a log holds; what a crash has cut short at its end is left out.

    Raises
    ------
    ModelFileError
        If it cannot be read, or a line of it is damaged.
    """
    try:
        return _strict(path, _content(path))
    except FileNotFoundError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror}") from None


def readable_history(path: Path) -> tuple[list[Entry], str]:
    """What can be read of a log, and a sentence on what cannot, or no text."""
    try:
        content = _content(path)
    except FileNotFoundError:
        return [], ""
    except ModelFileError as error:
        return [], f"{error}."
    found = list(_parsed(content))
    damaged = [number for number, entry in found if isinstance(entry, Exception)]
    if not content.endswith(b"\n") and content:
        damaged.append(len(found) + 1)
    entries = [entry for _, entry in found if isinstance(entry, Entry)]
    if not damaged:
        return entries, ""
    which = f"line {damaged[0]}" if len(damaged) == 1 else f"{len(damaged)} lines"
    return (
        entries,
        f"In {path.name}, {which} of {len(content.splitlines())} cannot be read: nothing is shown "
        f"of it.",
    )


def _content(path: Path) -> bytes:
    try:
        return read_regular(path, _MOST_BYTES, follow_links=False)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}") from None


def _kept(path: Path, epochs: int, until: int, mend: bool) -> list[Entry]:
    """What a log holds of the first epochs, and of points until a step."""
    if not epochs and not until:
        return []
    if mend:
        entries = readable_history(path)[0]
    else:
        try:
            content = _content(path)
        except FileNotFoundError:
            return []
        entries = _strict(path, content, epochs, until)
        done = [entry.report.epoch for entry in entries if entry.report is not None]
        known = not content.startswith(_POINT_OF_BEFORE)  # whose logs had points alone
        if known and (done[-1] if done else 0) < epochs:
            raise ModelFileError(
                f"{path} ends before epoch {epochs}, which its training has done: the file was "
                f"changed; {_REMEDY}"
            )
    return [entry for entry in entries if not _is_after(entry, epochs, until)]


_REMEDY = "put it right, or remove it: the log then begins with the next epoch"


def _is_after(entry: Entry, epochs: int, until: int) -> bool:
    if entry.report is not None:
        return entry.report.epoch > epochs
    return entry.point is not None and entry.point.step > until


def _strict(
    path: Path, content: bytes, epochs: int | None = None, until: int | None = None
) -> list[Entry]:
    """The entries of all lines, or of lines up to an epoch and a step."""
    entries: list[Entry] = []
    before: EpochReport | None = None
    for number, entry in _parsed(content):
        whole = epochs is not None and (before.epoch if before else 0) >= epochs
        if whole and (until is None or isinstance(entry, Exception)):
            break
        error = entry if isinstance(entry, Exception) else None
        if isinstance(entry, Entry):
            if whole and _is_after(entry, epochs or 0, until or 0):
                break
            if entry.report is not None:
                if before is not None and entry.report.epoch != before.epoch + 1:
                    error = ValueError("an epoch is missing before it")
                before = entry.report
            entries.append(entry)
        if error is not None:
            raise ModelFileError(f"{path}, line {number}: {error}; {_REMEDY}") from None
    return entries


def _parsed(content: bytes) -> Iterator[tuple[int, Entry | Exception]]:
    """Each line that was finished: its number, and its entry or what is wrong with it."""
    last: str | None = ""
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        # Of earlier versions, points were sealed one by one.
        after = "" if line.startswith(_POINT_OF_BEFORE) else last or ""
        try:
            values, digest = unsealed(line, after=after)
            if number > 1 and (digest is None) != (last is None):
                raise ValueError("the digest is missing")
            entry = _entry(values)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            yield number, error
            last = _digest_in(line + b"\n")  # as the line itself says, for the next one
        else:
            yield number, entry
            last = digest
