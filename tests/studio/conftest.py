"""A studio as people start it: the real command in a process of its own."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn

from handwrought.studio.server.connections import Strangers, WebSocket, http_protocol
from handwrought.studio.server.studio import Studio
from handwrought.studio.train.runs import Runs


@dataclass(frozen=True)
class RunningStudio:
    """``address`` opens the page (with its token); ``url`` is without, and without a slash."""

    address: str
    folder: Path
    process: subprocess.Popen
    said: str
    """What it printed until it listened."""

    @property
    def url(self):
        return self.address.split("/?")[0]

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    @property
    def token(self):
        return self.address.split("token=")[1]

    def client(self, **settings):
        """An HTTP client that is let in."""
        headers = {"X-Handwrought-Token": self.token}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, **settings)


@contextmanager
def started(folder, *arguments):
    """``handwrought studio`` with a folder of its own; stopped by Ctrl-C, and clean when stopped."""
    command = [sys.executable, "-m", "handwrought", "studio", "--no-browser", "--folder", folder]
    process = subprocess.Popen(
        [*map(str, command), *map(str, arguments or ("--port", "0"))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    said = ""
    for line in process.stdout:
        said += line
        if found := re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", line):
            break
    else:
        pytest.fail(f"the studio did not start: {said}{process.stderr.read()}")
    try:
        yield RunningStudio(found[0], Path(folder), process, said)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        # What a test has read to the end already is read as nothing.
        failed = "" if process.stderr.closed else process.communicate(timeout=30)[1]
    assert failed == "", failed
    assert process.returncode == 0


@contextmanager
def served(make, strangers=None):
    """The application of ``make(port)`` behind a server in a thread of this process; its port."""
    from handwrought.cli.studio import listen

    with listen(0) as listening:
        port = listening.getsockname()[1]
        settings = {
            "http": http_protocol(strangers or Strangers()),
            "ws": WebSocket,
            "log_level": "error",
        }
        server = uvicorn.Server(uvicorn.Config(make(port), loop="asyncio", **settings))
        serving = server.serve([listening])
        thread = threading.Thread(target=asyncio.run, args=(serving,))
        thread.start()
        try:
            yield port
        finally:
            server.should_exit = True
            thread.join(60)


@pytest.fixture(scope="session")
def studio(tmp_path_factory):
    """One studio for all tests that do not stop it."""
    with started(tmp_path_factory.mktemp("studio") / "data") as running:
        yield running


@contextmanager
def page_of(browser, studio, at="", refused=False, **settings):
    """The studio's page in a window of its own; what its console says must be nothing.

    ``refused``: requests are refused with 400, which Chromium says there.
    """
    context = browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | settings))
    page = context.new_page()
    heard = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.goto(studio.address)
    if at:
        page.goto(f"{studio.url}/{at}")
    yield page
    context.close()
    assert [text for text in heard if not (refused and "status of 400" in text)] == []


@pytest.fixture(scope="session")
def starts():
    """To start a studio of one's own: ``with starts(folder, "--port", 0) as running``."""
    return started


@pytest.fixture(scope="session")
def opens(browser, studio):
    """To open its page: ``with opens("#draw", viewport=...) as page``."""

    def opened(at="", on=studio, refused=False, **settings):
        return page_of(browser, on, at, refused, **settings)

    return opened


class Watched:
    """The runs of a studio, and what they said."""

    def __init__(self, folder):
        self.studio = Studio(folder)
        self.runs = self.studio.backend(Runs)
        self.heard = []
        self.runs.listen(self.heard.append)

    def until(self, happened, what):
        end = time.monotonic() + 90
        while not happened():
            assert time.monotonic() < end, f"in vain: {what}"
            time.sleep(0.02)

    def until_status(self, run, *statuses):
        self.until(lambda: self.runs.get(run).status in statuses, f"{run} {statuses}")

    def until_gone(self, run):
        self.until(lambda: not self.runs.get(run).live, f"{run} ends")
        return self.runs.get(run)


@pytest.fixture(scope="session")
def serves():
    """To serve an application in this process: ``with serves(make) as port``."""
    return served


@pytest.fixture(scope="session")
def watches():
    """To watch the runs in a folder: ``watches(folder)``."""
    return Watched


@pytest.fixture
def watched(tmp_path, monkeypatch):
    """The runs of a studio of its own."""
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "numpy")  # nothing to compile for so little
    made = Watched(tmp_path)
    yield made
    made.studio.close()
