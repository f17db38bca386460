"""The command: where it listens, what it says, and how it stops."""

import signal
import socket
import subprocess
import sys

import pytest

from handwrought.cli.studio import listen
from handwrought.errors import InvalidArgument


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "handwrought", "studio", "--no-browser", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_is_given():
    shown = run("--help")
    assert shown.returncode == 0
    assert "--folder" in shown.stdout


def test_the_page_needs_nothing_heavy():
    code = (
        "import sys; from pathlib import Path\n"
        "from handwrought.studio.app import create_app\n"
        "from handwrought.studio.server.studio import Studio\n"
        "create_app(Studio(Path('.')), 8420, 'token')\n"
        "heavy = {'numpy', 'scipy', 'numba', 'PIL', 'plotly', 'latex2mathml'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_port_that_is_taken_leads_to_the_next_free_one_and_says_so(starts, tmp_path):
    with listen(0) as taken:
        port = taken.getsockname()[1]
        with starts(tmp_path / "data", "--port", port) as running:
            assert port < running.port <= port + 50
            assert f"Port {port} is taken; this is the next free one." in running.said


def test_two_studios_listen_at_two_ports_of_this_machine():
    with listen(0) as one, listen(one.getsockname()[1]) as other:
        assert one.getsockname()[0] == other.getsockname()[0] == "127.0.0.1"
        assert one.getsockname()[1] != other.getsockname()[1]


def test_small_answers_are_sent_at_once():
    # asyncio turns Nagle's algorithm off for sockets that name their protocol.
    with listen(0) as listening:
        assert listening.proto == socket.IPPROTO_TCP


def test_a_port_beyond_all_ports_is_refused():
    with listen(65535), pytest.raises(InvalidArgument, match="65535"):
        listen(65535)


def test_ctrl_c_stops_at_once_and_says_so_even_with_an_open_page(starts, tmp_path):
    from websockets.sync.client import connect

    with starts(tmp_path / "data") as running:
        token = {"X-Handwrought-Token": running.token}
        with connect(f"ws://127.0.0.1:{running.port}/ws/draw", additional_headers=token):
            running.process.send_signal(signal.SIGINT)
            assert running.process.wait(timeout=30) == 0
        assert "stopped" in running.process.stdout.read()


@pytest.mark.slow
def test_wrong_input_gets_one_sentence(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    for arguments in (
        ("--model", tmp_path / "none.safetensors"),
        ("--model", tmp_path / "file"),
        ("--folder", tmp_path / "file"),
        ("--folder", tmp_path / "file" / "below"),
    ):
        done = run("--port", 0, *arguments)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.startswith("handwrought: ")
        assert done.stderr.count("\n") == 1


def test_without_its_extra_it_names_the_extra():
    code = (
        "import sys; sys.modules['uvicorn'] = None\n"
        "sys.argv = ['handwrought', 'studio', '--no-browser']\n"
        "from handwrought.cli import main\nmain()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "pip install 'handwrought[studio]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_token_is_never_logged(starts, tmp_path):
    with starts(tmp_path / "data") as running:
        with running.client() as client:
            assert client.get("/", params={"token": running.token}).status_code == 303
            assert client.get("/nowhere", params={"token": running.token}).status_code == 404
        running.process.send_signal(signal.SIGINT)
        said, failed = running.process.communicate(timeout=30)
        assert running.token not in said + failed
