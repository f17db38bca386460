"""The browser is let in by a page that its owner alone can read, once."""

import os
import re
import signal
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import pytest

from handwrought.studio.server.login_page import Door

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes and command lines as POSIX has")


@contextmanager
def opened(tmp_path):
    """The studio, with a browser that writes down its command line and stays."""
    browser, told = tmp_path / "browser", tmp_path / "argv"
    browser.write_text(
        f"#!{sys.executable}\nimport sys, time\n"
        f"open({str(told)!r} + '.new', 'w').write('\\n'.join(sys.argv[1:]))\n"
        f"import os; os.replace({str(told)!r} + '.new', {str(told)!r})\n"
    )
    browser.chmod(0o700)
    command = [sys.executable, "-m", "handwrought", "studio", "--port", "0", "--folder"]
    process = subprocess.Popen(
        [*command, tmp_path / "data"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "BROWSER": f"{browser} %s", "XDG_CACHE_HOME": str(tmp_path / "cache")},
    )
    try:
        address = re.search(r"http://\S+", process.stdout.readline())[0]
        end = time.monotonic() + 60
        while not told.exists():
            assert time.monotonic() < end, "no browser was started"
            time.sleep(0.02)
        yield process, address, told.read_text()
    finally:
        process.terminate()
        said, failed = process.communicate(timeout=60)
    assert failed == ""
    assert "stopped" in said


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.slow
def test_the_browsers_command_line_opens_nothing_for_others_and_once_for_its_owner(tmp_path):
    with opened(tmp_path) as (_, address, argv):
        url, token = address.split("/?token=")
        assert argv.startswith("file://")
        assert "\n" not in argv
        assert token not in argv
        page = Path(unquote(urlsplit(argv).path))
        assert page.is_relative_to(tmp_path / "cache")
        assert (mode(page), mode(page.parent)) == (0o600, 0o700)
        text = page.read_text()
        assert token not in text
        (code,) = set(re.findall(r"token=([\w-]+)", text))
        # What stands in the command line is no token, nor is any part of it.
        for word in re.findall(r"[\w-]+", argv):
            assert httpx.get(f"{url}/", params={"token": word}).status_code == 403
        assert page.exists()
        with httpx.Client(base_url=url) as client:
            first = client.get("/", params={"token": code})
            assert (first.status_code, code in first.text) == (200, False)
            assert 'content="0; url=/"' in first.text
            assert client.get("/").status_code == 200
            # Whoever comes back to it with the cookie is let in by the cookie.
            assert client.get("/", params={"token": code}).status_code == 303
        assert not page.exists()
        assert httpx.get(f"{url}/", params={"token": code}).status_code == 403
        assert httpx.get(f"{url}/", headers={"X-Handwrought-Token": code}).status_code == 403


@pytest.mark.slow
def test_a_page_that_nobody_opened_is_gone_when_the_studio_ends(tmp_path):
    with opened(tmp_path) as (_, _, argv):
        page = Path(unquote(urlsplit(argv).path))
        assert page.exists()
    assert not page.exists()


@pytest.mark.slow
def test_nothing_that_the_studio_started_is_left_a_zombie(tmp_path):
    def children(process):
        listed = subprocess.run(
            ["ps", "-o", "pid=,stat=,args=", "--ppid", str(process.pid)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return [line.split(maxsplit=2) for line in listed.stdout.splitlines()]

    def until(happened):
        end = time.monotonic() + 60
        while not happened():
            assert time.monotonic() < end, children(process)
            time.sleep(0.05)

    with opened(tmp_path) as (process, address, _):
        url, token = address.split("/?token=")
        httpx.get(f"{url}/api/draw/network", headers={"X-Handwrought-Token": token}, timeout=60)
        # All that is left of what was started is the process that compiles.
        until(
            lambda: (
                [c[2].split()[-1] for c in children(process)]
                == ["handwrought.studio.train.warm_up"]
            )
        )
        # It ends by itself after a while; so it ends sooner.
        os.kill(int(children(process)[0][0]), signal.SIGTERM)
        until(lambda: not children(process))


def test_where_the_cache_cannot_be_written_a_new_folder_of_ones_own_is_made(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    door = Door("http://127.0.0.1:8420")
    assert door.path.parent.parent == tmp_path
    assert (mode(door.path), mode(door.path.parent)) == (0o600, 0o700)
    door.close()
    assert not door.path.exists()


def test_pages_of_studios_that_were_killed_are_cleared_away(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    killed, under_way = (Door("http://127.0.0.1:1").path for _ in range(2))
    os.utime(killed, (0, 0))
    door = Door("http://127.0.0.1:1")
    assert sorted(killed.parent.iterdir()) == sorted((under_way, door.path))


def test_a_real_browser_comes_in_by_the_page_and_keeps_no_code(tmp_path, browser):
    with opened(tmp_path) as (_, address, argv):
        url = address.split("/?token=")[0]
        context = browser.new_context()
        page = context.new_page()
        page.goto(argv)
        page.wait_for_url(f"{url}/**")
        page.wait_for_selector("nav a")
        assert page.title()
        assert "token" not in page.url
        (cookie,) = context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        assert page.evaluate("performance.getEntriesByType('navigation')[0].name") == page.url
        context.close()
        # Another browser gets no further by the same page: it is gone.
        other = browser.new_context()
        with pytest.raises(Exception, match="ERR_FILE_NOT_FOUND"):
            other.new_page().goto(argv)
        other.close()
