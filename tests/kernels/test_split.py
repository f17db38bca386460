"""The split first layer and the fused updates give what the plain code gives."""

from itertools import pairwise

import numpy as np
import pytest

import handwrought as hw
from handwrought.nn.activations import ACTIVATIONS
from handwrought.training.optimizers import OPTIMIZERS, make_optimizer

HIDDEN = [name for name in ACTIVATIONS if name != "softmax"]


@pytest.fixture(scope="module")
def images():
    return hw.load_dataset("mnist").train[:203]


def run_of(reports):
    return reports._run


def trained(monkeypatch, kernels, images, activation="relu", cost="softmax", **settings):
    """Parameters before and after, and the reports."""
    monkeypatch.setenv("HANDWROUGHT_KERNELS", kernels)
    net = hw.Network([784, 64, 32, 10], activation, cost, seed=1)
    before = net.parameters.vector.copy()
    settings = {"epochs": 2, "batch_size": 20, "learning_rate": 0.01, "seed": 2, **settings}
    reports = hw.train(net, images, **settings)
    assert (run_of(reports).engine.name == "split") == (kernels == "numba")
    return before, net.parameters.vector.copy(), list(reports), net.parameters.vector


def assert_same(monkeypatch, images, **settings):
    before, _, plain_reports, plain = trained(monkeypatch, "numpy", images, **settings)
    _, _, fast_reports, fast = trained(monkeypatch, "numba", images, **settings)
    assert np.linalg.norm(plain - before) > 1e-3 * np.linalg.norm(before)
    assert np.linalg.norm(fast - plain) < 1e-5 * np.linalg.norm(plain)
    for one, other in zip(plain_reports, fast_reports, strict=True):
        assert one.cost == pytest.approx(other.cost, rel=1e-4)


@pytest.mark.parametrize("cost", ["quadratic", "cross-entropy", "softmax"])
@pytest.mark.parametrize("activation", HIDDEN)
def test_gradients_are_those_of_the_plain_code(monkeypatch, images, activation, cost):
    """The step's own gradient, engine against network, before any update."""
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "numba")
    net = hw.Network([784, 64, 32, 10], activation, cost, seed=1)
    run = run_of(hw.train(net, images, epochs=1, batch_size=50, optimizer="momentum"))
    engine = run.engine
    engine.copy(into_network=False)
    chosen = np.arange(7, 57)
    x, y = engine.read(chosen)
    states = engine.plain.step.workspace.rows(50)
    engine.network.forward(x, states)
    gradient = engine.network.parameters.like()
    engine.network.backward(x, y, states, gradient)
    engine.network.parameters.vector[:] = gradient.vector
    engine.copy(into_network=True)  # puts the gradient in the network's own order
    found = net.parameters
    plain = hw.Network([784, 64, 32, 10], activation, cost, seed=1).backpropagate(
        images.inputs(chosen), images.targets(chosen)
    )
    for mine, theirs in zip(found, plain, strict=True):
        for a, b in ((mine.weights, theirs.weights), (mine.biases, theirs.biases)):
            assert np.linalg.norm(a - b) < 1e-5 * np.linalg.norm(b)


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov"])
def test_training_is_that_of_the_plain_code(monkeypatch, images, optimizer):
    assert_same(monkeypatch, images, optimizer=optimizer)


@pytest.mark.parametrize(
    "settings",
    [
        {"weight_decay": 0.1, "l1": 1e-4},
        {"label_smoothing": 0.1},
        {"clip_norm": 0.5},
        {"schedule": "one-cycle", "warm_up": 0.2},
        {"dropout": [0.2, 0.4]},
    ],
    ids=str,
)
def test_so_it_is_with_regularization(monkeypatch, images, settings):
    assert_same(monkeypatch, images, optimizer="momentum", **settings)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop"])
def test_so_it_is_where_rounding_is_divided_by_itself(monkeypatch, images, optimizer):
    """g / √g² is ±1 however small g is, so that one weight's rounding may move it by η."""
    kind = {"optimizer": optimizer, "learning_rate": 1e-4, "epochs": 1}
    _, _, plain_reports, plain = trained(monkeypatch, "numpy", images, **kind)
    _, _, fast_reports, fast = trained(monkeypatch, "numba", images, **kind)
    assert np.linalg.norm(fast - plain) < 1e-4 * np.linalg.norm(plain)
    assert plain_reports[0].cost == pytest.approx(fast_reports[0].cost, rel=1e-4)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_moves_as_its_plain_code_does(name):
    moved = []
    for compiled in (False, True):
        net = hw.Network([50, 20, 10], seed=4)
        optimizer = make_optimizer(name, net.parameters, weight_decay=0.01)
        optimizer.compiled = compiled
        rng = np.random.default_rng(5)
        for _ in range(5):
            gradient = net.parameters.like()
            gradient.vector[:] = rng.standard_normal(len(gradient.vector))
            optimizer.step(gradient, 0.01)
        moved.append(net.parameters.vector)
    start = hw.Network([50, 20, 10], seed=4).parameters.vector
    assert np.linalg.norm(moved[0] - start) > 0.01 * np.linalg.norm(start)
    assert np.linalg.norm(moved[1] - moved[0]) < 1e-5 * np.linalg.norm(moved[0])


def test_a_report_in_mid_epoch_sees_the_network_as_it_is(monkeypatch, images):
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "numba")
    net = hw.Network([784, 64, 10], "relu", "softmax", seed=1)
    seen = [net.parameters.vector.copy()]
    for _ in hw.train(net, images, epochs=1, batch_size=50, optimizer="adam", report_every=1):
        seen.append(net.parameters.vector.copy())
    assert len(seen) == 7  # five batches and the epoch
    for before, after in pairwise(seen[:-1]):
        assert not np.array_equal(before, after)


def test_weights_set_between_epochs_are_used(monkeypatch, images):
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "numba")
    net = hw.Network([784, 64, 10], "relu", "softmax", seed=1)
    reports = hw.train(net, images, epochs=2, batch_size=50, optimizer="sgd", learning_rate=1e-9,
                       dropout=0.1)  # fmt: skip
    next(reports)
    other = hw.Network([784, 64, 10], "relu", "softmax", seed=9)
    net.parameters.vector[:] = other.parameters.vector
    next(reports)
    np.testing.assert_allclose(net.parameters.vector, other.parameters.vector, atol=1e-6)
