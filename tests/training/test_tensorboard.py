"""TensorBoard itself reads back what a tracked training wrote."""

import io

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

import handwrought as hw
from handwrought.data.dataset import Dataset, Split
from handwrought.errors import InvalidArgument, MissingExtra, TrainingDiverged
from handwrought.training import tensorboard
from handwrought.training.reports import EpochReport
from handwrought.training.tensorboard import tracked, weight_pictures
from handwrought.training.validation import cost_and_accuracy


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    labels = np.arange(240) % 3
    images = rng.integers(0, 90, (240, 5, 5), np.uint8)
    images[np.arange(240), labels] += 120
    return Dataset.with_held_out("rows", Split(images, labels, 3), None, ("a", "b", "c"))


def network():
    return hw.Network([25, 6, 3], "relu", "softmax", seed=4)


def training(net, data, **settings):
    return hw.train(net, data, epochs=4, batch_size=20, learning_rate=0.2, seed=2, **settings)


def read(folder):
    everything = {"scalars": 0, "images": 0, "histograms": 0, "tensors": 0}
    return EventAccumulator(str(folder), everything).Reload()


def curve(events, tag):
    return [(event.step, event.value) for event in events.Scalars(tag)]


def near(pairs):
    return [(step, pytest.approx(value, rel=1e-6)) for step, value in pairs]


def test_every_scalar_is_read_back_at_its_epoch(data, tmp_path):
    net, reports, accuracies, norms = network(), [], [], {2: [], 3: []}
    for report in tracked(training(net, data), net, tmp_path, examples=data.train):
        reports.append(report)
        accuracies.append(cost_and_accuracy(net, data.train)[1])
        gradient = net.backpropagate(data.train.inputs(), data.train.targets())
        for l in norms:
            both = [gradient[l - 2].weights.ravel(), gradient[l - 2].biases]
            norms[l].append(float(np.linalg.norm(np.concatenate(both))))
    events = read(tmp_path)
    wanted = {
        "cost/training": [r.cost for r in reports],
        "cost/validation": [r.validation_cost for r in reports],
        "accuracy/validation": [r.validation_accuracy for r in reports],
        "accuracy/training": accuracies,
        "learning_rate": [r.learning_rate for r in reports],
        "images_per_second": [r.images_per_second for r in reports],
        "gradient_norm/layer_2": norms[2],
        "gradient_norm/layer_3": norms[3],
    }
    assert sorted(events.Tags()["scalars"]) == sorted(wanted)
    for tag, values in wanted.items():
        assert curve(events, tag) == near(enumerate(values, start=1)), tag


def test_the_spread_of_each_layers_numbers_is_read_back(data, tmp_path):
    net, seen = network(), [network().copy()]
    for _ in tracked(training(net, data), net, tmp_path, examples=data.train):
        seen.append(net.copy())
    events = read(tmp_path)
    for l in (2, 3):
        for kind in ("weights", "biases"):
            written = events.Histograms(f"{kind}/layer_{l}")
            assert [event.step for event in written] == [0, 1, 2, 3, 4]
            for event, then in zip(written, seen, strict=True):
                values = getattr(then.layers[l - 2], kind).astype(np.float64).ravel()
                histogram = event.histogram_value
                assert histogram.num == values.size
                assert histogram.min == pytest.approx(values.min(), rel=1e-6)
                assert histogram.max == pytest.approx(values.max(), rel=1e-6)
                assert histogram.sum == pytest.approx(values.sum(), rel=1e-5, abs=1e-6)
                assert histogram.sum_squares == pytest.approx(np.square(values).sum(), rel=1e-5)
                counts = np.histogram(values, 64)[0]
                assert [n for n in histogram.bucket if n] == [n for n in counts if n]


def test_the_first_layers_weights_are_read_back_as_pictures(data, tmp_path):
    net, seen = network(), [network().copy()]
    for _ in tracked(training(net, data), net, tmp_path, examples=data.train):
        seen.append(net.copy())
    written = read(tmp_path).Images("first_layer")
    assert [event.step for event in written] == [0, 1, 2, 3, 4]
    for event, then in zip(written, seen, strict=True):
        pixels = np.asarray(Image.open(io.BytesIO(event.encoded_image_string)))
        np.testing.assert_array_equal(pixels, weight_pictures(then.layers[0].weights, (5, 5)))


def test_red_is_above_0_blue_below_and_white_0():
    picture = weight_pictures(np.array([[2.0, -2, 0, 1]] * 3), (2, 2))
    assert picture.shape == (7, 7, 3)
    np.testing.assert_array_equal(picture[1, 1:3], [[255, 0, 0], [0, 0, 255]])
    np.testing.assert_array_equal(picture[2, 1:3], [[255, 255, 255], [255, 128, 128]])
    assert (picture[4:6, 4:6] == 128).all()  # there is no fourth neuron
    assert (weight_pictures(np.zeros((1, 4)), (2, 2))[1:3, 1:3] == 255).all()


def hyper_parameters(folder):
    content = read(folder).PluginTagToContent("hparams")
    return {
        tag.rpartition("/")[2]: HParamsPluginData.FromString(value)
        for tag, value in content.items()
    }


