"""A network is in one training at a time, and a training has one reader."""

import threading

import numpy as np
import pytest

import handwrought as hw
from handwrought.errors import InvalidArgument


@pytest.fixture(scope="module")
def data():
    return hw.load_dataset("mnist").train[:2000]


@pytest.fixture
def net():
    return hw.Network([784, 30, 10], seed=0)


def test_a_second_training_of_a_network_is_refused_while_the_first_is_under_way(net, data):
    first, second = (hw.train(net, data, epochs=2) for _ in range(2))
    next(first)
    before = net.parameters.vector.copy()
    for _ in range(2):  # asked again it refuses again, and has not come to an end
        with pytest.raises(InvalidArgument, match=r"or train a copy, network\.copy\(\)"):
            next(second)
    with pytest.raises(InvalidArgument, match="in another training"):
        next(hw.train(net.with_parameters(net.parameters), data, epochs=1))
    assert (net.parameters.vector == before).all()
    assert len(list(first)) == 1
    assert len(list(second)) == 2


@pytest.mark.parametrize("end", ["close", "forget", "diverge"])
def test_a_training_that_is_over_leaves_the_network_to_the_next(net, data, end):
    first = hw.train(net, data, epochs=3, learning_rate=1e300 if end == "diverge" else 3.0)
    if end == "diverge":
        with pytest.raises(hw.HandwroughtError, match="the learning rate"):
            next(first)
    else:
        next(first)
    if end == "close":
        first.close()
    del first
    assert len(list(hw.train(net, data, epochs=1))) == 1


def test_a_copy_is_trained_beside_its_original(net, data):
    alone = hw.Network([784, 30, 10], seed=0)
    list(hw.train(alone, data, epochs=2))
    twin = net.copy()
    for _ in zip(hw.train(net, data, epochs=2), hw.train(twin, data, epochs=2), strict=True):
        pass
    assert (net.parameters.vector == alone.parameters.vector).all()
    assert (twin.parameters.vector == alone.parameters.vector).all()


def test_networks_trained_in_threads_learn_what_they_learn_alone(data):
    nets = [hw.Network([784, 30, 10], seed=s) for s in (0, 1, 0, 1)]
    threads = [
        threading.Thread(target=lambda n=n: list(hw.train(n, data, epochs=2))) for n in nets[:2]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for net in nets[2:]:
        list(hw.train(net, data, epochs=2))
    for in_thread, alone in zip(nets[:2], nets[2:], strict=True):
        np.testing.assert_array_equal(in_thread.parameters.vector, alone.parameters.vector)


def test_a_training_that_two_threads_read_tells_one_of_them_so(net, data):
    training, refused, epochs = hw.train(net, data, epochs=30), [], []

    def read():
        try:
            epochs.extend(report.epoch for report in training)
        except InvalidArgument as error:
            refused.append(str(error))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["another thread is reading this training: let one alone read it"]
    assert epochs == list(range(1, 31))
