"""An engine fits behind the protocol: the loop is told of none by name."""

from dataclasses import replace

import numpy as np
import pytest

import handwrought as hw
from handwrought.training import engines
from handwrought.training.batches import chance
from handwrought.training.engines.plain import PlainEngine


class Halves:
    """Two networks, each with half of each mini-batch, and their gradients' mean: as ranks do."""

    name = "halves"

    def __init__(self, job):
        self.job, self.network = job, job.network.copy()
        self.optimizer = job.optimizer(self.network)
        self.ranks = [self.network.copy(), self.network.copy()]
        self.stops = []

    @staticmethod
    def suits(job):
        return job.whole_batches

    def train(self, epoch, first):
        self.network.parameters.numbers[:] = self.job.network.parameters.numbers
        read = self.job.split.reader(self.job.batch_size, self.network.dtype).read
        for i, chosen in enumerate(epoch.batches()[first:], start=first):
            cost, gradient = 0.0, self.network.parameters.like()
            for rank, share in zip(self.ranks, np.array_split(chosen, 2), strict=True):
                rank.parameters.numbers[:] = self.network.parameters.numbers
                x, y = read(share)
                cost += float(rank.costs(x, y).sum())
                own = rank.backpropagate(x, y).vector
                gradient.vector[:] += own * (len(share) / len(chosen))
            self.optimizer.step(gradient, epoch.rate(i))
            yield cost

    def hand_back(self):
        self.stops.append(self.optimizer.steps)
        self.job.network.parameters.numbers[:] = self.network.parameters.numbers

    def state(self):
        return self.optimizer.state()

    def restore(self, state):
        self.optimizer.restore(state)


@pytest.fixture
def split():
    return hw.load_dataset("mnist").train[:203]


def trained(split, **settings):
    net = hw.Network([784, 20, 10], "relu", "softmax", seed=1)
    training = hw.train(net, split, epochs=2, batch_size=20, optimizer="adam", seed=3, **settings)
    return net, training


def test_another_engine_trains_reports_and_goes_on_in_the_same_loop(monkeypatch, split):
    net, plain = trained(split, report_every=4)
    expected = list(plain)
    monkeypatch.setattr(engines, "ENGINES", (Halves, PlainEngine))
    twin, training = trained(split, report_every=4)
    found = list(training)
    assert [report.epoch for report in found] == [report.epoch for report in expected]
    np.testing.assert_allclose(
        [report.cost for report in found], [report.cost for report in expected], rtol=1e-5
    )
    difference = np.linalg.norm(twin.parameters.vector - net.parameters.vector)
    assert difference < 1e-4 * np.linalg.norm(net.parameters.vector)
    assert training._run.engine.stops == [4, 8, 11, 15, 19, 22]

    _, training = trained(split, report_every=4)
    next(training)
    state = training.state()
    assert (state.versions["engine"], state.batch, state.numbers["steps"]) == ("halves", 4, 4)
    again, training = trained(split, resume=state)
    list(training)
    assert np.array_equal(again.parameters.vector, twin.parameters.vector)


def test_what_an_engine_cannot_do_another_does(monkeypatch, split):
    monkeypatch.setattr(engines, "ENGINES", (Halves, PlainEngine))
    _, training = trained(split, backprop_fraction=0.5)
    assert training._run.engine.name == "plain"


def test_an_epoch_is_the_same_examples_by_mini_batches_and_by_stretches():
    order = chance(0, 1, "order").permutation(23)
    epoch = engines.Epoch(1, order, 5, rate=lambda i: i / 10, next_stop=lambda i: 5)
    assert [len(batch) for batch in epoch.batches()] == [5, 5, 5, 5, 3]
    examples, rates = epoch.stretch(1, 5)
    assert np.array_equal(examples, np.concatenate(epoch.batches()[1:]))
    assert rates.tolist() == [0.1, 0.2, 0.3, 0.4]
    assert replace(epoch, order=order[:20]).n_batches == 4
