"""Evaluate's numbers are the library's, whatever is asked first and however often."""

import threading
from time import sleep

import numpy as np
import pytest

import handwrought as hw
from handwrought.data.representations import represent_split
from handwrought.errors import HandwroughtError, InvalidArgument, ModelFileError
from handwrought.evaluation.robustness import CHANGES, changed, evenly_chosen, robustness
from handwrought.studio.evaluate.activation_map import POINTS
from handwrought.studio.evaluate.distortions import SAMPLE
from handwrought.studio.evaluate.evaluations import Evaluations
from handwrought.studio.evaluate.projections import pca, tsne
from handwrought.studio.evaluate.routes import Amounts
from handwrought.studio.server.background import Progress, Stopped, Work
from handwrought.studio.server.messages import decode, encode, parse
from handwrought.studio.server.studio import Studio


def finished(ask, *arguments):
    """Ask as the page does, until it is done."""
    while isinstance(found := ask(*arguments), Progress):
        assert 0 <= found.share <= 1
        sleep(0.02)
    return found


def save(net, folder, name, **record):
    (folder / "runs" / name).mkdir(parents=True)
    net.save(folder / "runs" / name / "model.safetensors", **record)


@pytest.fixture(scope="module")
def mnist():
    return hw.load_dataset("mnist")


@pytest.fixture(scope="module")
def net(mnist):
    net = hw.Network([784, 12, 10], cost="softmax", seed=0)
    for _ in hw.train(net, mnist.train[:3000], epochs=1, learning_rate=0.3):
        pass
    return net


@pytest.fixture(scope="module")
def own(tmp_path_factory, net):
    folder = tmp_path_factory.mktemp("evaluating")
    save(net, folder, "quick", temperature=1.5, dataset="/etc/passwd")
    made = Evaluations(Studio(folder))
    yield made
    made.close()


@pytest.fixture(scope="module")
def expected(net, mnist):
    return hw.evaluate(net, mnist.test)


def test_the_shipped_model_and_those_of_the_runs_are_offered(own):
    assert [(m.id, m.title) for m in own.models()] == [
        ("shipped", "Shipped model"),
        ("run-quick", "quick"),
    ]


def test_the_numbers_are_those_of_evaluate_with_the_recorded_temperature(own, expected):
    found = finished(own.result, "run-quick")
    assert (found.accuracy, found.interval, found.cost) == (
        expected.accuracy,
        expected.interval,
        expected.cost,
    )
    assert found.confusion == expected.confusion.tolist()
    assert found.wrong == len(expected.wrong)
    assert [c.precision for c in found.classes] == expected.precision.tolist()
    assert [c.recall for c in found.classes] == expected.recall.tolist()
    assert [c.f1 for c in found.classes] == expected.f1.tolist()
    assert found.calibration_error == expected.calibration(temperature=1.5).error
    curve = expected.risk_coverage(1.5)
    assert np.array_equal(found.rejections.accepted, curve.accepted)
    assert np.array_equal(found.rejections.wrong, curve.wrong)
    # A record names data, never a file to be opened.
    assert found.dataset == "mnist"
    assert "NaN" not in encode(found)


def test_a_cell_holds_the_images_it_counts_with_the_second_guess(own, expected, mnist):
    confusion = finished(own.result, "run-quick").confusion
    i, j = np.unravel_index(np.argmax(expected.confusion * ~np.eye(10, dtype=bool)), (10, 10))
    seen = own.cell("run-quick", int(i), int(j), 0, 5)
    assert seen.count == confusion[i][j]
    assert {(p.label, p.said) for p in seen.pictures} == {(i, j)}
    sure = [p.confidence for p in seen.pictures]
    assert sure == sorted(sure, reverse=True)
    p = expected.probabilities(1.5)
    for picture in seen.pictures:
        assert [picture.said, picture.second] == np.argsort(-p[picture.at])[:2].tolist()
        assert np.array_equal(picture.pixels, mnist.test.images[picture.at])
    rest = own.cell("run-quick", int(i), int(j), 5, 100)
    assert len(rest.pictures) == min(100, seen.count - 5)
    assert not {p.at for p in rest.pictures} & {p.at for p in seen.pictures}


def test_the_surest_mistakes_come_first(own, expected):
    seen = own.mistakes("run-quick", 0, 12)
    confidence = expected.confidence(1.5)
    wrong = expected.predictions != expected.labels
    assert seen.pictures[0].confidence == confidence[wrong].max()
    assert seen.count == wrong.sum()


