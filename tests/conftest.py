"""What tests of several pieces share: a browser for the pages we make."""

import os
import shutil
from pathlib import Path

import pytest

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium of this machine, driven by Playwright.

    ``HANDWROUGHT_BROWSER`` names it where it is not found; then it must be there.  While it runs,
    Playwright's event loop runs in this thread: a test that calls ``asyncio.run`` needs another.
    """
    from playwright.sync_api import sync_playwright

    named = os.environ.get("HANDWROUGHT_BROWSER")
    found = named or shutil.which("chromium") or shutil.which("chromium-browser")
    if named and not Path(named).exists():
        pytest.fail(f"HANDWROUGHT_BROWSER is {named}, which is not there: install chromium")
    if not found:
        pytest.skip("pages need a browser: apt-get install chromium, or set HANDWROUGHT_BROWSER")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield started
        started.close()
