"""How soon the studio answers: from the command to its page, and from a stroke to probabilities.

Each round starts ``handwrought studio`` in a process of its own and opens its page in a window of a
Chromium that runs already.  The time of a stroke is measured in the page, from the pointer's event to
the ten probabilities on the screen, while a 3 is drawn.  Medians, and in brackets the worst.

    python benchmarks/studio.py [--rounds 5]
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from statistics import median
from time import perf_counter
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, sync_playwright

THREE = [(0.30, 0.25), (0.40, 0.17), (0.55, 0.15), (0.66, 0.22), (0.66, 0.34), (0.55, 0.44),
         (0.45, 0.47), (0.58, 0.49), (0.70, 0.58), (0.70, 0.72), (0.60, 0.82), (0.45, 0.85),
         (0.30, 0.78)]  # fmt: skip

STROKES = """async (points) => {
  const pad = document.querySelector(".pad"), share = document.querySelector(".bars .share");
  const box = pad.getBoundingClientRect();
  pad.setPointerCapture = () => {};
  const send = (type, [x, y]) => pad.dispatchEvent(new PointerEvent(type, {
    pointerId: 1, button: 0, clientX: box.left + x * box.width, clientY: box.top + y * box.height,
  }));
  const times = [];
  for (const [i, point] of points.entries()) {
    const start = performance.now();
    const answered = new Promise((resolve) => {
      const watch = new MutationObserver(() => { watch.disconnect(); resolve(); });
      watch.observe(share, { childList: true });
    });
    send(i ? "pointermove" : "pointerdown", point);
    await answered;
    times.push(performance.now() - start);
  }
  send("pointerup", points.at(-1));
  return times;
}"""


def one_round(browser: Browser) -> dict[str, list[float]]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    with tempfile.TemporaryDirectory() as folder:
        start = perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "handwrought", "studio", "--no-browser", "--port", "0",
             "--folder", folder],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            address = next(
                found[0]
                for line in process.stdout
                if (found := re.search(r"http://\S+token=\S+", line))
            )
            page.goto(address, wait_until="commit")
            page.wait_for_selector(".pad")
            drawn = perf_counter() - start
            page.locator(".layer").first.wait_for()  # the model is there
            loaded = perf_counter() - start
            strokes = page.evaluate(STROKES, THREE)
            page.close()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()
        return {
            "start to first byte": [first_byte()],
            "start to drawn page": [drawn],
            "start to loaded model": [loaded],
            "stroke to probabilities": [ms / 1000 for ms in strokes],
        }


def first_byte() -> float:
    """From the command to the first byte of the page, without a browser."""
    with tempfile.TemporaryDirectory() as folder:
        start = perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "handwrought", "studio", "--no-browser", "--port", "0",
             "--folder", folder],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            line = next(line for line in process.stdout if "token=" in line)
            url, token = line.split()[-1].split("?token=")
            with urlopen(Request(url, headers={"X-Handwrought-Token": token})) as answer:
                answer.read(1)
            return perf_counter() - start
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    chromium = os.environ.get("HANDWROUGHT_BROWSER") or shutil.which("chromium")
    found: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        browser.new_page().close()
        for _ in range(rounds):
            for name, seconds in one_round(browser).items():
                found.setdefault(name, []).extend(seconds)
        browser.close()
    for name, seconds in found.items():
        print(f"{name:>24}  {1000 * median(seconds):6.0f} ms  ({1000 * max(seconds):.0f})")


if __name__ == "__main__":
    main()
