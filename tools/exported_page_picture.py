"""The picture of an exported page in docs/14-exchange.md.

python tools/exported_page_picture.py docs/images/exported-page.png
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from handwrought.exchange import export
from handwrought.reading.recognizer import shipped_model

WIDTH, HEIGHT = 1300, 1110
FIVE = [
    *((0.68, 0.16), (0.5, 0.16), (0.37, 0.17), (0.345, 0.33), (0.335, 0.45), (0.43, 0.415)),
    *((0.55, 0.42), (0.65, 0.48), (0.69, 0.58), (0.68, 0.7), (0.61, 0.8), (0.5, 0.85)),
    *((0.39, 0.84), (0.3, 0.78)),
]


def main() -> None:
    picture = Path(sys.argv[1])
    shots = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder) / "digits.html"
        export(shipped_model(), page_file)
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for scheme in ("light", "dark"):
            page = browser.new_page(
                viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme
            )
            page.goto(page_file.as_uri())
            box = page.locator(".pad").bounding_box()
            assert box is not None
            at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in FIVE]
            page.mouse.move(*at[0])
            page.mouse.down()
            for point in at[1:]:
                page.mouse.move(*point)
            page.mouse.up()
            page.wait_for_timeout(800)  # the bars move
            shots.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
        browser.close()
    both = Image.new("RGB", (2 * WIDTH, HEIGHT))
    for i, shot in enumerate(shots):
        both.paste(shot, (i * WIDTH, 0))
    both.resize((1600, HEIGHT * 800 // WIDTH), Image.Resampling.LANCZOS).quantize(
        192, Image.Quantize.MAXCOVERAGE
    ).save(picture, optimize=True)


if __name__ == "__main__":
    main()
