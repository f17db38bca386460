"""The estimator beside scikit-learn's own: the same data, seeds and settings; scores and times.

``--quick`` takes two small sets, one seed and a thousand digits of MNIST, to see that it runs.
Times are processor time of ``fit`` (rivals in turn, medians), which a busy machine disturbs least;
run with OPENBLAS_NUM_THREADS=1 to compare one thread with one.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import warnings
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

import numpy as np
import sklearn
import sklearn.neural_network as theirs
from sklearn import datasets
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import handwrought as hw
from handwrought import estimator as ours

SETTINGS: dict[str, dict[str, Any]] = {
    "adam": {},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.02},
    "lbfgs": {"solver": "lbfgs", "alpha": 0.1},
}
SETS: dict[str, tuple[Callable[..., Any], str]] = {
    "digits": (datasets.load_digits, "Classifier"),
    "iris": (datasets.load_iris, "Classifier"),
    "wine": (datasets.load_wine, "Classifier"),
    "breast cancer": (datasets.load_breast_cancer, "Classifier"),
    "covertype": (datasets.fetch_covtype, "Classifier"),
    "diabetes": (datasets.load_diabetes, "Regressor"),
    "California housing": (datasets.fetch_california_housing, "Regressor"),
}
SAMPLE = 5000


def data(name: str) -> tuple[Any, Any] | None:
    """X and y, a sample of the large sets; None for those that would have to be downloaded."""
    load = SETS[name][0]
    try:
        if load.__name__.startswith("fetch"):
            X, y = load(return_X_y=True, download_if_missing=False)
        else:
            X, y = load(return_X_y=True)
    except OSError:
        return None
    rows = np.random.default_rng(0).permutation(len(X))[:SAMPLE]
    return X[rows], y[rows]


def fitted(module: Any, kind: str, seed: int, X: Any, y: Any, **settings: Any) -> tuple[Any, float]:
    """A fitted estimator, and the processor time of its fit."""
    one = getattr(module, f"MLP{kind}")(random_state=seed, **settings)
    start = process_time()
    one.fit(X, y)
    return one, process_time() - start


def compare(name: str, X: Any, y: Any, setting: str, seeds: int, max_iter: int) -> str:
    """One row of the table."""
    kind = SETS[name][1]
    scores: dict[Any, list[float]] = {theirs: [], ours: []}
    times: dict[Any, list[float]] = {theirs: [], ours: []}
    for seed in range(seeds):
        X_train, X_test, y_train, y_test = train_test_split(
            X, y, random_state=seed, stratify=y if kind == "Classifier" else None
        )
        scale = StandardScaler().fit(X_train)
        target = (y_train.mean(), y_train.std()) if kind == "Regressor" else (0, 1)
        if kind == "Regressor":
            y_train, y_test = ((v - target[0]) / target[1] for v in (y_train, y_test))
        for module in (theirs, ours) if seed % 2 else (ours, theirs):
            one, seconds = fitted(
                module, kind, seed, scale.transform(X_train), y_train,
                max_iter=max_iter, **SETTINGS[setting],
            )  # fmt: skip
            scores[module].append(one.score(scale.transform(X_test), y_test))
            times[module].append(seconds)
    shown = [f"{100 * np.mean(s):.2f} ± {100 * np.std(s):.2f}" for s in scores.values()]
    ratio = np.median(times[ours]) / np.median(times[theirs])
    measure = "accuracy" if kind == "Classifier" else "R²"
    return f"| {name} | {setting} | {measure} | {shown[0]} | {shown[1]} | {ratio:.2f} |"


def mnist(rounds: int, epochs: int, images: int | None) -> list[str]:
    """Rows for MNIST: float32 pixels from 0 to 1."""
    both = hw.load_dataset("mnist")
    train = both.full_train[:images] if images else both.full_train
    X, y = train.inputs(), train.labels
    X_test, y_test = both.test.inputs(), both.test.labels
    rows = []
    for setting, settings in (
        ("adam, (100,)", {"hidden_layer_sizes": (100,)}),
        ("sgd, (100,)", {"hidden_layer_sizes": (100,), **SETTINGS["sgd"]}),
        ("adam, (256, 128)", {"hidden_layer_sizes": (256, 128)}),
    ):
        seconds: dict[Any, list[float]] = {theirs: [], ours: []}
        clock: dict[Any, list[float]] = {theirs: [], ours: []}
        scores: dict[Any, list[float]] = {theirs: [], ours: []}
        for seed in range(rounds):
            for module in (ours, theirs) if seed % 2 else (theirs, ours):
                start = perf_counter()
                one, taken = fitted(module, "Classifier", seed, X, y, max_iter=epochs, **settings)
                clock[module].append(perf_counter() - start)
                seconds[module].append(taken)
                scores[module].append(one.score(X_test, y_test))
        shown = [f"{100 * np.mean(s):.2f} ± {100 * np.std(s):.2f}" for s in scores.values()]
        ratio = np.median(seconds[ours]) / np.median(seconds[theirs])
        rows.append(
            f"| MNIST, {epochs} epochs | {setting} | accuracy | {shown[0]} | {shown[1]} | "
            f"{ratio:.2f} |"
        )
        print(
            f"{setting}: processor {np.median(seconds[ours]):.2f} s to "
            f"{np.median(seconds[theirs]):.2f} s, clock {np.median(clock[ours]):.1f} s to "
            f"{np.median(clock[theirs]):.1f} s",
            file=sys.stderr,
        )
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--max-iter", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3, help="of MNIST")
    parser.add_argument("--epochs", type=int, default=5, help="of MNIST")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")  # of convergence: both stop at the same max_iter
    names = ["iris", "diabetes"] if asked.quick else list(SETS)
    seeds, max_iter = (1, 20) if asked.quick else (asked.seeds, asked.max_iter)
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "all")
    print(
        f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}, {platform.machine()}, "
        f"BLAS threads: {threads}, {seeds} seeds, max_iter {max_iter}\n"
    )
    print("| data | settings | score | scikit-learn | handwrought | time, ours / theirs |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in names:
        found = data(name)
        if found is None:
            print(f"| {name} | | | not on this machine, and not downloaded | | |")
            continue
        for setting in SETTINGS:
            print(compare(name, *found, setting, seeds, max_iter), flush=True)
    rows = mnist(1, 1, 1000) if asked.quick else mnist(asked.rounds, asked.epochs, None)
    print("\n".join(rows))


if __name__ == "__main__":
    main()
