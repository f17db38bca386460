"""How many images a minute each change takes, and a picture of what it does.

    python benchmarks/augmentation.py [--plot docs/images/augmentation.png]

One core; batches of 256, as in a training.
"""

from __future__ import annotations

import argparse
from time import perf_counter

import numpy as np

import handwrought as hw
from handwrought.data.augmentation import Augmentation
from handwrought.data.outliers import KINDS, make_outliers
from handwrought.training.recipes import load_recipe

CHANGES = {
    "shift 3 pixels": Augmentation(shift=3),
    "rotation 25 degrees": Augmentation(rotation=25),
    "scale 30 %": Augmentation(scale=0.3),
    "shear 25 degrees": Augmentation(shear=25),
    "elastic 1.4 pixels, sigma 4": Augmentation(elastic=1.4),
    "thickness 1 pixel": Augmentation(thickness=1),
    "blur 1.5 pixels": Augmentation(blur=1.5),
    "noise 0.25": Augmentation(noise=0.25),
    "contrast 60 %": Augmentation(contrast=0.6),
    "cut-out 10 pixels": Augmentation(cutout=10),
    "stretch": Augmentation(stretch=1),
    "flags": Augmentation(flags=1),
}


def recipes() -> dict[str, Augmentation]:
    """The changes of the recipes that have some."""
    found = {name: load_recipe(name).augmentation for name in ("record", "shipped")}
    return {f"recipe {name}": change for name, change in found.items() if change is not None}


def per_minute(change: Augmentation, images: np.ndarray, labels: np.ndarray, batch: int) -> float:
    rng = np.random.default_rng(0)
    start, done = perf_counter(), 0
    while done < len(images) or perf_counter() - start < 0.5:
        at = np.arange(done, done + batch) % len(images)
        change(images[at], rng, labels[at])
        done += batch
    return 60 * done / (perf_counter() - start)


def plot(path: str, images: np.ndarray, labels: np.ndarray) -> None:
    """Each change on the same twelve digits, a row each."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    chosen = np.array(
        [np.flatnonzero(labels == k)[3] for k in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 7)]
    )
    rng = np.random.default_rng(1)
    rows = {"as they are": images[chosen] / 255}
    for name, change in {**CHANGES, **recipes()}.items():
        rows[name] = change(images[chosen], rng, labels[chosen])
    for name, make in KINDS.items():
        rows[f"outliers: {name}"] = np.clip(make(images, len(chosen), rng), 0, 1)
    figure, axes = plt.subplots(len(rows), 1, figsize=(9, 0.62 * len(rows)))
    for ax, (name, x) in zip(axes, rows.items(), strict=True):
        ax.imshow(1 - np.hstack(list(np.pad(x, ((0, 0), (1, 1), (2, 2))))), cmap="gray", vmin=0)
        ax.set_yticks([14], [name], fontsize=10)
        ax.set_xticks([])
        ax.tick_params(length=0)
        for side in ax.spines.values():
            side.set_visible(False)
    figure.tight_layout(pad=0.3, h_pad=0.1)
    figure.savefig(path, dpi=80, bbox_inches="tight")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", metavar="PNG")
    parser.add_argument("--images", type=int, default=10_000)
    arguments = parser.parse_args()
    data = hw.load_dataset("mnist").train[: arguments.images]
    for name, change in {**CHANGES, **recipes()}.items():
        speed = per_minute(change, data.images, data.labels, 256)
        print(f"{name:<30} {speed:12,.0f} images a minute")
    start = perf_counter()
    for i in range(8):
        make_outliers(data.images, 256, np.random.default_rng(i))
    print(f"{'outliers':<30} {60 * 8 * 256 / (perf_counter() - start):12,.0f} images a minute")
    if arguments.plot:
        plot(arguments.plot, data.images, data.labels)
        print(f"{arguments.plot} written")


if __name__ == "__main__":
    main()
