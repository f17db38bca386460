"""A layer of one's own, with parameters that do not decay and a running statistic, goes everywhere.

The right values are written out from its formula, a = s ⊙ (a_below - m), or by difference quotients.
"""

import copy
import pickle
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import handwrought as hw
from handwrought.errors import InvalidArgument, ModelFileError
from handwrought.exchange import to_onnx, to_sklearn
from handwrought.nn import layers
from handwrought.nn.equations import follow
from handwrought.nn.layers import Dense, Layer, LayerState, dense_layers, layer_of
from handwrought.nn.parameters import ArraySpec
from handwrought.runs.checkpoint import load_checkpoint, save_checkpoint
from handwrought.storage import load_model, read_header, save_model


@dataclass(eq=False)
class CentredState(LayerState):
    centred: np.ndarray

    handed_on: ClassVar = ("a", "centred")


class Scale(Layer):
    """a = s ⊙ (a_below - m), where m follows the mean of what came in training."""

    kind = "scale"

    def __init__(self, follows=0.25):
        self.follows = follows

    def settings(self):
        return {"follows": self.follows}

    def shape_of_output(self, input_shape):
        return input_shape

    def specs(self):
        return (
            ArraySpec("mean", self.input_shape, trained=False),
            ArraySpec("scale", self.input_shape, decays=False),
        )

    def initialize(self, rng, initializer=None):
        self.scale[...], self.mean[...] = 1, 0

    def state(self, capacity, dtype, *, training=False, dropout=False):
        plain = super().state(capacity, dtype, training=training, dropout=dropout)
        return CentredState(plain.a, plain.dC_da, np.zeros_like(plain.a), training=training)

    def forward(self, a_below, at):
        np.subtract(a_below, self.mean, out=at.centred)
        if at.training:
            self.mean += self.follows * at.centred.mean(axis=0)
        return np.multiply(self.scale, at.centred, out=at.a)

    def backward(self, at, gradient, a_below, out):
        np.sum(at.dC_da * at.centred, axis=0, out=gradient.scale)
        return None if out is None else np.multiply(at.dC_da, self.scale, out=out)


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setitem(layers.LAYERS, "scale", Scale)


def network(dtype="float64", **settings):
    net = hw.Network(
        [Scale(), Dense(4, "tanh"), Scale(0.5), Dense(3)],
        cost="softmax",
        seed=2,
        dtype=dtype,
        input_shape=(2, 3),
        **settings,
    )
    for layer in net.layers[::2]:
        layer.mean = np.linspace(-0.1, 0.3, layer.mean.size).reshape(layer.mean.shape)
        layer.scale = np.linspace(0.5, 1.5, layer.scale.size).reshape(layer.scale.shape)
    return net


RNG = np.random.default_rng(0)
X, Y = RNG.random((7, 6)), RNG.integers(0, 3, 7)
SPLIT = hw.Split(RNG.integers(0, 256, (24, 2, 3)).astype(np.uint8), np.arange(24) % 3, 3)
SETTINGS = {"epochs": 3, "batch_size": 5, "weight_decay": 0.1, "learning_rate": 0.05}


def by_hand(net, x):
    first, hidden, second, last = net.layers
    a = (first.scale * (x.reshape(-1, 2, 3) - first.mean)).reshape(-1, 6)
    a = second.scale * (np.tanh(a @ hidden.weights.T + hidden.biases) - second.mean)
    e = np.exp(a @ last.weights.T + last.biases)
    return e / e.sum(axis=1, keepdims=True)


def test_it_feeds_forward_by_its_formula():
    net = network()
    assert [layer.output_shape for layer in net.layers] == [(2, 3), (4,), (4,), (3,)]
    np.testing.assert_allclose(net.feedforward(X), by_hand(net, X), rtol=1e-12)
    np.testing.assert_array_equal(net.feedforward(X.reshape(7, 2, 3)), net.feedforward(X))
    np.testing.assert_allclose(net.feedforward(X[0].reshape(2, 3)), net.feedforward(X)[0], 1e-12)
    assert net.feedforward(X[:0]).shape == (0, 3)
    assert (net.n_inputs, net.architecture) == (6, "2x3-scale-4-scale-3")
    assert [layer.mean.flat[0] for layer in net.layers[::2]] == [-0.1, -0.1]  # nothing was learnt


