"""``handwrought evaluate``: what it prints, writes and refuses."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

import handwrought as hw
from handwrought.cli import app, evaluate
from handwrought.data.representations import represent
from handwrought.errors import InvalidArgument
from handwrought.report.pictures import data_uri


@pytest.fixture
def files(tmp_path):
    """A model and a data set of its own, 12 x 12 pixels and 3 classes."""
    rng = np.random.default_rng(0)

    def drawn(n):
        return rng.integers(0, 256, (n, 12, 12)).astype(np.uint8), rng.integers(0, 3, n)

    (x, y), (x_test, y_test) = drawn(60), drawn(40)
    np.savez(tmp_path / "data.npz", x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    net = hw.Network([144, 3], cost="softmax", seed=0)
    net.save(tmp_path / "model.safetensors", temperature=1.5, epochs=3)
    return tmp_path


def run(files, *, model="model.safetensors", data="data.npz", **settings):
    from handwrought.cli.evaluate import run

    settings = {"json_output": True} | settings
    return run(model=files / model, dataset=str(files / data), **settings)


def test_json_holds_the_classes_the_calibration_and_the_temperature(files, capsys):
    assert run(files) == 0
    found = json.loads(capsys.readouterr().out)
    data = hw.load_dataset(files / "data.npz")
    result = hw.evaluate(hw.Network.load(files / "model.safetensors"), data.test)
    assert found["accuracy"] == result.accuracy
    assert found["interval"] == list(result.interval)
    assert found["confusion"] == result.confusion.tolist()
    assert found["images"] == 40
    assert found["temperature"] == 1.5
    assert found["calibration_error"] == result.calibration(temperature=1.5).error
    assert [each["class"] for each in found["per_class"]] == list(data.class_names)
    assert [each["recall"] for each in found["per_class"]] == result.recall.tolist()
    assert sum(each["images"] for each in found["per_class"]) == 40
    assert "report" not in found


def test_a_model_is_shown_the_images_as_it_was_trained_to_see_them(files, capsys):
    net = hw.Network([144, 3], cost="softmax", seed=0)
    net.save(files / "upright.safetensors", representation="upright")
    assert run(files, model="upright.safetensors") == 0
    found = json.loads(capsys.readouterr().out)
    test = hw.load_dataset(files / "data.npz").test
    upright = hw.evaluate(net, dataclasses.replace(test, images=represent(test.images, "upright")))
    assert found["confusion"] == upright.confusion.tolist()
    assert found["confusion"] != hw.evaluate(net, test).confusion.tolist()


def test_a_report_of_a_network_on_strokes_shows_its_digits_as_they_are(files, capsys):
    net = hw.Network([288, 3], cost="softmax", seed=0)
    net.save(files / "strokes.safetensors", representation="strokes")
    report = {"report": files / "page.html", "report_images": 20}
    assert run(files, model="strokes.safetensors", **report) == 0
    found = json.loads(capsys.readouterr().out)
    test = hw.load_dataset(files / "data.npz").test
    seen = dataclasses.replace(test, images=represent(test.images, "strokes"))
    assert found["confusion"] == hw.evaluate(net, seen).confusion.tolist()
    page = (files / "page.html").read_text(encoding="utf-8")
    assert any(data_uri(image) in page for image in test.images)


def test_report_and_json_go_together_and_the_page_is_whole(files):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "handwrought", "evaluate", "model.safetensors"),
            *("--dataset", "data.npz", "--report", "page.html", "--report-images", "20", "--json"),
        ],
        cwd=files, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["report"] == "page.html"
    page = (files / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert page.endswith("</html>\n")
    assert "All 40" not in page
    assert "Evenly chosen 20 test images" in page
    assert "temperature 1.500" in page
    assert sorted(path.name for path in files.iterdir()) == [
        *("data.npz", "model.safetensors", "page.html")
    ]


def test_the_page_s_place_is_told_in_words(files, capsys):
    assert run(files, json_output=False, report=files / "page.html", report_images=5) == 0
    told = capsys.readouterr()
    assert "calibration error" in told.out.replace("\n", " ")
    assert "page.html" in told.err


def test_many_classes_are_printed_as_their_most_frequent_mistakes(files, capsys):
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 256, (80, 12, 12)).astype(np.uint8), np.arange(80) % 40
    np.savez(files / "many.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    hw.Network([144, 40], seed=0).save(files / "many.safetensors")
    assert run(files, model="many.safetensors", data="many.npz", json_output=False) == 0
    told = capsys.readouterr().out
    assert "most frequent mistakes" in told
    assert "taken for" in told
    assert max(map(len, told.splitlines()[4:])) <= 80


def test_a_model_of_more_classes_than_the_file_shows_is_evaluated(files, capsys):
    net = hw.Network([144, 10], cost="softmax", seed=0)
    net.save(files / "ten.safetensors")
    assert run(files, model="ten.safetensors") == 0
    found = json.loads(capsys.readouterr().out)
    assert np.shape(found["confusion"]) == (10, 10)
    assert np.sum(found["confusion"][3:]) == 0


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (".", "is a folder"),
        ("nowhere/page.html", "there is no folder"),
        ("model.safetensors", "ends in .html"),
        ("data.npz/page.html", "there is no folder"),
        (f"{'n' * 300}/page.html", "there is no folder"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_before_any_work(files, place, words):
    with pytest.raises(InvalidArgument, match=words) as caught:
        run(files, model="none.safetensors", report=files / place)
    assert "\n" not in str(caught.value)


def test_a_folder_without_permission_is_told(files, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(InvalidArgument, match="is not writable"):
        run(files, report=files / "page.html")


def test_a_full_disk_leaves_the_old_page_as_it_was(files, monkeypatch, capsys):
    (files / "page.html").write_text("old", encoding="utf-8")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(InvalidArgument, match="No space left"):
        run(files, report=files / "page.html", report_images=5)
    assert (files / "page.html").read_text(encoding="utf-8") == "old"
    assert len(list(files.iterdir())) == 3  # and no temporary file beside it
    assert capsys.readouterr().out == ""


def test_a_name_that_no_disk_takes_is_told(files):
    with pytest.raises(InvalidArgument, match="name too long"):
        run(files, report=files / f"{'n' * 300}.html", report_images=5)


def test_no_images_for_the_report_are_too_few(files):
    with pytest.raises(InvalidArgument, match="--report-images is 0"):
        run(files, report=files / "page.html", report_images=0)


@pytest.mark.parametrize("temperature", ["warm", 0, -1, True, [1.0]])
def test_a_temperature_that_is_no_number_is_told_before_it_is_saved(files, temperature):
    with pytest.raises(InvalidArgument, match="its temperature is"):
        hw.Network([144, 3], seed=0).save(files / "odd.safetensors", temperature=temperature)
    assert not (files / "odd.safetensors").exists()


def test_help_names_both_options():
    shown = CliRunner().invoke(app, ["evaluate", "--help"], env={"COLUMNS": "200"}).output
    assert "--report" in shown
    assert "--report-images" in shown
    assert evaluate.__doc__ in shown
