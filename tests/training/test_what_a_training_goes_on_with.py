"""A training that goes on notices what is otherwise than it was: the mathematics, or the last bits."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import handwrought as hw
from handwrought.data.augmentation import Augmentation
from handwrought.data.dataset import Dataset, Split
from handwrought.errors import InvalidArgument
from handwrought.runs.checkpoint import load_checkpoint, save_checkpoint
from handwrought.training.config import TrainingConfig
from handwrought.training.train import begin_training, go_on

RNG = np.random.default_rng(0)
SETTINGS = {"epochs": 3, "batch_size": 10, "optimizer": "momentum", "learning_rate": 0.1,
            "report_every": 2}  # fmt: skip
CONFIG = TrainingConfig(epochs=3, optimizer="momentum", learning_rate=0.1)


def made():
    """The same data, each time in arrays of its own."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60, 4, 4), dtype=np.uint8)
    labels = np.arange(60) % 3
    train, validation = Split(images[:50], labels[:50], 3), Split(images[50:], labels[50:], 3)
    return Dataset("d", train, validation, None, Split(images, labels, 3), ("a", "b", "c"))


def network(activation="sigmoid", **more):
    return hw.Network([16, 6, 3], activation, "cross-entropy", **more)


@pytest.fixture
def state():
    """Where a training stands in its second epoch."""
    training = hw.train(network(), made(), **SETTINGS)
    for _ in range(5):
        next(training)
    training.close()
    return training.state()


def test_the_same_data_in_other_arrays_goes_on_to_the_same_bits(state):
    whole, again = network(), network()
    for _ in hw.train(whole, made(), **SETTINGS):
        pass
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in hw.train(again, made(), **SETTINGS, resume=state):
            pass
    np.testing.assert_array_equal(again.parameters.vector, whole.parameters.vector)


def changed(split, *, images=None, labels=None):
    """The split with one pixel, or one label, otherwise."""
    found = {"images": split.images.copy(), "labels": split.labels.copy()}
    if images is not None:
        found["images"][images] ^= 1
    if labels is not None:
        found["labels"][labels] = (found["labels"][labels] + 1) % 3
    return replace(split, **found)


@pytest.mark.parametrize("change", [{"images": (7, 3, 2)}, {"labels": 7}])
@pytest.mark.parametrize("name", ["train", "validation"])
def test_other_data_of_the_same_shape_is_refused(state, name, change):
    data = made()
    data = replace(data, **{name: changed(getattr(data, name), **change)})
    said = "the training images" if name == "train" else "the validation images"
    with pytest.raises(InvalidArgument, match=f"{said} or labels are others"):
        hw.train(network(), data, **SETTINGS, resume=state)


def test_data_changed_in_place_is_refused():
    data = made()
    training = hw.train(network(), data, **SETTINGS)
    next(training)
    state = training.state()
    training.close()
    data.validation.images[3, 2, 1] ^= 1
    with pytest.raises(InvalidArgument, match="the validation images or labels are others"):
        hw.train(network(), data, **SETTINGS, resume=state)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (network("tanh"), "activations is"),
        (network(dtype="float64"), "dtype is 'float64'"),
        (hw.Network([16, 6, 3], "sigmoid", "quadratic"), "cost is 'quadratic'"),
    ],
)
def test_another_network_is_refused(state, other, said):
    before = other.parameters.vector.copy()
    with pytest.raises(InvalidArgument, match=said):
        hw.train(other, made(), **SETTINGS, resume=state)
    np.testing.assert_array_equal(other.parameters.vector, before)


def test_other_threads_of_blas_are_told_and_gone_on_with():
    with threadpool_limits(1, "blas"):
        training = hw.train(network(), made(), **SETTINGS)
        next(training)
        state = training.state()
        training.close()
    with threadpool_limits(2, "blas"), pytest.warns(UserWarning, match="1 thread.* 2 threads"):
        training = hw.train(network(), made(), **SETTINGS, resume=state)
    assert len(list(training)) > 1


