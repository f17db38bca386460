"""Runs: trainings in processes of their own, kept in folders, seen again from disk."""

import json
import os
import signal
from base64 import b64decode, b64encode
from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
import pytest

import handwrought as hw
from handwrought.data.augmentation import Augmentation
from handwrought.data.representations import REPRESENTATIONS, represent
from handwrought.errors import InvalidArgument
from handwrought.reading.recognizer import Recognizer
from handwrought.runs.checkpoint import load_checkpoint
from handwrought.studio.draw.drawings import Drawings
from handwrought.studio.train.runs import LIVE
from handwrought.studio.train.snapshots import BYTES, MOMENTS, due_steps, steps_kept
from handwrought.studio.train.timeline import Scrubber
from handwrought.studio.train.training_request import OwnDigits, TrainingRequest, controls, presets
from handwrought.training.diagnosis import diagnose
from handwrought.training.metrics import LayerMeasured, Measurer, Point
from handwrought.training.recipes import shipped_recipes

QUICK = TrainingRequest(images=500, hidden=(12,), epochs=3)
LONG = TrainingRequest(images=2000, hidden=(12,), epochs=1000, batch_size=50)


@pytest.mark.slow
def test_a_run_trains_to_its_end_and_keeps_all_there_is_to_see(watched):
    run = watched.runs.begin(QUICK, "run", "mine")
    ended = watched.until_gone(run)
    assert (ended.status, ended.sentence) == ("finished", "")
    shown = watched.runs.whole(run)
    points = shown["points"]
    assert points[0].step == 0
    assert [p.epoch for p in points if p.whole] == [1, 2, 3]
    assert points[-1].train_cost < points[0].train_cost
    assert points[-1].validation_accuracy > 0.5
    assert [layer.number for layer in points[-1].layers] == [2, 3]
    assert shown["moments"][0] == 0
    assert shown["moments"][-1] == 150
    assert shown["look"]["shown"] == 12
    assert (ended.folder / "process.log").read_text() == ""
    kinds = {message["kind"] for message in watched.heard}
    assert {"run", "progress", "point", "look", "moment"} <= kinds


@pytest.mark.slow
def test_it_trains_as_the_library_does_to_the_bit(watched):
    run = watched.runs.begin(QUICK, "run")
    watched.until_gone(run)
    data = hw.load_dataset("mnist")
    net = hw.Network([784, 12, 10], seed=0)
    [*hw.train(net, data.train[:500], epochs=3, batch_size=10)]
    model = hw.Network.load(watched.runs.model(run))
    np.testing.assert_array_equal(model.parameters.vector, net.parameters.vector)


@pytest.mark.slow
def test_single_batches_epochs_pause_and_stop(watched):
    runs = watched.runs
    run = runs.begin(LONG, "batch")
    watched.until(lambda: runs.get(run).progress.get("step") == 1, "one batch")
    watched.until_status(run, "paused")
    runs.do(run, "batch")
    watched.until(lambda: runs.get(run).progress["step"] == 2, "two batches")
    runs.do(run, "epoch")
    watched.until(lambda: runs.get(run).progress["epoch"] == 1, "one epoch")
    watched.until_status(run, "paused")
    runs.do(run, "run")
    watched.until(lambda: runs.get(run).progress["epoch"] > 1.5, "it runs")
    runs.do(run, "pause")
    watched.until_status(run, "paused")
    runs.do(run, "stop")
    stopped = watched.until_gone(run)
    assert stopped.status == "stopped"
    assert runs.whole(run)["points"][-1].step == stopped.progress["step"]


