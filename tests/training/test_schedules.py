"""The learning rate over a training, and what a step makes of the gradient, by hand."""

import numpy as np
import pytest

import handwrought as hw
from handwrought.data.augmentation import Augmentation
from handwrought.errors import InvalidArgument
from handwrought.kernels import wanted
from handwrought.training.observers import early_stopped
from handwrought.training.optimizers import make_optimizer
from handwrought.training.schedules import Plateau, make_schedule

TABLE = hw.Split(np.random.default_rng(0).random((20, 6)), np.arange(20) % 3, 3)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("constant", [1, 1, 1, 1, 1]),
        ("step", [1, 1, 0.1, 0.01, 0.01]),
        ("halve-on-plateau", [1, 1, 1, 1, 1]),
        ("cosine", [1, (2 + 2**0.5) / 4, 0.5, (2 - 2**0.5) / 4, 0]),
    ],
)
def test_a_schedule_worked_out_by_hand(name, expected):
    share = make_schedule(name)
    assert [share(t) for t in (0, 0.25, 0.5, 0.75, 1)] == pytest.approx(expected, abs=1e-12)


def test_one_cycle_rises_for_three_tenths_and_ends_near_nothing():
    share = make_schedule("one-cycle")
    assert [share(t) for t in (0, 0.3, 1)] == pytest.approx([1 / 25, 1, 1e-4])
    assert share(0.15) == pytest.approx((1 + 1 / 25) / 2)
    assert share(0.65) == pytest.approx((1 + 1e-4) / 2)


def test_a_warm_up_rises_in_a_line_and_the_schedule_takes_the_rest():
    share = make_schedule("step", warm_up=0.2)
    assert [share(t) for t in (0, 0.1, 0.2, 0.59)] == pytest.approx([0, 0.5, 1, 1])
    assert [share(t) for t in (0.61, 0.79, 0.81)] == pytest.approx([0.1, 0.1, 0.01])


@pytest.mark.parametrize("warm_up", [-0.1, 1.0, float("nan")])
def test_a_warm_up_is_a_share_of_the_training(warm_up):
    with pytest.raises(InvalidArgument, match="warm_up is"):
        make_schedule("cosine", warm_up)


def test_a_plateau_halves_after_its_patience_and_counts_anew():
    plateau, shares = Plateau(patience=2), []
    for cost in (5, 4, 4, 4.5, 3, 3, 3, 3, 3):
        plateau.observe(cost)
        shares.append(plateau.share)
    assert shares == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125]


def test_a_gradient_longer_than_the_norm_is_shortened_to_it(monkeypatch):
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "numpy")
    nets = [hw.Network([6, 3], seed=0, dtype="float64") for _ in range(3)]
    before = nets[0].parameters.vector.copy()
    for net, norm in zip(nets, (None, 1e-3, 1e3), strict=True):
        list(hw.train(net, TABLE, epochs=1, batch_size=20, learning_rate=1.0, clip_norm=norm))
    free, clipped, loose = (net.parameters.vector - before for net in nets)
    np.testing.assert_allclose(clipped, free / np.linalg.norm(free) * 1e-3)
    np.testing.assert_array_equal(loose, free)


def test_l1_pulls_every_weight_and_no_bias_by_the_same(monkeypatch):
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "numpy")
    nets = [hw.Network([6, 3], seed=0, dtype="float64") for _ in range(2)]
    signs = [np.sign(layer.weights.copy()) for layer in nets[0].layers]
    for net, l1 in zip(nets, (0.0, 0.01), strict=True):
        list(hw.train(net, TABLE, epochs=1, batch_size=20, learning_rate=0.5, l1=l1))
    plain, pulled = (net.layers[0] for net in nets)
    np.testing.assert_allclose(plain.weights - pulled.weights, 0.005 * signs[0], atol=1e-12)
    np.testing.assert_array_equal(plain.biases, pulled.biases)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"optimizer": 3}, "optimizer is 3: give a name"),
        ({"augmentation": Augmentation()}, "augmentation is for images"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 0.5}, "seed is 0.5"),
        ({"l1": -0.1}, "l1 is -0.1"),
        ({"clip_norm": 0.0}, "clip_norm is 0.0"),
        ({"learning_rate": "fast"}, "learning_rate is 'fast': it must be a number"),
        ({"dropout": 10**400}, "it must be a number"),
        ({"plateau_patience": 0}, "plateau_patience is 0"),
        ({"weight_decay": -1.0}, "weight_decay is -1.0"),
    ],
)
def test_a_setting_that_cannot_be_is_named(settings, words):
    with pytest.raises(InvalidArgument, match=words):
        hw.train(hw.Network([6, 4, 3]), TABLE, **settings)


def test_data_that_does_not_fit_the_network_is_refused_with_what_would():
    with pytest.raises(InvalidArgument, match=r"takes 5 inputs: build it as Network\(\[6, "):
        hw.train(hw.Network([5, 3]), TABLE)
    with pytest.raises(InvalidArgument, match=r"3 classes, the network 4 outputs"):
        hw.train(hw.Network([6, 4]), TABLE)
    with pytest.raises(InvalidArgument, match="holds no example"):
        hw.train(hw.Network([6, 3]), TABLE[:0])


def test_decay_is_at_least_nought():
    with pytest.raises(InvalidArgument, match="weight_decay is inf"):
        make_optimizer("sgd", hw.Network([2, 2]).parameters, float("inf"))


def test_early_stopping_needs_a_validation_split():
    net = hw.Network([6, 3], seed=0)
    with pytest.raises(InvalidArgument, match="needs a validation split"):
        list(early_stopped(hw.train(net, TABLE, epochs=3), net))


def test_kernels_are_chosen_by_a_word_that_is_known_and_can_be_had(monkeypatch):
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "fast")
    with pytest.raises(InvalidArgument, match="use auto, numpy or numba"):
        wanted(10**9)
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "numba")
    monkeypatch.setattr("handwrought.kernels.find_spec", lambda name: None)
    with pytest.raises(InvalidArgument, match=r"pip install 'handwrought\[fast\]'"):
        wanted(10**9)
