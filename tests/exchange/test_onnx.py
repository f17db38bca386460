"""An ONNX file gives in onnxruntime, and in ONNX's own reference, what the network gives here."""

import json

import numpy as np
import onnx
import pytest

import handwrought as hw
from handwrought.errors import InvalidArgument
from handwrought.exchange import onnx_model, to_onnx
from handwrought.nn.activations import ACTIVATIONS
from handwrought.storage.header import PIXELS

from .runtimes import by_onnxruntime, by_the_reference

RNG = np.random.default_rng(0)
X = RNG.standard_normal((17, 12)) * 3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_gives_the_same_wherever_it_stands(name, dtype):
    net = hw.Network([12, 9, 7, 5], name, "quadratic", 3, dtype, output_activation=name)
    x = X.astype(dtype)
    expected = net.feedforward(x)
    model = to_onnx(net)
    for found in (by_onnxruntime(model, x=x), by_the_reference(model, x=x)):
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_numbers_far_out_stay_finite_and_the_same(activation):
    net = hw.Network([12, 9, 5], activation, "softmax", seed=3)
    x = (X * 100).astype("f4")
    found = by_onnxruntime(to_onnx(net), x=x)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, net.feedforward(x), atol=1e-5)


def test_a_batch_has_any_size():
    net = hw.Network([12, 9, 5], "relu", "softmax", seed=3)
    model = to_onnx(net)
    for n in (0, 1, 2, 300):
        x = RNG.random((n, 12)).astype("f4")
        np.testing.assert_allclose(by_onnxruntime(model, x=x), net.feedforward(x), atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("temperature", [0.61, 1.0])
@pytest.mark.parametrize(
    ("cost", "output"),
    [("softmax", None), ("cross-entropy", None), ("quadratic", "relu"), ("quadratic", "identity")],
)
def test_pixels_go_in_and_calibrated_probabilities_come_out(cost, output, temperature, dtype):
    net = hw.Network([784, 20, 10], "tanh", cost, 1, dtype, output_activation=output)
    images = RNG.integers(0, 256, (6, 28, 28), np.uint8)
    expected = hw.Model(net, temperature=temperature).probabilities(images)
    model = to_onnx(hw.Model(net, temperature=temperature), pixels=True)
    assert [(i.name, i.type.tensor_type.elem_type) for i in model.graph.input] == [("pixels", 2)]
    assert [o.name for o in model.graph.output] == ["probabilities"]
    for found in (by_onnxruntime(model, pixels=images), by_the_reference(model, pixels=images)):
        np.testing.assert_allclose(found, expected, atol=1e-5)
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_pictures_of_other_sizes_have_theirs():
    net = hw.Network([6, 3], cost="softmax")
    model = hw.Model(net, preprocessing={**PIXELS, "height": 2, "width": 3})
    images = RNG.integers(0, 256, (4, 2, 3), np.uint8)
    found = by_onnxruntime(to_onnx(model, pixels=True), pixels=images)
    expected = net.feedforward(images.reshape(4, 6) / 255)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("opset", [13, 17, 22])
@pytest.mark.parametrize("pixels", [False, True])
def test_the_opset_is_the_one_asked_for(opset, pixels):
    net = hw.Network([784, 6, 10], "gelu", "cross-entropy", seed=1)
    model = to_onnx(net, opset=opset, pixels=pixels)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", opset)]
    onnx.checker.check_model(model, full_check=True)
    images = RNG.integers(0, 256, (3, 28, 28), np.uint8)
    x = (images.reshape(3, 784) / 255).astype("f4")
    found = by_onnxruntime(model, **({"pixels": images} if pixels else {"x": x}))
    p = net.feedforward(x)
    np.testing.assert_allclose(found, p / p.sum(1, keepdims=True) if pixels else p, atol=1e-5)


def test_the_file_says_where_it_comes_from():
    net = hw.Network([784, 10], cost="softmax", seed=1)
    labels = [f"dîgit {i}" for i in range(10)]
    made = hw.Model(net, "as-is", labels, 1.5, {"epochs": 3}, PIXELS, digest="ab" * 32)
    model = to_onnx(made)
    assert (model.producer_name, model.producer_version) == ("handwrought", hw.__version__)
    found = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(found["class_names"]) == labels
    assert json.loads(found["recipe"]) == {"epochs": 3}
    assert found["digest"] == "ab" * 32
    assert found["temperature"] == "1.5"
    assert (found["activations"], found["cost"]) == ("softmax", "softmax")
    bare = {e.key: e.value for e in to_onnx(net).metadata_props}
    assert json.loads(bare["class_names"]) == [*"0123456789"]


@pytest.mark.parametrize("opset", [12, 999, 0, True, 17.0, "17"])
def test_an_opset_that_does_not_do_is_told(opset):
    with pytest.raises(InvalidArgument, match="use one from 13 to"):
        to_onnx(hw.Network([4, 2]), opset=opset)


def test_pixels_of_what_takes_none_are_told():
    net = hw.Network([4, 2])
    with pytest.raises(InvalidArgument, match="--pixels is for models whose file says"):
        to_onnx(net, pixels=True)


def test_a_network_that_is_not_finite_is_not_exported():
    net = hw.Network([4, 2])
    net.layers[0].biases[0] = np.nan
    with pytest.raises(InvalidArgument, match="not finite"):
        to_onnx(net)


def test_a_network_above_two_gigabytes_is_not_exported(monkeypatch):
    net = hw.Network([12, 3], seed=0)
    monkeypatch.setattr(onnx_model, "_MOST_BYTES", net.parameters.vector.nbytes - 1)
    with pytest.raises(InvalidArgument, match="2 GB, which an ONNX file cannot be"):
        to_onnx(net)
