"""Pictures of every kind as arrays, and what is none."""

import io

import numpy as np
import pytest
from PIL import Image

from handwrought.errors import DataError
from handwrought.reading.pictures import Picture, count_pages, open_pages, open_picture, picture


def saved(image, kind, **options):
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


GREY = Image.fromarray(np.arange(0, 240, 2, dtype=np.uint8).reshape(10, 12))


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "PPM", "TIFF", "WEBP", "JPEG"])
def test_every_kind_of_file_is_read_from_path_bytes_and_stream(kind, tmp_path):
    options = {"lossless": True} if kind == "WEBP" else {"quality": 100} if kind == "JPEG" else {}
    content = saved(GREY, kind, **options)
    (tmp_path / "file").write_bytes(content)
    expected = np.asarray(GREY, np.float32)[:, :, np.newaxis] / 255
    for source in (tmp_path / "file", str(tmp_path / "file"), content, bytearray(content),
                   io.BytesIO(content), Image.open(io.BytesIO(content))):  # fmt: skip
        assert np.abs(picture(source) - expected).max() < 0.02
    assert count_pages(content) == 1


def test_a_picture_that_was_opened_is_left_alone():
    opened = open_picture(np.zeros((3, 4), np.uint8))
    assert open_picture(opened) is opened


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I;16", "I", "F"])
def test_a_large_picture_of_any_mode_is_made_smaller_as_a_small_one_is_read(mode):
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    small = Image.fromarray(np.tile(ramp, (48, 1)))
    large = small.resize((64 * 60, 48 * 60), Image.Resampling.NEAREST)
    if mode in ("I;16", "I", "F"):
        deep = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]
        a, b = (
            np.asarray(each).astype(deep) * (257 if mode != "F" else 1) for each in (small, large)
        )
        small, large = Image.fromarray(a), Image.fromarray(b)
    else:
        small, large = small.convert(mode), large.convert(mode)
    a, b = open_picture(small), open_picture(large)
    assert a.scale == 1
    assert max(b.pixels.shape[:2]) == 1400
    assert b.scale == pytest.approx(3840 / 1400)
    # Means of broad columns agree: the same picture, whatever way it went.
    columns = [x.pixels.mean((0, 2)) for x in (a, b)]
    means = [np.array([part.mean() for part in np.array_split(c, 8)]) for c in columns]
    assert np.abs(means[0] - means[1]).max() < 0.03


def test_sixteen_bits_that_use_a_few_of_them_are_stretched_and_not_taken_for_bytes():
    few = np.full((4, 4), 100, np.uint16)
    few[1, 1] = 0
    content = saved(Image.fromarray(few), "PNG")
    assert picture(content).max() == 1
    assert picture(few).max() == 1


def test_an_array_larger_than_is_worked_on_is_made_smaller():
    opened = open_picture(np.full((2800, 100), 0.5))
    assert opened.pixels.shape == (1400, 50, 1)
    assert opened.scale == 2


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((2, 2), complex), "give \\(height, width\\) numbers"),
        (np.array([[None]]), "give \\(height, width\\) numbers"),
        (np.zeros(3), "give \\(height, width\\) numbers"),
        (np.zeros((2, 2, 2)), "1, 3 or 4 channels"),
        (np.zeros((0, 5)), "some pixels"),
        (np.full((2, 2), np.nan), "not finite"),
        ([[1, 2], [3]], "ragged"),
    ],
)
def test_an_array_that_is_no_picture_is_refused(array, words):
    with pytest.raises(DataError, match=words):
        open_picture(array)


