"""Views and flags: digits upright, of one width, and as others write them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

import handwrought as hw
from handwrought.data.augmentation import Augmentation
from handwrought.data.flags import add_flags
from handwrought.data.representations import (
    REPRESENTATIONS,
    deskewed,
    extract_features,
    n_features,
    represent,
)
from handwrought.data.strokes import stroke_maps
from handwrought.errors import InvalidArgument
from handwrought.reading.recognizer import Recognizer
from handwrought.storage import save_model
from handwrought.training.batches import AugmentedBatches, chance


@pytest.fixture(scope="module")
def split():
    return hw.load_dataset("mnist").train[:300]


def lean(images):
    """How far columns follow rows, per image."""
    found = []
    for image in images.astype(float):
        y, x = np.mgrid[:28, :28]
        total = image.sum()
        down, right = y - (image * y).sum() / total, x - (image * x).sum() / total
        found.append((image * down * right).sum() / (image * down * down).sum())
    return np.array(found)


def widths(images):
    ink = (images > 64).any(axis=1)
    return 28 - ink[:, ::-1].argmax(axis=1) - ink.argmax(axis=1)


def test_as_is_leaves_images_alone(split):
    assert represent(split.images, "as-is") is split.images


def test_upright_takes_the_lean_away(split):
    before, after = np.abs(lean(split.images)), np.abs(lean(represent(split.images, "upright")))
    assert np.median(before) > 0.1
    assert np.median(after) < 0.02
    assert (after < 0.12).mean() > 0.97


@pytest.mark.parametrize("name", [name for name, each in REPRESENTATIONS.items() if each.width])
def test_a_width_is_reached_unless_it_is_more_than_twice_as_far(split, name):
    width = REPRESENTATIONS[name].width
    upright, found = represent(split.images, "upright"), deskewed(split.images, name)
    reachable = (widths(upright) * 2 >= width) & (widths(upright) <= 2 * width)
    assert reachable.mean() > 0.8
    assert (np.abs(widths(found)[reachable] - width) <= 2).mean() > 0.95


def test_upright_keeps_the_ink_to_the_nearest_grey(split):
    before, after = (
        x.sum((1, 2), dtype=float) for x in (split.images, represent(split.images, "upright"))
    )
    assert abs((after / before).mean() - 1) < 1e-4


def test_views_keep_type_and_most_of_the_ink(split):
    for name, representation in REPRESENTATIONS.items():
        found = represent(split.images, name)
        assert (found.dtype, found.shape) == (
            np.uint8,
            (300, 28, 56 if representation.strokes else 28),
        )
        assert found[0].size == n_features((28, 28), name)
        assert (found.reshape(300, -1).max(axis=1) > 100).all()
        assert represent(np.zeros((2, 28, 28), np.uint8), name).sum() == 0
        assert represent(split.images[:0], name).shape == (0, *found.shape[1:])


def maps_of(images):
    """Maps (n, 8, 14, 14) of images (n, 28, 28)."""
    found = stroke_maps(images).reshape(len(images), 2, 14, 4, 14)
    return found.transpose(0, 1, 3, 2, 4).reshape(len(images), 8, 14, 14)


def directions_by_arctangent(image):
    """The maps of one image, pixel by pixel: Sobel by SciPy, shares by angle, sampled Gaussian."""
    right, down = ndimage.sobel(image, 1, mode="constant"), ndimage.sobel(image, 0, mode="constant")
    size, angle = np.hypot(right, down), np.arctan2(down, right)
    maps = np.zeros((8, 14, 14))
    at = np.arange(28) - (2 * np.arange(14) + 0.5)[:, None]
    smooth = np.exp(-0.5 * at**2)
    smooth /= smooth.sum(axis=1, keepdims=True)
    for k in range(8):
        away = np.cos(angle - k * np.pi / 4)
        share = np.maximum(0, (away - np.cos(np.pi / 4)) / (1 - np.cos(np.pi / 4)))
        maps[k] = smooth @ (size * share / 4) @ smooth.T
    return np.sqrt(maps)


def test_stroke_maps_are_those_of_a_plain_computation(split):
    x = split.images[:40].astype(np.float32) / 255
    expected = np.stack([directions_by_arctangent(image) for image in x.astype(float)])
    np.testing.assert_allclose(maps_of(x), expected, atol=2e-3)
    np.testing.assert_allclose(maps_of(split.images[:40]), expected * 255, atol=0.9)


def test_an_edge_is_in_the_map_of_the_direction_in_which_it_brightens():
    edge = np.zeros((1, 28, 28), np.float32)
    edge[:, :, 14:] = 1
    for turned, k in ((0, 0), (3, 2), (2, 4), (1, 6)):  # right, down, left, up
        found = maps_of(np.rot90(edge, turned, axes=(1, 2)).copy())[0]
        inner = found[:, 3:11, 3:11]
        assert inner[k].max() > 0.5
        assert np.delete(inner, k, axis=0).max() < 1e-3


def test_changes_come_between_a_views_two_parts(split):
    change = Augmentation(rotation=20)
    few = replace(split, images=split.images[:8], labels=split.labels[:8])
    batches = AugmentedBatches(
        replace(few, images=deskewed(few.images, "strokes")),
        change, 0.0, np.dtype(np.float32), 3, "strokes",
    )  # fmt: skip
    ((x, _),) = batches.read(1, [np.arange(8)], 0)
    rng = chance(3, 1, "augmentation")
    turned = change(deskewed(few.images, "strokes"), rng)
    np.testing.assert_array_equal(x, extract_features(turned, "strokes").reshape(8, -1))


@pytest.mark.slow
def test_a_network_trains_on_strokes_and_its_file_remembers_them(split, tmp_path):
    data = hw.load_dataset("mnist")
    data = replace(data, train=data.train[:3000], validation=data.validation[:500])
    networks = []
    for augmentation in (None, Augmentation(shift=1)):
        network = hw.Network([1568, 30, 10], "relu", "softmax", seed=0)
        settings = {"optimizer": "adamw", "learning_rate": 0.002, "augmentation": augmentation}
        reports = list(
            hw.train(network, data, epochs=2, batch_size=50, representation="strokes", **settings)
        )
        assert reports[-1].validation_accuracy > 0.9
        networks.append(network)
    save_model(networks[0], tmp_path / "strokes.safetensors", representation="strokes")
    member = hw.Model.load(tmp_path / "strokes.safetensors")
    images, labels = data.validation.images, data.validation.labels
    assert (member.outputs(images).argmax(axis=1) == labels).mean() > 0.9
    readings = Recognizer.load(tmp_path / "strokes.safetensors").probabilities(images)
    assert (readings.argmax(axis=1) == labels).mean() > 0.9


def test_a_network_of_another_size_is_refused(split):
    with pytest.raises(
        InvalidArgument, match=r"have 1568 numbers in this representation.* takes 784"
    ):
        hw.train(hw.Network([784, 10]), split, epochs=1, representation="strokes")


def test_an_unknown_view_and_a_table_are_refused():
    with pytest.raises(InvalidArgument, match="representation 'sideways' is unknown"):
        represent(np.zeros((1, 28, 28), np.uint8), "sideways")
    with pytest.raises(InvalidArgument, match="is for uint8 images"):
        represent(np.zeros((1, 784), np.float32), "upright")
    with pytest.raises(InvalidArgument, match="is for uint8 or float32 images"):
        extract_features(np.zeros((28, 28), np.uint8), "strokes")
    with pytest.raises(InvalidArgument, match=r"halves .* they are \(27, 28\): give even ones"):
        represent(np.zeros((1, 27, 28), np.uint8), "strokes")


def test_flags_change_ones_and_sevens_only(split):
    x = split.images.astype(np.float32) / 255
    out = add_flags(x, split.labels, 1.0, np.random.default_rng(0))
    changed = np.abs(out - x).max(axis=(1, 2)) > 0.2
    chosen = np.isin(split.labels, (1, 7))
    assert not changed[~chosen].any()
    assert changed[chosen].mean() > 0.9
    np.testing.assert_array_equal(add_flags(x, split.labels, 0.0, np.random.default_rng(0)), x)


def test_a_flag_hangs_to_the_left_of_the_top():
    one = np.zeros((1, 28, 28), np.float32)
    one[0, 4:24, 13:15] = 1
    out = add_flags(one, np.array([1]), 1.0, np.random.default_rng(2))[0]
    columns = np.flatnonzero(out.max(axis=0) > 0.5)
    middle = int(np.argmax(out.sum(axis=0)))
    assert middle - columns[0] >= 3
    upper = out[:16, :middle].sum()
    assert upper > 0.8 * out[:, :middle].sum() or out[20:, middle + 3 :].sum() > 1  # or a foot


def test_a_flagged_one_is_centred_as_before():
    one = np.zeros((1, 28, 28), np.float32)
    one[0, 4:24, 13:16] = 1
    out = add_flags(one, np.array([1]), 1.0, np.random.default_rng(1))[0]
    at = np.arange(28)
    assert abs((out.sum(0) * at).sum() / out.sum() - 14) <= 0.75
    assert abs((out.sum(1) * at).sum() / out.sum() - 14) <= 0.75