@pytest.mark.slow
def test_settings_change_while_it_runs(watched):
    runs = watched.runs
    run = runs.begin(LONG, "run")
    watched.until_status(run, "running")
    augmentation = asdict(Augmentation(shift=1))
    runs.change(run, {"learning_rate": 0.25, "weight_decay": 0.001, "augmentation": augmentation})
    watched.until(lambda: runs.get(run).settings.learning_rate == 0.25, "it says so")
    before = runs.get(run).progress["step"]
    watched.until(lambda: runs.get(run).progress["step"] > before + 50, "it goes on")
    assert runs.get(run).progress["rate"] == 0.25
    assert runs.get(run).settings.augmentation == Augmentation(shift=1)
    with pytest.raises(InvalidArgument, match="learning_rate is -1"):
        runs.change(run, {"learning_rate": -1.0})


@pytest.mark.slow
def test_a_killed_process_is_told_and_the_run_goes_on_from_its_checkpoint(watched):
    runs = watched.runs
    run = runs.begin(LONG, "epoch")
    watched.until_status(run, "paused")
    checkpoint = runs.get(run).folder / "checkpoint.safetensors"
    watched.until(checkpoint.exists, "it is kept")
    runs.do(run, "run")
    watched.until_status(run, "running")
    os.kill(runs.get(run).process.pid, signal.SIGKILL)
    crashed = watched.until_gone(run)
    assert crashed.status == "crashed"
    assert "signal 9: go on from its last checkpoint" in crashed.sentence
    runs.go_on(run, "epoch")
    watched.until_status(run, "paused")
    steps = [point.step for point in runs.whole(run)["points"]]
    assert steps == sorted(steps)
    assert steps[-1] >= 80


@pytest.mark.slow
def test_another_studio_finds_the_runs_on_disk_and_trains_on(watched, watches, tmp_path):
    run = watched.runs.begin(QUICK, "run", "kept")
    watched.until_gone(run)
    expected = watched.runs.whole(run)
    again = watches(tmp_path)
    found = again.runs.whole(run)
    assert found["run"]["name"] == "kept"
    assert found["points"] == expected["points"]
    assert found["look"] == json.loads(json.dumps(expected["look"]))
    with pytest.raises(InvalidArgument, match="all of its 3 epochs"):
        again.runs.go_on(run, "run")
    again.runs.go_on(run, "run", {"epochs": 4, "learning_rate": 1.0})
    ended = again.until_gone(run)
    assert (ended.status, ended.progress["step"]) == ("finished", 200)


def test_what_another_process_trains_is_shown_as_running_and_left_to_it(watched, watches, tmp_path):
    run = watched.runs.begin(QUICK, "pause")
    watched.until_status(run, "paused")
    process = watched.runs.get(run).process
    other = watches(tmp_path).runs
    found = other.get(run)
    assert (found.status, found.live) == ("running", False)
    assert found.sentence.startswith(f"It is trained by process {process.pid} on ")
    assert found.sentence.endswith(": use it there.")
    for refused in (
        lambda: other.go_on(run, "pause"),
        lambda: other.change(run, {"epochs": 9}),
        lambda: other.rename(run, "mine"),
        lambda: other.delete(run),
    ):
        with pytest.raises(InvalidArgument, match=f"this run is trained by process {process.pid}"):
            refused()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert other.whole(run)["run"]["status"] in ("stopped", "crashed")
    watched.until_gone(run)
    assert "its last checkpoint" in other.whole(run)["run"]["sentence"]


def test_a_training_stops_and_keeps_itself_when_its_studio_is_gone(watched):
    run = watched.runs.begin(LONG, "run")
    watched.until_status(run, "running")
    process = watched.runs.get(run).process
    process.stdin.close()  # as when the studio was killed
    assert watched.until_gone(run).status == "stopped"
    assert process.returncode == 0
    assert (watched.runs.get(run).folder / "checkpoint.safetensors").exists()


