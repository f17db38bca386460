"""Draw digits and the maps of their strokes' directions, for the docs.

python tools/strokes_picture.py docs/images/strokes.png
"""

from __future__ import annotations

import sys

import matplotlib
import numpy as np

import handwrought as hw
from handwrought.data.representations import represent
from handwrought.data.strokes import stroke_maps

DIGITS = (3, 7, 8)
WAYS = ("right", "lower right", "bottom", "lower left", "left", "upper left", "top", "upper right")


def main() -> None:
    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    split = hw.load_dataset("mnist").train
    chosen = [int(np.flatnonzero(split.labels == k)[2]) for k in DIGITS]
    upright = represent(split.images[chosen], "upright")
    maps = stroke_maps(upright).reshape(len(chosen), 2, 14, 4, 14)
    maps = maps.transpose(0, 1, 3, 2, 4).reshape(len(chosen), 8, 14, 14)
    titles = ["as written", "upright", *(f"towards\n{way}" for way in WAYS)]
    figure, axes = plt.subplots(len(chosen), 10, figsize=(10, 1.1 * len(chosen) + 0.4))
    for row, (image, straight, own) in enumerate(
        zip(split.images[chosen], upright, maps, strict=True)
    ):
        for column, (ax, picture) in enumerate(
            zip(axes[row], [image, straight, *own], strict=True)
        ):
            most = 255 if column < 2 else maps.max()
            ax.imshow(most - picture.astype(float), cmap="gray", vmin=0, vmax=most)
            ax.set_xticks([])
            ax.set_yticks([])
            if row == 0:
                ax.set_title(titles[column], fontsize=8)
    figure.tight_layout(pad=0.4)
    figure.savefig(sys.argv[1], dpi=90)


if __name__ == "__main__":
    main()
