"""Digits and pages in pictures of all kinds, read by the shipped model."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

import handwrought as hw
from handwrought.data.test_time_augmentation import rotations
from handwrought.errors import DataError, ModelFileError
from handwrought.reading.normalization import normalize_ink
from handwrought.reading.pictures import picture
from handwrought.reading.recognizer import Recognizer, shipped_model
from handwrought.reading.single import candidates

from .pages import canvas, character_errors, page, validation

N = 60


@pytest.fixture(scope="module")
def reader():
    return Recognizer.load()


@pytest.fixture(scope="module")
def digits():
    split = validation()
    return split.images[:N], split.labels[:N]


def right(reader, images, labels):
    """Share of the pictures that are read as their label."""
    return np.mean([r.digit == d for r, d in zip(reader.read_digits(images), labels, strict=True)])


def grey(ink, paper=0.9, pen=0.1):
    return (255 * (paper + (pen - paper) * ink)).astype(np.uint8)


def test_mnists_own_images_are_left_nearly_as_they_are(digits):
    differences = [
        np.abs(candidates(image[:, :, None] / np.float32(255))[0].pixels.astype(int) - image).mean()
        for image in digits[0]
    ]
    assert np.median(differences) < 12
    assert max(differences) < 40


def test_the_box_is_20_and_the_centre_of_mass_14():
    ink = np.zeros((90, 70), np.float32)
    ink[10:80, 12:20] = 1
    ink[70:80, 12:50] = 1
    found = normalize_ink(ink)
    rows, columns = np.flatnonzero(found.pixels.any(1)), np.flatnonzero(found.pixels.any(0))
    assert 19 <= np.ptp(rows) + 1 <= 20
    assert 9 <= np.ptp(columns) + 1 <= 13
    weight = found.pixels / found.pixels.sum()
    assert abs((weight.sum(1) * np.arange(28)).sum() - 14) <= 0.75
    assert abs((weight.sum(0) * np.arange(28)).sum() - 14) <= 0.75
    assert found.box == (12, 10, 38, 70)


@pytest.mark.parametrize("width", [1, 2, 4, 10, 24])
def test_strokes_come_into_mnists_range(width):
    ink = np.zeros((120, 120), np.float32)
    ink[10:110, 50 : 50 + width] = 1
    ink[10 : 10 + width, 20:90] = 1
    pixels = normalize_ink(ink).pixels
    assert 1.3 <= (pixels[14] / 255).sum() <= 4.8


def kinds(ink, tmp_path):
    """The same drawing in every kind of file."""
    flat = grey(ink)
    shade = np.linspace(0.45, 1, flat.shape[1])[None, :]
    colour = np.stack([grey(ink, 0.95, 0.1), grey(ink, 0.9, 0.2), grey(ink, 0.55, 0.5)], 2)
    clear = np.zeros((*ink.shape, 4), np.uint8)
    clear[:, :, 3] = (ink * 255).astype(np.uint8)
    white = clear.copy()
    white[:, :, :3] = 255
    turned = Image.fromarray(np.rot90(flat))
    exif = turned.getexif()
    exif[0x0112] = 6  # shown turned by 90 degrees to the right
    turned.save(tmp_path / "turned.jpg", exif=exif)
    return {
        "array": flat,
        "floats": flat / 255,
        "inverted": 255 - flat,
        "rgb": np.repeat(flat[:, :, None], 3, 2),
        "blue on yellow": colour,
        "white on blue": 255 - colour,
        "shade": (flat * shade).astype(np.uint8),
        "noise": np.clip(flat + np.random.default_rng(0).normal(0, 10, flat.shape), 0, 255).astype(
            np.uint8
        ),
        "faint": grey(ink, 0.9, 0.65),
        "16 bit": Image.fromarray(flat.astype(np.uint16) * 40),
        "palette": Image.fromarray(flat).convert("P"),
        "1 bit": Image.fromarray(flat).convert("1", dither=Image.Dither.NONE),
        "CMYK": Image.fromarray(flat).convert("RGB").convert("CMYK"),
        "black on nothing": Image.fromarray(clear),
        "white on nothing": Image.fromarray(white),
        "turned": tmp_path / "turned.jpg",
    }


KINDS = ["array", "floats", "inverted", "rgb", "blue on yellow", "white on blue", "shade", "noise",
         "faint", "16 bit", "palette", "1 bit", "CMYK", "black on nothing", "white on nothing",
         "turned"]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_picture(reader, digits, tmp_path, kind):
    images, labels = digits
    found = []
    for i, image in enumerate(images):
        (tmp_path / str(i)).mkdir()
        found.append(kinds(canvas(image), tmp_path / str(i))[kind])
    assert right(reader, found, labels) >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize(("size", "side"), [(28, 28), (64, 40), (1000, 60), (1500, 1400)])
@pytest.mark.parametrize("place", [(0.5, 0.5), (0.05, 0.9)])
def test_every_size_and_place(reader, digits, size, side, place):
    n = 20 if size < 1000 else 8
    found = [grey(canvas(image, size, place, side)) for image in digits[0][:n]]
    assert right(reader, found, digits[1][:n]) >= 0.95


def test_digits_that_touch_the_border(reader, digits):
    found = []
    for image in digits[0]:
        rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
        cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        found.append(255 - np.asarray(Image.fromarray(cut).resize((cut.shape[1] * 3, 60))))
    assert right(reader, found, digits[1]) >= 0.93


def test_no_ink_is_no_digit(reader):
    noise = np.random.default_rng(0).normal(200, 3, (100, 100)).clip(0, 255).astype(np.uint8)
    for blank in (np.full((50, 60), 255, np.uint8), np.zeros((28, 28)), noise):
        reading = reader.read_digit(blank)
        assert reading.digit is None
        assert reading.text == ""
        assert not reading.normalized.any()
        assert reader.read(blank).text == ""


def test_confidence_is_a_probability_and_alternatives_are_in_order(reader, digits):
    for reading in reader.read_digits([grey(canvas(image)) for image in digits[0][:10]]):
        assert reading.probabilities.sum() == pytest.approx(1)
        assert reading.alternatives[0] == (reading.digit, pytest.approx(reading.confidence))
        assert sorted(p for _, p in reading.alternatives) == [
            p for _, p in reversed(reading.alternatives)
        ]


@pytest.mark.slow
def test_the_shipped_model_is_calibrated_and_small(reader):
    assert shipped_model().stat().st_size <= 8_000_000
    test = hw.load_dataset("mnist").test
    p = reader.probabilities(test.images)
    confidence, correct = p.max(1), p.argmax(1) == test.labels
    bins = np.minimum((confidence * 15).astype(int), 14)
    error = sum(
        abs(confidence[bins == b].mean() - correct[bins == b].mean()) * (bins == b).mean()
        for b in set(bins)
    )
    assert error <= 0.01
    assert correct.mean() > 0.99


PAGES = {
    "plain": {},
    "shade": {"shade": 0.6},
    "ruled": {"ruled": True},
    "squared": {"squared": True},
    "noise": {"noise": 0.06, "shade": 0.3},
    "blur": {"blur": 1.5},
    "inverted": {"inverted": True},
    "faint": {"ink": 0.6},
    "small": {"size": 24, "gap": 8},
    "large": {"size": 160, "gap": 30, "rows": 2, "columns": 4},
    "touching": {"gap": -6},
    "tilted": {"slant": 5},
    "slanted": {"slant": 20, "rows": 1},
    "specks": {"specks": 150},
    "one": {"rows": 1, "columns": 1},
    "a hundred": {"rows": 10, "columns": 10, "slant": 3},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", PAGES)
def test_pages(reader, kind):
    errors = []
    for seed in range(3):
        pixels, text = page(seed, **PAGES[kind])
        errors.append(character_errors(reader.read(pixels).text, text))
    assert np.mean(errors) <= 0.05


def test_boxes_lie_around_their_digits(reader):
    pixels, _ = page(1, rows=2, columns=5)
    read = reader.read(pixels)
    assert len(read.lines) == 2
    assert [len(line) for line in read.lines] == [5, 5]
    for reading in read.digits:
        x, y, width, height = reading.box
        assert (pixels[y : y + height, x : x + width] < 100).any()
    covered = np.zeros_like(pixels, bool)
    for x, y, width, height in (reading.box for reading in read.digits):
        covered[y : y + height, x : x + width] = True
    assert (pixels[~covered] < 60).mean() < 0.001


def test_a_threshold_turns_doubt_into_a_question_mark(digits):
    strict = Recognizer.load()
    strict.threshold = 1.0
    assert strict.read_digit(grey(canvas(digits[0][0]))).text == "?"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"this is no picture", "is no picture"),
        (b"", "is no picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "no picture|damaged"),
    ],
)
def test_what_is_no_picture_is_told_in_a_sentence(tmp_path, content, word):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(DataError, match=word):
        picture(tmp_path / "x.png")


@pytest.mark.slow
def test_a_picture_cut_short_and_a_bomb(tmp_path):
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200), np.uint8)).save(
        out, "PNG"
    )
    with pytest.raises(DataError, match="damaged or cut short"):
        picture(out.getvalue()[:9000])
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    with pytest.raises(DataError, match=r"are refused|far more pixels"):
        picture(bomb.getvalue())


@pytest.mark.parametrize(
    "wrong",
    [np.zeros(5), np.zeros((3, 3, 7)), np.zeros((0, 4)), np.full((4, 4), np.nan), [["a"]]],
    ids=["one axis", "channels", "empty", "nan", "letters"],
)
def test_arrays_that_are_no_picture(wrong):
    with pytest.raises(DataError):
        picture(wrong)


def test_a_model_for_something_else_is_refused():
    with pytest.raises(ModelFileError, match="784 to 10"):
        Recognizer(hw.Network([784, 3]))


@pytest.mark.parametrize("width", [8, 14, 20, 32])
def test_a_bar_as_by_a_ruler_is_a_1(reader, width):
    picture = Image.new("L", (280, 280), 255)
    ImageDraw.Draw(picture).line([(140, 50), (140, 230)], fill=0, width=width)
    reading = reader.read_digit(np.asarray(picture))
    assert reading.text == "1"
    assert reading.confidence > 0.9
    seen = reader.probabilities(reading.normalized[None], augmented=True)[0]
    np.testing.assert_allclose(reading.probabilities, seen, atol=1e-6)


@pytest.mark.slow
def test_a_digit_is_read_as_it_is_and_turned(reader):
    images = hw.load_dataset("mnist").validation.images[:30]
    logs = [np.log(reader.probabilities(seen)) for seen in rotations(images)]
    assert len(logs) == 5
    expected = np.exp(np.mean(logs, axis=0))
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(reader.probabilities(images, augmented=True), expected, atol=1e-9)
    pictures = [grey(canvas(image)) for image in images]
    once = Recognizer.load(test_time_augmentation=False)
    for way, turned in ((reader, True), (once, False)):
        for reading in way.read_digits(pictures):
            p = reader.probabilities(reading.normalized[None], augmented=turned)[0]
            np.testing.assert_allclose(reading.probabilities, p, atol=1e-6)
