"""`handwrought train --from MODEL --add DIR`: the shipped model learns a writer it reads badly."""

import json
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import handwrought as hw
from handwrought.cli import app
from handwrought.data.collection import Collection
from handwrought.errors import DataError, HandwroughtError, InvalidArgument, ModelFileError
from handwrought.reading.recognizer import Recognizer, shipped_model
from handwrought.storage import read_header

pytestmark = pytest.mark.slow

EXAMPLE = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "make_it_yours.py"))
WRITER = EXAMPLE["WRITERS"][0]


def command(*arguments):
    return [sys.executable, "-m", "handwrought", "train", *map(str, arguments)]


def train(*arguments):
    return CliRunner().invoke(app, ["train", *map(str, arguments)])


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """What training on fifty digits of the writer, an epoch long, reports."""
    written = WRITER.write(hw.load_dataset("mnist").validation[:50])
    return EXAMPLE["taught"](written, "shipped", tmp_path_factory.mktemp("taught"), 1)


@pytest.fixture(scope="module")
def digits(taught):
    """The folder of the fifty digits."""
    return Path(taught["model"]).parents[1] / "digits"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small model, half trained and hardly calibrated."""
    path = tmp_path_factory.mktemp("models") / "small.safetensors"
    data = hw.load_dataset("mnist")
    network = hw.Network([784, 32, 10], "relu", "softmax", seed=0)
    for _ in hw.train(network, data.train[:5000], epochs=2, batch_size=50, optimizer="adam"):
        pass
    network.save(path, seed=3, temperature=4.0)
    return path


def test_fifty_digits_teach_the_hand_and_mnist_is_not_forgotten(taught):
    later = WRITER.write(hw.load_dataset("mnist").validation[1000:1400])
    models = [Recognizer.load(path) for path in (None, taught["model"])]
    before, after = (
        np.mean(model.probabilities(later.images).argmax(axis=1) == later.labels)
        for model in models
    )
    assert before < 0.9
    assert after > before + 0.08
    assert taught["before"]["test"]["accuracy"] - taught["after"]["test"]["accuracy"] <= 0.002
    assert taught["test_accuracy"] == taught["after"]["test"]["accuracy"]


def test_the_report_counts_what_was_held_out(taught, digits):
    learnt, held_out = Collection.open(digits).split()
    assert taught["own_digits"] == {"training": len(learnt), "held_out": len(held_out)}
    for when in ("before", "after"):
        for name, n in (("held_out", len(held_out)), ("own", len(learnt)), ("test", 10_000)):
            measured = taught[when][name]
            assert measured["images"] == n
            assert measured["accuracy"] == measured["right"] / n
            low, high = measured["interval"]
            assert low < measured["accuracy"] < high + 1e-9
    read = Recognizer.load(taught["model"]).probabilities(held_out.images).argmax(axis=1)
    assert taught["after"]["held_out"]["right"] == int((read == held_out.labels).sum())
    assert taught["after"]["held_out"]["right"] >= taught["before"]["held_out"]["right"]


def test_the_new_model_is_stored_as_the_old_one_and_calibrated(taught):
    old, new = read_header(shipped_model()), read_header(taught["model"])
    for name in ("input_shape", "cost", "dtype", "stored"):
        assert new[name] == old[name]
    assert new["calibration"]["temperature"] == taught["temperature"]
    assert new["record"]["fine_tuned"]["from"] == "shipped"
    assert 0.5 < taught["temperature"] < 2
    assert Path(taught["model"]).stat().st_size < 1.01 * shipped_model().stat().st_size


def test_a_small_model_in_plain_words(small, digits, tmp_path):
    out = tmp_path / "taught"
    done = train("--from", small, "--add", digits, "--epochs", 1, "--learning-rate", 0.003,
                 "--out", out)  # fmt: skip
    assert done.exit_code == 0, done.exception
    for name in ("own digits, held out", "own digits, learnt", "MNIST validation", "MNIST test"):
        assert name in done.stdout
    assert done.stdout.count("95 % interval") == 8
    header = read_header(out / "model.safetensors")
    record = header["record"]
    assert record["seed"] == 3
    assert header["calibration"]["temperature"] < 2  # fitted anew
    assert record["fine_tuned"]["learning_rate"] == 0.003
    before = (out / "model.safetensors").read_bytes()
    done = train("--from", small, "--add", digits, "--out", out)
    assert isinstance(done.exception, InvalidArgument)
    assert "already holds" in str(done.exception)
    assert (out / "model.safetensors").read_bytes() == before


def gathered(folder, split):
    collection = Collection.open(folder)
    for pixels, label in zip(split.images, split.labels, strict=True):
        collection.add(pixels, int(label))
    return collection.folder


def test_a_model_on_strokes_stays_one(digits, tmp_path):
    path, out = tmp_path / "strokes.safetensors", tmp_path / "taught"
    data = hw.load_dataset("mnist")
    network = hw.Network([1568, 24, 10], "relu", "softmax", seed=0)
    for _ in hw.train(
        network, data.train[:3000], epochs=1, optimizer="adam", representation="strokes"
    ):
        pass
    network.save(path, representation="strokes")
    done = train("--from", path, "--add", digits, "--epochs", 1, "--learning-rate", 0.002,
                 "--out", out, "--json")  # fmt: skip
    assert done.exit_code == 0, done.exception
    assert read_header(out / "model.safetensors")["representation"] == "strokes"
    report = json.loads(done.stdout)
    read = Recognizer.load(out / "model.safetensors").probabilities(data.test.images)
    assert report["test_accuracy"] == np.mean(read.argmax(axis=1) == data.test.labels) > 0.8


def test_what_is_missing_among_the_digits_is_said(small, digits, tmp_path):
    learnt, _ = Collection.open(digits).split()
    few = gathered(tmp_path / "few", learnt[np.flatnonzero(learnt.labels > 2)[:10]])
    done = train("--from", small, "--add", few, "--epochs", 1, "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert "There is no 0, 1, 2" in done.stdout
    assert "own digits, held out  before none yet: collect more" in done.stdout


def spoilt(digits, tmp_path):
    folder = tmp_path / "spoilt"
    for path in digits.rglob("*.png"):
        copy = folder / path.relative_to(digits)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    Image.new("L", (30, 30), 9).save(folder / "3" / "odd.png")
    return folder


def test_wrong_input_is_named_and_nothing_is_written(small, digits, tmp_path):
    validation = hw.load_dataset("mnist").validation
    few = gathered(tmp_path / "few", validation[:7])
    held_out = Collection.open(gathered(tmp_path / "many", validation[:60])).split()[1]
    none = gathered(tmp_path / "held-out", held_out[:8])
    (tmp_path / "empty").mkdir()
    hw.Network([784, 3]).save(tmp_path / "three.safetensors")
    hw.Network([784, 10]).save(tmp_path / "other.safetensors", representation="narrow")
    out = ("--out", tmp_path / "out")
    for arguments, kind, said in (
        (("--from", "shipped"), InvalidArgument, "go together"),
        (("--add", digits), InvalidArgument, "--from shipped"),
        (("--from", small, "--add", tmp_path / "none"), DataError, "is not there"),
        (("--from", small, "--add", tmp_path / "empty"), DataError, "is empty"),
        (("--from", small, "--add", small), DataError, "as a folder"),
        (("--from", small, "--add", small.parent), DataError, "holds other things"),
        (("--from", small, "--add", few), DataError, "holds 7 digits"),
        (("--from", small, "--add", none), DataError, "fell to those held out"),
        (("--from", small, "--add", spoilt(digits, tmp_path)), DataError, "odd.png is 30 x 30"),
        (("--from", tmp_path / "no", "--add", digits), ModelFileError, "cannot be read"),
        (("--from", tmp_path / "three.safetensors", "--add", digits), ModelFileError, "784 to 10"),
        (("--from", tmp_path / "other.safetensors", "--add", digits), InvalidArgument, "narrow"),
        (("--from", small, "--add", digits, "--hidden", 5), InvalidArgument, "--hidden has no part"),
        (("--from", small, "--add", digits, "--epochs", 0), InvalidArgument, "epochs is 0"),
    ):  # fmt: skip
        done = train(*arguments, *out)
        assert isinstance(done.exception, kind), (arguments, done.output)
        assert isinstance(done.exception, HandwroughtError)
        assert said in str(done.exception)
        assert "\n" not in str(done.exception)
        assert not (tmp_path / "out").exists()


def test_wrong_input_ends_with_exit_code_2(tmp_path):
    done = subprocess.run(
        command("--from", "shipped", "--add", tmp_path / "none"),
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("handwrought: ")
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_ctrl_c_keeps_the_model_of_that_moment(small, digits, tmp_path):
    asked = command("--from", small, "--add", digits, "--epochs", 500, "--out", "out")
    with subprocess.Popen(
        asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as training:
        for line in training.stdout:
            if line.startswith("epoch   1"):
                break
        training.send_signal(signal.SIGINT)
        out, err = training.communicate(timeout=120)
    assert training.returncode == 130, err
    assert "Stopped early; the model saved is the one at that moment." in out
    assert "MNIST test            before" in out
    network = Recognizer.load(tmp_path / "out" / "model.safetensors").model.network
    assert not np.array_equal(network.parameters.vector, hw.Network.load(small).parameters.vector)
