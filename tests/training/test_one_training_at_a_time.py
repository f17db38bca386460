"""A network is in one training at a time, and a training has one reader."""

import gc
import threading

import numpy as np
import pytest

import handwrought as hw
from handwrought.data.dataset import Split
from handwrought.errors import InvalidArgument

REFUSED = r"in another training, which has not ended: .* or train a copy, network\.copy\(\)"
SETTINGS = {"epochs": 3, "batch_size": 10, "optimizer": "momentum", "learning_rate": 0.1,
            "report_every": 2}  # fmt: skip


@pytest.fixture(scope="module")
def data():
    images = np.random.default_rng(0).integers(0, 256, (50, 4, 4), dtype=np.uint8)
    return Split(images, np.arange(50) % 3, 3)


@pytest.fixture
def net():
    return network()


def network(seed=0):
    return hw.Network([16, 6, 3], cost="cross-entropy", seed=seed)


def learnt(net, data):
    """The parameters that a training of this network ends with."""
    for _ in hw.train(net, data, **SETTINGS):
        pass
    return net.parameters.vector


def in_threads(*works):
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_second_training_of_a_network_is_refused_while_the_first_is_under_way(net, data):
    first, second = (hw.train(net, data, **SETTINGS) for _ in range(2))
    alone = [report.cost for report in hw.train(network(), data, **SETTINGS)]
    costs = [next(first).cost]
    before = net.parameters.vector.copy()
    for _ in range(2):  # asked again it refuses again, and has not come to an end
        with pytest.raises(InvalidArgument, match=REFUSED):
            next(second)
    with pytest.raises(InvalidArgument, match=REFUSED):
        next(hw.train(net.with_parameters(net.parameters), data, **SETTINGS))
    assert (net.parameters.vector == before).all()
    assert costs + [report.cost for report in first] == alone
    assert len(list(second)) == len(alone)


@pytest.mark.parametrize("end", ["read", "closed", "gone", "broken out of", "diverged", "changed"])
def test_a_training_that_is_over_leaves_the_network_to_the_next(net, data, end):
    training = hw.train(net, data, **SETTINGS)
    hw.train(net, data, **SETTINGS)  # never read
    if end == "read":
        list(training)
    elif end == "broken out of":
        for _ in hw.train(net, data, **SETTINGS):
            break
    elif end == "diverged":
        net.parameters.vector[0] = np.nan
        with pytest.raises(hw.HandwroughtError, match="the learning rate"):
            list(training)
        net.initialize(0)
    else:
        next(training)
        if end == "closed":
            training.close()
        elif end == "gone":
            del training
            gc.collect()
        else:
            training.change(epochs=4)
            next(training)
            training.close()
    assert next(hw.train(net, data, **SETTINGS)).epoch == 1


def test_a_copy_is_trained_beside_its_original(net, data):
    twin, alone = net.copy(), learnt(network(), data)
    for _ in zip(hw.train(net, data, **SETTINGS), hw.train(twin, data, **SETTINGS), strict=True):
        pass
    assert (net.parameters.vector == alone).all()
    assert (twin.parameters.vector == alone).all()


def test_networks_trained_in_threads_learn_what_they_learn_alone(data):
    nets = [network(seed) for seed in (0, 1)]
    in_threads(*(lambda net=net: learnt(net, data) for net in nets))
    for seed, net in enumerate(nets):
        np.testing.assert_array_equal(net.parameters.vector, learnt(network(seed), data))


def test_of_two_threads_one_trains_the_network(net, data):
    both, said = threading.Barrier(2), []

    def work():
        training = hw.train(net, data, **SETTINGS)
        both.wait()
        try:
            next(training)
        except InvalidArgument as error:
            said.append(str(error))
        both.wait()

    in_threads(work, work)
    assert len(said) == 1
    assert "in another training" in said[0]


def test_a_training_that_two_threads_read_tells_one_of_them_so(net, data):
    settings = {**SETTINGS, "epochs": 60}
    training, said, costs = hw.train(net, data, **settings), [], []

    def read():
        try:
            costs.extend(report.cost for report in training)
        except InvalidArgument as error:
            said.append(str(error))

    in_threads(read, read)
    assert set(said) <= {"another thread is reading this training: let one alone read it"}
    assert sorted(costs) == sorted(r.cost for r in hw.train(network(), data, **settings))
