"""The training loop, model files and evaluation, on real digits."""

import threading

import numpy as np
import pytest

import handwrought as hw
from handwrought.data.augmentation import Augmentation
from handwrought.errors import InvalidArgument, ModelFileError, TrainingDiverged
from handwrought.evaluation import wilson_interval
from handwrought.training.averaging import RunningAverage
from handwrought.training.observers import early_stopped
from handwrought.training.train import BatchReport


@pytest.fixture(scope="module")
def mnist():
    return hw.load_dataset("mnist")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sizes", "cost", "learning_rate", "bound"),
    [
        ([784, 10], "quadratic", 3.0, 0.88),
        ([784, 30, 10], "quadratic", 3.0, 0.93),
        ([784, 30, 10], "cross-entropy", 0.5, 0.93),
        ([784, 30, 10], "softmax", 0.3, 0.93),
    ],
)
def test_two_epochs_reach_what_a_broken_gradient_could_not(
    mnist, sizes, cost, learning_rate, bound
):
    net = hw.Network(sizes, cost=cost, seed=0)
    *_, last = hw.train(net, mnist, epochs=2, batch_size=10, learning_rate=learning_rate)
    assert last.validation_accuracy > bound


def test_the_same_seed_gives_the_same_bits_and_another_does_not(mnist):
    def bits(seed):
        net = hw.Network([784, 10, 10], seed=0)
        list(hw.train(net, mnist.train[:500], epochs=2, seed=seed, dropout=0.2))
        return net.parameters.vector.tobytes()

    assert bits(1) == bits(1) != bits(2)


def test_the_first_cost_of_softmax_is_near_ln_10(mnist):
    net = hw.Network([784, 30, 10], "relu", "softmax", initializer="glorot")
    first = net.costs(mnist.train[:500].inputs(), mnist.train.labels[:500]).mean()
    assert first == pytest.approx(np.log(10), abs=0.3)


def test_ten_images_are_learnt_by_heart_and_shuffled_labels_stay_at_chance(mnist):
    ten = mnist.train[:10]
    net = hw.Network([784, 30, 10], cost="cross-entropy")
    list(hw.train(net, ten, epochs=100, batch_size=5))
    assert hw.evaluate(net, ten).accuracy == 1.0
    shuffled = hw.Split(
        mnist.train.images[:5000], np.random.default_rng(0).permutation(mnist.train.labels[:5000])
    )
    net = hw.Network([784, 30, 10], cost="cross-entropy")
    list(hw.train(net, shuffled, epochs=2))
    assert hw.evaluate(net, mnist.validation).accuracy < 0.2


def test_an_infinite_cost_stops_with_the_last_good_weights(mnist):
    net = hw.Network([784, 30, 10], "relu", "quadratic", output_activation="identity")
    before = net.parameters.vector.copy()
    with pytest.raises(TrainingDiverged, match="learning rate") as caught:
        list(hw.train(net, mnist.train[:500], learning_rate=1e6))
    assert (caught.value.epoch, np.array_equal(net.parameters.vector, before)) == (1, True)


def test_early_stopping_restores_the_best(mnist):
    net = hw.Network([784, 10])
    small = hw.Dataset(
        "small", mnist.train[:300], mnist.validation[:500], None, mnist.train, mnist.class_names
    )
    reports = list(early_stopped(hw.train(net, small, epochs=60), net, patience=3))
    best = max(report.validation_accuracy for report in reports)
    assert hw.evaluate(net, small.validation).accuracy == best
    assert len(reports) < 60


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"learning_rate": -1}, "learning_rate is -1"),
        ({"optimizer": "sdg"}, "use one of sgd"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"schedule": "slow"}, "use one of constant"),
    ],
)
def test_a_wrong_setting_is_named_before_training(mnist, settings, word):
    with pytest.raises(InvalidArgument, match=word):
        hw.train(hw.Network([784, 10]), mnist, **settings)


def test_a_model_comes_back_to_the_bit_and_a_damaged_one_is_refused(tmp_path):
    net = hw.Network([784, 30, 10], "gelu", "softmax", seed=5)
    path = tmp_path / "digits.safetensors"
    net.save(path)
    again = hw.Network.load(path)
    assert np.array_equal(again.parameters.vector, net.parameters.vector)
    assert [a.name for a in again.activations] == ["gelu", "softmax"]
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="digest"):
        hw.Network.load(path)
    path.write_bytes(content[:100])
    with pytest.raises(ModelFileError, match="not a safetensors file"):
        hw.Network.load(path)


