"""Reading: pictures of digits and of pages in, digits with their confidence out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.representations import n_features
from handwrought.data.test_time_augmentation import rotations
from handwrought.errors import DataError, ModelFileError
from handwrought.floating_point import with_default_errstate
from handwrought.imaging.sampling import shift_rows
from handwrought.model import Model
from handwrought.nn.network import Network
from handwrought.reading.normalization import Normalized, normalize_ink
from handwrought.reading.pictures import Picture, open_picture
from handwrought.reading.segmentation import Glyph, find_lines
from handwrought.reading.single import candidates

__all__ = ["Page", "Reading", "Recognizer", "check_reads_digits", "shipped_model", "turned_box"]

Array = NDArray[Any]
Box = tuple[int, int, int, int]

_SURE = 0.5
"""Confidence below which a page shows a question mark."""
_NON_DIGIT = 0.25
"""Confidence below which ink on a page is no digit: ten equal shares are 0.1 each."""
_CERTAIN = 0.9
_LEAST, _LONG = 3, 5
"""Digits of such confidence, so many side by side, that are a number although a word stands close:
if they stand apart from it, and even if they do not."""
_WORD = 5
"""Signs of a word, a few of which look like digits; fewer may be a number beside a scribble."""
_HARD, _EASY, _EASIER = -0.12, -0.16, 0.35
"""Mean of ln confidence below which a page may lie on its side; above which the turned page must come,
and to what part of its own, to be taken."""
_FEW, _MANY = 4, 300
"""Signs of a page that tell which way up it is, and how many there is time to read four times."""
_ONE = 32
"""Pixels of a picture too small for more than one digit."""
_STROKES = 4
"""Components that one digit, drawn with a stuttering pen, may have fallen into."""
_BETTER = 0.15
"""How much surer the network must be of a less likely way to see a picture."""
_BAR, _LEAN = 8, 0.08
"""Columns of ink of a bar, at most; and how far it is made to lean where it is not read for certain."""
_SPACE = 0.7
"""Gap, in digit heights, that parts words and numbers."""
_APART = 0.15
"""By how much more than its own gaps a short number stands apart from a word."""


def shipped_model() -> Path:
    """The model that comes with the package."""
    return Path(__file__).parent / "weights" / "shipped.safetensors"


@dataclass(frozen=True, eq=False)
class Reading:
    """One digit as it was read.

    Attributes
    ----------
    digit : int or None
        None where the picture holds no ink.
    confidence : float
        Calibrated probability of the digit, 0 to 1.
    probabilities : array, shape (10,)
    normalized : array of uint8, shape (28, 28)
        What the network saw.
    box : (int, int, int, int) or None
        x, y, width and height of its ink in the picture.
    refused : bool
        Whether the confidence is below the recognizer's threshold.
    """

    digit: int | None
    confidence: float
    probabilities: Array
    normalized: Array
    box: tuple[int, int, int, int] | None
    refused: bool

    @property
    def text(self) -> str:
        """The digit, "?" where it was refused, nothing where there was no ink."""
        if self.digit is None:
            return ""
        return "?" if self.refused else str(self.digit)

    @property
    def alternatives(self) -> list[tuple[int, float]]:
        """Digits and their probabilities, the likeliest first."""
        return [(int(d), float(self.probabilities[d])) for d in np.argsort(-self.probabilities)]


@dataclass(frozen=True, eq=False)
class Page:
    """A page as it was read.

    Attributes
    ----------
    lines : list of list of Reading
        From top to bottom, each from left to right.
    others : list of Reading
        Ink of a digit's size that is none: letters of a word, scribbles.
    turned : int
        Degrees, clockwise, by which the picture was turned to be read: 0, 90, 180 or 270.  Boxes are
        in the picture as it was given.
    """

    lines: list[list[Reading]] = field(default_factory=list)
    others: list[Reading] = field(default_factory=list)
    turned: int = 0

    @property
    def digits(self) -> list[Reading]:
        """All digits in reading order."""
        return [reading for line in self.lines for reading in line]

    @property
    def text(self) -> str:
        """The lines, joined by newlines."""
        return "\n".join("".join(reading.text for reading in line) for line in self.lines)


class Recognizer:
    """Reads digits with a trained network.

    Parameters
    ----------
    model : Model or Network
        From what its representation makes of 28 x 28 pixels to 10 classes, the digits.
    threshold : float
        Confidence below which a digit is refused.
    test_time_augmentation : bool
        Whether each digit is read five times, as it is and turned by 6 and 12 degrees either way, and
        the mean of ln p believed.  It costs little beside finding the digit, and is right more often
        (``python benchmarks/test_time_augmentation.py``); without it, confidence is what the network says of
        :attr:`Reading.normalized`.
    """

    def __init__(
        self,
        model: Network | Model,
        *,
        threshold: float = _SURE,
        test_time_augmentation: bool = True,
    ) -> None:
        self.model = Model.of(model)
        self.threshold = threshold
        self.test_time_augmentation = test_time_augmentation
        check_reads_digits("the model", self.model)

    @classmethod
    def load(
        cls, path: str | PathLike[str] | None = None, *, test_time_augmentation: bool = True
    ) -> Recognizer:
        """The recognizer of a model file; of the shipped model if none is named."""
        model = Model.load(path if path is not None else shipped_model())
        return cls(model, test_time_augmentation=test_time_augmentation)

    def read_digit(self, image: Any) -> Reading:
        """One digit: a path, bytes, Pillow image or array, of any size, colour and polarity."""
        return self.read_digits([image])[0]

    @with_default_errstate
    def read_digits(self, images: Sequence[Any]) -> list[Reading]:
        """Each picture as one digit."""
        if isinstance(images, np.ndarray) and not images.ndim:
            raise DataError("images is one number: give several pictures, (n, height, width)")
        prepared: list[Normalized] = []
        counts, scales = [], []
        for image in images:
            opened = open_picture(image)
            seen = candidates(opened.pixels)
            prepared += seen
            counts.append(len(seen))
            scales.append(opened.scale)
        readings = iter(self._read(prepared))
        found = []
        for count, scale in zip(counts, scales, strict=True):
            ways = [next(readings) for _ in range(count)]
            found.append(_scaled(_chosen(ways), scale))
        return found

    @with_default_errstate
    def read(self, image: Any) -> Page:
        """A page: all digits on it, line by line.

        One that lies on its side or on its head, without its camera saying so, is turned if it is
        hard to read as it is and easy then; see :attr:`Page.turned`.
        """
        opened = open_picture(image)
        if max(opened.pixels.shape[:2]) <= _ONE:
            reading = self.read_digits([opened])[0]
            return Page([[reading]] if reading.digit is not None else [])
        page = self._page(opened)
        page = self._one_digit(opened, page) or page
        n = len(page.digits) + len(page.others)
        ease = _ease(page)
        if not _FEW <= n <= _MANY or ease > _HARD:
            return page
        turned = [self._turned(opened, quarters) for quarters in (1, 2, 3)]
        best = max(turned, key=_ease)
        easier = _ease(best) > max(_EASY, _EASIER * ease) and len(best.digits) >= _FEW
        return best if easier else page

    def _turned(self, opened: Picture, quarters: int) -> Page:
        """The page as it reads when turned clockwise, with its boxes where they were."""
        pixels = np.ascontiguousarray(np.rot90(opened.pixels, -quarters))
        page, shape = self._page(Picture(pixels)), pixels.shape[:2]

        def back(reading: Reading) -> Reading:
            box = reading.box and turned_box(reading.box, shape, 4 - quarters)
            return _scaled(replace(reading, box=box), opened.scale)

        lines = [[back(reading) for reading in line] for line in page.lines]
        return Page(lines, [back(reading) for reading in page.others], 90 * quarters)

    def _page(self, opened: Picture) -> Page:
        lines = find_lines(opened.pixels, self._likelihood)
        readings = iter(self._read([_prepared(each) for line in lines for each in line]))
        kept, others = [], []
        for line in lines:
            found = [_scaled(next(readings), opened.scale) for _ in line]
            digits = without_words(found)
            kept.append(digits)
            others += [reading for reading in found if reading not in digits]
        return Page([line for line in kept if line], others)

    def _one_digit(self, opened: Picture, page: Page) -> Page | None:
        """The page as one digit whose strokes do not meet, if that reads better than its parts."""
        parts = [reading.box for reading in page.digits if reading.box is not None]
        if not 2 <= len(parts) <= _STROKES:
            return None
        whole = self.read_digits([opened])[0]
        tallest = max(box[3] for box in parts)
        if whole.box is None or max(whole.box[2] / 1.15, whole.box[3] / 2.2) > tallest:
            return None
        covered = all(_within(part, whole.box) for part in parts)
        least = min(reading.confidence for reading in page.digits)
        if not covered or whole.refused or whole.confidence < least:
            return None
        return Page([[whole]])

    @with_default_errstate
    def probabilities(self, pixels: Array, *, augmented: bool = False) -> Array:
        """Calibrated probabilities (n, 10) of normalized images, uint8 (n, 28, 28).

        With ``augmented``, they are read as they are and rotated
        (:func:`handwrought.data.test_time_augmentation.rotations`), and the mean of ln p is believed.
        """
        if pixels.shape[1:] != (28, 28):
            raise DataError(f"pixels has shape {pixels.shape}: give normalized images, (n, 28, 28)")
        if not augmented:
            return self.model.probabilities(pixels)
        logs = [
            np.log(np.maximum(self.model.probabilities(each), 1e-30)) for each in rotations(pixels)
        ]
        p = np.exp(np.mean(logs, axis=0))
        return np.asarray(p / p.sum(axis=1, keepdims=True))

    def _likelihood(self, components: Sequence[Array]) -> Array:
        """How digit-like each map of ink is: the probability of its likeliest digit."""
        if not components:
            return np.zeros(0)
        pixels = np.stack([normalize_ink(component).pixels for component in components])
        return np.asarray(self.probabilities(pixels).max(axis=1))

    def _read(self, prepared: Sequence[Normalized]) -> list[Reading]:
        if not prepared:
            return []
        pixels = np.stack([each.pixels for each in prepared])
        probabilities = self.probabilities(pixels, augmented=self.test_time_augmentation)
        again = np.flatnonzero((probabilities.max(axis=1) < _CERTAIN) & _are_bars(pixels))
        if len(again):
            pixels[again] = _leaning(pixels[again])
            probabilities[again] = self.probabilities(
                pixels[again], augmented=self.test_time_augmentation
            )
        found = []
        for each, seen, p in zip(prepared, pixels, probabilities, strict=True):
            if each.box is None:
                found.append(Reading(None, 0.0, np.full(10, 0.1), seen, None, True))
                continue
            digit = int(p.argmax())
            sure = float(p[digit])
            found.append(Reading(digit, sure, p, seen, each.box, sure < self.threshold))
        return found


def check_reads_digits(name: str, model: Model) -> None:
    """Refuse a model that does not read digits.

    Raises
    ------
    ModelFileError
        If it is not from what its representation makes of 28 x 28 pixels to the ten digits.
    """
    n_inputs, names = n_features((28, 28), model.representation), model.given_names
    if (model.network.n_inputs, model.network.n_outputs) != (n_inputs, 10):
        raise ModelFileError(
            f"{name} takes {model.network.n_inputs} numbers to {model.network.n_outputs}: reading "
            f"digits needs one from {n_inputs} to 10"
        )
    if names is not None:
        raise ModelFileError(
            f"{name} tells {', '.join(names[:3])}, ... apart and reads no digits: take a model "
            f"whose classes are 0 to 9"
        )


def _are_bars(pixels: Array) -> Array:
    """Which images hold nothing but an upright bar: ink in a few columns."""
    inked = pixels.any(axis=1).sum(axis=1)
    return np.asarray((inked > 0) & (inked <= _BAR))


def _leaning(pixels: Array) -> Array:
    """The images leaning by a degree or two, as no ruler but every hand has it: a bar upright to the
    pixel looks to the network like an edge that was cut, and it is less certain of a 1."""
    middle = (pixels.shape[1] - 1) / 2
    moves = np.round((middle - np.arange(pixels.shape[1])) * _LEAN).astype(int)
    return np.stack([shift_rows(image, moves) for image in pixels])


def _prepared(found: Glyph) -> Normalized:
    normalized = normalize_ink(found.amount)
    return replace(normalized, box=found.box)


def _chosen(ways: Sequence[Reading]) -> Reading:
    """Of several ways to see a picture the first, unless the network knows another far better."""
    best = max(ways, key=lambda reading: reading.confidence)
    return best if best.confidence > ways[0].confidence + _BETTER else ways[0]


def turned_box(box: Box, shape: tuple[int, int], quarters: int) -> Box:
    """Where a box (x, y, width, height) of a picture (height, width) lies once it has been turned
    clockwise, so many times by 90 degrees."""
    height, width = shape
    for _ in range(quarters):
        x, y, wide, high = box
        box, height, width = (height - y - high, x, high, wide), width, height
    return box


def _ease(page: Page) -> float:
    """How easily a page reads, at most 0: the mean of ln confidence."""
    sure = [reading.confidence for reading in page.digits + page.others]
    return float(np.log(np.array(sure) + 1e-3).mean()) if sure else -np.inf


def _scaled(reading: Reading, scale: float) -> Reading:
    """With its box in the pixels of the file and not of the reduced picture."""
    if reading.box is None or scale == 1:
        return reading
    x, y, width, height = (round(side * scale) for side in reading.box)
    return replace(reading, box=(x, y, max(1, width), max(1, height)))


def without_words(line: list[Reading]) -> list[Reading]:
    """A line's digits: without runs of neighbours that are words most likely, and without ink of
    which the network knows nothing at all."""
    kept: list[Reading] = []
    run: list[Reading] = []
    for reading in line:
        if run and _gap(run[-1], reading) > _SPACE:
            kept += _numbers(run)
            run = []
        run.append(reading)
    kept += _numbers(run)
    return [reading for reading in kept if reading.confidence >= _NON_DIGIT]


def _numbers(run: list[Reading]) -> list[Reading]:
    """A run, or where it is a word, the numbers close to it: stretches of digits beyond doubt."""
    if _is_number(run):
        return run
    kept: list[Reading] = []
    start = 0
    for sure, stretch in groupby(run, lambda reading: reading.confidence >= _CERTAIN):
        n = len(list(stretch))
        if sure and (n >= _LONG or (n >= _LEAST and _stands_apart(run, start, start + n))):
            kept += run[start : start + n]
        start += n
    return kept


def _stands_apart(run: list[Reading], start: int, end: int) -> bool:
    """Whether a stretch of a run is farther from what is beside it than its own digits are from
    each other: "tot" within "total" is not."""
    gaps = [_gap(one, other) for one, other in pairwise(run)]
    beside = gaps[max(start - 1, 0) : start] + gaps[end - 1 : end]
    return min(beside, default=np.inf) > max(gaps[start : end - 1], default=0.0) + _APART


def _within(part: Box, whole: Box) -> bool:
    """Whether most of one box lies within another."""
    x = min(part[0] + part[2], whole[0] + whole[2]) - max(part[0], whole[0])
    y = min(part[1] + part[3], whole[1] + whole[3]) - max(part[1], whole[1])
    return x > 0.8 * part[2] and y > 0.8 * part[3]


def _gap(one: Reading, other: Reading) -> float:
    """Space between two boxes in a line, in digit heights."""
    if one.box is None or other.box is None:
        return 0.0
    x = other.box[0] - one.box[0] - one.box[2]
    y = max(one.box[1], other.box[1]) - min(one.box[1] + one.box[3], other.box[1] + other.box[3])
    return max(x, y) / max(one.box[3], other.box[3])


def _is_number(run: list[Reading]) -> bool:
    n = len(run)
    non_digits = sum(reading.confidence < _NON_DIGIT for reading in run)
    doubtful = sum(reading.confidence < _CERTAIN for reading in run)
    if n >= _WORD and non_digits and (non_digits >= 0.3 * n or doubtful >= 0.4 * n):
        return False
    return n < 2 or 2 * sum(reading.refused for reading in run) <= n
