"""What tests of several pieces share: a browser for the pages we make."""

import os
import shutil
import signal
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

# A shell makes what it runs in the background deaf to Ctrl-C, and deafness is inherited: the tests that
# press it would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """What opens a browser takes seconds, and is slow without saying so."""
    for item in items:
        if "browser" in item.fixturenames:
            item.add_marker(pytest.mark.slow)


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


@contextmanager
def opened_offline(browser, file, **settings):
    """The page in a window of its own; what it logs and asks for must be nothing."""
    context = browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | settings))
    page = context.new_page()
    heard, asked = [], []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("dialog", lambda dialog: (heard.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    yield page
    assert heard == []
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    context.close()


@pytest.fixture(scope="session")
def opens_offline(browser):
    """To open a page from its file, with no network: ``with opens_offline(file) as page``."""
    return partial(opened_offline, browser)


@pytest.fixture(scope="session")
def axe():
    """What axe-core finds serious on a page: ``axe(page) == []``.

    ``HANDWROUGHT_AXE`` names its script; otherwise it lies where ``.ci/run`` puts it.
    """
    named = os.environ.get("HANDWROUGHT_AXE")
    default = Path(__file__).parents[1] / "build/axe/node_modules/axe-core/axe.min.js"
    script = Path(named) if named else default
    if named and not script.exists():
        pytest.fail(f"HANDWROUGHT_AXE is {named}, which is not there: npm install axe-core")
    if not script.exists():
        pytest.skip("axe-core is not there: npm install --prefix build/axe axe-core@4")
    source = script.read_text(encoding="utf-8")

    def findings(page):
        page.evaluate(source + "; undefined")
        found = page.evaluate("axe.run()")
        return [
            f"{each['id']}: {node['html'][:200]} {node['failureSummary']}"
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
        ]

    return findings
