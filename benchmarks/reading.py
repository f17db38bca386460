"""The shipped model on what it was made for: its test images, other people's digits, pages.

    python benchmarks/reading.py [FOLDER]

FOLDER holds pictures and ``labels.tsv`` (file, text, anything): one character is a single digit,
more are a page whose lines are joined by "/".  A sub-folder ``pages`` may hold the same.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import handwrought as hw
from handwrought.errors import HandwroughtError
from handwrought.evaluation import wilson_interval


def calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error (Guo et al. 2017, section 2)."""
    at = np.minimum((confidence * bins).astype(int), bins - 1)
    return float(
        sum(
            abs(confidence[at == b].mean() - right[at == b].mean()) * (at == b).mean()
            for b in np.unique(at)
        )
    )


def share(right: np.ndarray) -> str:
    low, high = wilson_interval(int(right.sum()), len(right))
    return f"{right.mean():.2%} of {len(right):,} (95 % interval {low:.2%} to {high:.2%})"


def edits(found: str, expected: str) -> int:
    row = list(range(len(expected) + 1))
    for i, a in enumerate(found, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(expected, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def main() -> None:
    reader = hw.Recognizer.load()
    test = hw.load_dataset("mnist").test
    assert test is not None
    p = reader.probabilities(test.images)
    confidence, right = p.max(1), p.argmax(1) == test.labels
    print(
        f"MNIST test: {share(right)}, calibration error {calibration_error(confidence, right):.2%}"
    )
    least = float(np.quantile(confidence, 0.05))
    print(f"At confidence {least:.4f}, where 95 % of them are accepted, are refused:")
    rng = np.random.default_rng(0)
    strangers = {"random noise": rng.integers(0, 256, (5000, 28, 28)).astype(np.uint8)}
    try:
        fashion = hw.load_dataset("fashion-mnist").test
        assert fashion is not None
        strangers["Fashion-MNIST"] = fashion.images
    except HandwroughtError as error:
        print(f"  (Fashion-MNIST could not be had: {error})")
    for name, images in strangers.items():
        print(f"  {name}: {(reader.probabilities(images).max(1) < least).mean():.1%}")
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        print("scikit-learn's digits need scikit-learn")
    else:
        data = load_digits()
        read = reader.read_digits([image.astype(np.float32) / 16 for image in data.images])
        right = np.array([r.digit == d for r, d in zip(read, data.target, strict=True)])
        print(f"scikit-learn's 8 x 8 digits: {share(right)}")
    for folder in (Path(sys.argv[1]), Path(sys.argv[1]) / "pages") if len(sys.argv) > 1 else ():
        if (folder / "labels.tsv").exists():
            of_folder(reader, folder)


def of_folder(reader: hw.Recognizer, folder: Path) -> None:
    right, wrong, errors, characters = [], [], 0, 0
    for line in (folder / "labels.tsv").read_text(encoding="utf-8").splitlines():
        name, text, *_ = [*line.split("\t"), ""]
        if not (folder / name).is_file():
            continue
        if len(text) == 1:
            reading = reader.read_digit(folder / name)
            right.append(str(reading.digit) == text)
            if not right[-1]:
                wrong.append(f"{name}: {reading.digit}")
        else:
            found = reader.read(folder / name).text
            expected = text.replace("/", "\n").replace(" ", "")
            errors, characters = errors + edits(found, expected), characters + len(expected)
            if found != expected:
                wrong.append(f"{name}: {found!r}")
    if right:
        print(f"{folder.name}, single digits: {share(np.array(right))}")
    if characters:
        print(f"{folder.name}, pages: {errors / characters:.1%} character errors of {characters}")
    for each in wrong:
        print(f"  {each}")


if __name__ == "__main__":
    main()
