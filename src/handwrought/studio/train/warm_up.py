"""Compiled code that a first training would wait for, made ready while nobody waits.

Numba compiles its functions when they are first called, some ten seconds' work in all, and keeps
them in a cache on the disk.  ``python -m handwrought.studio.train.warm_up`` calls each of them once, as
the lowest of all processes, by training two networks that are as small as its engines take.
"""

from __future__ import annotations

import os
import subprocess
import sys

from handwrought.kernels import wanted

__all__ = ["begin", "main"]

_MANY = 10**9
"""Examples: more than enough for compiled code to be worth it."""


def begin() -> subprocess.Popen[bytes] | None:
    """Begin in a process of its own; None where trainings use no compiled code."""
    from handwrought.studio.train.run_process import environment

    if not wanted(_MANY):
        return None
    return subprocess.Popen(
        [sys.executable, "-m", "handwrought.studio.train.warm_up"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=environment(), start_new_session=True,
    )  # fmt: skip


def main() -> None:
    """Compile what trainings may use."""
    import numpy as np

    from handwrought.data.dataset import Split
    from handwrought.nn.network import Network
    from handwrought.training.train import train

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (64, 28, 28), np.uint8)
    images[:, :, :22] = 0  # mostly black, as the engines want it
    images[::16] //= 2
    split = Split(images, rng.integers(0, 10, 64).astype(np.uint8), 10, "noise")
    narrow = Network([784, 4, 10], "sigmoid", "quadratic", seed=0)
    wide = Network([784, 64, 10], "relu", "softmax", seed=0)
    for network, optimizer in ((narrow, "sgd"), (wide, "adam")):
        for _ in train(network, split, epochs=1, batch_size=32, optimizer=optimizer):
            pass


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(19)
    os.environ["HANDWROUGHT_KERNELS"] = "numba"
    main()