def test_the_wilson_interval_is_the_textbooks():
    low, high = wilson_interval(9500, 10_000)
    assert (round(low, 4), round(high, 4)) == (0.9456, 0.9541)


@pytest.mark.slow
def test_augmented_training_is_the_same_twice_and_learns():
    data = hw.load_dataset("mnist")
    change = Augmentation(shift=1, rotation=8, elastic=0.8)
    found = []
    for _ in range(2):
        net = hw.Network([784, 64, 10], "relu", "softmax", seed=0)
        reports = list(
            hw.train(
                net, data.train[:5000], epochs=3, batch_size=50, optimizer="adam",
                augmentation=change,
            )
        )  # fmt: skip
        found.append(net.parameters.vector)
        assert reports[-1].cost < 0.6 * reports[0].cost
    np.testing.assert_array_equal(*found)
    assert hw.evaluate(net, data.validation).accuracy > 0.88
    plain = hw.Network([784, 64, 10], "relu", "softmax", seed=0)
    list(hw.train(plain, data.train[:5000], epochs=3, batch_size=50, optimizer="adam"))
    assert not np.array_equal(plain.parameters.vector, net.parameters.vector)


def test_the_network_ends_with_the_average_and_trains_without_it():
    data = hw.load_dataset("mnist").train[:500]
    nets = [hw.Network([784, 20, 10], seed=0) for _ in range(2)]
    path = [nets[0].parameters.vector.copy()]
    for report in hw.train(nets[0], data, epochs=2, batch_size=50, report_every=1):
        if isinstance(report, BatchReport):
            path.append(nets[0].parameters.vector.copy())
    assert len(path) == 21
    reports = hw.train(nets[1], data, epochs=2, batch_size=50, ema_decay=0.99)
    for done in (11, 21):
        next(reports)
        # Until 1/(1 - decay) steps the average is a plain mean of all the vectors so far.
        mean = np.mean(path[:done], axis=0)
        np.testing.assert_allclose(nets[1].parameters.vector, mean, atol=1e-5)
    assert next(reports, None) is None


def test_a_long_average_takes_in_some_of_the_steps():
    net = hw.Network([4, 3, 2], seed=0)
    decays = {0.9: 1, 0.99: 1, 0.994: 2, 0.998: 5, 0.9985: 7, 0.999: 10}
    for decay, every in decays.items():  # a hundredth of its memory, to the nearest step
        assert RunningAverage(net, decay).every == every
    average = RunningAverage(net, 0.999)
    start = average.vector.copy()
    for step in range(1, 21):
        net.parameters.vector[:] = step
        average.step()
    np.testing.assert_allclose(average.vector, (start + 10 + 20) / 3, rtol=1e-6)


def test_stopped_in_an_epoch_the_network_holds_the_average():
    data = hw.load_dataset("mnist").train[:500]
    net = hw.Network([784, 20, 10], seed=0)
    path = [net.parameters.vector.copy()]
    reports = hw.train(net, data, epochs=2, batch_size=50, ema_decay=0.99, report_every=1)
    for _ in range(4):
        next(reports)
        path.append(net.parameters.vector.copy())
    reports.close()
    np.testing.assert_allclose(net.parameters.vector, np.mean(path, axis=0), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("stop", [3, 10, 13, 24])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"optimizer": "momentum", "schedule": "halve-on-plateau", "plateau_patience": 1},
        {"optimizer": "adamw", "dropout": 0.2, "schedule": "one-cycle", "ema_decay": 0.99},
        {"optimizer": "adam", "augmentation": Augmentation(shift=1, noise=0.1), "anneal_augmentation": 0.4,
         "outliers": 0.1, "backprop_fraction": 0.5, "ema_decay": 0.9},
    ],
    ids=["sgd", "plateau", "dropout and average", "augmentation"],
)  # fmt: skip
@pytest.mark.parametrize("kernels", ["numpy", "numba"])
def test_a_training_that_goes_on_gives_the_same_bits(monkeypatch, settings, stop, kernels):
    monkeypatch.setenv("HANDWROUGHT_KERNELS", kernels)
    whole = hw.load_dataset("mnist")
    data = hw.Dataset("some", whole.train[:500], whole.validation[:200], None,
                      whole.full_train[:700], whole.class_names)  # fmt: skip
    settings = {"epochs": 3, "batch_size": 50, "report_every": 1, **settings}

    def network():
        return hw.Network([784, 64, 10], "relu", "softmax", seed=0)

    through = network()
    expected = [vars(report) for report in hw.train(through, data, **settings)]
    first = network()
    reports = hw.train(first, data, **settings)
    found = [vars(next(reports)) for _ in range(stop)]
    state = reports.state()
    reports.close()
    second = network()
    found += [vars(report) for report in hw.train(second, data, **settings, resume=state)]
    np.testing.assert_array_equal(second.parameters.vector, through.parameters.vector)
    for one, other in zip(expected, found, strict=True):
        for name in ("epoch", "cost", "learning_rate", "validation_cost"):
            assert one.get(name) == other.get(name)


