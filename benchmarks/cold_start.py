"""From a fresh process to a network that reads 97.5 % of the test images, ours against the rivals'.

Every run is a process of its own, from its first import to the measured accuracy: 784-128-10, ReLU,
softmax, Adam, batches of 128, float32, all 60,000 images.  Each rival trains with the schedule,
learning rate and number of epochs that bring it there soonest; all read the same files, whose
images lie in the system's cache.  Rivals run in turn, several rounds; medians.

    python benchmarks/cold_start.py [--rivals pytorch,jax,scikit-learn] [--rounds 5]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter

SIZES, BATCH, GOAL = (784, 128, 10), 128, 0.975


def ours() -> float:
    import handwrought as hw

    data = hw.load_dataset("mnist")
    net = hw.Network(SIZES, "relu", "softmax", seed=0)
    reports = hw.train(
        net, data.full_train, epochs=2, batch_size=BATCH, optimizer="adam", learning_rate=0.01,
        schedule="one-cycle",
    )  # fmt: skip
    for _ in reports:
        pass
    return hw.evaluate(net, data.test).accuracy


def arrays():
    """For the rivals: the files' bytes as NumPy arrays, nothing checked, nothing else imported."""
    import gzip
    from importlib.util import find_spec

    import numpy as np

    folder = Path(find_spec("handwrought").origin).parent / "data" / "files" / "mnist"

    def read(name: str, header: int) -> np.ndarray:
        return np.frombuffer(gzip.decompress((folder / name).read_bytes()), np.uint8, offset=header)

    def pair(which: str) -> tuple[np.ndarray, np.ndarray]:
        x = read(f"{which}-images-idx3-ubyte.gz", 16).reshape(-1, 784)
        return x.astype(np.float32) / np.float32(255), read(f"{which}-labels-idx1-ubyte.gz", 8)

    return *pair("train"), *pair("t10k")


def pytorch() -> float:
    import torch
    from torch.nn.functional import cross_entropy

    x, y, x_test, y_test = map(torch.from_numpy, arrays())
    y = y.long()
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10)
    )
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    steps = -(-len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 0.01, total_steps=2 * steps, cycle_momentum=False
    )
    for _ in range(2):
        for chosen in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad(set_to_none=True)
            cross_entropy(model(x[chosen]), y[chosen]).backward()
            optimizer.step()
            schedule.step()
    with torch.no_grad():
        return float((model(x_test).argmax(1) == y_test).float().mean())


def jax() -> float:
    import jax
    import jax.numpy as jnp
    import numpy as np
    from jax import lax

    x, y, x_test, y_test = arrays()
    rng = np.random.default_rng(0)
    start = [
        (rng.standard_normal((n, m), np.float32) * np.float32((2 / n) ** 0.5), np.zeros(m, "f"))
        for n, m in pairwise(SIZES)
    ]
    epochs, n = 2, len(x) // BATCH
    batches = np.stack([rng.permutation(len(x))[: n * BATCH].reshape(n, -1) for _ in range(epochs)])
    t = np.linspace(0, 1, epochs * n, dtype=np.float32)
    rates = 0.01 * np.where(
        t < 0.3, 0.04 + 0.96 * t / 0.3, (1 + np.cos(np.pi * (t - 0.3) / 0.7)) / 2
    )

    def outputs(parameters, a):
        (w, b), (w2, b2) = parameters
        return jax.nn.relu(a @ w + b) @ w2 + b2

    def cost(parameters, x, y):
        return -jnp.take_along_axis(
            jax.nn.log_softmax(outputs(parameters, x)), y[:, None], 1
        ).mean()

    each = jax.tree.map

    @jax.jit
    def train(state, x, y, batches, rates):
        def one(state, now):
            (p, m, v, t), (chosen, rate) = state, now
            g, t = jax.grad(cost)(p, x[chosen], y[chosen]), t + 1
            m = each(lambda m, g: 0.9 * m + 0.1 * g, m, g)
            v = each(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
            a, b = rate / (1 - 0.9**t), 1 / (1 - 0.999**t)
            p = each(lambda p, m, v: p - a * m / (jnp.sqrt(v * b) + 1e-8), p, m, v)
            return (p, m, v, t), None

        return lax.scan(one, state, (batches, rates))[0][0]

    zeros = each(np.zeros_like, start)
    parameters = train(
        (start, zeros, zeros, np.float32(0)), x, y.astype(np.int32),
        batches.reshape(-1, BATCH).astype(np.int32), rates.astype(np.float32),
    )  # fmt: skip
    (w, b), (w2, b2) = each(np.asarray, parameters)
    found = (np.maximum(x_test @ w + b, 0) @ w2 + b2).argmax(1)
    return float((found == y_test).mean())


def scikit_learn() -> float:
    from sklearn.neural_network import MLPClassifier

    x, y, x_test, y_test = arrays()
    net = MLPClassifier(
        SIZES[1:-1], batch_size=BATCH, alpha=0.0, learning_rate_init=0.002, random_state=0
    )
    for rate in (0.004, 0.002, 0.0005):  # it has no schedule for Adam: one by hand, an epoch each
        net.set_params(learning_rate_init=rate)
        if hasattr(net, "_optimizer"):
            net._optimizer.learning_rate_init = rate
        net.partial_fit(x, y, classes=range(10))
    return float(net.score(x_test, y_test))


RIVALS = {"handwrought": ours, "pytorch": pytorch, "jax": jax, "scikit-learn": scikit_learn}


def timed(name: str) -> tuple[float, float]:
    """Seconds from the start of a fresh process to its end, and the accuracy it printed."""
    start = perf_counter()
    done = subprocess.run(
        [sys.executable, __file__, "--run", name], capture_output=True, text=True, check=False
    )
    seconds = perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr.strip().splitlines()[-1:]}")
    return seconds, float(json.loads(done.stdout))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rivals", default="pytorch,jax,scikit-learn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--run", choices=RIVALS, help="be one of them and print the accuracy")
    asked = parser.parse_args()
    if asked.run:
        print(json.dumps(RIVALS[asked.run]()))
        return 0
    names = ["handwrought", *filter(None, asked.rivals.split(","))]
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    failed = 0
    for _ in range(asked.rounds):
        for name in list(found):
            try:
                found[name].append(timed(name))
            except RuntimeError as error:
                print(error, file=sys.stderr)
                del found[name]
                failed += 1
    if "handwrought" not in found:
        return 1
    mine = median(seconds for seconds, _ in found["handwrought"])
    print(f"### Cold start: a fresh process, import to {GOAL:.1%}\n")
    print("| | seconds (median) | ours / theirs | test accuracy |\n|---|---|---|---|")
    best = []
    for name, runs in found.items():
        seconds, accuracy = median(s for s, _ in runs), min(a for _, a in runs)
        reached = accuracy >= GOAL
        print(f"| {name} | {seconds:.2f} | {mine / seconds:.2f} | {accuracy:.2%}"
              f"{'' if reached else ' (missed)'} |")  # fmt: skip
        if name != "handwrought" and reached:
            best.append(seconds)
    if best:
        print(f"\nOurs / the fastest rival's: {mine / min(best):.2f}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
