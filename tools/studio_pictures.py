"""Photograph the studio for the docs: python tools/studio_pictures.py [FOLDER]

Needs Chromium (HANDWROUGHT_BROWSER, or chromium on the path) and Playwright.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

SIZE = {"width": 1280, "height": 900}
THREE = [
    (0.3, 0.25),
    (0.5, 0.18),
    (0.68, 0.3),
    (0.5, 0.48),
    (0.7, 0.62),
    (0.55, 0.82),
    (0.28, 0.75),
]


def draw(page: Page) -> None:
    """A three, with the mouse."""
    box = page.locator("canvas").first.bounding_box()
    assert box is not None
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in THREE]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=8)
    page.mouse.up()
    page.wait_for_timeout(3000)


def step_to_bp2(page: Page) -> None:
    """Forward through the network and back into its last hidden layer."""
    page.wait_for_timeout(8000)
    page.locator(".ms-chip", has_text="BP2").first.click()
    page.wait_for_timeout(2500)


def learn_spirals(page: Page) -> None:
    """Some seconds of the playground's spirals."""
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="Spirals").click()
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Run").click()
    page.wait_for_timeout(15_000)


VIEWS = {"draw": draw, "backprop": step_to_bp2, "playground": learn_spirals}


def main(folder: Path) -> None:
    chromium = os.environ.get("HANDWROUGHT_BROWSER") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as kept, sync_playwright() as playwright:
        command = [sys.executable, "-m", "handwrought", "studio", "--no-browser", "--port", "0"]
        studio = subprocess.Popen([*command, "--folder", kept], stdout=subprocess.PIPE, text=True)
        assert studio.stdout is not None
        told = re.search(r"http://\S+", studio.stdout.readline())
        assert told is not None
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for theme in ("light", "dark"):
            page = browser.new_page(viewport=SIZE, color_scheme=theme)
            page.goto(told.group(0))
            page.wait_for_timeout(2000)
            for name, act in VIEWS.items():
                page.evaluate("(name) => { location.hash = name }", name)
                page.wait_for_timeout(1500)
                act(page)
                page.screenshot(path=folder / f"studio-{name}-{theme}.png")
            page.close()
        browser.close()
        studio.terminate()
        studio.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images"))