def test_other_settings_do_not_go_on():
    data = hw.load_dataset("mnist").train[:100]
    state = hw.train(hw.Network([784, 10]), data, epochs=2).state()
    with pytest.raises(InvalidArgument, match=r"epochs is 3, .* had 2"):
        hw.train(hw.Network([784, 10]), data, epochs=3, resume=state)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("m", "hardest", "n"),
    [
        (8, 0.25, 2),
        (7, 0.5, 4),
        (11, 0.15, 2),
        (9, 0.4, 4),
        (8, 0.3, 2),
        (10, 0.25, 2),
        (9, 0.01, 1),
    ],
)
def test_backpropagating_the_hardest_leaves_the_others_out(m, hardest, n):
    split = hw.load_dataset("mnist").train[:m]
    nets = [hw.Network([784, 12, 10], "relu", "softmax", seed=0) for _ in range(2)]
    error = nets[0].feedforward(split.inputs()) - split.targets()  # δ^L of softmax
    hard = np.argsort(-np.linalg.norm(error, axis=1))[:n]
    gradient = nets[0].backpropagate(split.inputs(hard), split.labels[hard])
    expected = nets[0].parameters.vector - 0.5 * gradient.vector * n / m
    list(
        hw.train(
            nets[1], split, epochs=1, batch_size=m, learning_rate=0.5, backprop_fraction=hardest
        )
    )
    np.testing.assert_allclose(nets[1].parameters.vector, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"backprop_fraction": 0}, "backprop_fraction is 0"),
        ({"backprop_fraction": 1.5}, "backprop_fraction is 1.5"),
        ({"anneal_augmentation": -1, "augmentation": Augmentation()}, "anneal_augmentation is -1"),
        ({"outliers": 1, "augmentation": Augmentation()}, "outliers is 1"),
        ({"outliers": 0.1}, "need an augmentation"),
    ],
)
def test_impossible_choices_are_refused(wrong, word):
    with pytest.raises(InvalidArgument, match=word):
        hw.train(hw.Network([784, 10]), hw.load_dataset("mnist").train[:20], **wrong)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settle", "epochs", "settled"),
    [(0.0, 3, 0), (0.4, 3, 1), (0.25, 3, 1), (0.1, 3, 0), (0.35, 5, 2), (0.5, 4, 2), (1.0, 2, 2)],
)
def test_the_last_epochs_are_on_images_changed_half_as_much(settle, epochs, settled):
    # One white image, shifted by up to 10 pixels or up to 5: what it lost tells which.
    split = hw.Split(np.full((900, 28, 28), 255, np.uint8), np.zeros(900, int), 10)
    means = []

    class Seen(hw.Network):
        def forward(self, x, states):
            means.append(float(x.mean()))
            return super().forward(x, states)

    net = Seen([784, 10])
    change = Augmentation(shift=10)
    list(
        hw.train(
            net,
            split,
            epochs=epochs,
            batch_size=900,
            augmentation=change,
            anneal_augmentation=settle,
        )
    )
    # A shift of s each way, uniform, leaves (1 - s/56)² of the white on average.
    shifts = [10] * (epochs - settled) + [5] * settled
    np.testing.assert_allclose(means, [(1 - s / 56) ** 2 for s in shifts], atol=0.015)


def test_stopping_early_leaves_no_thread_behind():
    data = hw.load_dataset("mnist").train[:500]
    reports = hw.train(
        hw.Network([784, 10]), data, epochs=5, report_every=1, augmentation=Augmentation(shift=1)
    )
    next(reports)
    assert any("handwrought-ahead" in thread.name for thread in threading.enumerate())
    reports.close()
    assert not any("handwrought-ahead" in thread.name for thread in threading.enumerate())


@pytest.mark.parametrize("wrong", [{"ema_decay": 1.0}, {"ema_decay": -0.1}])
def test_an_impossible_average_is_refused(wrong):
    with pytest.raises(InvalidArgument, match="ema_decay is"):
        hw.train(hw.Network([784, 10]), hw.load_dataset("mnist").train[:50], **wrong)


