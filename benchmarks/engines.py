"""Where the limits between the ways to train come from: each network by each way, plain SGD.

``sparse`` goes through one example after the other over the pixels that are not zero; ``batches``
multiplies whole batches by BLAS, with the first layer split where that helps.

    python benchmarks/engines.py [--images 20000]
"""

from __future__ import annotations

import argparse
import os
import sys

BATCHES = (10, 32, 128)
SHAPES = (
    (784, 30, 10), (784, 128, 10), (784, 256, 10), (784, 512, 10), (784, 1024, 10), (784, 2048, 10),
    (784, 64, 64, 10), (784, 128, 32, 10), (784, 128, 128, 10), (784, 256, 256, 10),
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=20_000)
    asked = parser.parse_args()
    os.environ["HANDWROUGHT_KERNELS"] = "numba"
    import handwrought as hw
    from handwrought.training.engines.sparse import SparseEngine

    split = hw.load_dataset("mnist").full_train[: asked.images]
    rule, chosen, way = SparseEngine.suits, "", True

    def suits(job):
        nonlocal chosen
        chosen = "sparse" if rule(job) else "batches"
        return way

    SparseEngine.suits = staticmethod(suits)
    print("| batch | network | sparse / batches | chosen |\n|---|---|---|---|")
    for batch_size in BATCHES:
        for sizes in SHAPES:
            net = hw.Network(sizes, "relu", "softmax", seed=0)
            seconds = {}
            for way in (True, False):
                reports = hw.train(
                    net.copy(), split, epochs=3, batch_size=batch_size, learning_rate=0.001
                )
                seconds[way] = min(report.seconds for report in reports)
            shape = "-".join(map(str, sizes))
            ratio = seconds[True] / seconds[False]
            print(f"| {batch_size} | {shape} | {ratio:.2f} | {chosen} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
