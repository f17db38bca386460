"""A network with what it takes to use it: one way from images to outputs, one calibrated probability."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, replace
from decimal import Decimal, getcontext

import joblib
import numpy as np
import pytest

import handwrought as hw
from handwrought.data.representations import REPRESENTATIONS, deskewed, n_features, represent
from handwrought.errors import InvalidArgument, ModelFileError
from handwrought.model import probabilities
from handwrought.reading.recognizer import shipped_model
from handwrought.storage import read_header

LETTERS = tuple("éèêabcdefg")


def model(representation="as-is", **settings):
    net = hw.Network([n_features((28, 28), representation), 12, 10], "relu", "softmax", seed=1)
    return hw.Model(net, representation, **settings)


@pytest.fixture(scope="module")
def images():
    return hw.load_dataset("mnist").validation.images[:40]


# --- from images to outputs -----------------------------------------------------------------------


@pytest.mark.parametrize("representation", REPRESENTATIONS)
def test_a_network_is_given_the_representation_divided_by_255(images, representation):
    made = model(representation)
    expected = represent(images, representation).reshape(40, -1) / 255
    x = made.inputs(images)
    assert x.dtype == np.float32
    np.testing.assert_allclose(x, expected, atol=1e-7)
    np.testing.assert_allclose(made.inputs_of_deskewed(deskewed(images, representation)), x)
    np.testing.assert_allclose(made.outputs(images), made.network.feedforward(expected), atol=1e-6)


def test_pixels_may_be_rows_and_numbers_stay_as_they_are(images):
    made = model()
    np.testing.assert_array_equal(made.inputs(images.reshape(40, -1)), made.inputs(images))
    table = np.random.default_rng(0).normal(0, 9, (5, 784)).astype(np.float32)
    np.testing.assert_array_equal(made.inputs(table), table)
    floats = made.inputs(images / np.float32(255))
    np.testing.assert_allclose(floats, made.inputs(images), atol=1e-7)


def test_floats_from_0_to_1_are_seen_as_bytes_are(images):
    made = model("strokes")
    np.testing.assert_array_equal(made.inputs(images / np.float32(255)), made.inputs(images))


def test_activations_are_those_of_every_layer(images):
    made = model("upright")
    x, hidden, outputs = made.activations(images)
    w, b = made.network.layers[0].weights, made.network.layers[0].biases
    np.testing.assert_array_equal(x, made.inputs(images))
    np.testing.assert_allclose(hidden, np.maximum(x @ w.T + b, 0), atol=1e-5)
    np.testing.assert_allclose(outputs, made.outputs(images), atol=1e-6)


def test_many_images_are_read_in_parts(images):
    made = model()
    many = np.tile(images, (51, 1, 1))
    assert made.outputs(many).shape == (2040, 10)
    np.testing.assert_allclose(made.outputs(many)[-40:], made.outputs(images), atol=1e-6)
    assert made.outputs(images[:0]).shape == (0, 10)


@pytest.mark.parametrize("wrong", [np.zeros(784, np.uint8), np.zeros((1, 1, 28, 28)), np.uint8(3)])
def test_what_is_no_image_is_refused(wrong):
    with pytest.raises(InvalidArgument, match=r"give \(n, height, width\)"):
        model().outputs(wrong)


def test_what_does_not_fit_is_refused(images):
    with pytest.raises(InvalidArgument, match="784"):
        model().outputs(images[:, :20])
    with pytest.raises(InvalidArgument, match=r"give \(n, height, width\)"):
        model("strokes").outputs(images.reshape(40, -1))
    with pytest.raises(InvalidArgument, match="'mirrored' is unknown"):
        replace(model(), representation="mirrored").outputs(images)


# --- probabilities --------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [0.011, 0.2, 0.7, 1.0, 3.0, 99.0])
@pytest.mark.parametrize(
    "row",
    [
        [0.1, 0.7, 0.2, 0.0],
        [1e-40, 1e-38, 0.0, 0.0],
        [-3.0, 2.0, 0.5, 1e30],
        [40.0, 39.0, 0.0, -1e30],
        [-1.0, -2.0, -3.0, -4.0],
    ],
)
def test_probabilities_are_powers_divided_by_their_sum(row, temperature):
    getcontext().prec = 50
    powers = [max(Decimal(v), Decimal("1e-30")) ** (1 / Decimal(temperature)) for v in row]
    expected = [float(power / sum(powers)) for power in powers]
    found = probabilities(np.array([row]), temperature)
    np.testing.assert_allclose(found, [expected], rtol=1e-9, atol=1e-300)


def test_outputs_that_are_infinite_have_probabilities():
    found = probabilities(np.array([[np.inf, 1.0, -np.inf]]), 0.5)
    np.testing.assert_allclose(found, [[1, 0, 0]])


def test_a_row_does_not_depend_on_its_neighbours():
    rows = np.random.default_rng(0).normal(0, 30, (50, 4))
    for row, expected in zip(rows, probabilities(rows, 0.7), strict=True):
        np.testing.assert_array_equal(probabilities(row[None], 0.7)[0], expected)


@pytest.mark.parametrize("output", ["identity", "sigmoid", "softmax"])
def test_the_quadratic_cost_is_least_where_outputs_are_the_probabilities(output):
    """Of two pictures with labels drawn by known odds, whatever the output activation."""
    rng = np.random.default_rng(0)
    odds = np.array([[0.7, 0.2, 0.1], [0.05, 0.15, 0.8]])
    which = rng.integers(0, 2, 6000)
    labels = (odds[which].cumsum(1) > rng.random((6000, 1))).argmax(1)
    images = np.eye(2, dtype=np.float32)
    net = hw.Network([2, 3], cost="quadratic", output_activation=output, seed=0)
    split = hw.Split(images[which], labels, 3)
    for _ in hw.train(net, split, epochs=4, batch_size=60, optimizer="adam", learning_rate=0.03):
        pass
    np.testing.assert_allclose(hw.Model(net).probabilities(images), odds, atol=0.06)


def test_the_shipped_model_is_calibrated(images):
    shipped = hw.Model.load(shipped_model())
    z = np.log(np.maximum(shipped.outputs(images).astype(float), 1e-30)) / shipped.temperature
    expected = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    np.testing.assert_allclose(shipped.probabilities(images), expected, rtol=1e-9, atol=1e-12)


# --- names, files, copies -------------------------------------------------------------------------


def test_classes_are_numbers_where_they_have_no_names():
    assert model().class_names == tuple("0123456789")
    assert model().given_names is None
    assert model(class_names=tuple("0123456789")).given_names is None
    assert model(class_names=[*LETTERS]).given_names == LETTERS
    with pytest.raises(InvalidArgument, match="2 class names and 10 outputs"):
        model(class_names=("a", "b"))


def test_a_model_on_other_classes_is_refused():
    plain, named = model(), model(class_names=LETTERS)
    assert plain.named(LETTERS).class_names == LETTERS
    assert named.named(plain.class_names) is named
    assert named.named(LETTERS) is named
    assert plain.named(("a", "b")) is plain  # evaluation says what does not fit
    with pytest.raises(InvalidArgument, match=r"classes are é, è, ê, a, b, .* those of the data b"):
        named.named(tuple(reversed("aécdefghib")))


def test_a_file_keeps_all_of_it(tmp_path, images):
    record = {"epochs": 3, "note": "déjà vu"}
    made = model("strokes", class_names=LETTERS, temperature=1.7, record=record, stored="float16")
    vector = made.network.parameters.vector
    vector[:] = vector.astype(np.float16)
    made.save(tmp_path / "m.safetensors")
    again = hw.Model.load(tmp_path / "m.safetensors")
    for name in ("representation", "class_names", "temperature", "record", "stored"):
        assert getattr(again, name) == getattr(made, name), name
    assert again.digest == read_header(tmp_path / "m.safetensors")["digest"]
    np.testing.assert_array_equal(again.probabilities(images), made.probabilities(images))
    again.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == (
        tmp_path / "m.safetensors"
    ).read_bytes()
    with pytest.raises(ModelFileError):
        hw.Model.load(tmp_path / "none.safetensors")


def test_copies_say_the_same_and_are_apart(tmp_path, images):
    made = model("upright", class_names=LETTERS, temperature=0.6)
    expected = made.probabilities(images)
    joblib.dump(made, tmp_path / "m.joblib")
    others = [
        copy.deepcopy(made),
        pickle.loads(pickle.dumps(made)),  # noqa: S301
        joblib.load(tmp_path / "m.joblib"),
    ]
    for other in others:
        np.testing.assert_array_equal(other.probabilities(images), expected)
        other.network.parameters.vector[:] = 0
    np.testing.assert_array_equal(made.probabilities(images), expected)
    with pytest.raises(FrozenInstanceError):
        made.temperature = 2.0


def test_threads_share_one(images):
    made = model("strokes")
    expected = made.probabilities(images)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: made.probabilities(images), range(8)):
            np.testing.assert_array_equal(found, expected)


def test_a_predictor_reads_what_the_model_reads(images):
    made = model()
    digits = made.predictor().digits(images)
    np.testing.assert_array_equal(digits, made.outputs(images).argmax(axis=1))
    with pytest.raises(InvalidArgument, match="sees them 'strokes'"):
        model("strokes").predictor()
