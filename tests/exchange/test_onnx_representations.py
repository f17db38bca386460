"""A graph that takes pixels sees them as the model does, in onnxruntime and in ONNX's reference.

A sum that comes out an ulp apart may round a grey level to its neighbour; probabilities then differ by
more than 1e-5, in a few images.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import handwrought as hw
from handwrought.data.representations import (
    REPRESENTATIONS,
    Representation,
    deskewed,
    extract_features,
    n_features,
    represent,
)
from handwrought.errors import InvalidArgument
from handwrought.exchange import export, to_onnx
from handwrought.exchange.onnx_graph import Graph
from handwrought.exchange.onnx_representations import add_representation
from handwrought.storage.header import PIXELS

from .runtimes import by_onnxruntime, by_the_reference, opened

BOTH = (by_onnxruntime, by_the_reference)


def drawn():
    """Pictures at the edges of what there is: blank, full, faint, one pixel, slanted to both sides."""
    images = np.zeros((14, 28, 28), np.uint8)
    images[1:4] = np.array([255, 64, 1])[:, None, None]
    for i, (row, column) in enumerate([(0, 0), (0, 27), (27, 0), (27, 27), (13, 9)]):
        images[4 + i, row, column] = 255
    images[9] = 255 * np.eye(28)
    images[10] = images[9, ::-1]
    images[11, 5], images[12, :, 27] = 200, 65
    images[13] = np.random.default_rng(0).integers(0, 256, (28, 28))
    return images


@pytest.fixture(scope="module")
def images():
    return np.concatenate([drawn(), hw.load_dataset("mnist").test.images[:186]])


def example(representation, dtype="float32", cost="softmax"):
    net = hw.Network([n_features((28, 28), representation), 20, 10], "relu", cost, 1, dtype)
    return hw.Model(net, representation, temperature=0.6)


def only_the_representation(representation, shape=(28, 28)):
    graph = Graph(onnx, np.dtype("f4"))
    graph.add("Identity", add_representation(graph, "pixels", representation, shape), output="seen")
    given_ = ("pixels", onnx.TensorProto.UINT8, ["n", *shape])
    return graph.model(given_, ("seen", graph.type, None), 17)


def levels_apart(found, expected):
    return np.abs(found - expected.astype("f4"))


@pytest.mark.slow
@pytest.mark.parametrize("representation", REPRESENTATIONS)
def test_probabilities_are_the_recognizers(images, representation):
    model = example(representation)
    expected = model.probabilities(images)
    made = to_onnx(model, pixels=True)
    for run in BOTH:
        found = run(made, pixels=images)
        apart = np.abs(found - expected).max(axis=1)
        assert apart.max() < 1e-3
        assert (apart < 1e-5).mean() > 0.95


@pytest.mark.parametrize("representation", ["upright", "width-16", "strokes"])
def test_a_network_of_float64_sees_the_same(images, representation):
    model = example(representation, "float64", "cross-entropy")
    expected = model.probabilities(images)
    made = to_onnx(model, pixels=True)
    for run in BOTH:
        found = run(made, pixels=images)
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected, atol=1e-3)
        assert (np.abs(found - expected) < 1e-5).mean() > 0.95


@pytest.mark.slow
@pytest.mark.parametrize(
    "representation",
    [name for name, each in REPRESENTATIONS.items() if each.deskew],
)
def test_what_is_seen_is_the_representation_but_for_a_grey_level_here_and_there(
    images, representation
):
    expected = represent(images, representation)
    for run in BOTH:
        found = run(only_the_representation(REPRESENTATIONS[representation]), pixels=images)
        assert found.shape == expected.shape
        apart = levels_apart(found, expected)
        # Most of them are in the faint picture, where many values lie halfway.
        assert (apart > 0).mean() < 1e-3
        # The root of a small number grows fast: one grey level is many in a map of strokes.
        assert REPRESENTATIONS[representation].strokes or apart.max() <= 1


@cache
def in_representation(representation):
    return opened(only_the_representation(representation))


PICTURES = arrays(np.uint8, (2, 28, 28), elements=st.integers(0, 255), fill=st.just(0))


@settings(deadline=None)
@given(PICTURES)
def test_every_picture_is_set_upright_to_a_grey_level(pixels):
    (found,) = in_representation(Representation(deskew=True)).run(None, {"pixels": pixels})
    assert levels_apart(found, deskewed(pixels, "upright")).max() <= 1


@pytest.mark.slow
@settings(deadline=None)
@given(PICTURES)
def test_the_strokes_of_every_picture_are_found_to_a_grey_level(pixels):
    (found,) = in_representation(Representation(strokes=True)).run(None, {"pixels": pixels})
    assert levels_apart(found, extract_features(pixels, "strokes")).max() <= 1


@pytest.mark.parametrize("representation", ["upright", "width-20", "strokes"])
@pytest.mark.parametrize("opset", [13, 17, 18, 22, onnx.defs.onnx_opset_version()])
def test_every_opset_does(images, representation, opset):
    model = example(representation)
    made = to_onnx(model, pixels=True, opset=opset)
    onnx.checker.check_model(made, full_check=True)
    expected = model.probabilities(images[:30])
    # A runtime may be older than the newest opset; the reference knows it.
    for run in BOTH if opset <= 22 else [by_the_reference]:
        np.testing.assert_allclose(run(made, pixels=images[:30]), expected, atol=1e-3)


@pytest.mark.parametrize("n", [0, 1, 33])
def test_a_batch_has_any_size(images, n):
    model = example("strokes-16")
    found = by_onnxruntime(to_onnx(model, pixels=True), pixels=images[:n])
    expected = model.probabilities(images[:n])
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("representation", ["upright", "width-10"])
def test_pictures_of_other_sizes_are_seen_the_same(representation):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 11, 16), np.uint8)
    net = hw.Network([11 * 16, 3], cost="softmax", seed=1)
    made = {**PIXELS, "height": 11, "width": 16}
    model = to_onnx(
        hw.Model(net, representation, preprocessing=made),
        pixels=True,
    )
    expected = net.feedforward(represent(pixels, representation).reshape(5, -1) / 255)
    for run in BOTH:
        np.testing.assert_allclose(run(model, pixels=pixels), expected, atol=1e-3)


@pytest.mark.parametrize("representation", ["as-is", "upright", "strokes"])
def test_what_is_no_picture_is_refused_by_the_runtime(images, representation):
    session = opened(to_onnx(example(representation), pixels=True))
    for wrong in (images[:, 1:], images[0], images.astype("f4")):
        with pytest.raises(Exception, match="INVALID_ARGUMENT"):
            session.run(None, {"pixels": wrong})


def test_the_file_of_a_model_of_strokes_takes_pixels(images, tmp_path):
    example("strokes").save(tmp_path / "m.safetensors")
    export(tmp_path / "m.safetensors", tmp_path / "m.onnx", pixels=True)
    model = onnx.load(tmp_path / "m.onnx")
    said = {entry.key: entry.value for entry in model.metadata_props}
    assert (said["representation"], said["input"]) == (
        "strokes",
        "uint8 pixels, ink bright on black",
    )
    expected = hw.Recognizer.load(tmp_path / "m.safetensors").probabilities(images)
    np.testing.assert_allclose(by_onnxruntime(model, pixels=images), expected, atol=1e-3)


def test_a_graph_of_numbers_says_whose_they_are():
    said = {entry.key: entry.value for entry in to_onnx(example("upright")).metadata_props}
    assert said["input"] == "the representation 'upright' of pixels, divided by 255"


def test_a_view_that_is_unknown_is_told():
    model = example("as-is")
    with pytest.raises(InvalidArgument, match="one sees pictures 'mirrored': export it without"):
        to_onnx(replace(model, representation="mirrored"), pixels=True)


@pytest.mark.parametrize(
    ("n_inputs", "representation"),
    [(784, "strokes"), (1000, "strokes"), (1568, "upright"), (4, "as-is")],
)
def test_inputs_of_which_it_is_not_known_how_they_are_made_are_told(n_inputs, representation):
    net = hw.Network([n_inputs, 10])
    with pytest.raises(InvalidArgument, match="--pixels is for models whose file says how"):
        to_onnx(hw.Model(net, representation), pixels=True)
