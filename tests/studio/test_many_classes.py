"""A network of 47 classes with names, in Evaluate and under the microscope."""

import numpy as np
import pytest

import handwrought as hw
from handwrought.data import catalog
from handwrought.errors import InvalidArgument
from handwrought.studio.backprop.microscope import Microscope, View
from handwrought.studio.evaluate.evaluations import Evaluations
from handwrought.studio.server.background import Progress
from handwrought.studio.server.messages import encode
from handwrought.studio.server.studio import Studio

NAMES = tuple(f"class {k}" for k in range(46)) + ("é",)


@pytest.fixture
def folder(tmp_path):
    net = hw.Network([784, 12, 47], "relu", "softmax", seed=1)
    (tmp_path / "runs" / "letters").mkdir(parents=True)
    model = hw.Model(net, class_names=NAMES, record={"dataset": "kmnist"})
    model.save(tmp_path / "runs" / "letters" / "model.safetensors")
    model.save(tmp_path / "letters.safetensors")
    return tmp_path


def waited(ask, *arguments):
    while isinstance(found := ask(*arguments), Progress):
        pass
    return found


def test_evaluate_counts_and_names_all(folder, monkeypatch):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (188, 28, 28)).astype(np.uint8), np.arange(188) % 47
    split = hw.Split(images, labels, 47)
    data = hw.Dataset("letters", split, split, split, split, NAMES)
    monkeypatch.setattr(catalog, "load_dataset", lambda name: data)
    own = Evaluations(Studio(folder))
    found = waited(own.result, "run-letters")
    expected = hw.evaluate(hw.Model.load(folder / "letters.safetensors"), split)
    assert found.confusion == expected.confusion.tolist()
    assert [each.name for each in found.classes] == list(NAMES)
    label, said = np.argwhere(expected.confusion)[-1].tolist()
    cell = own.cell("run-letters", label, said, 0, 9)
    assert cell.count == expected.confusion[label, said]
    points = waited(own.map, "run-letters", 2, "pca")
    assert max(points.labels) == 46
    assert b"class 40" in own.report_page("run-letters")
    own.close()


def test_a_model_of_other_classes_than_the_test_images_is_refused(folder, monkeypatch):
    split = hw.Split(np.zeros((20, 28, 28), np.uint8), np.arange(20) % 10)
    data = hw.Dataset("digits", split, split, split, split, tuple("0123456789"))
    monkeypatch.setattr(catalog, "load_dataset", lambda name: data)
    own = Evaluations(Studio(folder))
    with pytest.raises(InvalidArgument, match="they do not fit"):
        waited(own.result, "run-letters")
    own.close()


def test_the_microscope_shows_all_outputs_by_name(folder):
    microscope = Studio(folder).backend(Microscope)
    name = "file:letters.safetensors"
    model = hw.Model.load(folder / "letters.safetensors")
    images = microscope.images.split("test").images
    read = int(model.outputs(images[8:9]).argmax())
    picture = microscope.picture(View(name, "test:8"))
    assert picture.class_names == NAMES
    assert len(picture.output) == 47
    # The images are digits, which it does not tell apart: it is asked for what it reads.
    assert picture.label == picture.prediction == read
    assert microscope.trace(View(name, "test:8", 46)).y.argmax() == 46
    assert "class 45" in encode(picture)
    with pytest.raises(InvalidArgument, match="there is no class 47: there are 47"):
        microscope.trace(View(name, "test:8", 47))
    with pytest.raises(InvalidArgument, match="tells other classes apart"):
        microscope.find("misread", name, None, -1)
    microscope.close()