@pytest.mark.slow
def test_one_slider_gives_what_its_curve_says_and_none_gives_the_sample_itself(own, net, mnist):
    curves = {c.name: c for c in finished(own.curves, "run-quick").curves}
    assert curves.keys() == {change.name for change in CHANGES}
    measured = {c.change.name: c for c in robustness(net, mnist.test, SAMPLE)}
    for name, curve in curves.items():
        assert curve.accuracy == measured[name].accuracy.tolist()
    for name, i in (("rotation", 1), ("shift", 2), ("scale", 0), ("noise", 3), ("thickness", -1)):
        seen = own.change("run-quick", {name: curves[name].amounts[i]})
        assert seen.measured.accuracy == curves[name].accuracy[i]
    sample = evenly_chosen(10_000, SAMPLE)
    still = own.change("run-quick", {})
    x = mnist.test.inputs(sample)
    assert still.measured.right == (net.predict(x) == mnist.test.labels[sample]).sum()
    assert sorted(still.labels) == sorted(2 * list(range(10)))
    shown = mnist.test.images[still.at].reshape(20, -1)
    assert np.array_equal(still.pixels, shown)
    assert still.said == net.predict(shown / np.float32(255)).tolist()


def test_a_slider_moved_after_others_gives_what_all_of_them_give_at_once(own):
    all_six = {"thickness": 1.0, "scale": 0.9, "rotation": 20, "shift": 1, "blur": 1, "noise": 0.2}
    for name, amount in (("noise", 0.1), ("rotation", -10), ("thickness", 0.0), ("scale", 1.1)):
        changed_one = {**all_six, name: amount}
        own.change("run-quick", all_six, measure=False)  # remembered
        seen = own.change("run-quick", changed_one)
        own.change("run-quick", {})
        anew = own.change("run-quick", changed_one)
        assert np.array_equal(seen.pixels, anew.pixels)
        assert seen.measured == anew.measured
        quick = own.change("run-quick", changed_one, measure=False)
        assert quick.measured is None
        assert (quick.said, quick.confidence) == (anew.said, anew.confidence)


def test_changes_add_up_in_the_order_in_which_they_happen_to_a_digit(mnist):
    x = mnist.test.inputs(slice(0, 8)).reshape(8, 28, 28)
    named = {change.name: change.apply for change in CHANGES}
    expected = named["noise"](named["rotation"](named["thickness"](x, 1.0), 20), 0.2)
    got = changed(x, {"noise": 0.2, "rotation": 20, "thickness": 1.0, "scale": 1})
    assert np.array_equal(got, expected)
    with pytest.raises(InvalidArgument, match="no change 'melted': choose from rotation"):
        changed(x, {"melted": 1})


def test_the_sliders_go_as_far_as_the_curves(own):
    for change in CHANGES:
        for amount in (change.amounts[0], change.amounts[-1], change.harmless):
            assert getattr(decode(Amounts, {change.name: amount}), change.name) == amount
        for amount in (change.amounts[0] - 0.01, change.amounts[-1] + 0.01):
            with pytest.raises(InvalidArgument, match=f"{change.name} is"):
                decode(Amounts, {change.name: amount})
    assert decode(Amounts, {}) == Amounts(**{c.name: float(c.harmless) for c in CHANGES})


@pytest.mark.slow
def test_a_model_that_sees_strokes_is_shown_whole_digits_and_asked_about_strokes(tmp_path, mnist):
    network = hw.Network([1568, 8, 10], cost="softmax", seed=0)
    for _ in hw.train(
        network, mnist.train[:2000], epochs=1, learning_rate=0.3, representation="strokes"
    ):
        pass
    save(network, tmp_path, "strokes", representation="strokes")
    evaluations = Evaluations(Studio(tmp_path))
    expected = hw.evaluate(network, represent_split(mnist.test, "strokes"))
    result = finished(evaluations.result, "run-strokes")
    assert result.accuracy == expected.accuracy
    still = evaluations.change("run-strokes", {})
    assert np.array_equal(still.pixels, mnist.test.images[still.at].reshape(20, -1))
    assert still.said == expected.predictions[still.at].tolist()
    points = finished(evaluations.map, "run-strokes", 1, "pca")
    assert points.said == expected.predictions[points.at].tolist()
    evaluations.close()


