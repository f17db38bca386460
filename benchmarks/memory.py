"""Memory: the peak resident size of a training of setting L, data included, in a fresh process.

python benchmarks/memory.py [--rivals pytorch,jax,scikit-learn] [--images N]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rivals", default="pytorch,jax,scikit-learn")
    parser.add_argument("--images", type=int, help="of the 60,000; default: all")
    parser.add_argument("--run", help="be one of them and print the peak in MiB")
    asked = parser.parse_args()
    if asked.run:
        import resource

        from rivals import RIVALS, SETTINGS

        RIVALS[asked.run](SETTINGS["L"], asked.images).epoch()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kB, on macOS bytes
        print(peak / (2**20 if sys.platform == "darwin" else 2**10))
        return 0
    found, failed = {}, 0
    for name in ("handwrought", *filter(None, asked.rivals.split(","))):
        command = [sys.executable, __file__, "--run", name]
        if asked.images:
            command += ["--images", str(asked.images)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{name}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
            failed += 1
            continue
        found[name] = float(done.stdout)
    if "handwrought" not in found:
        return 1
    mine = found["handwrought"]
    print("### Memory, setting L, one epoch\n")
    print("| | peak resident MiB | ours / theirs |\n|---|---|---|")
    for name, peak in found.items():
        print(f"| {name} | {peak:.0f} | {mine / peak:.2f} |")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
