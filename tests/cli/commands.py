"""Commands in a folder of their own, for tests that try every one of them."""

import io
import os
import shutil
import sys
from contextlib import ExitStack, chdir

import numpy as np
import pytest
from PIL import Image, ImageDraw

from handwrought import Network, cli

COMMANDS = {
    "train": ("train", "--dataset", "d.csv", "--epochs", "2", "--out", "run"),
    "train --json": ("train", "--dataset", "d.csv", "--epochs", "2", "--out", "run", "--json"),
    "train pictures": ("train", "--dataset", "pictures", "--epochs", "1", "--out", "run"),
    "committee": (
        *("train", "--dataset", "d.csv", "--epochs", "1", "--committee", "2", "--out", "run"),
    ),
    "optuna tune": (
        *("tune", "--dataset", "d.csv", "--trials", "2", "--epochs", "1", "--storage", "s.log"),
        *("--out", "best.toml"),
    ),
    "evaluate": ("evaluate", "m.safetensors", "--dataset", "pictures"),
    "evaluate --report": (
        *("evaluate", "m.safetensors", "--dataset", "pictures", "--report", "page.html"),
    ),
    "evaluate --json": ("evaluate", "m.safetensors", "--dataset", "pictures", "--json"),
    "read": ("read", "page.png", "pictures/train/0/0.png"),
    "read --json": ("read", "page.png", "--json"),
    "explain": ("explain", "--dataset", "pictures", "--model", "m.safetensors"),
    "explain --json": ("explain", "--dataset", "pictures", "--json"),
    "check": ("check", "--model", "small.safetensors"),
    "info": ("info",),
    "export": ("export", "m.safetensors", "out.json"),
    "collect": ("collect", "page.png", "--labels", "1", "--out", "digits"),
    "help": ("--help",),
    "help of train": ("train", "--help"),
    "version": ("--version",),
}
"""Of which each takes a second or less, in :func:`home`."""


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """Models, a table, a page, pictures to train on and to test, own digits, trainings to go on with."""
    folder = tmp_path_factory.mktemp("template")
    Network([784, 10], cost="cross-entropy").save(folder / "m.safetensors")
    Network([4, 3]).save(folder / "small.safetensors")
    chance = np.random.default_rng(0)
    np.savetxt(folder / "d.csv", chance.integers(0, 10, (60, 5)), fmt="%d", delimiter=",")
    page = Image.new("L", (120, 80), 255)
    ImageDraw.Draw(page).line((60, 10, 60, 70), 0, 7)
    page.save(folder / "page.png")
    for half in ("train", "test"):
        for digit in range(10):
            (folder / "pictures" / half / str(digit)).mkdir(parents=True)
            for i in range(2):
                pixels = chance.integers(0, 256, (28, 28)).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"pictures/{half}/{digit}/{i}.png")
    (folder / "own" / "3").mkdir(parents=True)
    for i in range(12):
        pixels = np.zeros((28, 28), np.uint8)
        pixels[4:24, 12 + i % 4] = 100 + i
        Image.fromarray(pixels).save(folder / f"own/3/{i}.png")
    (folder / "stopped").mkdir()
    with chdir(folder), pytest.MonkeyPatch.context() as patch:
        command = ("train", "--dataset", "d.csv", "--epochs", "1", "--out", "kept-well")
        assert run(command, patch) == 0
    (folder / "kept-well" / "model.safetensors").unlink()
    return folder


@pytest.fixture
def home(template, tmp_path, monkeypatch):
    """A copy of it, in which commands run."""
    folder = tmp_path / "home"
    shutil.copytree(template, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "100")
    return folder


def standard_output(place, encoding="utf-8"):
    """As Python makes it where standard output is no terminal."""
    raw = io.FileIO(place, "w")
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding)


def closed_pipe(encoding="utf-8"):
    """Standard output into a pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    return standard_output(writer, encoding)


def run(command, monkeypatch, stdout=None, stderr=None):
    """The exit code of the program with these streams, in this process; they are closed then."""
    with ExitStack() as opened, monkeypatch.context() as patch:
        patch.setattr(sys, "argv", ["handwrought", *map(str, command)])
        for name, stream in (("stdout", stdout), ("stderr", stderr)):
            if stream is not None:
                opened.enter_context(stream)
                patch.setattr(sys, name, stream)
        with chdir(os.getcwd()):
            try:
                cli.main()
            except SystemExit as left:
                return left.code
    return 0
