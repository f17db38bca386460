"""How the cost of training grows: time of an epoch and peak memory against images, width, depth.

Each point is a process of its own: 784-width-...-10, ReLU, softmax, SGD, batches of 128; the second
of two epochs is timed (the first where it takes long).  Prints a table, and draws it.

    python benchmarks/growth.py [--quick] [--plot docs/images/growth.png]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from pathlib import Path

IMAGES = [1_000, 3_000, 10_000, 30_000, 60_000, 200_000, 600_000]
WIDTHS = [32, 64, 128, 256, 512, 1024, 2048, 4096]
DEPTHS = [1, 2, 4, 8, 16]
USUAL = {"images": 60_000, "width": 256, "depth": 1}


def point(images: int, width: int, depth: int) -> dict[str, float]:
    """Measure one training in this process."""
    import numpy as np

    import handwrought as hw

    full = hw.load_dataset("mnist").full_train
    if images > len(full):
        times = -(-images // len(full))
        full = hw.Split(
            np.concatenate([full.images] * times)[:images], np.tile(full.labels, times)[:images]
        )
    net = hw.Network([784, *[width] * depth, 10], "relu", "softmax", seed=0)
    reports = hw.train(
        net, full[:images], epochs=8, batch_size=128, optimizer="sgd", learning_rate=0.01
    )
    seconds = [next(reports).seconds]
    while len(seconds) < 2 or (sum(seconds) < 2 and len(seconds) < 8):
        seconds.append(next(reports).seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "seconds": min(seconds[1:]),
        "MiB": peak / (2**20 if sys.platform == "darwin" else 2**10),
        "weights": len(net.parameters.vector),
    }


def measured(**what: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--point", json.dumps(what)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{what}: {done.stderr.strip().splitlines()[-1:]}")
    return json.loads(done.stdout)


def draw(path: Path, found: dict[str, list[tuple[int, dict[str, float]]]]) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 3, figsize=(11, 6), sharex="col", layout="constrained")
    titles = {"images": "images", "width": "neurons in the hidden layer", "depth": "hidden layers"}
    for column, (name, rows) in enumerate(found.items()):
        x = [at for at, _ in rows]
        for row, (key, label) in enumerate([("seconds", "seconds an epoch"), ("MiB", "peak MiB")]):
            ax = axes[row, column]
            y = [measure[key] for _, measure in rows]
            ax.plot(x, y, "o-", color="#1f6f8b")
            if key == "seconds":
                line = [y[-1] * at / x[-1] for at in x]
                ax.plot(x, line, ":", color="#888888", label="proportional")
                ax.set_yscale("log")
                ax.legend(frameon=False)
            else:
                ax.set_ylim(0)
            ax.set_xscale("log", base=10 if name == "images" else 2)
            ax.grid(alpha=0.3)
            if column == 0:
                ax.set_ylabel(label)
        axes[1, column].set_xlabel(titles[name])
    figure.savefig(path, dpi=120)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two small points of each")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--point", type=json.loads)
    asked = parser.parse_args()
    if asked.point:
        print(json.dumps(point(**asked.point)))
        return 0
    found = {}
    for name, values in {"images": IMAGES, "width": WIDTHS, "depth": DEPTHS}.items():
        usual = {**USUAL, "images": 2_000} if asked.quick else USUAL
        rows = [
            (v, measured(**{**usual, name: v})) for v in (values[:2] if asked.quick else values)
        ]
        found[name] = rows
        print(f"| {name} | weights | seconds an epoch | microseconds an image | peak MiB |")
        print("|---|---|---|---|---|")
        for value, at in rows:
            images = value if name == "images" else usual["images"]
            print(f"| {value:,} | {at['weights']:,} | {at['seconds']:.3f} | "
                  f"{at['seconds'] / images * 1e6:.2f} | {at['MiB']:.0f} |")  # fmt: skip
        print(flush=True)
    if asked.plot:
        draw(asked.plot, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
