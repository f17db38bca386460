"""A cost that is no number is told of in the batch that it belongs to, whatever trains."""

import numpy as np
import pytest

import handwrought as hw
from handwrought.errors import InvalidArgument, TrainingDiverged
from handwrought.training.train import EpochReport


@pytest.fixture(scope="module")
def images():
    return hw.load_dataset("mnist").train[:300]


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
@pytest.mark.parametrize(
    ("engine", "width", "cost", "output", "settings"),
    [
        ("plain", 30, "quadratic", "sigmoid", {}),
        ("plain", 30, "cross-entropy", "softmax", {}),
        ("plain", 30, "softmax", "sigmoid", {"backprop_fraction": 0.5}),
        ("numba, compiled", 30, "cross-entropy", "softmax", {"optimizer": "adam"}),
        ("numba, split", 64, "softmax", "softmax", {"optimizer": "momentum"}),
        ("numba, split", 64, "cross-entropy", "softmax", {"dropout": 0.5}),
        ("numba, sparse", 30, "quadratic", "sigmoid", {}),
        ("numba, sparse", 30, "cross-entropy", "sigmoid", {"report_every": 4}),
        ("numba, sparse", 30, "softmax", "softmax", {"label_smoothing": 0.1}),
    ],
)
def test_divergence_is_reported_in_the_batch_in_which_it_happens(
    monkeypatch, images, engine, width, cost, output, settings, activation
):
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "numpy" if engine == "plain" else "numba")
    engine = engine.removeprefix("numba, ")
    net = hw.Network([784, width, 10], activation, cost, output_activation=output)
    reports = hw.train(net, images, epochs=3, batch_size=10, learning_rate=0.01, **settings)
    run = reports._run
    assert run.engine.name == engine
    before = []

    def follow():
        for report in reports:
            if isinstance(report, EpochReport):
                before.append(net.parameters.vector.copy())

    # The 18th batch of the second epoch makes every weight a NaN; the 19th sees it.
    poisoned = (30 + 17) / 90
    run.schedule = lambda done: np.nan if abs(done - poisoned) < 1e-9 else 1.0
    with pytest.raises(
        TrainingDiverged, match="the cost became nan in epoch 2, batch 19"
    ) as caught:
        follow()
    assert (caught.value.epoch, caught.value.batch) == (2, 19)
    assert np.array_equal(net.parameters.vector, before[0])


@pytest.mark.parametrize(
    ("cost", "target", "words"),
    [
        ("cross-entropy", [2.0, -1.0], "y runs from -1 to 2: cross-entropy needs"),
        ("softmax", [0.9, 0.9], "y has a row that is not a probability distribution"),
    ],
)
def test_targets_that_a_cost_is_not_defined_on_are_not_trained_on(cost, target, words):
    rows = np.tile(np.array(target, np.float32), (20, 1))
    table = hw.Split(np.ones((20, 3), np.float32), rows, 2)
    with pytest.raises(InvalidArgument, match=f"^{words}"):
        hw.train(hw.Network([3, 2], cost=cost), table)
