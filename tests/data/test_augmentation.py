"""Augmentation: each change does what its name says, and nothing when it is 0."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

import handwrought as hw
from handwrought.data.augmentation import Augmentation
from handwrought.errors import InvalidArgument


@pytest.fixture(scope="module")
def images():
    return hw.load_dataset("mnist").train.images[:64]


def rng():
    return np.random.default_rng(11)


STRONG = Augmentation(
    shift=3, rotation=20, scale=0.2, shear=10, elastic=1.4, thickness=1, blur=1, noise=0.2,
    contrast=0.3, cutout=8,
)  # fmt: skip


def test_nothing_asked_changes_nothing(images):
    np.testing.assert_array_equal(Augmentation()(images, rng()), images * np.float32(1 / 255))


def test_the_same_seed_gives_the_same_images_and_another_others(images):
    one, two = STRONG(images, rng()), STRONG(images, rng())
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, STRONG(images, np.random.default_rng(12)))


def test_the_images_given_are_left_alone(images):
    before = images.copy()
    STRONG(images, rng())
    np.testing.assert_array_equal(images, before)
    floats = images / np.float32(255)
    kept = floats.copy()
    STRONG(floats, rng())
    np.testing.assert_array_equal(floats, kept)


@given(
    st.builds(
        Augmentation,
        shift=st.floats(0, 40),
        rotation=st.floats(0, 360),
        scale=st.floats(0, 0.9),
        shear=st.floats(0, 80),
        elastic=st.floats(0, 20),
        thickness=st.floats(0, 4),
        blur=st.floats(0, 10),
        noise=st.floats(0, 10),
        contrast=st.floats(0, 0.99),
        cutout=st.floats(0, 60),
        share=st.floats(0, 1),
    ),
    st.integers(0, 3),
    st.tuples(st.integers(1, 30), st.integers(1, 30)),
)
def test_every_setting_gives_floats_from_0_to_1_of_the_same_shape(change, n, size):
    made = np.random.default_rng(1).integers(0, 256, (n, *size), np.uint8)
    out = change(made, rng())
    assert out.dtype == np.float32
    assert out.shape == made.shape
    assert np.isfinite(out).all()
    assert not len(out) or (out.min() >= 0 and out.max() <= 1)


# --- which way: scipy.ndimage makes the same changes from the same draws ---------------------------


def draws(n, count=6):
    """What the changes of place are drawn from, -1 to 1: rotation, shear, height, width, down, right."""
    twin = rng()
    return [2 * twin.random(n, dtype=np.float32) - 1 for _ in range(count)], twin


def moved(image, forward, shift=(0.0, 0.0)):
    """Each point p, from the middle, goes to ``forward @ p + shift``; rows run down."""
    back, middle = np.linalg.inv(forward), np.array([13.5, 13.5])
    offset = middle - back @ (middle + shift)
    return ndimage.affine_transform(image, back, offset, order=1, mode="grid-constant")


def matrices(change):
    """The forward map and the shift of each of 64 images, in the order in which they are applied."""
    (turn, lean, tall, wide, down, right), _ = draws(64)
    for i in range(64):
        scale = np.diag([1 + change.scale * tall[i], 1 + change.scale * wide[i]])
        slope = np.tan(np.deg2rad(change.shear * lean[i]))
        shear = np.array([[1, 0], [-slope, 1]])  # what lies above the middle goes to the right
        angle = np.deg2rad(change.rotation * turn[i])
        clockwise = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        yield clockwise @ shear @ scale, change.shift * np.array([down[i], right[i]])


@pytest.mark.parametrize(
    "change",
    [
        Augmentation(rotation=30),
        Augmentation(shift=4),
        Augmentation(shear=25),
        Augmentation(scale=0.3),
        Augmentation(rotation=30, shear=20, scale=0.2, shift=3),
    ],
    ids=["rotation", "shift", "shear", "scale", "all of them"],
)
def test_a_change_of_place_goes_the_way_of_its_draw(images, change):
    x = images / np.float32(255)
    out = change(images, rng())
    for image, found, (forward, shift) in zip(x, out, matrices(change), strict=True):
        np.testing.assert_allclose(found, moved(image, forward, shift), atol=2e-3)


def test_a_positive_angle_turns_clockwise_and_a_positive_shear_leans_like_italics():
    upright = np.zeros((64, 28, 28), np.uint8)
    upright[:, 4:24, 13:15] = 255
    (turn, lean, *_), _ = draws(64)
    for change, drawn in ((Augmentation(rotation=30), turn), (Augmentation(shear=25), lean)):
        top = change(upright, rng())[:, :12].sum(axis=1)
        to_the_right = top[:, 14:].sum(axis=1) > top[:, :14].sum(axis=1)
        clear = np.abs(drawn) > 0.1
        np.testing.assert_array_equal(to_the_right[clear], drawn[clear] > 0)


def test_the_elastic_displacement_is_scipys_smoothed_noise():
    change = Augmentation(elastic=1.4, elastic_sigma=3.0)
    rows, columns = change._sources(np.zeros((8, 28, 28), np.float32), rng())
    _, twin = draws(8)
    at = np.arange(-24, 25)
    kernel = np.exp(-0.5 * (at / 3.0) ** 2)
    kernel /= kernel.sum()
    for found, axis in ((rows, 0), (columns, 1)):
        noise = np.sqrt(12) * (twin.random((8, 28, 28), dtype=np.float32) - 0.5)
        for field, white in zip(found, noise, strict=True):
            smooth = ndimage.gaussian_filter(white, 3.0, mode="constant", truncate=8)
            expected = np.mgrid[:28, :28][axis] + 1.4 * smooth / (kernel**2).sum()
            np.testing.assert_allclose(field[9:19, 9:19], expected[9:19, 9:19], atol=0.02)


def test_a_positive_draw_thickens_and_brightens(images):
    x = images / np.float32(255)
    drawn, _ = draws(64, 1)
    ink = Augmentation(thickness=1.5)(images, rng()).sum((1, 2)) - x.sum((1, 2))
    np.testing.assert_array_equal(ink > 0, drawn[0] > 0)
    lit = Augmentation(contrast=0.4)(images, rng())
    expected = np.clip(x * (1 + 0.4 * drawn[0][:, None, None]), 0, 1)
    np.testing.assert_allclose(lit, expected, atol=1e-6)


def test_noise_and_blur_are_as_strong_as_their_draws():
    grey = np.full((64, 28, 28), 128, np.uint8)
    deviation = rng().random(64, dtype=np.float32)
    noisy = Augmentation(noise=0.1)(grey, rng())
    np.testing.assert_allclose(noisy.std((1, 2)), 0.1 * deviation, rtol=0.15)
    point = np.zeros((64, 29, 29), np.float32)
    point[:, 14, 14] = 1
    blurred = Augmentation(blur=2.0)(point, rng())
    spread = np.sqrt((blurred * (np.arange(29) - 14) ** 2).sum((1, 2)))
    wide = deviation > 0.4  # below, a pixel is too large to show it
    np.testing.assert_allclose(spread[wide], 2 * deviation[wide], rtol=0.02)


def centre(x):
    return np.array([ndimage.center_of_mass(image) for image in x])


def test_shift_moves_the_ink_and_only_moves_it(images):
    x = images / np.float32(255)
    out = Augmentation(shift=3)(images, rng())
    moved = centre(out) - centre(x)
    assert np.abs(moved).max() < 3.3
    assert np.abs(moved).max(axis=0).min() > 2
    inside = np.abs(out.sum((1, 2)) / x.sum((1, 2)) - 1) < 0.02
    assert inside.mean() > 0.9  # some were shifted over the border


def test_rotation_turns_by_the_angle():
    bar = np.zeros((200, 28, 28), np.uint8)
    bar[:, 4:24, 13:15] = 255
    out = Augmentation(rotation=30)(bar, rng())
    y, x = np.mgrid[:28, :28] - 13.5
    angles = np.rad2deg(0.5 * np.arctan2(2 * (out * x * y).sum((1, 2)),
                                         (out * (y**2 - x**2)).sum((1, 2))))  # fmt: skip
    assert 25 < np.abs(angles).max() < 31
    assert abs(angles.mean()) < 4
    np.testing.assert_allclose(out.sum((1, 2)), 40, rtol=0.02)


def test_scale_changes_height_and_width_by_the_share():
    square = np.zeros((200, 28, 28), np.uint8)
    square[:, 9:19, 9:19] = 255
    out = Augmentation(scale=0.3)(square, rng())
    heights, widths = (out.max(axis).sum(1) for axis in (2, 1))
    for side in (heights, widths):
        assert side.min() > 6
        assert side.max() < 14.5
        assert side.max() - side.min() > 4
    assert abs(np.corrcoef(heights, widths)[0, 1]) < 0.3


def test_shear_leans_the_upright_and_keeps_its_height():
    bar = np.zeros((200, 28, 28), np.uint8)
    bar[:, 4:24, 13:15] = 255
    out = Augmentation(shear=25)(bar, rng())
    np.testing.assert_allclose(out.sum(2)[:, 5:23], 2, atol=0.01)
    top = (out[:, 5] * np.arange(28)).sum(1) / out[:, 5].sum(1)
    low = (out[:, 22] * np.arange(28)).sum(1) / out[:, 22].sum(1)
    lean = np.rad2deg(np.arctan((top - low) / 17))
    assert 20 < np.abs(lean).max() < 26


def test_the_elastic_displacement_has_the_deviation_asked_for():
    rows, columns = Augmentation(elastic=1.4)._sources(np.zeros((400, 28, 28), np.float32), rng())
    y, x = np.mgrid[:28, :28]
    for moved in (rows - y, columns - x):
        assert moved[:, 10:18, 10:18].std() == pytest.approx(1.4, rel=0.1)
        assert np.abs(np.diff(moved, axis=1)).max() < 1.5  # neighbours move together


def test_contrast_noise_and_cut_out(images):
    x = images / np.float32(255)
    dimmed = Augmentation(contrast=0.4)(images, rng())
    ratio = dimmed.sum((1, 2)) / x.sum((1, 2))
    assert ratio.min() < 0.7
    assert (dimmed[x == 0] == 0).all()
    noisy = Augmentation(noise=0.5)(np.full((200, 28, 28), 128, np.uint8), rng())
    assert noisy.std((1, 2)).min() + 0.02 > 0.02
    assert noisy.std((1, 2)).max() > 0.3
    holes = Augmentation(cutout=10)(np.full((200, 28, 28), 255, np.uint8), rng())
    sides = np.sqrt((holes == 0).sum((1, 2)))
    assert 8 < sides.max() <= 11
    assert set(np.unique(holes)) == {0, 1}


def test_a_share_is_left_as_it_is(images):
    many = np.concatenate([images] * 10)
    out = Augmentation(rotation=30, share=0.3)(many, rng())
    same = (out == many * np.float32(1 / 255)).all((1, 2)).mean()
    assert 0.62 < same < 0.78


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"shift": -1}, "shift is -1"),
        ({"rotation": float("nan")}, "rotation is nan"),
        ({"scale": 1.0}, "scale is 1.0"),
        ({"shear": 90}, "shear is 90"),
        ({"noise": "much"}, "noise is 'much'"),
        ({"elastic": 1.0, "elastic_sigma": 0}, "elastic_sigma is 0"),
        ({"share": 1.5}, "share is 1.5"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, word):
    with pytest.raises(InvalidArgument, match=word):
        Augmentation(**wrong)