def test_a_file_that_is_no_picture_is_refused(tmp_path):
    for content, words in (
        (b"", "is no picture"),
        (b"%PDF-1.4", "is a PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is no picture"),
        (saved(GREY, "PNG")[:-30], "damaged or cut short"),
    ):
        with pytest.raises(DataError, match=words):
            open_picture(content)
    with pytest.raises(DataError, match="cannot be read"):
        open_picture(tmp_path / "gone.png")
    with pytest.raises(DataError, match="has no pixels"):
        open_picture(Image.new("L", (0, 5)))
    with pytest.raises(DataError, match="more than 120,000,000 are refused"):
        open_picture(Image.new("1", (12_000, 12_000)))


@pytest.mark.slow
def test_a_small_file_may_not_unpack_to_much(monkeypatch):
    huge = saved(Image.new("RGB", (7000, 7000)), "PNG")
    with pytest.raises(DataError, match="a picture that unpacks to so much is refused"):
        open_picture(huge)
    progressive = saved(Image.new("RGB", (6000, 6000)), "JPEG", progressive=True)
    with pytest.raises(DataError, match="a picture that unpacks to so much is refused"):
        open_picture(progressive)
    assert max(picture(saved(Image.new("L", (6000, 6000)), "JPEG")).shape) == 1400
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(DataError, match="far more pixels than a picture has"):
        open_picture(saved(GREY, "PNG"))


def test_a_photograph_of_a_camera_on_its_side_is_turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = saved(GREY, "JPEG", exif=exif, quality=100)
    assert picture(turned).shape == (12, 10, 1)
    exif[0x0112] = 99
    assert picture(saved(GREY, "JPEG", exif=exif)).shape == (10, 12, 1)


def test_a_note_of_the_camera_that_is_damaged_loses_no_picture():
    class Damaged(Image.Image):
        def getexif(self):
            raise ValueError("no such note")

    damaged = GREY.copy()
    damaged.__class__ = Damaged
    assert picture(damaged).shape == (10, 12, 1)


def test_a_scan_of_several_pages_is_read_page_by_page():
    pages = [GREY, GREY.transpose(Image.Transpose.ROTATE_90)]
    content = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert count_pages(content) == 2
    found = dict(open_pages(content, "scan.tif"))
    assert [each.pixels.shape for each in found.values()] == [(10, 12, 1), (12, 10, 1)]
    assert list(found) == ["scan.tif, page 1", "scan.tif, page 2"]
    assert list(dict(open_pages(saved(GREY, "PNG"), "a.png"))) == ["a.png"]
    assert count_pages(b"no picture") == 1


def test_a_scan_that_claims_to_have_no_end_has_one(monkeypatch):
    pages = [GREY] * 4
    content = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    monkeypatch.setattr("handwrought.reading.pictures._MOST_PAGES", 3)
    assert count_pages(content) == 3


def test_clear_pictures_lie_on_white_and_white_drawings_on_black():
    pixels = np.zeros((10, 10, 4), np.uint8)
    pixels[4:6, :, 3] = 255  # a black line on nothing
    on_white = picture(pixels)
    assert on_white[0, 0].mean() == 1
    assert on_white[5, 5].mean() == 0
    pixels[4:6, :, :3] = 255  # a white line on nothing
    on_black = picture(pixels)
    assert on_black[0, 0].mean() == 0
    assert on_black[5, 5].mean() == 1
    opaque = np.full((4, 4, 4), 255, np.uint8)
    opaque[:, :, 0] = 9
    assert picture(opaque).shape == (4, 4, 3)


@pytest.mark.parametrize(
    ("array", "low", "high"),
    [
        (np.array([[False, True]]), 0, 1),
        (np.array([[0.0, 128.0]]), 0, 128 / 255),
        (np.array([[-1.0, 1.0]]), 0, 1),
        (np.array([[0.25, 0.75]]), 0.25, 0.75),
        (np.array([[0, 1000]]), 0, 1),
    ],
)
def test_numbers_of_any_range_become_0_to_1(array, low, high):
    found = picture(array)
    assert found.min() == pytest.approx(low)
    assert found.max() == pytest.approx(high)
    assert isinstance(open_picture(array), Picture)
