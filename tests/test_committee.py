"""Committees: the mean of members, and of small shifts."""

import numpy as np
import pytest

import handwrought as hw
from handwrought.committee import Committee, _moved
from handwrought.data.representations import represent
from handwrought.data.test_time_augmentation import rotations
from handwrought.errors import InvalidArgument, ModelFileError
from handwrought.model import Model


@pytest.fixture(scope="module")
def images():
    return hw.load_dataset("mnist").validation.images[:50]


def test_a_member_without_shifts_says_what_its_network_says(images):
    net = hw.Network([784, 12, 10], seed=1)
    x = images.reshape(50, -1) / np.float32(255)
    np.testing.assert_allclose(Model(net).outputs(images), net.feedforward(x), atol=1e-6)
    seen = represent(images, "upright").reshape(50, -1) / np.float32(255)
    np.testing.assert_allclose(
        Model(net, "upright").outputs(images), net.feedforward(seen), atol=1e-6
    )


def test_shifts_are_nine_and_their_mean_is_taken(images):
    net = hw.Network([784, 12, 10], seed=1)
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1))) / np.float32(255)
    parts = [
        net.feedforward(padded[:, i : i + 28, j : j + 28].reshape(50, -1))
        for i in range(3)
        for j in range(3)
    ]
    np.testing.assert_allclose(
        Committee([Model(net)]).outputs(images, shifts=1), np.mean(parts, axis=0), atol=1e-6
    )


def test_turned_images_count_as_much_as_the_upright_one(images):
    committee = Committee([Model(hw.Network([784, 12, 10], seed=s)) for s in range(2)])
    expected = np.mean([committee.outputs(seen) for seen in rotations(images)], axis=0)
    np.testing.assert_allclose(committee.outputs(images, rotated=True), expected)
    assert np.abs(expected - committee.outputs(images)).max() > 1e-3


def test_what_leaves_on_one_side_does_not_come_back():
    x = np.ones((1, 4, 4), np.uint8)
    assert _moved(x, 1, -1).sum() == 9
    assert _moved(x, 1, -1)[0, 0].sum() == 0
    assert _moved(x, 1, -1)[0, :, 3].sum() == 0


def test_members_count_alike(images):
    nets = [hw.Network([784, 12, 10], seed=s) for s in range(3)]
    committee = Committee([Model(net) for net in nets])
    expected = np.mean([Model(net).outputs(images) for net in nets], axis=0)
    np.testing.assert_allclose(committee.outputs(images), expected, rtol=1e-6)


def test_members_must_fit_and_there_must_be_one():
    with pytest.raises(InvalidArgument, match="make no committee"):
        Committee([])
    with pytest.raises(InvalidArgument, match="make no committee"):
        Committee([Model(hw.Network([784, 10])), Model(hw.Network([784, 3]))])


def test_a_committee_is_loaded_from_its_folder_or_from_one_model(tmp_path, images):
    for i, representation in enumerate(("as-is", "width-16"), 1):
        (tmp_path / f"member-{i}").mkdir()
        hw.Network([784, 10], seed=i).save(
            tmp_path / f"member-{i}" / "model.safetensors", representation=representation
        )
    committee = Committee.load(tmp_path)
    assert [member.representation for member in committee.members] == ["as-is", "width-16"]
    one = Committee.load(tmp_path / "member-2" / "model.safetensors")
    assert one.members[0].representation == "width-16"
    assert one.outputs(images).shape == (50, 10)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelFileError, match="no committee"):
        Committee.load(tmp_path / "empty")


def test_a_model_that_sees_digits_upright_is_read_so(images, tmp_path):
    net = hw.Network([784, 12, 10], seed=1)
    net.save(tmp_path / "upright.safetensors", representation="upright")
    member = Model.load(tmp_path / "upright.safetensors")
    assert member.representation == "upright"
    reader = hw.Recognizer.load(tmp_path / "upright.safetensors")
    p = Model(net, "upright").outputs(images)
    np.testing.assert_allclose(
        reader.probabilities(images), p / p.sum(axis=1, keepdims=True), atol=1e-6
    )


def test_a_representation_that_there_is_not_is_refused(tmp_path):
    hw.Network([784, 12, 10], seed=1).save(
        tmp_path / "odd.safetensors", representation="upside-down"
    )
    with pytest.raises(InvalidArgument, match="unknown: use one of as-is, upright"):
        Committee.load(tmp_path / "odd.safetensors").outputs(np.zeros((1, 28, 28), np.uint8))
