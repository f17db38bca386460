"""Time of an epoch, ours against the rivals', as ratios measured in one run.

Each rival lives in a process of its own, with 1 and with 2 threads; they train an epoch in turn,
several rounds; each one's time is the median at its better number of threads.  A first epoch is
not counted, since compilers work in it.

    python benchmarks/epochs.py [--settings S,M,L] [--rivals pytorch,jax] [--rounds 5] [--images N]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from multiprocessing.connection import Connection
from statistics import median
from time import perf_counter

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

SLOW = 20.0
"""Seconds an epoch, from which on one of them is enough: its first is no slower than the others."""
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def worker(pipe: Connection, name: str, setting: str, threads: int, n: int | None) -> None:
    """Answer "epoch" with seconds and "accuracy" with a share, until told to stop."""
    for variable in THREADS:
        os.environ[variable] = str(threads)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    try:
        from rivals import RIVALS, SETTINGS

        rival = RIVALS[name](SETTINGS[setting], n)
        pipe.send("ready")
        while (asked := pipe.recv()) != "stop":
            if asked == "accuracy":
                pipe.send(rival.accuracy())
                continue
            start = perf_counter()
            rival.epoch()
            pipe.send(perf_counter() - start)
    except Exception as error:
        pipe.send(f"{type(error).__name__}: {error}")


def processor() -> str:
    """Its name, and how many of its cores we may use."""
    try:
        with open("/proc/cpuinfo", encoding="ascii") as lines:
            name = next(line.split(": ")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        name = platform.processor()
    return f"{name}, {len(os.sched_getaffinity(0))} cores"


def versions() -> str:
    found = []
    for package in ("handwrought", "numpy", "numba", "torch", "jax", "scikit-learn"):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join([f"Python {platform.python_version()}", *found])


def measure(setting: str, names: list[str], rounds: int, n: int | None, warm_up: int) -> int:
    """Run one setting and print its table; returns how many rivals failed."""
    context = multiprocessing.get_context("spawn")
    cores = len(os.sched_getaffinity(0))
    runs = {}
    for name in names:
        for threads in sorted({1, min(2, cores)}):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=worker, args=(theirs, name, setting, threads, n), daemon=True
            )
            process.start()
            theirs.close()
            runs[name, threads] = (ours, process, [])
            if (answer := ours.recv()) != "ready":
                print(f"{name}: {answer}", file=sys.stderr)
                del runs[name, threads]
    for i in range(warm_up + rounds):
        for key in list(runs):
            pipe, _, times = runs[key]
            if times and times[0] > SLOW:
                continue
            pipe.send("epoch")
            answer = pipe.recv()
            if isinstance(answer, str):
                print(f"{key[0]}: {answer}", file=sys.stderr)
                del runs[key]
            elif i >= warm_up or answer > SLOW:
                times.append(answer)
    best: dict[str, tuple[float, int, float]] = {}
    for (name, threads), (pipe, process, times) in runs.items():
        pipe.send("accuracy")
        accuracy = pipe.recv()
        pipe.send("stop")
        process.join()
        if name not in best or median(times) < best[name][0]:
            best[name] = (median(times), threads, accuracy)
    ours_seconds = best["handwrought"][0]
    rivals = [v[0] for k, v in best.items() if k not in ("handwrought", "floor")]
    print(f"\n### {setting}\n")
    print("| | threads | seconds (median) | ours / theirs | test accuracy |")
    print("|---|---|---|---|---|")
    for name, (seconds, threads, accuracy) in sorted(best.items(), key=lambda item: item[1]):
        shown = "" if accuracy != accuracy else f"{accuracy:.2%}"
        print(f"| {name} | {threads} | {seconds:.3f} | {ours_seconds / seconds:.2f} | {shown} |")
    if rivals:
        print(f"\nOurs / the fastest rival's: {ours_seconds / min(rivals):.2f}", flush=True)
    return len(names) - len(best)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", default="S,M,L")
    parser.add_argument(
        "--rivals", default="pytorch,pytorch-compile,jax,scikit-learn,per-example,floor"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--warm-up", type=int, default=1)
    parser.add_argument("--images", type=int, help="of the 60,000; default: all")
    options = parser.parse_args()
    print(f"{processor()}; {versions()}")
    failed = 0
    for setting in options.settings.split(","):
        names = ["handwrought", *options.rivals.split(",")]
        if setting == "L":
            names = [name for name in names if name != "per-example"]  # it knows plain SGD only
        failed += measure(setting, names, options.rounds, options.images, options.warm_up)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