@pytest.mark.parametrize("name", ["numpy", "handwrought", "processor", "engine"])
def test_another_version_or_machine_is_told_and_gone_on_with(state, name):
    versions = {**state.versions, name: "another"}
    with pytest.warns(UserWarning, match="was '?another'? and is .*: its last bits may differ"):
        hw.train(network(), made(), **SETTINGS, resume=replace(state, versions=versions))
    versions = {**state.versions, "python": "2.7"}  # it decides no bit
    hw.train(network(), made(), **SETTINGS, resume=replace(state, versions=versions))


def test_a_state_of_an_earlier_version_goes_on_and_says_what_it_cannot_know(state):
    settings = {
        name: value
        for name, value in state.settings.items()
        if name not in ("data", "activations", "cost", "dtype")
    }
    old = replace(state, settings={**settings, "engine": "plain"}, versions={})
    whole, again = network(), network()
    for _ in hw.train(whole, made(), **SETTINGS):
        pass
    with pytest.warns(UserWarning, match="kept by an earlier version, which noted neither data"):
        training = hw.train(again, made(), **SETTINGS, resume=old)
    for _ in training:
        pass
    np.testing.assert_array_equal(again.parameters.vector, whole.parameters.vector)


@pytest.mark.parametrize("name", ["steps", "total"])
def test_a_counter_that_is_none_is_refused(state, name):
    for value in (float("nan"), -1.0, *([2.5] if name == "steps" else [])):
        wrong = replace(state, numbers={**state.numbers, name: value})
        with pytest.raises(InvalidArgument, match="its counters make no sense"):
            hw.train(network(), made(), **SETTINGS, resume=wrong)


def test_momentum_goes_on_in_its_place_where_numba_or_another_engine_goes_on(monkeypatch):
    """The split engine keeps the first layer transposed, its pixels in another order."""
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (300, 6, 6), dtype=np.uint8) * (rng.random((300, 6, 6)) < 0.3)
    images[:, :4] *= rng.random((300, 4, 6)) < 0.1  # mostly black
    split = Split(images.astype(np.uint8), np.arange(300) % 3, 3)
    asked = {**SETTINGS, "batch_size": 30}

    def net():
        return hw.Network([36, 64, 3], "relu", "softmax")

    monkeypatch.setenv("HANDWROUGHT_KERNELS", "numpy")
    whole = net()
    for _ in hw.train(whole, split, **asked):
        pass
    for first, then in (("numba", "numpy"), ("numpy", "numba")):
        monkeypatch.setenv("HANDWROUGHT_KERNELS", first)
        training = hw.train(net(), split, **asked)
        for _ in range(8):
            next(training)
        state = training.state()
        assert {state.versions["engine"]} == {"split" if first == "numba" else "plain"}
        monkeypatch.setenv("HANDWROUGHT_KERNELS", then)
        again = net()
        with pytest.warns(UserWarning, match="the engine was"):
            rest = hw.train(again, split, **asked, resume=state)
        for _ in rest:
            pass
        np.testing.assert_allclose(again.parameters.vector, whole.parameters.vector, atol=2e-5)


# --- going on with other settings -----------------------------------------------------------------


def test_what_may_change_changes_where_the_training_stands(tmp_path, state):
    """As by Training.change at that place."""
    changes = {"epochs": 5, "learning_rate": 0.02, "dropout": [0.2]}
    whole = network()
    training = hw.train(whole, made(), **SETTINGS)
    for _ in range(5):
        next(training)
    training.change(**changes)
    for _ in training:
        pass
    save_checkpoint(state, tmp_path / "c")
    again = network()
    kept = load_checkpoint(tmp_path / "c")
    for _ in go_on(again, made(), kept, replace(CONFIG, **changes), report_every=2):
        pass
    np.testing.assert_array_equal(again.parameters.vector, whole.parameters.vector)


def test_an_augmentation_that_is_the_same_is_no_change(tmp_path):
    config = replace(CONFIG, augmentation=Augmentation(shift=1), dropout=0.1)
    training = begin_training(network(), made(), config, report_every=2)
    next(training)
    save_checkpoint(training.state(), tmp_path / "c")
    again = go_on(network(), made(), load_checkpoint(tmp_path / "c"), config, report_every=2)
    for report in training:
        assert next(again).cost == report.cost


def test_fewer_epochs_than_are_done_are_refused(state):
    with pytest.raises(InvalidArgument, match="has come to epoch 2: ask for at least 2"):
        go_on(network(), made(), state, replace(CONFIG, epochs=1))
