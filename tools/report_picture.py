"""The picture of a report in docs/08-evaluation.md.

python -m handwrought evaluate src/handwrought/reading/weights/shipped.safetensors --report r.html
python tools/report_picture.py r.html docs/images/report.png
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

HEIGHT = 1340


def main() -> None:
    page_file, picture = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        shots = []
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport={"width": 1180, "height": HEIGHT}, color_scheme=scheme)
            page.goto(page_file.as_uri())
            if scheme == "dark":
                page.locator("#mistakes").evaluate("part => part.scrollIntoView()")
                page.wait_for_timeout(1500)  # the page scrolls smoothly
            shots.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
        browser.close()
    both = Image.new("RGB", (2 * 1180, HEIGHT))
    for i, shot in enumerate(shots):
        both.paste(shot, (i * 1180, 0))
    both.resize((1600, HEIGHT * 1600 // 2360), Image.Resampling.LANCZOS).quantize(
        192, Image.Quantize.MAXCOVERAGE
    ).save(picture, optimize=True)


if __name__ == "__main__":
    main()
