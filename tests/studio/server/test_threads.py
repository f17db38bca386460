"""Several requests at once: each gets the answer that it would get alone."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import handwrought as hw
from handwrought.errors import InvalidArgument
from handwrought.studio.backprop.microscope import Microscope, View
from handwrought.studio.draw.drawings import Drawings
from handwrought.studio.evaluate.evaluations import Evaluations
from handwrought.studio.playground.playground import Playground, Playgrounds
from handwrought.studio.playground.settings import Did, Settings
from handwrought.studio.server.messages import encode
from handwrought.studio.server.studio import Studio
from handwrought.studio.train.run_process import begun
from handwrought.studio.train.runs import LIVE
from handwrought.studio.train.timeline import Scrubber
from handwrought.studio.train.training_request import TrainingRequest


@pytest.fixture
def studio(tmp_path):
    made = Studio(tmp_path)
    yield made
    made.close()


def together(work, arguments, threads=8):
    with ThreadPoolExecutor(threads) as pool:
        return [*pool.map(work, arguments)]


@pytest.mark.slow
def test_drawings_read_at_once_are_read_as_one_by_one(studio):
    drawings = studio.backend(Drawings)
    images = [255 - image for image in hw.load_dataset("mnist").test.images[:64]]

    def read(image):
        seen = drawings.read(image)
        return [*seen.probabilities, *(float(layer.a.sum()) for layer in seen.layers)]

    alone = [read(image) for image in images]
    for _ in range(4):
        np.testing.assert_array_equal(together(read, images), alone)


@pytest.mark.slow
def test_a_microscope_looked_through_by_many_shows_each_its_own(studio):
    microscope = studio.backend(Microscope)
    names = ["16:sigmoid:quadratic:fresh", "8-8:tanh:softmax:fresh", "model"]
    views = [View(name, f"test:{i}", rates=(0.5,) * (i % 3)) for name in names for i in range(6)]

    def look(view):
        return encode(microscope.picture(view))

    alone = [look(view) for view in views]
    assert together(look, views * 2) == alone * 2


@pytest.mark.slow
def test_sliders_moved_by_many_answer_each_its_own(studio):
    evaluations = studio.backend(Evaluations)
    amounts = [{"rotation": 5.0 * i, "noise": 0.05 * i, "blur": 0.2 * i} for i in range(6)]

    def change(each):
        return encode(evaluations.change("shipped", each))

    alone = [change(each) for each in amounts]
    assert together(change, amounts * 3) == alone * 3


def test_a_playground_in_two_windows_learns_each_step_once(studio):
    # Two windows of one tab share its network; what both do happens in some order, each thing once.
    settings = Settings(points=20, batch=5)
    shared = studio.backend(Playgrounds).open("the same tab", settings, "", again=False)
    together(lambda _: shared.apply(Did("b", 1)), range(40))
    alone = Playground(settings)
    alone.apply(Did("b", 40))
    np.testing.assert_array_equal(shared.network.parameters.vector, alone.network.parameters.vector)
    assert shared.steps == 40


@pytest.mark.slow
def test_a_run_asked_to_go_on_many_times_at_once_has_one_process(watched, monkeypatch):
    runs = watched.runs
    started = []
    monkeypatch.setattr(
        "handwrought.studio.train.runs.begun",
        lambda folder: started.append(begun(folder)) or started[-1],
    )
    run = runs.begin(TrainingRequest(images=500, hidden=(12,), epochs=50), "pause")
    watched.until_status(run, "paused")
    runs.do(run, "stop")
    watched.until_gone(run)
    together(lambda _: runs.go_on(run, "pause"), range(8))
    watched.until_status(run, "paused")
    assert len(started) == 2  # when it was begun, and once since
    process = runs.get(run).process
    assert process.poll() is None
    runs.do(run, "stop")
    assert watched.until_gone(run).status == "stopped"


@pytest.mark.slow
def test_trainings_begun_at_once_are_as_many_as_may_run_and_each_has_its_own_network(watched):
    def begin(seed):
        try:
            return watched.runs.begin(
                TrainingRequest(images=300, hidden=(8,), epochs=1, seed=seed), "run"
            )
        except InvalidArgument as error:
            return str(error)

    found = together(begin, range(6))
    those = {seed: run for seed, run in enumerate(found) if "under way" not in run}
    assert len(those) == LIVE
    scrubber = watched.studio.backend(Scrubber)
    for seed, run in those.items():
        assert watched.until_gone(run).status == "finished"
        net = hw.Network([784, 8, 10], seed=seed)
        [*hw.train(net, hw.load_dataset("mnist").train[:300], epochs=1, batch_size=10, seed=seed)]
        model = hw.Network.load(watched.runs.model(run))
        np.testing.assert_array_equal(model.parameters.vector, net.parameters.vector)
        assert scrubber.moment(run, 0, None).neurons == 8