@pytest.mark.slow
def test_every_layer_has_a_map_and_its_points_are_test_images(own, mnist, expected):
    for layer in (1, 2, 3):
        seen = finished(own.map, "run-quick", layer, "pca")
        assert seen.places.shape == (POINTS, 2)
        assert np.isfinite(seen.places).all()
        assert 1 > seen.shares[0] >= seen.shares[1] > 0
    assert seen.labels == mnist.test.labels[seen.at].tolist()
    assert seen.said == expected.predictions[seen.at].tolist()
    with pytest.raises(InvalidArgument, match="layer is 4: this network has layers 1 to 3"):
        finished(own.map, "run-quick", 4, "pca")
    assert np.array_equal(own.images("run-quick", (3, 9999))[1], mnist.test.images[9999].ravel())
    with pytest.raises(InvalidArgument, match="no test image 10000"):
        own.images("run-quick", (3, 10_000))


def test_pca_finds_the_plane_in_which_points_lie():
    rng = np.random.default_rng(0)
    flat = rng.standard_normal((200, 2)) * [5, 1]
    turned = flat @ np.linalg.qr(rng.standard_normal((8, 2)))[0].T + 3
    places, shares = pca(turned)
    assert np.allclose(shares.sum(), 1)
    centred = flat - flat.mean(axis=0)
    # Distances are kept, and the first direction is that of the greatest variance.
    assert np.allclose(places @ places.T, centred @ centred.T)
    assert np.allclose(shares, np.linalg.eigvalsh(np.cov(flat.T))[::-1] / np.cov(flat.T).trace())
    again, none = pca(np.ones((4, 1)))
    assert not again.any()
    assert not none.any()


@pytest.mark.slow
def test_tsne_keeps_groups_apart_and_tells_how_far_it_is():
    rng = np.random.default_rng(0)
    points = np.repeat(10 * np.eye(3, 60), 20, axis=0) + rng.standard_normal((60, 60)) / 4
    said = []
    places = tsne(points.astype(np.float32), lambda doing, share: said.append(share))
    assert said == sorted(said)
    assert len(said) > 3
    groups = places.reshape(3, 20, 2)
    spread = np.linalg.norm(groups - groups.mean(axis=1, keepdims=True), axis=2).max()
    centres = groups.mean(axis=1)
    assert np.linalg.norm(centres[0] - centres[1]) > spread
    assert np.linalg.norm(centres[1] - centres[2]) > spread


def test_work_is_done_once_and_again_when_the_file_has_changed(tmp_path, net, mnist):
    save(net, tmp_path, "one")
    own = Evaluations(Studio(tmp_path))
    first = finished(own.result, "run-one")
    assert finished(own.result, "run-one") is first
    net.with_parameters(net.parameters.like()).save(tmp_path / "runs/one/model.safetensors", n=1)
    second = finished(own.result, "run-one")
    assert second.accuracy != first.accuracy
    assert second.accuracy == pytest.approx(0.098)  # all weights 0: it always says 0
    own.close()


def test_what_cannot_be_evaluated_is_told_in_one_sentence_each_time(tmp_path, net):
    own = Evaluations(Studio(tmp_path))
    for name in ("run-../../etc", "../shipped", "", "run-", "own"):
        with pytest.raises(InvalidArgument, match="there is no model"):
            own.result(name)
    save(hw.Network([4, 3]), tmp_path, "tiny")
    (tmp_path / "runs" / "damaged").mkdir()
    (tmp_path / "runs" / "damaged" / "model.safetensors").write_bytes(b"no model")
    (tmp_path / "runs" / "empty").mkdir()
    assert [m.id for m in own.models()] == ["shipped", "run-tiny", "run-damaged"]
    for _ in range(2):
        with pytest.raises(InvalidArgument, match="the network 4 inputs and 3 outputs"):
            finished(own.result, "run-tiny")
        with pytest.raises(ModelFileError, match="not a safetensors file"):
            own.cell("run-damaged", 0, 0, 0, 1)
    # Mended, it is evaluated.
    save(net, tmp_path, "mended")
    assert finished(own.result, "run-mended").images == 10_000
    own.close()


def test_work_that_nobody_wants_any_more_ends():
    begun, go = threading.Event(), threading.Event()

    def task(say):
        begun.set()
        go.wait(30)
        say("never shown", 0.5)

    work = Work(task, "unwanted")
    assert begun.wait(30)
    assert not work.done
    work.stop()
    go.set()
    with pytest.raises(Stopped):
        work.result()
    assert issubclass(Stopped, HandwroughtError)
    assert work.progress.share == 0


def test_the_report_holds_the_same_numbers(own, expected):
    made = finished(own.report, "run-quick")
    page = own.report_page("run-quick")
    assert len(page) == made.bytes
    assert f"{100 * expected.accuracy:.2f} %" in page.decode()
    assert parse(encode(made)) == {"bytes": made.bytes, "done": True}
