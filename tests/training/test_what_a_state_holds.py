"""Each number and array of a kept training counts: one that goes on needs all of them.

The trainings are small, and of such a kind that every counter is away from where it began.
"""

from dataclasses import replace
from math import inf, log2

import numpy as np
import pytest

import handwrought as hw
from handwrought.errors import InvalidArgument, TrainingDiverged
from handwrought.runs.checkpoint import load_checkpoint, save_checkpoint
from handwrought.training.best import Best

ROWS = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
LABELS = (ROWS[:, 0] > 0).astype(np.uint8)
SHARED = hw.Split(ROWS[:40], LABELS[:40], 2)
# The more is learnt the worse: the validation cost rises, and no epoch after the first is better.
UPSIDE_DOWN = hw.Split(ROWS[40:], 1 - LABELS[40:], 2)
DATA = hw.Dataset("some", SHARED, UPSIDE_DOWN, None, SHARED, ("no", "yes"))
EPOCHS, BATCHES = 9, 4

KINDS = {
    "plateau": {"schedule": "halve-on-plateau", "plateau_patience": 3, "learning_rate": 0.5},
    "sgd": {"learning_rate": 0.2},
    "momentum": {"optimizer": "momentum", "learning_rate": 0.05},
    "nesterov": {"optimizer": "nesterov", "learning_rate": 0.05},
    "rmsprop": {"optimizer": "rmsprop"},
    "adam": {"optimizer": "adam"},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.01},
    "average": {"optimizer": "adam", "ema_decay": 0.9},
    "a long average": {"ema_decay": 0.998, "learning_rate": 0.2},
}


def network():
    return hw.Network([4, 5, 2], "tanh", "softmax", seed=1)


def trained(kind, net=None, **more):
    settings = {"epochs": EPOCHS, "batch_size": 10, "report_every": 1, **KINDS[kind], **more}
    return hw.train(net or network(), DATA, **settings)


def after(kind, n):
    """A training after n of its reports: one a mini-batch, and one an epoch."""
    reports = trained(kind)
    for _ in range(n):
        next(reports)
    return reports


def seen(reports):
    """What reports say, but how long it took."""
    return [
        {name: value for name, value in vars(report).items() if "second" not in name}
        for report in reports
    ]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [2, 5, 11, 22, 29, 34, 44])
def test_a_training_that_goes_on_stands_where_it_stood_and_ends_where_it_would(tmp_path, kind, n):
    reports = after(kind, n)
    state = reports.state()
    save_checkpoint(state, tmp_path / "c")
    net = network()
    on = trained(kind, net, resume=load_checkpoint(tmp_path / "c"))
    again = on.state()
    assert (again.epoch, again.batch) == (state.epoch, state.batch)
    assert again.numbers == state.numbers
    assert again.arrays.keys() == state.arrays.keys()
    for name, array in state.arrays.items():
        np.testing.assert_array_equal(again.arrays[name], array)
    whole = network()
    rest = seen(trained(kind, whole))[n:]
    assert seen(on) == rest
    np.testing.assert_array_equal(net.parameters.vector, whole.parameters.vector)


def test_the_counters_are_those_worked_out_by_hand():
    # A plateau of 3: epoch 1 is the best, 2, 3 and 4 are worse, and the rate is halved after 4.
    for epochs, waited, halved in (
        (1, 0, 0),
        (2, 1, 0),
        (3, 2, 0),
        (4, 0, 1),
        (6, 2, 1),
        (7, 0, 2),
    ):
        reports = after("plateau", epochs * (BATCHES + 1))
        first = next(r for r in trained("plateau") if isinstance(r, hw.training.train.EpochReport))
        numbers = reports.state().numbers
        assert numbers["waited"] == waited
        assert -log2(numbers["share"]) == halved
        assert numbers["best"] == first.validation_cost < inf
    # Steps are counted where they are taken, and costs summed over the epoch under way.
    n = 2 * (BATCHES + 1) + 3
    reports = trained("average")
    last = [next(reports) for _ in range(n)][-1]
    state = reports.state()
    assert (state.epoch, state.batch) == (3, 3)
    assert state.numbers["steps"] == state.numbers["averaged"] == 2 * BATCHES + 3
    assert state.numbers["total"] == pytest.approx(last.cost * 30)


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_without_one_of_its_entries_or_with_another_does_not_go_on_the_same(kind):
    n = 5 * (BATCHES + 1) + 2  # in the sixth epoch; the plateau has waited 1
    state = after(kind, n).state()
    whole = seen(trained(kind))[n:]
    for name in state.numbers:
        less = {other: value for other, value in state.numbers.items() if other != name}
        with pytest.raises(InvalidArgument, match="its checkpoint is damaged"):
            trained(kind, resume=replace(state, numbers=less))
        changed = {**state.numbers, name: {"best": 1e9, "share": 0.3}.get(name, 2.0)}
        if name == "steps" and not kind.startswith("adam") and kind != "average":
            continue  # kept, and used by Adam alone
        assert seen(trained(kind, resume=replace(state, numbers=changed))) != whole, name
    for name in state.arrays:
        fewer = {other: array for other, array in state.arrays.items() if other != name}
        with pytest.raises(
            InvalidArgument, match=f"{name} of the training to go on with is missing"
        ):
            trained(kind, resume=replace(state, arrays=fewer))
        if name != "good":  # which counts where a training diverges, below
            changed = {**state.arrays, name: state.arrays[name] + np.float32(0.25)}
            assert seen(trained(kind, resume=replace(state, arrays=changed))) != whole, name


def test_one_that_goes_on_and_diverges_is_back_at_the_weights_before_its_epoch():
    def linear():
        return hw.Network([4, 5, 2], "relu", "quadratic", output_activation="identity", seed=1)

    net, other = linear(), linear()
    reports = trained("sgd", net)
    for _ in range(2 * (BATCHES + 1)):
        next(reports)
    before = net.parameters.vector.copy()
    next(reports)
    next(reports)  # two mini-batches of the third epoch
    on = trained("sgd", other, resume=reports.state())
    on.change(learning_rate=1e30)
    with pytest.raises(TrainingDiverged, match="in epoch 3"):
        list(on)
    np.testing.assert_array_equal(other.parameters.vector, before)


def test_the_best_so_far_is_kept_with_a_training_whole(tmp_path):
    net = network()
    reports = trained("plateau", net)
    best = Best(net)
    for _ in range(4 * (BATCHES + 1)):
        best.observe(next(reports))
    assert best.epoch < 4
    assert best.waited == 4 - best.epoch
    save_checkpoint(reports.state().including(best), tmp_path / "c")
    again = Best(network())
    again.restore(load_checkpoint(tmp_path / "c"))
    for name in ("epoch", "score", "waited"):
        assert getattr(again, name) == getattr(best, name)
    np.testing.assert_array_equal(again.vector, best.vector)
    assert not np.array_equal(again.vector, net.parameters.vector)
