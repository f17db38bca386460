"""Commands that are pointed at pipes, devices, sockets and folders where a file is wanted."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest
from tests.cli import commands
from tests.cli.commands import home, template

__all__ = ["home", "template"]

COMMANDS = {
    "read": ("read", "SPECIAL.png"),
    "read a model": ("read", "page.png", "--model", "SPECIAL.safetensors"),
    "read Nielsen's": ("read", "page.png", "--model", "SPECIAL.json"),
    "collect": ("collect", "SPECIAL.png", "--labels", "5", "--out", "kept"),
    "collect in": ("collect", "page.png", "--labels", "1", "--out", "SPECIAL"),
    "csv": ("train", "--dataset", "SPECIAL.csv", "--out", "run"),
    "csv.gz": ("train", "--dataset", "SPECIAL.csv.gz", "--out", "run"),
    "npz": ("train", "--dataset", "SPECIAL.npz", "--out", "run"),
    "idx": ("train", "--dataset", "SPECIAL-idx3-ubyte", "--out", "run"),
    "a picture of a folder": ("train", "--dataset", "pictures", "--out", "run"),
    "recipe": ("train", "--recipe", "SPECIAL.toml", "--out", "run"),
    "resume": ("train", "--resume", "stopped"),
    "the checkpoint": ("train", "--resume", "kept-well"),
    "from": ("train", "--from", "SPECIAL.safetensors", "--add", "own", "--out", "run"),
    "add": ("train", "--from", "shipped", "--add", "own", "--out", "run"),
    "optuna study": ("tune", "--dataset", "d.csv", "--storage", "SPECIAL.log", "--trials", "1"),
    "optuna database": ("tune", "--dataset", "d.csv", "--storage", "SPECIAL.db", "--trials", "1"),
    "space": ("tune", "--dataset", "d.csv", "--space", "SPECIAL.toml", "--trials", "1"),
    "best": ("tune", "--dataset", "d.csv", "--out", "SPECIAL.toml", "--trials", "1"),
    "evaluate": ("evaluate", "SPECIAL.safetensors"),
    "evaluate on": ("evaluate", "m.safetensors", "--dataset", "SPECIAL.npz"),
    "explain": ("explain", "--model", "SPECIAL.safetensors"),
    "check": ("check", "--model", "SPECIAL.safetensors"),
    "export": ("export", "SPECIAL.safetensors", "out.onnx"),
    "starlette studio": ("studio", "--no-browser", "--port", "0", "--model", "SPECIAL.safetensors"),
}
SOME = ("read", "evaluate", "csv", "npz", "idx", "recipe", "resume", "optuna study", "space", "add")


def run(command, monkeypatch):
    """The exit code of a command, which has 60 seconds."""

    def hangs(*_):
        pytest.fail(f"{command} hangs")

    before = signal.signal(signal.SIGALRM, hangs)
    signal.setitimer(signal.ITIMER_REAL, 60)
    try:
        return commands.run(command, monkeypatch)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def places(command):
    """Where the special file stands, in a command."""
    for word in command:
        if word.startswith("SPECIAL"):
            return [word]
    if command[-1] == "stopped":
        return ["stopped/config.json"]
    if command[-1] == "kept-well":
        return ["kept-well/checkpoint.safetensors"]
    return ["pictures/train/0/2.png"] if "pictures" in command else ["own/3/00.png"]


@contextmanager
def special(kind, place):
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "device":
        os.symlink("/dev/zero", place)
    with socket.socket(socket.AF_UNIX) as listening:
        if kind == "socket":
            listening.bind(place)
        yield


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *(("pipe", name) for name in COMMANDS),
        *((kind, name) for kind in ("device", "socket") for name in SOME),
    ],
)
def test_what_is_no_file_is_refused_in_a_sentence_and_never_waited_for(
    kind, name, home, monkeypatch, capsys
):
    command = COMMANDS[name]
    (place,) = places(command)
    capsys.readouterr()
    with special(kind, place):
        code = run(command, monkeypatch)
    said = capsys.readouterr().err
    assert code in (1, 2), said
    assert said.startswith("handwrought: ")
    assert said.count("\n") == 1
    assert place.split("/")[0] in said
    assert not (home / "run" / "model.safetensors").exists()


@pytest.mark.slow
def test_a_picture_comes_through_a_pipe_and_from_standard_input(home):
    whole = (home / "page.png").read_bytes()
    command = [sys.executable, "-m", "handwrought", "read"]
    asked = {"capture_output": True, "timeout": 60}
    there = subprocess.run([*command, "page.png"], check=True, **asked)
    named = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m handwrought read <(sleep 0.2; cat page.png)"],
        check=True, **asked,
    )  # fmt: skip
    assert named.stdout == there.stdout
    given = subprocess.run([*command, "-"], input=whole, check=True, **asked)
    assert given.stdout == there.stdout


@pytest.mark.slow
def test_standard_input_without_an_end_is_left():
    with open("/dev/zero", "rb") as zeros:
        done = subprocess.run(
            [sys.executable, "-m", "handwrought", "read", "-"],
            stdin=zeros, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == (
        "handwrought: standard input cannot be read: it has more than 536,870,912 bytes\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", SOME)
def test_what_may_not_be_read_is_told_in_a_sentence(name, home):
    command = COMMANDS[name]
    (place,) = places(command)
    (home / place).write_bytes(b"")
    (home / place).chmod(0)
    started = [sys.executable, "-m", "handwrought", *command]
    if os.geteuid() == 0:  # who may read anything
        started = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", *started]
        allowed = subprocess.run([*started[:4], "cat", place], capture_output=True, check=False)
        if not allowed.returncode:
            pytest.skip("whoever runs this may read everything")
    done = subprocess.run(started, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (1, 2), done
    assert "Traceback" not in done.stderr
    told = done.stderr.splitlines()[-1]
    assert place.split("/")[0] in told
    assert "Permission denied" in told or "is not readable" in told