@pytest.mark.slow
def test_divergence_is_named_and_a_smaller_rate_mends_it(watched):
    wild = TrainingRequest(images=500, hidden=(12, 12), activation="identity", cost="softmax", epochs=3,
                learning_rate=1e4)  # fmt: skip
    run = watched.runs.begin(wild, "run")
    assert watched.until_gone(run).status == "diverged"
    (finding,) = watched.runs.state()["runs"][0]["findings"]
    assert finding.name == "rate-too-high"
    assert finding.mends[0].changes == {"learning_rate": 1000.0}
    watched.runs.go_on(run, "run", {"learning_rate": 0.05})
    ended = watched.until_gone(run)
    assert ended.status == "finished"
    assert watched.runs.whole(run)["points"][-1].validation_accuracy > 0.3


@pytest.mark.slow
def test_runs_are_named_deleted_and_bounded(watched):
    runs = watched.runs
    first = runs.begin(QUICK, "pause")
    others = [runs.begin(QUICK, "pause") for _ in range(LIVE - 1)]
    with pytest.raises(InvalidArgument, match="under way"):
        runs.begin(QUICK, "pause")
    names = {runs.get(run).name for run in (first, *others)}
    assert len(names) == LIVE
    runs.rename(first, "the first")
    folder = runs.get(first).folder
    assert json.loads((folder / "config.json").read_text())["name"] == "the first"
    runs.delete(first)
    assert not folder.exists()
    with pytest.raises(InvalidArgument, match="no run"):
        runs.get(first)


@pytest.mark.slow
def test_what_is_kept_of_an_averaged_run_is_its_average(watched):
    averaged = TrainingRequest(
        images=2000, hidden=(12,), epochs=1000, batch_size=50, ema_decay=0.99
    )
    run = watched.runs.begin(averaged, "pause")
    watched.until_status(run, "paused")
    folder = watched.runs.get(run).folder

    def kept():
        state = load_checkpoint(folder / "checkpoint.safetensors")
        return state.arrays, hw.Network.load(folder / "model.safetensors").parameters.vector

    def said():
        return [message["kind"] for message in watched.heard].count("progress")

    for _ in range(7):
        before = said()
        watched.runs.do(run, "batch")
        watched.until(lambda: said() >= before + 2, "a batch more")  # noqa: B023
        watched.until_status(run, "paused")
    arrays, model = kept()
    np.testing.assert_array_equal(model, arrays["average"])
    assert np.abs(arrays["average"] - arrays["parameters"]).max() > 1e-3
    watched.runs.do(run, "stop")
    watched.until_gone(run)
    np.testing.assert_array_equal(kept()[1], arrays["average"])
    watched.runs.go_on(run, "stop")  # it ends without a step
    watched.until_gone(run)
    np.testing.assert_array_equal(kept()[1], arrays["average"])


@pytest.mark.slow
def test_the_scrubber_shows_any_moment_and_what_became_of_an_image(watched, monkeypatch):
    run = watched.runs.begin(QUICK, "run")
    watched.until_gone(run)
    seven = hw.load_dataset("mnist").train.images[0]
    drawing = SimpleNamespace(pixels=seven)
    monkeypatch.setattr(Drawings, "recent", lambda self: {7: drawing})
    scrubber = watched.studio.backend(Scrubber)
    moments = watched.runs.whole(run)["moments"]
    first, last = (scrubber.moment(run, step, None) for step in (moments[0], moments[-1]))
    start, end = hw.Network([784, 12, 10], seed=0), hw.Network.load(watched.runs.model(run))
    for seen, net in ((first, start), (last, end)):
        out = net.feedforward(seven.reshape(-1) / 255)
        np.testing.assert_allclose(seen.layers[-1].a, out, rtol=1e-4)
        weights = seen.weights.view(np.int8) * (seen.most / 127)
        np.testing.assert_allclose(weights, net.layers[0].weights, atol=seen.most / 250)
    course = scrubber.course(run, None)
    assert course.steps == moments
    np.testing.assert_allclose(course.probabilities[-1], last.probabilities, rtol=1e-5)
    between = max({*range(150)} - {*moments})
    with pytest.raises(InvalidArgument, match=f"step {between} .* not kept"):
        scrubber.moment(run, between, None)
    with pytest.raises(InvalidArgument, match="3 pixels"):
        scrubber.moment(run, 0, "AAAA")


