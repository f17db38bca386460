"""Whether a change leaves every bit where it was: a dozen trainings, and pages, here and at REVISION.

    python tools/same_bits.py REVISION

trains the same networks with the source of a git revision and with that of the working tree, in a
process each, reads the same pictures with both, and compares SHA-256.  It prints a line for each and
leaves with 1 if any differs: then the change is none of names and places alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

SGD = {"epochs": 2, "batch_size": 10, "seed": 1}
TRAININGS = {
    # name: (hidden, activation, cost, kernels, settings)
    "the article's": ([30], "sigmoid", "quadratic", "numpy", SGD | {"learning_rate": 3.0}),
    "its compiled twin": ([30], "sigmoid", "quadratic", "numba", SGD | {"learning_rate": 3.0}),
    "cross-entropy, L2": ([40], "tanh", "cross-entropy", "numpy", SGD | {"weight_decay": 1e-4}),
    "compiled, smoothed": ([40], "relu", "softmax", "numba", SGD | {"label_smoothing": 0.1}),
    "Adam, split": ([128, 64], "relu", "softmax", "numba", {"optimizer": "adam", "batch_size": 64}),
    "Adam, plain": ([128, 64], "relu", "softmax", "numpy", {"optimizer": "adam", "batch_size": 64}),
    "AdamW, dropout, cosine": ([64, 64], "gelu", "softmax", "numba", {
        "optimizer": "adamw", "weight_decay": 0.01, "dropout": 0.2, "schedule": "cosine",
        "batch_size": 50}),
    "Nesterov, L1, halving": ([30, 20], "silu", "softmax", "numpy", {
        "optimizer": "nesterov", "l1": 1e-5, "schedule": "halve-on-plateau", "plateau_patience": 1,
        "epochs": 4, "learning_rate": 0.03}),
    "momentum, clipped, one-cycle": ([30], "leaky-relu", "cross-entropy", "numpy", {
        "optimizer": "momentum", "clip_norm": 0.5, "schedule": "one-cycle", "warm_up": 0.1}),
    "RMSProp, hard examples": ([50], "relu", "softmax", "numpy", {
        "optimizer": "rmsprop", "hardest": 0.3, "batch_size": 40}),
    "augmented, averaged": ([50], "relu", "softmax", "numba", {
        "optimizer": "adamw", "augmentation": {"shift": 2, "rotation": 9, "elastic": 1.0,
        "thickness": 0.4, "blur": 0.5, "noise": 0.05, "cutout": 4}, "average": 0.99, "settle": 0.3,
        "strangers": 0.1, "batch_size": 50}),
    "strokes, augmented": ([32], "relu", "softmax", "numba", {
        "optimizer": "adam", "view": "strokes", "augmentation": {"scale": 0.1, "shear": 0.1},
        "batch_size": 50}),
}  # fmt: skip
NEW_NAMES = {"hardest": "backprop_fraction", "average": "ema_decay", "strangers": "outliers",
             "settle": "anneal_augmentation", "view": "representation"}  # fmt: skip
"""Where a revision calls a setting otherwise, so that both can be asked for the same."""


def trainings() -> dict[str, str]:
    """SHA-256 of the weights of each training, and of its reports."""
    import inspect

    import handwrought as hw
    from handwrought.data.augmentation import Augmentation

    known = inspect.signature(hw.train).parameters
    whole, found = hw.load_dataset("mnist"), {}
    data = hw.Dataset(
        "part",
        whole.train[:3000],
        whole.validation[:500],
        None,
        whole.train[:3000],
        whole.class_names,
    )
    for name, (hidden, activation, cost, kernels, settings) in TRAININGS.items():
        os.environ["HANDWROUGHT_KERNELS"] = kernels
        asked = {"epochs": 2, "batch_size": 10, "seed": 1} | settings
        if "augmentation" in asked:
            asked["augmentation"] = Augmentation(**asked["augmentation"])
        n_inputs = 1568 if asked.get("view") == "strokes" else 784
        net = hw.Network([n_inputs, *hidden, 10], activation, cost, seed=1)
        asked = {key if key in known else NEW_NAMES[key]: value for key, value in asked.items()}
        sha = hashlib.sha256()
        for report in hw.train(net, data, **asked):
            sha.update(
                repr((report.cost, report.validation_cost, report.validation_accuracy)).encode()
            )
        sha.update(net.parameters.vector.tobytes())
        found[f"training: {name}"] = sha.hexdigest()
    return found


def readings() -> dict[str, str]:
    """SHA-256 of all that the reader says of a picture of each kind that the tests draw."""
    sys.path.insert(0, str(ROOT))  # the pictures are the working tree's, whoever reads them
    from tests.reading import pages, singles

    import handwrought as hw

    reader, found = hw.Recognizer.load(), {}

    def add(name: str, said: object) -> None:
        found[name] = hashlib.sha256(repr(said).encode()).hexdigest()

    def all_of(readings: list) -> list:
        return [(r.digit, r.confidence, r.box, r.normalized.tobytes()) for r in readings]

    for kind, make in pages.PHOTOGRAPHS.items():
        picture, _ = make(1)
        page = reader.read(picture)
        add(f"page: {kind}", (page.text, all_of(page.digits), all_of(page.others), page.turned))
    for kind in singles.KINDS:
        pictures, _ = singles.pictures(kind, 5)
        add(f"digits: {kind}", all_of(reader.read_digits(pictures)))
    return found


def asked_of(source: Path) -> dict[str, str]:
    """What a checkout's source says, in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(source / "src"), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--say"]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)


def main() -> int:
    """Compare; the exit code is 1 where something differs."""
    if sys.argv[1:] == ["--say"]:
        print(json.dumps(trainings() | readings()))
        return 0
    if len(sys.argv) != 2:
        print("usage: python tools/same_bits.py REVISION", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder) / "before"
        subprocess.run(["git", "worktree", "add", "-q", "--detach", before, sys.argv[1]],
                       cwd=ROOT, check=True)  # fmt: skip
        try:
            old = asked_of(before)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", before], cwd=ROOT, check=True)
    new = asked_of(ROOT)
    for name in old | new:
        print(f"{'same  ' if old.get(name) == new.get(name) else 'OTHER '} {name}")
    differing = sum(old.get(name) != new.get(name) for name in old | new)
    print(f"{len(old | new) - differing} the same, {differing} otherwise")
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
