"""A trained network learns one writer's digits, and forgets little."""

from dataclasses import replace

import numpy as np
import pytest

import handwrought as hw
from handwrought.data.representations import represent_split
from handwrought.errors import InvalidArgument, TrainingDiverged
from handwrought.training.fine_tuning import fine_tune, mixed


@pytest.fixture(scope="module")
def data():
    whole = hw.load_dataset("mnist")
    return replace(whole, train=whole.train[:4000], validation=whole.validation[:1000])


@pytest.fixture(scope="module")
def trained(data):
    network = hw.Network([784, 32, 10], "relu", "softmax", seed=0)
    for _ in hw.train(network, data, epochs=4, batch_size=32, optimizer="adam"):
        pass
    return network


@pytest.fixture(scope="module")
def on_strokes(data):
    network = hw.Network([1568, 32, 10], "relu", "softmax", seed=0)
    for _ in hw.train(
        network, data, epochs=2, batch_size=32, optimizer="adam", representation="strokes"
    ):
        pass
    return network


@pytest.fixture(scope="module")
def own():
    """Three of each digit in a hand that leans to the left, as none of MNIST's does."""
    split = hw.load_dataset("mnist").validation[1000:1100]
    chosen = np.concatenate([np.flatnonzero(split.labels == digit)[:3] for digit in range(10)])
    return leaning(split[chosen])


def leaning(split):
    rows = [np.roll(split.images[:, y], round(0.9 * (y - 14)), axis=1) for y in range(28)]
    return replace(split, images=np.stack(rows, axis=1))


def accuracy(network, split):
    return hw.evaluate(network, split).accuracy


def tuned(network, own, data, **arguments):
    settings = {"epochs": 3, "learning_rate": 2e-3, "rehearsed": 1500, **arguments}
    return fine_tune(network, own, data, **settings)


@pytest.mark.slow
def test_it_learns_the_hand_and_the_rest_stays(trained, own, data):
    further = leaning(hw.load_dataset("mnist").validation[2000:2500])
    network = trained.copy()
    before = [accuracy(network, split) for split in (own, further, data.validation)]
    reports = list(tuned(network, own, data, epochs=4))
    after = [accuracy(network, split) for split in (own, further, data.validation)]
    assert len(reports) == 4
    assert after[0] > before[0] + 0.2
    assert after[1] > before[1] + 0.05
    assert after[2] > before[2] - 0.03


@pytest.mark.slow
def test_the_best_epoch_is_kept_by_validation_and_changed_copies_of_the_digits(trained, own, data):
    network = trained.copy()
    tuning = tuned(network, own, data, seed=1)
    probe = tuning.best.probe
    assert len(probe) == 20 * len(own)
    assert sum(copies(probe, own)) < len(own)
    worth = [accuracy(network, probe) + accuracy(network, data.validation)]
    for report in tuning:
        worth.append(accuracy(network, probe) + report.validation_accuracy)
    assert tuning.kept == len(worth) - 1 - int(np.argmax(worth[::-1]))
    kept = accuracy(network, probe) + accuracy(network, data.validation)
    assert kept == pytest.approx(max(worth))


@pytest.mark.slow
def test_a_network_on_strokes_learns_and_is_measured_by_what_it_sees(on_strokes, own, data):
    network, validation = on_strokes.copy(), represent_split(data.validation, "strokes")
    tuning = tuned(network, own, data, representation="strokes", learning_rate=1e-3)
    worth = [accuracy(network, tuning.best.probe) + accuracy(network, validation)]
    for report in tuning:
        worth.append(accuracy(network, tuning.best.probe) + report.validation_accuracy)
    assert tuning.best.probe.n_inputs == 1568
    assert tuning.kept == len(worth) - 1 - int(np.argmax(worth[::-1])) > 0
    kept = accuracy(network, tuning.best.probe) + accuracy(network, validation)
    assert kept == pytest.approx(max(worth))
    assert accuracy(network, represent_split(own, "strokes")) > accuracy(
        on_strokes, represent_split(own, "strokes")
    )
    with pytest.raises(InvalidArgument, match="784"):
        tuned(network, own, data)


def test_where_no_epoch_is_better_the_network_is_as_it_was(trained, own, data):
    network = trained.copy()
    tuning = tuned(network, own, data, learning_rate=0.5, ema_decay=0.0)
    assert len(list(tuning)) == 3
    assert tuning.kept == 0
    assert np.array_equal(network.parameters.vector, trained.parameters.vector)


def test_where_it_diverges_the_best_is_kept(trained, own, data):
    network = trained.copy()
    with pytest.raises(TrainingDiverged):
        list(tuned(network, own, data, learning_rate=1e25, ema_decay=0.0))
    assert np.array_equal(network.parameters.vector, trained.parameters.vector)


def test_closed_early_it_keeps_the_moment(trained, own, data):
    network = trained.copy()
    tuning = tuned(network, own, data, report_every=3)
    next(tuning)
    tuning.close()
    assert not np.array_equal(network.parameters.vector, trained.parameters.vector)
    assert np.isfinite(network.parameters.vector).all()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bits(trained, own, data):
    networks = [trained.copy() for _ in range(3)]
    for network, seed in zip(networks, (5, 5, 6), strict=True):
        list(tuned(network, own, data, epochs=1, seed=seed))
    vectors = [network.parameters.vector for network in networks]
    assert np.array_equal(vectors[0], vectors[1])
    assert not np.array_equal(vectors[0], vectors[2])


def copies(mixture, own):
    kept = {image.tobytes() for image in own.images}
    return [image.tobytes() in kept for image in mixture.images]


def test_new_digits_make_up_their_share(own, data):
    mixture = mixed(own, data.train, share=0.25, rehearsed=900)
    there = np.array(copies(mixture, own))
    assert len(mixture) == 1200
    assert there.sum() == 300
    _, often = np.unique(mixture.images[there], axis=0, return_counts=True)
    assert len(often) == len(own)
    assert set(often) == {10}


def test_new_digits_of_one_class_make_up_a_tenth_of_it(own, data):
    sevens = own[own.labels == own.labels[0]]
    for rehearsed, n in ((900, 23), (850, 22)):  # 23.08 and 21.79, to the nearest
        mixture = mixed(sevens, data.train, share=0.25, rehearsed=rehearsed)
        assert sum(copies(mixture, sevens)) == n
    few = mixed(own, data.train, share=0.25, rehearsed=10)
    assert sum(copies(few, own)) == len(own)


def test_what_does_not_fit_is_refused(trained, own, data):
    wide = hw.Split(np.zeros((9, 30, 30), np.uint8), np.zeros(9, int))
    for digits, arguments, said in (
        (own[:0], {}, "no digit to learn"),
        (wide, {}, r"\(30, 30\)"),
        (own, {"share": 1.0}, "share is 1.0"),
        (own, {"rehearsed": 0}, "rehearsed is 0"),
        (own, {"epochs": 0}, "epochs is 0"),
        (own, {"learning_rate": -1.0}, "learning_rate is -1.0"),
    ):
        with pytest.raises(InvalidArgument, match=said):
            tuned(trained.copy(), digits, data, **arguments)
    with pytest.raises(InvalidArgument, match="no validation images"):
        fine_tune(trained.copy(), own, replace(data, validation=None))
    with pytest.raises(InvalidArgument, match="784"):
        fine_tune(hw.Network([100, 10]), own, data)