# --- without a process ------------------------------------------------------------------------------


def point(step, train=0.1, validation=None, rate=3.0, accuracy=0.5, **layer):
    own = LayerMeasured(2, 0.1, layer.get("saturated", 0.0), layer.get("dead", 0.0))
    return Point(
        step, step / 100, train, train, accuracy, validation, None, False,
        rate if step else 0.0, 1000.0, (own, LayerMeasured(3, 0.1, 0.9, 0.9)),
    )  # fmt: skip


def names(wish, points):
    return [finding.name for finding in diagnose(wish, points, taught=wish.own is not None)]


def test_a_training_that_goes_well_has_no_findings():
    falling = [point(50 * i, 1 / (1 + i), 1.1 / (1 + i)) for i in range(20)]
    assert names(TrainingRequest(), falling) == []
    assert names(TrainingRequest(), []) == []


def test_each_fault_is_named_with_its_numbers_and_a_mend_that_is_a_wish():
    rising = [point(50 * i, 1 / (1 + i)) for i in range(10)] + [point(600, 2.0)] * 5
    still = [point(100 * i, 1 - 0.001 * i) for i in range(8)]
    saturated = [point(0, 1.0, saturated=0.85), point(50, 0.99, saturated=0.8)]
    dead = [point(0, 1.0), point(100, 1.0, dead=0.5)]
    learnt = [point(50 * i, 1 / (1 + i), 0.5 + 0.02 * abs(i - 5)) for i in range(20)]
    relu = TrainingRequest(activation="relu")
    for wish, points, name in (
        (TrainingRequest(), rising, "rate-too-high"),
        (TrainingRequest(learning_rate=1e-6), still, "rate-too-low"),
        (TrainingRequest(initializer="normal"), saturated, "saturated"),
        (relu, dead, "dead"),
        (TrainingRequest(), learnt, "overfitting"),
    ):
        (finding,) = diagnose(wish, points)
        assert finding.name == name
        assert any(sign.isdigit() for sign in finding.sentence)
        assert finding.mends
        for mend in finding.mends:
            assert replace(wish, **mend.changes) != wish


def test_a_sure_network_that_reads_right_is_not_called_saturated():
    assert names(TrainingRequest(), [point(5000, 0.01, accuracy=0.99, saturated=0.9)]) == []


def test_a_model_that_is_fine_tuned_is_not_blamed_for_the_neurons_it_came_with():
    dead = [point(0, 1.0), point(100, 1.0, dead=0.5)]
    assert names(TrainingRequest(activation="relu"), dead) == ["dead"]
    assert names(TrainingRequest(activation="relu", own=OwnDigits()), dead) == []


def test_measures_are_what_they_say():
    data = hw.load_dataset("mnist")
    net = hw.Network([784, 20, 10], "relu", seed=0)
    net.layers[0].biases[:5] = -1e3
    measurer = Measurer(data.train, data.validation)
    hidden, output = measurer.layers(net)
    probe = data.train[:256]
    gradient = net.backpropagate(probe.inputs(), probe.targets())
    for layer, own in ((hidden, gradient[0]), (output, gradient[1])):
        norm = np.sqrt((own.weights**2).sum() + (own.biases**2).sum())
        assert layer.gradient == pytest.approx(norm, rel=1e-5)
    assert hidden.dead == 0.25
    wide = hw.Network([784, 20, 10], "sigmoid", seed=0, initializer="normal")
    z = probe.inputs() @ wide.layers[0].weights.T + wide.layers[0].biases
    a = 1 / (1 + np.exp(-z.astype(float)))
    assert measurer.layers(wide)[0].saturated == pytest.approx((4 * a * (1 - a) < 0.05).mean())
    cost, accuracy, *_ = measurer.costs(net, whole=False)
    thousand = data.train[:1000]
    assert accuracy == (net.predict(thousand.inputs()) == thousand.labels).mean()
    assert cost == pytest.approx(net.costs(thousand.inputs(), thousand.targets()).mean())