# --- settings that change while it runs -------------------------------------------------------------

CHANGE = {"batch_size": 50, "report_every": 1}


def some_of_mnist():
    whole = hw.load_dataset("mnist")
    return hw.Dataset("some", whole.train[:500], whole.validation[:200], None,
                      whole.full_train[:700], whole.class_names)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("stop", [0, 3, 11, 22])
@pytest.mark.parametrize("kernels", ["numpy", "numba"])
@pytest.mark.parametrize(
    "settings",
    [{}, {"optimizer": "adam", "ema_decay": 0.9, "augmentation": Augmentation(shift=1)}],
    ids=["sgd", "adam, average, augmentation"],
)
def test_changing_to_the_same_settings_changes_no_bit(monkeypatch, settings, stop, kernels):
    monkeypatch.setenv("HANDWROUGHT_KERNELS", kernels)
    data, settings = some_of_mnist(), {"epochs": 2, **CHANGE, **settings}
    through, changed = (hw.Network([784, 16, 10], seed=0) for _ in range(2))
    expected = [vars(report)["cost"] for report in hw.train(through, data, **settings)]
    training = hw.train(changed, data, **settings)
    found = [vars(next(training))["cost"] for _ in range(stop)]
    training.change(learning_rate=settings.get("learning_rate"), epochs=2)
    found += [vars(report)["cost"] for report in training]
    assert found == expected
    np.testing.assert_array_equal(changed.parameters.vector, through.parameters.vector)


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
def test_what_is_changed_holds_from_the_next_mini_batch(monkeypatch, kernels):
    monkeypatch.setenv("HANDWROUGHT_KERNELS", kernels)
    net = hw.Network([784, 16, 10], seed=0)
    training = hw.train(net, some_of_mnist().train, epochs=1, **CHANGE)
    next(training)
    before = net.parameters.vector.copy()
    training.change(learning_rate=1e-30)
    next(training)
    np.testing.assert_array_equal(net.parameters.vector, before)
    training.change(learning_rate=1e-3, weight_decay=900.0)  # w shrinks to a tenth each step
    next(training)
    assert np.abs(net.layers[0].weights).max() < 0.2 * np.abs(before).max()
    training.change(augmentation=Augmentation(shift=2, rotation=20))
    assert len([*training]) == 8
    assert training.state().settings["augmentation"]["rotation"] == 20


def test_more_epochs_make_a_training_go_on_as_if_it_had_been_asked_for_them():
    once, twice = (hw.Network([784, 16, 10], seed=0) for _ in range(2))
    data = some_of_mnist()
    reports = [*hw.train(once, data, epochs=3, batch_size=50)]
    training = hw.train(twice, data, epochs=1, batch_size=50)
    found = [*training]
    training.change(epochs=3)
    found += [*training]
    assert [r.cost for r in found] == [r.cost for r in reports]
    np.testing.assert_array_equal(once.parameters.vector, twice.parameters.vector)


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
def test_reports_may_come_more_or_less_often(monkeypatch, kernels):
    monkeypatch.setenv("HANDWROUGHT_KERNELS", kernels)
    plain, watched = (hw.Network([784, 16, 10], seed=0) for _ in range(2))
    data = some_of_mnist().train
    assert [*hw.train(plain, data, epochs=1, batch_size=50)]
    training = hw.train(watched, data, epochs=1, **CHANGE)
    assert [next(training).batch for _ in range(3)] == [1, 2, 3]
    training.report_every = 4
    assert [next(training).batch for _ in range(2)] == [4, 8]
    training.report_every = 1
    assert next(training).batch == 9
    assert [*training]
    np.testing.assert_array_equal(watched.parameters.vector, plain.parameters.vector)
    with pytest.raises(InvalidArgument, match="report_every is 0"):
        training.report_every = 0


@pytest.mark.parametrize(
    ("wrong", "word"),
    [({"batch_size": 5}, "batch_size"), ({"learning_rate": -1}, "learning_rate"), ({"x": 1}, "x")],
)
def test_a_change_that_cannot_be_leaves_the_training_as_it_was(wrong, word):
    one, other = (hw.Network([784, 16, 10], seed=0) for _ in range(2))
    data = some_of_mnist().train
    assert [*hw.train(one, data, epochs=1, batch_size=50)]
    training = hw.train(other, data, epochs=1, **CHANGE)
    next(training)
    with pytest.raises(InvalidArgument, match=word):
        training.change(**wrong)
    assert [*training]
    np.testing.assert_array_equal(one.parameters.vector, other.parameters.vector)
