"""``handwrought export`` as a user runs it."""

import json
import subprocess
import sys

import pytest

import handwrought as hw


def run(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "handwrought", "export", *map(str, arguments)],
        capture_output=True, text=True, cwd=cwd, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    hw.Network([784, 5, 10], seed=1).save(tmp_path / "model.safetensors")
    return tmp_path


def test_onnx_is_written_and_said(folder):
    done = run("model.safetensors", "m.onnx", "--pixels", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    size = (folder / "m.onnx").stat().st_size
    assert done.stdout == f"m.onnx: the network 784-5-10 for ONNX, {size:,} bytes\n"


@pytest.mark.slow
def test_onnx_of_the_shipped_model_takes_pixels(folder):
    done = run("shipped", "m.onnx", "--pixels", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_json_is_one_object_and_the_shipped_model_has_a_name(folder):
    done = run("shipped", "page.html", "--json", cwd=folder)
    found = json.loads(done.stdout)
    assert found["model"] == "shipped"
    assert found["file"] == "page.html"
    assert found["format"] == "html"
    assert found["bytes"] == (folder / "page.html").stat().st_size


@pytest.mark.slow
def test_nielsens_json_is_read_and_evaluated(folder):
    assert run("model.safetensors", "net.json", cwd=folder).returncode == 0
    assert run("net.json", "again.safetensors", "--stored", "float16", cwd=folder).returncode == 0
    assert hw.Network.load(folder / "again.safetensors").sizes == (784, 5, 10)


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [("m.pt",), ("m.onnx", "--opset", "3"), ("no/m.html",)], ids=str
)
def test_a_wrong_wish_gets_one_sentence(folder, arguments):
    done = run("model.safetensors", *arguments, cwd=folder)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("handwrought: ")
    assert done.stderr.count("\n") == 1
