"""A network of 47 classes with names, through every command."""

import json
import re

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import handwrought as hw
from handwrought.cli import app
from handwrought.errors import HandwroughtError

NAMES = sorted(
    [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "été", "ß", "a class with a long name", *"abdefghn"]
)
N = len(NAMES)


def invoke(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "80"})


def json_of(*arguments):
    done = invoke(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refusal(*arguments):
    done = invoke(*arguments)
    assert isinstance(done.exception, HandwroughtError), done.output
    return str(done.exception)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of pictures: a square in one of 49 places for each class, and noise; some of those to
    test with show the square of the next class."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for split, n in (("train", 12), ("test", 2)):
        for k, name in enumerate(NAMES):
            (folder / split / name).mkdir(parents=True)
            for i in range(n):
                image = rng.integers(0, 60, (28, 28)).astype(np.uint8)
                row, column = divmod(k + 1 if split == "test" and not (i or k % 5) else k, 7)
                image[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] += 190
                Image.fromarray(image).save(folder / split / name / f"{i}.png")
    return folder


SETTINGS = ("--hidden", 24, "--cost", "softmax", "--activation", "relu", "--optimizer", "adam",
            "--learning-rate", 0.005, "--epochs", 4)  # fmt: skip


@pytest.fixture(scope="module")
def run(pictures, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "out"
    return out, invoke("train", "--dataset", pictures, *SETTINGS, "--out", out, "--json")


@pytest.fixture(scope="module")
def model(run):
    return run[0] / "model.safetensors"


@pytest.fixture(scope="module")
def expected(model, pictures):
    return hw.evaluate(hw.Model.load(model), hw.load_dataset(pictures).test)


def test_there_are_47():
    assert N == len(set(NAMES)) == 47


@pytest.mark.slow
def test_the_table_is_folded_and_json_holds_the_whole(run, model, pictures, expected):
    found = json.loads(run[1].stdout)
    assert found["test_confusion"] == expected.confusion.tolist()
    assert 0.5 < expected.accuracy == found["test_accuracy"] < 1
    shown = invoke("evaluate", model, "--dataset", pictures).stdout
    mistakes = expected.confusion * ~np.eye(N, dtype=bool)
    i = int(mistakes.argmax()) // N
    assert f"{mistakes.max():6}  {NAMES[i][:15]}" in shown
    assert sum(" taken for " in line for line in shown.splitlines()) == min(
        15, (mistakes > 0).sum()
    )
    table = shown[shown.index("The share of each class") :].splitlines()[1:]
    assert max(map(len, table)) <= 80
    shares = dict(re.findall(r"(\S(?:.{,14}\S)?) +(\d+\.\d%)", "\n".join(table)))
    recall = {name: f"{r:.1%}" for name, r in zip(NAMES, expected.recall, strict=True)}
    assert shares["ß"] == recall["ß"]
    assert shares["a class with a…"] == recall["a class with a long name"]


def test_the_model_keeps_the_names(model):
    assert hw.Model.load(model).class_names == tuple(NAMES)


def test_evaluate_names_the_classes(model, pictures, expected, tmp_path):
    page = tmp_path / "page.html"
    found = json_of(
        "evaluate", model, "--dataset", pictures, "--report", page, "--report-images", 20
    )
    assert [each["class"] for each in found["per_class"]] == NAMES
    assert [each["recall"] for each in found["per_class"]] == expected.recall.tolist()
    assert found["confusion"] == expected.confusion.tolist()
    assert "été" in page.read_text(encoding="utf-8")


def test_evaluate_on_other_classes_is_refused(model):
    told = refusal("evaluate", model)
    assert "those of the data 0, 1, 2, 3, 4, ... (10 in all): they do not fit" in told


def test_explain_says_names(model, pictures):
    data = hw.load_dataset(pictures)
    found = json_of("explain", "--model", model, "--dataset", pictures, "--index", 7)
    assert found["label_name"] == NAMES[data.test.labels[7]]
    assert found["prediction_name"] == NAMES[found["prediction"]]
    shown = invoke("explain", "--model", model, "--dataset", pictures, "--index", 7).stdout
    assert f"image 7 of test, a {found['label_name']};" in shown


@pytest.mark.slow
def test_check_passes(model):
    assert json_of("check", "--model", model)["passed"]


def test_onnx_and_the_html_page_know_the_names(model, tmp_path):
    onnx = pytest.importorskip("onnx")
    assert invoke("export", model, tmp_path / "m.onnx").exit_code == 0
    props = {p.key: p.value for p in onnx.load(tmp_path / "m.onnx").metadata_props}
    assert json.loads(props["class_names"]) == NAMES
    assert invoke("export", model, tmp_path / "m.html").exit_code == 0
    page = (tmp_path / "m.html").read_text(encoding="utf-8")
    assert json.dumps(NAMES, separators=(",", ":")) in page
    assert "<title>Draw: 784-24-47</title>" in page


def test_info_finds_the_run_whole(run):
    done = invoke("info", run[0])
    assert done.exit_code == 0


def test_tune_tries_settings_with_optuna(pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = invoke("tune", "--dataset", pictures, "--hidden", 8, "--epochs", 1, "--trials", 2,
                  "--out", tmp_path / "study", "--json")  # fmt: skip
    assert done.exit_code == 0, done.output


@pytest.mark.slow
def test_a_committee_votes(pictures, tmp_path):
    found = json_of(
        "train", "--dataset", pictures, *SETTINGS, "--committee", 2, "--out", tmp_path / "c"
    )
    assert found["members"] == 2
    assert found["test_accuracy"] > 0.5
    again = json_of("evaluate", tmp_path / "c", "--dataset", pictures)
    assert again["test_accuracy"] == found["test_accuracy"]


def test_what_is_for_digits_is_refused(model, tmp_path):
    from handwrought.data.collection import Collection

    Image.new("L", (40, 40), 255).save(tmp_path / "page.png")
    assert "reading digits needs one from 784 to 10" in refusal(
        "read", tmp_path / "page.png", "--model", model
    )
    Collection.open(tmp_path / "digits")
    told = refusal("train", "--from", model, "--add", tmp_path / "digits", "--out", tmp_path / "t")
    assert "takes 784 numbers to 47" in told
