"""The compiled kernels give what the plain code gives."""

import numpy as np
import pytest

import handwrought as hw
from handwrought.errors import InvalidArgument
from handwrought.kernels import wanted


@pytest.fixture(scope="module")
def images():
    return hw.load_dataset("mnist").train[:203]


def trained(monkeypatch, kernels, images, sizes, activation, cost, output, **settings):
    monkeypatch.setenv("HANDWROUGHT_KERNELS", kernels)
    net = hw.Network(sizes, activation, cost, seed=1, output_activation=output)
    before = net.parameters.vector.copy()
    reports = hw.train(net, images, batch_size=10, seed=2, **settings)
    assert (reports._run.engine.name == "sparse") == (kernels == "numba")
    done = list(reports)
    return net.parameters.vector - before, done


CASES = [
    ([784, 30, 10], "sigmoid", "quadratic", None),
    ([784, 30, 10], "sigmoid", "cross-entropy", None),
    ([784, 100, 10], "relu", "softmax", None),
    ([784, 130, 10], "tanh", "softmax", None),
    ([784, 16, 20, 10], "leaky-relu", "cross-entropy", None),
    ([784, 31, 17, 5, 10], "tanh", "quadratic", None),
    ([784, 10], "sigmoid", "quadratic", None),
    ([784, 12, 10], "identity", "quadratic", "identity"),
    ([784, 12, 10], ["relu"], "quadratic", "tanh"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"weight_decay": 0.1, "label_smoothing": 0.1},
        {"schedule": "cosine", "warm_up": 0.3},
    ],
    ids=str,
)
def test_an_epoch_of_the_sparse_kernel_is_that_of_the_plain_code(
    monkeypatch, images, case, settings
):
    # Without an activation that bends, 0.05 diverges.
    settings = {"epochs": 1, "learning_rate": 0.002 if case[1] == "identity" else 0.05, **settings}
    plain, plain_reports = trained(monkeypatch, "numpy", images, *case, **settings)
    fast, fast_reports = trained(monkeypatch, "numba", images, *case, **settings)
    weights = hw.Network(*case[:3], seed=1, output_activation=case[3]).parameters.vector
    assert np.linalg.norm(fast - plain) < 1e-5 * np.linalg.norm(weights + plain)
    assert np.linalg.norm(fast - plain) < 1e-3 * np.linalg.norm(plain)  # rounded steps, 21 of them
    assert fast_reports[0].cost == pytest.approx(plain_reports[0].cost, rel=1e-5)
    assert fast_reports[0].learning_rate == plain_reports[0].learning_rate


@pytest.mark.parametrize("case", CASES, ids=str)
def test_one_step_is_the_gradient_of_the_plain_code(monkeypatch, images, case):
    ten = images[:10]
    fast, _ = trained(monkeypatch, "numba", ten, *case, epochs=1, learning_rate=1.0)
    net = hw.Network(*case[:3], seed=1, output_activation=case[3])
    gradient = net.backpropagate(ten.inputs(), ten.labels.astype(np.int64)).vector
    assert np.linalg.norm(fast + gradient) < 1e-5 * np.linalg.norm(gradient)


def test_reports_within_an_epoch_do_not_change_the_result(monkeypatch, images):
    case = CASES[0]
    one, _ = trained(monkeypatch, "numba", images, *case, epochs=2)
    other, reports = trained(monkeypatch, "numba", images, *case, epochs=2, report_every=3)
    assert np.array_equal(one, other)
    assert len(reports) == 2 * (21 // 3) + 2


def test_what_the_sparse_kernel_does_not_know_takes_the_plain_way(monkeypatch, images):
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "numba")
    for net, settings in (
        (hw.Network([784, 30, 10], "gelu"), {}),
        (hw.Network([784, 30, 10]), {"optimizer": "adam"}),
        (hw.Network([784, 30, 10]), {"dropout": 0.1}),
        (hw.Network([784, 30, 10]), {"clip_norm": 1.0}),
        (hw.Network([784, 30, 10]), {"l1": 0.1}),
        (hw.Network([784, 30, 10], dtype="float64"), {}),
        (hw.Network([784, 300, 10]), {"batch_size": 64}),
        (hw.Network([784, 30, 10], output_activation="softmax"), {}),
    ):
        reports = hw.train(net, images, epochs=1, **settings)
        assert reports._run.engine.name != "sparse"
        assert len(list(reports)) == 1


def test_a_cost_that_overflows_is_seen_in_the_compiled_code_too(monkeypatch, images):
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "numba")
    net = hw.Network([784, 30, 10], "relu", "softmax")
    before = net.parameters.vector.copy()
    with pytest.raises(hw.errors.TrainingDiverged, match="epoch 1, batch"):
        list(hw.train(net, images, epochs=3, learning_rate=1e25))
    assert np.array_equal(net.parameters.vector, before)


@pytest.mark.parametrize("layer", [0, -1])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_nan_in_one_neuron_is_in_the_cost_of_the_batch(monkeypatch, images, case, layer):
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "numba")
    net = hw.Network(*case[:3], seed=1, output_activation=case[3])
    net.layers[layer].biases[0] = np.nan
    engine = hw.train(net, images[:10], batch_size=5)._run.engine
    assert np.isnan(engine.costs(np.arange(10), np.ones(2))).all()


def test_the_variable_decides(monkeypatch):
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "numpy")
    assert not wanted(10**9)
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "numba")
    assert wanted(1)
    monkeypatch.delenv("HANDWROUGHT_KERNELS")
    assert wanted(10**9)
    assert not wanted(1000)
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "fortran")
    with pytest.raises(InvalidArgument, match="use auto, numpy or numba"):
        wanted(1)
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "auto")
    monkeypatch.setattr("handwrought.kernels.find_spec", lambda name: None)
    assert not wanted(10**9)
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "numba")
    with pytest.raises(InvalidArgument, match="not installed"):
        wanted(1)