def test_its_gradient_is_that_of_both_difference_quotients():
    for method, most in (("central", 1e-8), ("complex", 1e-13)):
        check = hw.check_gradients(network(), X, Y, method=method)
        assert check.max_relative_error < most
        assert "layers[0].scale" in {array.name for array in check.arrays}
        assert "layers[0].mean" not in {array.name for array in check.arrays}


def test_weights_decay_and_what_is_none_does_not():
    net = network()
    assert net.parameters.n_weights == 4 * 6 + 3 * 4
    assert net.parameters.vector.size == net.parameters.n_weights + 6 + 4 + 4 + 3
    assert net.parameters.numbers.size == net.parameters.vector.size + 6 + 4
    before = net.copy()
    gradient = net.backpropagate(*SPLIT[:5].reader(5, net.dtype).read(np.arange(5)))
    next(hw.train(net, SPLIT[:5], **SETTINGS))
    for moved, was, g in zip(net.layers, before.layers, gradient, strict=True):
        for name, array in g.items():
            pull = 0.1 * getattr(was, name) if name == "weights" else 0
            np.testing.assert_allclose(
                getattr(moved, name), getattr(was, name) - 0.05 * (array + pull), rtol=1e-9
            )
    seen = SPLIT.images[:5] / 255
    learnt = before.layers[0].mean + 0.25 * (seen - before.layers[0].mean).mean(axis=0)
    np.testing.assert_allclose(net.layers[0].mean, learnt, rtol=1e-12)


@pytest.mark.parametrize("optimizer", ["momentum", "adamw"])
def test_a_training_that_goes_on_from_a_checkpoint_has_the_bits_of_one_that_was_left_alone(
    optimizer, tmp_path
):
    settings = SETTINGS | {"optimizer": optimizer, "ema_decay": 0.5, "report_every": 2}
    whole, part, again = network("float32"), network("float32"), network("float32")
    costs = [report.cost for report in hw.train(whole, SPLIT, **settings)]
    assert np.isfinite(costs).all()
    training = hw.train(part, SPLIT, **settings)
    for _ in range(5):
        next(training)
    save_checkpoint(training.state(), tmp_path / "checkpoint.safetensors")
    state = load_checkpoint(tmp_path / "checkpoint.safetensors")
    assert [report.cost for report in hw.train(again, SPLIT, **settings, resume=state)] == costs[5:]
    np.testing.assert_array_equal(again.parameters.numbers, whole.parameters.numbers)
    other = hw.Network([Scale(), Dense(4), Scale(), Dense(3)], cost="softmax", input_shape=(2, 3))
    with pytest.raises(InvalidArgument, match=r"layers is .*the training to go on with had"):
        hw.train(other, SPLIT, **settings, resume=state)


def test_a_hard_part_of_a_batch_and_its_running_statistic():
    net = network()
    next(hw.train(net, SPLIT, **SETTINGS, backprop_fraction=0.4))
    assert (net.layers[0].mean > 0.1).all()  # on its way to the mean of bytes, 1/2


def pickled(net):
    return pickle.loads(pickle.dumps(net))  # noqa: S301 - our own


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, pickled, hw.Network.copy])
def test_a_copy_has_numbers_of_its_own(way):
    net = network()
    twin = way(net)
    np.testing.assert_array_equal(twin.parameters.numbers, net.parameters.numbers)
    twin.parameters.numbers[:] = 7
    assert (twin.layers[0].mean == 7).all()
    assert (twin.layers[2].scale == 7).all()
    assert net.layers[0].mean.flat[0] == -0.1


