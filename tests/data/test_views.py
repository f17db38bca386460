"""Views and flags: digits upright, of one width, and as others write them."""

import numpy as np
import pytest

import handwrought as hw
from handwrought.data.flags import flagged
from handwrought.data.views import VIEWS, viewed
from handwrought.errors import InvalidArgument


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
    assert viewed(split.images, "as-is") is split.images


def test_upright_takes_the_lean_away(split):
    before, after = np.abs(lean(split.images)), np.abs(lean(viewed(split.images, "upright")))
    assert np.median(before) > 0.1
    assert np.median(after) < 0.02
    assert (after < 0.12).mean() > 0.97


@pytest.mark.parametrize("view", [v for v, width in VIEWS.items() if width])
def test_a_width_is_reached_unless_it_is_more_than_twice_as_far(split, view):
    upright, found = viewed(split.images, "upright"), viewed(split.images, view)
    reachable = (widths(upright) * 2 >= VIEWS[view]) & (widths(upright) <= 2 * VIEWS[view])
    assert reachable.mean() > 0.8
    assert (np.abs(widths(found)[reachable] - VIEWS[view]) <= 2).mean() > 0.95


def test_views_keep_type_shape_and_most_of_the_ink(split):
    for view in VIEWS:
        found = viewed(split.images, view)
        assert (found.dtype, found.shape) == (np.uint8, split.images.shape)
        assert (found.reshape(300, -1).max(axis=1) > 150).all()
    assert viewed(np.zeros((2, 28, 28), np.uint8), "width-16").sum() == 0
    assert viewed(split.images[:0], "width-16").shape == (0, 28, 28)


def test_an_unknown_view_and_a_table_are_refused():
    with pytest.raises(InvalidArgument, match="view 'sideways' is unknown"):
        viewed(np.zeros((1, 28, 28), np.uint8), "sideways")
    with pytest.raises(InvalidArgument, match="is for uint8 images"):
        viewed(np.zeros((1, 784), np.float32), "upright")


def test_flags_change_ones_and_sevens_only(split):
    x = split.images.astype(np.float32) / 255
    out = flagged(x, split.labels, 1.0, np.random.default_rng(0))
    changed = np.abs(out - x).max(axis=(1, 2)) > 0.2
    chosen = np.isin(split.labels, (1, 7))
    assert not changed[~chosen].any()
    assert changed[chosen].mean() > 0.9
    np.testing.assert_array_equal(flagged(x, split.labels, 0.0, np.random.default_rng(0)), x)


def test_a_flag_hangs_to_the_left_of_the_top():
    one = np.zeros((1, 28, 28), np.float32)
    one[0, 4:24, 13:15] = 1
    out = flagged(one, np.array([1]), 1.0, np.random.default_rng(2))[0]
    columns = np.flatnonzero(out.max(axis=0) > 0.5)
    middle = int(np.argmax(out.sum(axis=0)))
    assert middle - columns[0] >= 3
    upper = out[:16, :middle].sum()
    assert upper > 0.8 * out[:, :middle].sum() or out[20:, middle + 3 :].sum() > 1  # or a foot


def test_a_flagged_one_is_centred_as_before():
    one = np.zeros((1, 28, 28), np.float32)
    one[0, 4:24, 13:16] = 1
    out = flagged(one, np.array([1]), 1.0, np.random.default_rng(1))[0]
    at = np.arange(28)
    assert abs((out.sum(0) * at).sum() / out.sum() - 14) <= 0.75
    assert abs((out.sum(1) * at).sum() / out.sum() - 14) <= 0.75
