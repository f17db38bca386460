"""A writer whom the model reads badly, and what twenty to fifty labelled digits do about it.

Nobody's handwriting is used: a writer here is a fixed way of redrawing MNIST's validation images,
with a slant and habits (a slashed zero, a flagged one, a barred seven, a looped two) that MNIST's
writers lack.

    python examples/make_it_yours.py [--from MODEL] [--digits 20 50] [--epochs 3]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import handwrought as hw
from handwrought.data.collection import Collection
from handwrought.data.dataset import Split
from handwrought.data.flags import add_flags
from handwrought.imaging.pen import segment
from handwrought.imaging.sampling import sample
from handwrought.reading.normalization import normalize_ink

ROOM = 20


@dataclass(frozen=True)
class Writer:
    """A way of writing.

    Attributes
    ----------
    name : str
    slant : float
        Degrees by which uprights lean to the right; negative: to the left.
    width : float
        Width of a digit as a share of what MNIST's writers give it.
    flags, slashed, looped : bool
        Ones with flag and foot and sevens with a bar; zeros with a slash; twos with a loop.
    """

    name: str
    slant: float = 0.0
    width: float = 1.0
    flags: bool = False
    slashed: bool = False
    looped: bool = False

    def write(self, split: Split, seed: int = 0) -> Split:
        """The same digits in this hand, prepared for the network as a picture's would be."""
        rng = np.random.default_rng(seed)
        images = split.images.astype(np.float32) / 255
        if self.flags:
            images = add_flags(images, split.labels, 1.0, rng)
        images = np.pad(images, ((0, 0), (ROOM, ROOM), (ROOM, ROOM)))
        side = images.shape[1]
        y, x = np.mgrid[:side, :side].astype(np.float32)
        for image, label in zip(images, split.labels, strict=True):
            if self.slashed and label == 0:
                top, bottom, left, right = _box(image)
                stroke = (top - 1, right + 1), (bottom + 1, left - 1)
                np.maximum(image, segment(y, x, *stroke, 1.2), out=image)
            if self.looped and label == 2:
                top, bottom, left, right = _box(image)
                centre = bottom - 2.5, left + 3.0
                ring = np.abs(np.hypot(y - centre[0], x - centre[1]) - 3.5)
                np.maximum(image, np.clip(1.7 - ring, 0, 1), out=image)
        middle = (side - 1) / 2
        lean = np.float32(np.tan(np.deg2rad(self.slant)))
        columns = middle + (x - middle + lean * (y - middle)) / np.float32(self.width)
        rows, columns = (np.repeat(at[None], len(images), 0) for at in (y, columns))
        drawn = sample(images, rows.copy(), columns)
        pixels = np.stack([normalize_ink(image).pixels for image in drawn])
        return Split(pixels, split.labels, split.n_classes, self.name)


def _box(image: np.ndarray) -> tuple[float, float, float, float]:
    """Top, bottom, left and right of the ink."""
    rows, columns = np.flatnonzero(image.max(1) > 0.4), np.flatnonzero(image.max(0) > 0.4)
    return float(rows[0]), float(rows[-1]), float(columns[0]), float(columns[-1])


WRITERS = (
    Writer("leaning right", slant=42, width=0.8, flags=True, slashed=True),
    Writer("leaning left", slant=-38, flags=True, looped=True),
    Writer("upright and barred", width=1.3, flags=True, slashed=True, looped=True),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--from", dest="source", default="shipped", help="a model, or: shipped")
    parser.add_argument(
        "--digits",
        type=int,
        nargs="+",
        default=[20, 50],
        metavar="N",
        help="digits to collect, the ten kinds alike",
    )
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    validation = hw.load_dataset("mnist").validation
    assert validation is not None
    print(
        "| writer | digits collected | writer's next 1,000: before | after | MNIST test: before | after |"
    )
    print("|---|---|---|---|---|---|")
    for writer in WRITERS:
        # What the same hand writes later: never collected, and it chooses nothing.
        later = writer.write(validation[3000:4000])
        for n in options.digits:
            with TemporaryDirectory() as folder:
                digits = writer.write(each_digit(validation[2000:3000], n // 10))
                report = taught(digits, options.source, Path(folder), options.epochs)
                models = [hw.Model.load(report[name]) for name in ("from", "model")]
            read = [hw.evaluate(model, later) for model in models]
            cells = [f"{e.accuracy:.1%} ({e.interval[0]:.1%} to {e.interval[1]:.1%})" for e in read]
            cells += [f"{report[when]['test']['accuracy']:.2%}" for when in ("before", "after")]
            print(f"| {writer.name} | {n} | {' | '.join(cells)} |", flush=True)


def each_digit(split: Split, n: int) -> Split:
    """The first n of 0, of 1, ... of 9."""
    chosen = [np.flatnonzero(split.labels == digit)[:n] for digit in range(10)]
    return split[np.concatenate(chosen)]


def taught(digits: Split, source: str, folder: Path, epochs: int) -> dict[str, Any]:
    """Collect the digits, as ``handwrought collect`` does, and train on them; returns its report."""
    collection = Collection.open(folder / "digits")
    for pixels, label in zip(digits.images, digits.labels, strict=True):
        collection.add(pixels, int(label), source=digits.name)
    command = [sys.executable, "-m", "handwrought", "train", "--json", "--epochs", str(epochs)]
    command += ["--from", source, "--add", str(collection.folder), "--out", str(folder / "model")]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        sys.exit(done.stderr.decode())
    report: dict[str, Any] = json.loads(done.stdout)
    return report


if __name__ == "__main__":
    main()