def test_the_hyper_parameters_stand_with_the_curves_whose_ends_are_the_result(data, tmp_path):
    net = network()
    settings = {"hidden": [6], "training": {"learning_rate": 0.2, "clip_norm": None}, "full": False}
    last = list(tracked(training(net, data), net, tmp_path, settings=settings))[-1]
    read_back = hyper_parameters(tmp_path)
    asked = read_back["session_start_info"].session_start_info.hparams
    assert {name: value.WhichOneof("kind") for name, value in asked.items()} == {
        "hidden": "string_value",
        "training.learning_rate": "number_value",
        "full": "bool_value",
    }
    assert asked["hidden"].string_value == "6"
    assert asked["training.learning_rate"].number_value == 0.2
    final = {"accuracy/validation": last.validation_accuracy, "cost/training": last.cost}
    for tag, value in final.items():  # the table's last columns are the ends of the curves
        assert curve(read(tmp_path), tag)[-1] == (4, pytest.approx(value, rel=1e-6))
    assert read_back["session_end_info"].session_end_info.status == 1  # success


def test_a_diverged_training_is_marked_as_failed(data, tmp_path):
    net = network()
    wild = hw.train(net, data, epochs=2, batch_size=20, learning_rate=1e30)
    with pytest.raises(TrainingDiverged):
        list(tracked(wild, net, tmp_path, examples=data.train))
    assert hyper_parameters(tmp_path)["session_end_info"].session_end_info.status == 2


def test_a_resumed_training_goes_on_in_the_same_curves_without_a_step_twice(data, tmp_path):
    whole, parts = network(), network()
    reports = list(tracked(training(whole, data), whole, tmp_path / "whole", examples=data.train))
    first = training(parts, data, report_every=3)
    curves = tracked(first, parts, tmp_path / "parts", examples=data.train)
    seen = iter(curves)
    for report in seen:
        if report.epoch == 2 and not isinstance(report, EpochReport):
            state = first.state()  # within epoch 2, as a checkpoint that is older than the stop
        if report.epoch == 3 and isinstance(report, EpochReport):
            break
    curves.close()
    again = network()
    going_on = training(again, data, report_every=3, resume=state)
    list(tracked(going_on, again, tmp_path / "parts", examples=data.train, resumed_at=state.epoch))
    np.testing.assert_array_equal(again.parameters.vector, whole.parameters.vector)
    one, other = read(tmp_path / "whole"), read(tmp_path / "parts")
    assert curve(other, "cost/training") == near((r.epoch, r.cost) for r in reports)
    for tag in set(one.Tags()["scalars"]) - {"images_per_second"}:
        assert curve(one, tag) == curve(other, tag), tag
    for tag in one.Tags()["histograms"]:
        steps = [[event.step for event in events.Histograms(tag)] for events in (one, other)]
        assert steps[0] == steps[1] == [0, 1, 2, 3, 4]


def test_tracking_changes_no_bit_of_the_training(data, tmp_path):
    watched, alone = network(), network()
    settings = {"optimizer": "adam", "ema_decay": 0.9, "dropout": 0.2}
    list(tracked(training(watched, data, **settings), watched, tmp_path, examples=data.train))
    list(training(alone, data, **settings))
    np.testing.assert_array_equal(watched.parameters.vector, alone.parameters.vector)


def test_without_examples_or_validation_the_reports_alone_are_written(data, tmp_path):
    net = network()
    list(tracked(training(net, data.train), net, tmp_path))
    events = read(tmp_path)
    assert sorted(events.Tags()["scalars"]) == [
        "cost/training",
        "images_per_second",
        "learning_rate",
    ]
    assert events.Tags()["images"] == []


def test_the_curves_of_another_training_are_left_alone(data, tmp_path):
    net = network()
    list(tracked(training(net, data), net, tmp_path))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(InvalidArgument, match="already holds the curves of another training"):
        tracked(training(net, data), net, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_trained(data, tmp_path):
    (tmp_path / "file").write_text("in the way")
    net = network()
    with pytest.raises(InvalidArgument, match="file/curves cannot be written"):
        tracked(training(net, data), net, tmp_path / "file" / "curves")
    np.testing.assert_array_equal(net.parameters.vector, network().parameters.vector)


def test_a_full_disk_ends_the_curves_and_not_the_training(data, tmp_path, monkeypatch):
    net = network()
    reports = tracked(training(net, data), net, tmp_path)
    seen = [next(reports)]

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tensorboardX.record_writer.RecordWriter.flush", full)
    with pytest.warns(UserWarning, match="the curves end here.*No space left on device"):
        seen += list(reports)
    assert len(seen) == 4
    assert curve(read(tmp_path), "cost/training")[0] == near([(1, seen[0].cost)])[0]


def test_without_tensorboardx_the_extra_is_named(data, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tensorboardX", None)
    with pytest.raises(MissingExtra, match=r"pip install 'handwrought\[tracking\]'"):
        tensorboard.tracked(training(network(), data), network(), tmp_path / "curves")
    assert not (tmp_path / "curves").exists()
