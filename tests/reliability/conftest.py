"""Trainings of seconds as processes of their own, to be stopped, killed and locked out."""

import signal
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest

OPTIONS = ("--hidden", "24", "--epochs", "100", "--optimizer", "momentum", "--dropout", "0.1",
           "--batch-size", "20", "--no-gallery")  # fmt: skip


@contextmanager
def heard(number):
    """A process begun here hears the signal, even where nohup made us deaf to it."""
    before = signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(number, before)


class Trainings:
    """``handwrought train`` in one folder, on data of its own."""

    def __init__(self, home):
        self.home = home
        self.started = []
        chance = np.random.default_rng(0)
        images = chance.integers(0, 256, (1500, 28, 28), dtype=np.uint8)
        np.savez(home / "digits.npz", x_train=images, y_train=chance.integers(0, 10, 1500))

    def start(self, *arguments, stdout=subprocess.PIPE):
        with heard(signal.SIGHUP):
            process = subprocess.Popen(
                [sys.executable, "-m", "handwrought", "train", *map(str, arguments)],
                stdout=stdout, stderr=subprocess.PIPE, text=True, cwd=self.home,
            )  # fmt: skip
        self.started.append(process)
        return process

    def begin(self, folder, *more, **streams):
        return self.start("--dataset", "digits.npz", *OPTIONS, "--out", folder, *more, **streams)

    def end(self, process):
        """(exit code, standard output, standard error) of a process, when it has ended."""
        out, err = process.communicate(timeout=300)
        return process.returncode, out, err

    def resume(self, folder, *more):
        return self.end(self.start("--resume", folder, "--no-gallery", *more))

    def until(self, process, *words):
        """Read what it says up to a line with one of these words."""
        for line in process.stdout:
            if any(word in line for word in words):
                return line
        pytest.fail(f"it ended before {words}: {process.stderr.read()}")

    def models(self, folder):
        return {
            name: (self.home / folder / name).read_bytes()
            for name in ("model.safetensors", "best.safetensors")
        }


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """A training that nothing interrupts: the bytes of its models."""
    trainings = Trainings(tmp_path_factory.mktemp("whole"))
    code, _, err = trainings.end(trainings.begin("whole"))
    assert code == 0, err
    return trainings.models("whole")


@pytest.fixture
def trainings(tmp_path):
    made = Trainings(tmp_path)
    yield made
    for process in made.started:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
