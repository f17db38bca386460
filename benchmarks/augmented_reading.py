"""What it brings to average a model's opinion over an image moved or turned, and what it costs.

    python benchmarks/augmented_reading.py [MODEL] [--images N]

On the validation images, and on scikit-learn's 8 x 8 digits, which no model here was trained on.
"""

from __future__ import annotations

import argparse
import time
from itertools import product

import numpy as np
from sklearn.datasets import load_digits

import handwrought as hw
from handwrought.data.test_time_augmentation import ROTATIONS
from handwrought.imaging.conversion import to_uint8
from handwrought.imaging.sampling import affine, rotate

_ROUNDS = 5


def turned(degrees: tuple[float, ...]) -> list:
    return [lambda x, by=by: rotate(x, by) for by in (0.0, *degrees)]


def moved(pixels: float) -> list:
    places = product((-pixels, 0.0, pixels), repeat=2)
    return [lambda x, by=by: affine(x, np.eye(2), by) for by in places]


WAYS = {
    "as they are": turned(()),
    "nine shifts by 1 pixel": moved(1.0),
    "nine shifts by 0.7 pixels": moved(0.7),
    "turned by 4 degrees": turned((-4.0, 4.0)),
    "turned by 8 degrees": turned((-8.0, 8.0)),
    "turned by 12 degrees": turned((-12.0, 12.0)),
    "turned by 6 and 12 degrees": turned(ROTATIONS),
}


def opinion(reader: hw.Recognizer, images: np.ndarray, ways: list) -> np.ndarray:
    floats = images * np.float32(1 / 255)
    seen = [reader.probabilities(to_uint8(way(floats))) for way in ways]
    return np.exp(np.mean([np.log(np.maximum(p, 1e-30)) for p in seen], axis=0))


def main(model: str | None, n: int) -> None:
    reader = hw.Recognizer.load(model, test_time_augmentation=False)
    split = hw.load_dataset("mnist").validation
    assert split is not None
    validation, labels = split.images[:n], split.labels[:n]
    digits = load_digits()
    pictures = [image.astype(np.float32) / 16 for image in digits.images]
    prepared = np.stack([each.normalized for each in reader.read_digits(pictures)])
    print("| | mean cost, validation | misread | of scikit-learn's 1,797 |\n|---|---|---|---|")
    for name, ways in WAYS.items():
        p = opinion(reader, validation, ways)
        p /= p.sum(axis=1, keepdims=True)
        of_label = np.maximum(p[np.arange(len(p)), labels], 1e-30)
        wrong = int((p.argmax(axis=1) != labels).sum())
        theirs = int((opinion(reader, prepared, ways).argmax(axis=1) != digits.target).sum())
        print(f"| {name} | {-np.log(of_label).mean():.4f} | {wrong} | {theirs} |", flush=True)
    both = [reader, hw.Recognizer.load(model)]
    ratios = []
    for _ in range(_ROUNDS):
        taken = []
        for each in both:
            start = time.perf_counter()
            each.read_digits(pictures[:500])
            taken.append(time.perf_counter() - start)
        ratios.append(taken[1] / taken[0])
    print(f"Reading takes {np.median(ratios):.2f} times as long, turned by 6 and 12 degrees.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", help="by default the shipped one")
    parser.add_argument("--images", type=int, default=10_000, help="of the validation images")
    options = parser.parse_args()
    main(options.model, options.images)
