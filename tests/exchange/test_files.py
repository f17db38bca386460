"""A model in another format, by the suffix of its file."""

import json

import numpy as np
import onnx
import pytest

import handwrought as hw
from handwrought.errors import InvalidArgument, MissingExtra, ModelFileError
from handwrought.exchange import SUFFIXES, export, to_html
from handwrought.storage import read_header, read_model
from handwrought.storage.header import FORMAT


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.safetensors"
    net = hw.Network([784, 8, 10], "sigmoid", "cross-entropy", seed=1)
    net.save(path, temperature=1.5, class_names=[*"abcdefghij"], epochs=3)
    return path


def test_onnx(model, tmp_path):
    made = export(model, tmp_path / "m.onnx", pixels=True, opset=15)
    found = onnx.load(tmp_path / "m.onnx")
    onnx.checker.check_model(found, full_check=True)
    props = {entry.key: entry.value for entry in found.metadata_props}
    assert props["digest"] == made["digest"] == read_header(model)["digest"]
    assert json.loads(props["class_names"]) == [*"abcdefghij"]
    assert found.opset_import[0].version == 15
    assert made["format"] == "onnx"
    assert made["bytes"] == (tmp_path / "m.onnx").stat().st_size


def test_html(model, tmp_path):
    export(model, tmp_path / "m.HTML")
    made = to_html(hw.Model.load(model))
    assert (tmp_path / "m.HTML").read_text(encoding="utf-8") == made


def test_json(model, tmp_path):
    export(model, tmp_path / "m.json")
    again = hw.Network.load(tmp_path / "m.json")
    np.testing.assert_array_equal(again.parameters.vector, hw.Network.load(model).parameters.vector)
    back = export(tmp_path / "m.json", tmp_path / "back.safetensors")
    assert back["sizes"] == [784, 8, 10]
    assert read_header(tmp_path / "back.safetensors")["dtype"] == "float64"


@pytest.mark.parametrize("stored", ["float16", "float64", None])
def test_safetensors(model, tmp_path, stored):
    export(model, tmp_path / "m.safetensors.safetensors", stored=stored)
    header = read_header(tmp_path / "m.safetensors.safetensors")
    old = read_header(model)
    assert header["stored"] == (stored or "float32")
    for name in ("calibration", "class_names", "record", "versions", "layers"):
        assert header[name] == old[name]


def test_an_old_file_becomes_one_of_the_present_format(tmp_path, request):
    old = request.path.parents[1] / "storage" / "files" / "format-1.safetensors"
    export(old, tmp_path / "new.safetensors")
    header, net = read_model(tmp_path / "new.safetensors")
    assert header["format"] == FORMAT
    assert header["representation"] == "upright"
    np.testing.assert_array_equal(net.parameters.vector, read_model(old)[1].parameters.vector)


@pytest.mark.parametrize(
    ("out", "options", "told"),
    [
        ("m.pt", {}, r"m\.pt ends in \.pt: name a file that ends in \.onnx, \.html, \.json, \.saf"),
        ("m", {}, "ends in nothing"),
        ("m.json", {"pixels": True}, r"--pixels is for \.onnx files"),
        ("m.html", {"opset": 17}, r"--opset is for \.onnx files"),
        ("m.onnx", {"stored": "float16"}, r"--stored is for \.safetensors files"),
        ("m.safetensors", {"stored": "int8"}, "--stored is 'int8'"),
        ("m.onnx", {"opset": 3}, "use one from 13"),
        ("absent/m.onnx", {}, "there is no folder"),
        ("folder.html", {}, "is a folder"),
        ("model.safetensors", {}, "is the model itself"),
        (f"{'n' * 300}.html", {}, "cannot be written"),
    ],
)
def test_what_cannot_be_written_is_told_and_nothing_is(model, tmp_path, out, options, told):
    (tmp_path / "folder.html").mkdir()
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with pytest.raises(InvalidArgument, match=told):
        export(model, tmp_path / out, **options)
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_a_model_that_is_none_is_told(tmp_path):
    for suffix in SUFFIXES:
        with pytest.raises(ModelFileError, match="cannot be read"):
            export(tmp_path / "absent.safetensors", tmp_path / f"m{suffix}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("net", "header", "told"),
    [
        (hw.Network([100, 10]), {}, "from 100 numbers to 10"),
        (hw.Network([784, 1]), {}, "from 784 numbers to 1"),
        (hw.Network([1568, 10]), {}, "784 numbers in representation 'as-is'"),
        (
            hw.Network([784, 10]),
            {"representation": "strokes"},
            "1568 numbers in representation 'strokes'",
        ),
    ],
)
def test_what_no_page_can_show_is_told(net, header, told):
    with pytest.raises(InvalidArgument, match=told):
        to_html(hw.Model(net, **header))


def test_the_page_tells_what_the_file_records_of_the_network():
    net = hw.Network([784, 10])
    record = {"validation_accuracy": 0.975, "dataset": "mnist", "recipe": "deep" * 30, "epochs": 3}
    page = to_html(hw.Model(net, temperature=1.25, record=record))
    for fact in (
        ["Accuracy on validation images", "97.50%"], ["Temperature", "1.250"],
        ["Trained on", "mnist"], ["Recipe", ("deep" * 30)[:80]],
    ):  # fmt: skip
        assert json.dumps(fact, separators=(",", ":")) in page
    strange = hw.Model(net, record={"validation_accuracy": 97.5, "dataset": ["mnist"]})
    for name in ("Accuracy", "Temperature", "Trained on", "Recipe"):
        assert f'["{name}' not in to_html(strange)


def test_numbers_too_large_for_half_precision_are_told():
    net = hw.Network([784, 10])
    net.layers[0].weights[0, 0] = 70_000
    with pytest.raises(InvalidArgument, match=r"above 65,504"):
        to_html(net)


@pytest.mark.parametrize(
    ("package", "extra", "what"),
    [("onnx", "onnx", "to_onnx"), ("sklearn.neural_network", "sklearn", "to_sklearn"),
     ("torch", "torch", "to_torch")],
)  # fmt: skip
def test_a_package_that_is_missing_is_named(monkeypatch, package, extra, what):
    import sys

    import handwrought.exchange

    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"pip install 'handwrought\[{extra}\]'"):
        getattr(handwrought.exchange, what)(hw.Network([4, 2]))
