"""What the settings of recipe ``record`` are worth, on a smaller network and the validation images.

    python benchmarks/record.py [--epochs 24] [--images 50000] [--hidden 1024,768,512] [--row TEXT]...

Each row changes the row before it or goes back to the best so far; two to four minutes a row.
``--row`` chooses the rows whose name holds a text.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import numpy as np

import handwrought as hw
from handwrought.committee import Committee
from handwrought.data.augmentation import Augmentation
from handwrought.data.representations import n_features
from handwrought.model import Model

COMMON: dict[str, Any] = {
    "batch_size": 256, "optimizer": "adamw", "learning_rate": 0.0012, "weight_decay": 0.02,
    "schedule": "cosine", "warm_up": 0.02, "backprop_fraction": 0.3,
    "anneal_augmentation": 0.12, "ema_decay": 0.9995,
}  # fmt: skip
STRONG = Augmentation(
    shift=1, rotation=11, scale=0.12, shear=11, elastic=1.3, elastic_sigma=4.2, thickness=0.5
)
HALF = replace(STRONG, rotation=7, shear=6)
GENTLE = replace(STRONG, rotation=6, scale=0.1, shear=6, elastic=1.0, thickness=0.35)
GENTLER = replace(
    STRONG,
    shift=0.7,
    rotation=5,
    scale=0.08,
    shear=4,
    elastic=0.8,
    elastic_sigma=4.5,
    thickness=0.25,
)
ROWS: dict[str, tuple[str, Augmentation, dict[str, Any]]] = {
    "dropout 0.1, as they are": ("as-is", STRONG, {"dropout": 0.1}),
    "no dropout": ("as-is", STRONG, {}),
    "no dropout, twice the learning rate": ("as-is", STRONG, {"learning_rate": 0.0024}),
    "no dropout, upright": ("upright", STRONG, {}),
    "no dropout, upright, half the rotation and shear": ("upright", HALF, {}),
    "no dropout, strokes, half the rotation and shear": ("strokes", HALF, {}),
    "no dropout, strokes, all changes gentler": ("strokes", GENTLE, {}),
    "no dropout, strokes, gentler still": ("strokes", GENTLER, {}),
}


def row(
    data: hw.Dataset, hidden: list[int], epochs: int, view: str, change: Augmentation, more: Any
) -> list[tuple[float, float]]:
    """Mean cost and accuracy on the validation images, as they are and over nine shifts."""
    assert data.validation is not None
    n_inputs = n_features((28, 28), view)
    network = hw.Network([n_inputs, *hidden, 10], "relu", "softmax", seed=0)
    settings = {**COMMON, **more, "epochs": epochs, "augmentation": change, "seed": 0}
    for _ in hw.train(network, data.train, representation=view, **settings):
        pass
    labels, found = data.validation.labels, []
    for shifts in (0, 1):
        p = Committee([Model(network, view)]).outputs(data.validation.images, shifts)
        cost = -np.log(np.maximum(p[np.arange(len(labels)), labels], 1e-12)).mean()
        found.append((float(cost), float((p.argmax(axis=1) == labels).mean())))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--hidden", default="1024,768,512")
    parser.add_argument("--row", action="append", default=[])
    asked = parser.parse_args()
    data = hw.load_dataset("mnist")
    data = replace(data, train=data.train[: asked.images])
    hidden = [int(n) for n in asked.hidden.split(",")]
    print("| | mean cost | right | right over nine shifts |\n|---|---|---|---|")
    rows = {n: r for n, r in ROWS.items() if any(t in n for t in asked.row or [""])}
    for name, (view, change, more) in rows.items():
        (cost, right), (_, shifted) = row(data, hidden, asked.epochs, view, change, more)
        print(f"| {name} | {cost:.4f} | {right:.2%} | {shifted:.2%} |", flush=True)


if __name__ == "__main__":
    main()
