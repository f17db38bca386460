"""One's own digits: a folder that grows, one PNG a digit, in sub-folders 0 to 9.

A PNG is 28 x 28 grey pixels as the network sees them, ink bright on black, and its name begins the
SHA-256 of those pixels, so that the same digit kept twice is one file.  The sub-folder is the
label; ``index.jsonl`` beside them says for each digit where it came from.  A PNG is whole or not
there, and an index line that a crash cut short is passed over, so that nothing else is lost.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.dataset import Split
from handwrought.data.digit_files import SIDE, as_png, checked, key_of, read_png
from handwrought.errors import DataError
from handwrought.storage.atomic import write_atomically
from handwrought.storage.regular import check_regular, read_regular

__all__ = ["INDEX", "Collection"]

Array = NDArray[Any]

INDEX = "index.jsonl"
_DIGITS = range(10)


class Collection:
    """Labelled digits in a folder.

    Nothing is held in memory: several programs may add to one folder at once.  Files that are no
    PNG, and hidden ones, are passed over; a PNG that is damaged or of another size is an error
    that names it, for it was meant to be learnt.

    Parameters
    ----------
    folder : Path
        See :meth:`open`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def open(cls, folder: str | PathLike[str], *, create: bool = True) -> Collection:
        """The collection in a folder, which is made when the first digit is added.

        Parameters
        ----------
        folder : path
        create : bool
            Whether a folder that is not there, or is empty, will do.

        Raises
        ------
        DataError
            If the folder is a file, is not there, or holds other things.
        """
        path = Path(folder)
        try:
            found = sorted(p.name for p in path.iterdir() if not p.name.startswith("."))
        except FileNotFoundError:
            if create:
                return cls(path)
            raise DataError(
                f"{path} is not there: collect digits into it with handwrought collect"
            ) from None
        except OSError as error:
            raise DataError(
                f"{path} cannot be used as a folder of digits: {error.strerror}"
            ) from None
        if not any(name == INDEX or name in map(str, _DIGITS) for name in found):
            if found:
                raise DataError(
                    f"{path} holds other things ({found[0]}) and no digits: name the folder that "
                    f"handwrought collect made, or a new one"
                )
            if not create:
                raise DataError(f"{path} is empty: collect digits with handwrought collect")
        return cls(path)

    def __len__(self) -> int:
        return sum(self.counts())

    def __repr__(self) -> str:
        return f"<Collection {self.folder}: {len(self):,} digits>"

    def counts(self) -> list[int]:
        """How many there are of 0, of 1, ... of 9."""
        return [len(self._files(digit)) for digit in _DIGITS]

    def add(
        self,
        pixels: Array,
        label: int,
        *,
        source: str = "",
        box: Sequence[int] | None = None,
        reading: int | None = None,
        confidence: float | None = None,
    ) -> Path:
        """Keep a digit, safely on the disk when this returns; one kept before is only relabelled.

        Parameters
        ----------
        pixels : array of uint8, shape (28, 28)
            As a :class:`~handwrought.reading.recognizer.Reading` has them in ``normalized``.
        label : int
            What it truly is.
        source : str
            The picture that it comes from.
        box : (int, int, int, int), optional
            x, y, width and height in that picture.
        reading : int, optional
            What it was taken for, with what confidence.
        confidence : float, optional

        Returns
        -------
        Path
            Its file.

        Raises
        ------
        DataError
            If the pixels are no such array or all black, the label is no digit, or the folder
            cannot be written.
        """
        pixels = checked(pixels)
        if isinstance(label, bool) or label not in _DIGITS:
            raise DataError(f"label is {label!r}: it must be a whole number from 0 to 9")
        name = f"{key_of(pixels)}.png"
        path = self.folder / str(int(label)) / name
        before = self.label_of(pixels)
        origin = {
            "source": source,
            "box": None if box is None else [int(side) for side in box],
            "reading": None if reading is None else int(reading),
            "confidence": None if confidence is None else round(float(confidence), 4),
        }
        try:
            # All ten, so that what reads folders by their order finds the digit's number, too.
            for digit in _DIGITS:
                (self.folder / str(digit)).mkdir(parents=True, exist_ok=True)
            if before is None:
                write_atomically(path, as_png(pixels))
            elif before != label:
                os.replace(self.folder / str(before) / name, path)
            if before != label:
                self._note(path, int(label), origin)
        except OSError as error:
            raise DataError(
                f"{path} cannot be written ({error.strerror}): name another folder"
            ) from None
        return path

    def label_of(self, pixels: Array) -> int | None:
        """The label under which these pixels are kept; None where they are not."""
        name = f"{key_of(checked(pixels))}.png"
        return next((d for d in _DIGITS if (self.folder / str(d) / name).exists()), None)

    def remove(self, pixels: Array) -> None:
        """Keep these pixels no longer; nothing happens where they are not kept."""
        label = self.label_of(pixels)
        if label is not None:
            path = self.folder / str(label) / f"{key_of(pixels)}.png"
            path.unlink(missing_ok=True)
            self._note(path, None, {})

    def records(self) -> list[dict[str, Any]]:
        """The index, a line each, oldest first; what is no whole line is passed over.

        ``file``, ``source``, ``box``, ``reading``, ``confidence``, ``label`` and ``time``; of one
        that was removed ``file``, ``label`` (None) and ``time``.
        """
        try:
            content = read_regular(self.folder / INDEX, 1 << 30)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise DataError(f"{self.folder / INDEX} cannot be read: {error.strerror}") from None
        found = []
        for line in content.decode("utf-8", "replace").splitlines():
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict) and "file" in record:
                found.append(record)
        return found

    def split(self, held_out: float = 0.25, seed: int = 0) -> tuple[Split, Split]:
        """The digits to learn, and those held out to measure by.

        On which side a digit falls follows from its pixels and the seed alone: it stays there
        whatever else is added, relabelled or renamed.

        Parameters
        ----------
        held_out : float
            Share held out, about; from 0 to 1.
        seed : int

        Raises
        ------
        DataError
            If a PNG is damaged, of another size, or dark on white; if one digit has two labels.
        """
        if not 0 <= held_out <= 1:
            raise DataError(f"held_out is {held_out!r}: it must lie from 0 to 1")
        found: dict[str, tuple[Array, int, Path]] = {}
        for label in _DIGITS:
            for path in self._files(label):
                pixels = read_png(path)
                other = found.setdefault(key_of(pixels), (pixels, label, path))
                if other[1] != label:
                    raise DataError(
                        f"{other[2]} and {path} are the same digit with two labels: "
                        f"delete the wrong one"
                    )
        sides: tuple[list[str], list[str]] = ([], [])
        for key in sorted(found):
            sides[_place(key, seed) < held_out].append(key)
        training, held = (
            Split(
                np.array([found[key][0] for key in keys], np.uint8).reshape(-1, SIDE, SIDE),
                np.array([found[key][1] for key in keys], np.int64),
                10,
                f"{self.folder.name} {what}",
            )
            for keys, what in zip(sides, ("training", "held out"), strict=True)
        )
        return training, held

    def _files(self, label: int) -> list[Path]:
        folder = self.folder / str(label)
        try:
            return sorted(
                p
                for p in folder.iterdir()
                if p.suffix.lower() == ".png" and not p.name.startswith(".")
            )
        except FileNotFoundError:
            return []
        except OSError as error:
            raise DataError(f"{folder} cannot be read as a folder: {error.strerror}") from None

    def _note(self, path: Path, label: int | None, origin: dict[str, Any]) -> None:
        """A line at the end of the index, on the disk before this returns."""
        name = path.relative_to(self.folder).as_posix()
        time = datetime.now(UTC).isoformat(timespec="seconds")
        record = {"file": name, **origin, "label": label, "time": time}
        index = self.folder / INDEX
        line = (json.dumps(record) + "\n").encode()
        check_regular(index)
        with index.open("ab+") as file:
            if file.tell():  # a line that a crash cut short must not swallow this one
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    line = b"\n" + line
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


def _place(key: str, seed: int) -> float:
    """From 0 to 1, evenly: where the digit stands in the order by which some are held out."""
    return int(hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()[:8], 16) / 2**32