def test_what_is_kept_is_bounded():
    for total, parameters in ((1, 100), (150_000, 24_000), (10**6, 8_000_000), (50, 24_000)):
        steps = due_steps(total, parameters)
        assert {0, total} <= steps
        assert len(steps) <= MOMENTS + 1
        assert len(steps) <= 4 or len(steps) * parameters * (2 if parameters > 2e5 else 4) <= BYTES


def test_every_control_is_explained_and_every_recipe_is_a_wish():
    described = {control.name: control for control in controls()}
    for control in described.values():
        assert control.sentence.endswith(".")
        assert control.default is not None or control.automatic
    fields = {
        *asdict(TrainingRequest()),
        *(f"augmentation.{name}" for name in asdict(Augmentation())),
    }
    own = {"own.source", "own.share", "own.rehearsed"}
    elsewhere = {"full", "patience", "recipe", "about", "committee"}
    assert set(described) == fields - {"augmentation", "own"} - elsewhere | own
    from handwrought.studio.server.messages import decode

    assert {preset["name"] for preset in presets()} == set(shipped_recipes())
    for preset in presets():
        wish = decode(TrainingRequest, preset["wish"])
        assert wish.hidden
        assert wish.rate > 0


def test_a_training_may_ask_for_every_view():
    (view,) = (control for control in controls() if control.name == "representation")
    assert view.choices == tuple(REPRESENTATIONS)


@pytest.mark.slow
def test_a_network_that_sees_strokes_is_trained_shown_and_kept(watched):
    wish = TrainingRequest(
        images=1000, representation="strokes", hidden=(12,), activation="relu", cost="softmax",
        optimizer="adam", batch_size=50, epochs=2, augmentation=Augmentation(shift=1.0),
    )  # fmt: skip
    run = watched.runs.begin(wish, "epoch")
    watched.until(lambda: watched.runs.get(run).status == "paused", "one epoch")
    watched.runs.do(run, "stop")
    watched.until_gone(run)
    watched.runs.go_on(run, "run")
    ended = watched.until_gone(run)
    assert (ended.status, ended.sentence) == ("finished", "")
    assert ended.name == "1568-12-10 relu, adam"
    recognizer = Recognizer.load(watched.runs.model(run))
    assert recognizer.model.representation == "strokes"
    validation = hw.load_dataset("mnist").validation
    x = represent(validation.images, "strokes").reshape(-1, 1568).astype(np.float32) / 255
    accuracy = np.mean(recognizer.model.network.predict(x) == validation.labels)
    assert ended.points[-1].validation_accuracy == pytest.approx(accuracy, abs=2e-4)
    assert accuracy > 0.5
    look = watched.runs.whole(run)["look"]
    assert look["n_in"] == 1568
    shown = np.frombuffer(b64decode(look["images"]), np.uint8).reshape(-1, 28, 28)
    assert len(shown) == len(look["wrong"]) > 0
    for image, (label, said, _) in zip(shown, look["wrong"], strict=True):
        assert label in validation.labels[(validation.images == image).all(axis=(1, 2))]
        seen = represent(image[None], "strokes").reshape(1, -1).astype(np.float32) / 255
        assert recognizer.model.network.predict(seen)[0] == said
    scrubber = watched.studio.backend(Scrubber)
    image = b64encode(validation.images[0].tobytes()).decode()
    moment = scrubber.moment(run, steps_kept(ended.folder)[-1], image)
    assert moment.n_in == len(moment.layers[0].a) == 1568
    assert moment.pixels.size == 784
    assert np.argmax(moment.probabilities) == recognizer.model.network.predict(x[:1])[0]


def test_a_network_beyond_bounds_is_refused():
    with pytest.raises(InvalidArgument, match="weights and biases"):
        TrainingRequest(hidden=(4096, 4096))
