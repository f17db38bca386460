"""The shipped model on what it was made for: its test images, other people's digits, pages.

    python benchmarks/reading.py [--fashion FOLDER] [--number N] [--first SEED] [--model FILE] [FOLDER ...]

FOLDER holds pictures and ``labels.tsv`` (file, text, anything): one character is a single digit,
more are a page whose lines are joined by "/".  A sub-folder ``pages`` may hold the same.
``--fashion``: a folder with Fashion-MNIST's IDX files, where it cannot be downloaded.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import handwrought as hw
from handwrought.errors import HandwroughtError
from handwrought.evaluation import wilson_interval

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.reading.pages import PHOTOGRAPHS, character_errors
from tests.reading.singles import KINDS, pictures


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


def scribbles(n: int) -> np.ndarray:
    """Broken lines with 4 to 12 random corners, as they come out of the preparation."""
    from handwrought.reading.normalization import normalize_ink

    rng, out = np.random.default_rng(1), []
    for _ in range(n):
        image = Image.new("L", (112, 112), 0)
        corners = [tuple(xy) for xy in rng.integers(8, 104, (rng.integers(4, 13), 2)).tolist()]
        ImageDraw.Draw(image).line(corners, fill=255, width=int(rng.integers(4, 12)))
        out.append(normalize_ink(np.asarray(image, np.float32) / 255).pixels)
    return np.stack(out)


def of_the_data_set(reader: hw.Recognizer, fashion: str) -> None:
    test = hw.load_dataset("mnist").test
    assert test is not None
    for how, turned in (("", False), (", averaged over five rotations", True)):
        p = reader.probabilities(test.images, augmented=turned)
        confidence, right = p.max(1), p.argmax(1) == test.labels
        error = calibration_error(confidence, right)
        print(f"MNIST test{how}: {share(right)}, calibration error {error:.2%}")
    least = float(np.quantile(confidence, 0.05))
    print(f"At confidence {least:.4f}, where 95 % of them are accepted, are refused:")
    rng = np.random.default_rng(0)
    non_digits = {
        "random noise": rng.integers(0, 256, (5000, 28, 28)).astype(np.uint8),
        "scribbles": scribbles(2000),
    }
    try:
        clothes = hw.load_dataset(fashion).test
        assert clothes is not None
        non_digits["Fashion-MNIST"] = clothes.images
    except HandwroughtError as error:
        print(f"  (Fashion-MNIST could not be had: {error})")
    for name, images in non_digits.items():
        print(
            f"  {name}: {(reader.probabilities(images, augmented=True).max(1) < least).mean():.1%}"
        )


def of_scikit_learn(reader: hw.Recognizer) -> None:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        print("scikit-learn's digits need scikit-learn")
        return
    data = load_digits()
    read = reader.read_digits([image.astype(np.float32) / 16 for image in data.images])
    right = np.array([r.digit == d for r, d in zip(read, data.target, strict=True)])
    print(f"scikit-learn's 8 x 8 digits: {share(right)}")


def of_synthetic(reader: hw.Recognizer, n: int, first: int) -> None:
    """Validation digits made into pictures; not independent of each other, hence no interval."""
    print(f"Single digits, {n} validation images each:")
    for kind in KINDS:
        images, labels = pictures(kind, n)
        found = [reading.digit for reading in reader.read_digits(images)]
        print(f"  {kind}: {np.mean(found == labels):.1%}")
    print(f"Character errors on pages, {max(1, n // 20)} each:")
    for kind, make in PHOTOGRAPHS.items():
        errors = []
        for seed in range(max(1, n // 20)):
            picture, text = make(first + seed)
            errors.append(character_errors(reader.read(picture).text, text))
        print(f"  {kind}: {np.mean(errors):.1%}")


def of_folder(reader: hw.Recognizer, folder: Path) -> None:
    right, wrong, errors, characters = [], [], 0.0, 0
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
            errors += character_errors(found, expected) * len(expected)
            characters += len(expected)
            if found != expected:
                wrong.append(f"{name}: {found!r}")
    if right:
        print(f"{folder.name}, single digits: {share(np.array(right))}")
    if characters:
        print(f"{folder.name}, pages: {errors / characters:.1%} character errors of {characters}")
    for each in wrong:
        print(f"  {each}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--fashion", default="fashion-mnist", help="its IDX files' folder")
    parser.add_argument("--number", type=int, default=200, help="digits of each synthetic kind")
    parser.add_argument("--first", type=int, default=1000, help="seed of the first page of a kind")
    parser.add_argument("--model", help="by default the shipped one")
    options = parser.parse_args()
    reader = hw.Recognizer.load(options.model)
    of_the_data_set(reader, options.fashion)
    of_scikit_learn(reader)
    if options.number:
        of_synthetic(reader, options.number, options.first)
    for folder in options.folders:
        for each in (folder, folder / "pages"):
            if (each / "labels.tsv").exists():
                of_folder(reader, each)


if __name__ == "__main__":
    main()