def test_a_model_file_keeps_it_with_what_it_remembers(tmp_path, monkeypatch):
    net = network("float32")
    save_model(net, tmp_path / "m.safetensors", class_names=["a", "b", "c"])
    header = read_header(tmp_path / "m.safetensors")
    assert header["input_shape"] == [2, 3]
    assert header["layers"][2] == {
        "kind": "scale", "follows": 0.5, "arrays": {"mean": [4], "scale": [4]}
    }  # fmt: skip
    again = load_model(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(again.parameters.numbers, net.parameters.numbers)
    np.testing.assert_array_equal(again.feedforward(X), net.feedforward(X))
    assert [type(layer) for layer in again.layers] == [Scale, Dense, Scale, Dense]
    monkeypatch.delitem(layers.LAYERS, "scale")
    with pytest.raises(ModelFileError, match="layer kind 'scale' is unknown: use one of dense"):
        load_model(tmp_path / "m.safetensors")
    with pytest.raises(InvalidArgument, match="layer kind 'scale' is unknown"):
        net.save(tmp_path / "n.safetensors")


def test_what_knows_dense_layers_alone_says_so():
    net = network()
    for ask, words in (
        (lambda: net.sizes, "sizes knows dense layers alone, and layer 2 of this network is 'scale'"),
        (lambda: follow(net, X[0], 1), "the article's four equations knows? dense layers alone"),
        (lambda: hw.train(net, SPLIT, dropout=0.5), "dropout leaves out neurons of dense layers"),
    ):  # fmt: skip
        with pytest.raises(InvalidArgument, match=words):
            ask()


@pytest.mark.parametrize("export", [to_sklearn, to_onnx])
def test_sklearn_and_onnx_are_given_dense_layers_alone(export):
    with pytest.raises(InvalidArgument, match="dense layers alone"):
        export(network())


def test_dense_layers_as_a_list_are_the_shorthand():
    for settings in ({}, {"activation": "relu"}, {"cost": "softmax", "initializer": "glorot"}):
        short = hw.Network([6, 4, 3], seed=3, **settings)
        long = hw.Network([Dense(4), Dense(3)], seed=3, input_shape=(6,), **settings)
        assert repr(long) == repr(short)
        np.testing.assert_array_equal(long.parameters.vector, short.parameters.vector)
    own = hw.Network([Dense(4, "tanh"), Dense(3)], "relu", input_shape=6)
    assert [a.name for a in own.activations] == ["tanh", "sigmoid"]
    assert len(dense_layers(own.layers)) == 2


def test_layers_may_be_placed_twice():
    asked = [Scale(), Dense(3)]
    one, other = (hw.Network(asked, input_shape=(n,)) for n in (2, 5))
    assert (one.layers[1].n_in, other.layers[1].n_in) == (2, 5)
    assert one.layers[1].activation.name == "sigmoid"
    assert repr(asked[1]) == "<Dense ... -> 3>"
    assert repr(one.layers[0]) == "Scale(follows=0.25)"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"sizes": [Dense(3)]}, "input_shape is None: say what shape one example has"),
        ({"sizes": [Dense(3)], "input_shape": (0,)}, r"input_shape is \(0,\)"),
        ({"sizes": [Dense(3)], "input_shape": "784"}, "input_shape is '784'"),
        ({"sizes": [784, Dense(3)], "input_shape": (784,)}, "whole numbers, or layers, and not both"),
        ({"sizes": [784, 10], "input_shape": (784,)}, "sizes begin with the inputs"),
        ({"sizes": [Dense(3), Scale()], "input_shape": (2,)}, "end with a Dense layer"),
        ({"sizes": [Dense(3, "relu")], "cost": "softmax", "input_shape": (2,)}, "leaves the range"),
        ({"sizes": [Dense(3, "sigmoid")], "output_activation": "relu", "input_shape": (2,)},
         "output_activation is 'relu', and the last layer names its own, 'sigmoid': say it once"),
        ({"sizes": [Dense(3), Dense(2)], "activation": ["relu"] * 3, "input_shape": (2,)}, "names 3"),
    ],
)  # fmt: skip
def test_layers_that_make_no_network_are_refused(arguments, words):
    with pytest.raises(InvalidArgument, match=words):
        hw.Network(**arguments)


@pytest.mark.parametrize("n_out", [0, -1, 2.5, True, "3", None])
def test_a_dense_layer_has_a_whole_number_of_neurons(n_out):
    with pytest.raises(InvalidArgument, match="give a whole number of at least 1"):
        Dense(n_out)


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ({}, "layer kind None is unknown: use one of dense"),
        ({"kind": "convolve"}, "layer kind 'convolve' is unknown: use one of dense"),
        ({"kind": ["dense"]}, "is unknown"),
        ({"kind": "dense", "n": 3}, "a layer of kind 'dense' is not made of {'n': 3}"),
    ],
)
def test_a_kind_or_a_setting_that_does_not_exist_is_told(description, words):
    with pytest.raises(InvalidArgument, match=words):
        layer_of(description)
