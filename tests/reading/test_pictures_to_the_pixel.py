"""Pictures at their limits: which are taken, what becomes of each pixel, and what is told."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageOps

from handwrought.errors import DataError
from handwrought.reading import pictures
from handwrought.reading.pictures import count_pages, open_pages, open_picture, picture

from .filters import hamming, resized

RAMP = Image.fromarray(np.arange(0, 240, 2, dtype=np.uint8).reshape(10, 12))


def saved(image, kind, **options):
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def refusal(call, *arguments):
    with pytest.raises(DataError) as caught:
        call(*arguments)
    return str(caught.value)


# --- what is told --------------------------------------------------------------------------------

KINDS = "give PNG, JPEG, TIFF, WebP, BMP or GIF"
NUMBERS = "give (height, width) numbers, or with 1, 3 or 4 channels"


@pytest.mark.parametrize(
    ("source", "place", "message"),
    [
        (b"none", "the data", f" is no picture: {KINDS}"),
        (b"", "the data", f" is no picture: {KINDS}"),
        (io.BytesIO(b"none"), "the data", f" is no picture: {KINDS}"),
        (saved(RAMP, "PCX"), "the data", f" is no picture: {KINDS}"),
        (saved(Image.fromarray(np.float32([[np.inf]])), "TIFF"), "the data",
         " holds values that are not finite"),
        (b" " * 1019 + b"%PDF-", "the data", " is a PDF: `handwrought read` reads it, and "
         "handwrought.reading.pdf.pages gives its pages as pictures"),
        (b" " * 1020 + b"%PDF-", "the data", f" is no picture: {KINDS}"),
        (Image.new("L", (0, 5)), "the image", " has no pixels"),
        (Image.new("L", (5, 0)), "the image", " has no pixels"),
        ([[1, 2], [3]], "the image", " is ragged: give rows of equal length"),
        (np.zeros(3), "the image", f" has shape (3,) and dtype float64: {NUMBERS}"),
        (np.zeros((1, 1, 1, 1)), "the image", f" has shape (1, 1, 1, 1) and dtype float64: {NUMBERS}"),
        (np.zeros((2, 2), complex), "the image", f" has shape (2, 2) and dtype complex128: {NUMBERS}"),
        ([[None]], "the image", f" has shape (1, 1) and dtype object: {NUMBERS}"),
        (np.zeros((2, 3, 2)), "the image", " has shape (2, 3, 2): give 1, 3 or 4 channels and some "
         "pixels"),
        (np.zeros((0, 3)), "the image", " has shape (0, 3, 1): give 1, 3 or 4 channels and some pixels"),
        (np.array([[np.inf]]), "the image", " holds values that are not finite"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_told_with_its_name_or_without(source, place, message):
    assert refusal(open_picture, source) == place + message
    assert refusal(picture, source, "page 3") == "page 3" + message


def test_a_file_that_is_not_there_is_told_with_its_path(tmp_path):
    path = tmp_path / "a.png"
    for source in (path, str(path)):
        assert refusal(open_picture, source) == f"{path} cannot be read: No such file or directory"
        assert refusal(picture, source, "it") == "it cannot be read: No such file or directory"
    path.write_bytes(b"none")
    assert refusal(open_picture, path) == f"{path} is no picture: {KINDS}"


def test_a_damaged_file_is_told_with_the_reason():
    message = refusal(picture, saved(RAMP, "PNG")[:-30], "it")
    assert message.startswith("it is damaged or cut short (")
    assert message.endswith("): save it anew")
    assert len(message) > len("it is damaged or cut short (): save it anew") + 5


def test_a_bomb_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert refusal(picture, saved(RAMP, "PNG"), "it") == (
        "it unpacks to far more pixels than a picture has: refused"
    )
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # of which Pillow warns, and we decide
    assert picture(saved(RAMP, "PNG")).shape == (10, 12, 1)


def test_a_palette_that_is_found_out_late_is_told():
    class Damaged(Image.Image):
        def convert(self, *_, **__):
            raise ValueError("bad palette")

    image = Image.new("P", (3, 3))
    image.__class__ = Damaged
    assert refusal(picture, image, "it") == "it is damaged (bad palette): save it anew"


def test_120_million_pixels_are_taken_and_no_more():
    pictures._check_size((12_000, 10_000), "it")
    assert refusal(pictures._check_size, (12_001, 10_000), "it") == (
        "it is 12,001 x 10,000 pixels: more than 120,000,000 are refused; make it smaller"
    )
    image = SimpleNamespace(size=(12_001, 10_000))
    assert refusal(pictures._from_pillow, image, "it").startswith("it is 12,001 x 10,000 pixels")


@pytest.mark.parametrize(
    ("kind", "mode", "info", "each"),
    [
        ("PNG", "1", {}, 1), ("PNG", "L", {}, 1), ("PNG", "P", {}, 2), ("PNG", "I;16", {}, 2),
        ("TIFF", "I;16B", {}, 2), ("PNG", "RGB", {}, 4), ("TIFF", "F", {}, 4), ("WEBP", "RGB", {}, 12),
        ("JPEG", "RGB", {}, 1), ("JPEG", "RGB", {"progressive": 0}, 1),
        ("JPEG", "RGB", {"progressive": 1}, 6), ("MPO", "L", {"progressive": 1}, 2),
        ("MPO", "CMYK", {}, 1), ("PNG", "RGB", {"progressive": 1}, 4),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("n_bytes", "most"), [(0, 1200), (1_000_000, 1200), (1_000_006, 1440), (1_000_300, 13_200)]
)
def test_a_small_file_takes_so_much_memory_and_no_more(
    kind, mode, info, each, n_bytes, most, monkeypatch
):
    monkeypatch.setattr(pictures, "_MOST_BYTES", 1200)
    bands = Image.new(mode, (1, 1)).getbands()
    size = (most // each // 10, 10) if most % (each * 10) == 0 else (most // each, 1)
    image = SimpleNamespace(format=kind, mode=mode, info=info, size=size, getbands=lambda: bands)
    pictures._check_memory(image, n_bytes, "it")
    image.size = (size[0] + 1, size[1])
    assert refusal(pictures._check_memory, image, n_bytes, "it") == (
        f"it is {image.size[0]:,} x {size[1]:,} pixels in {n_bytes:,} bytes: a picture that unpacks to "
        f"so much is refused; make it smaller"
    )


def test_a_file_is_measured_by_its_bytes(monkeypatch):
    monkeypatch.setattr(pictures, "_MOST_BYTES", 119)
    content = saved(RAMP, "PNG")
    assert refusal(picture, content, "it") == (
        f"it is 12 x 10 pixels in {len(content):,} bytes: a picture that unpacks to so much is "
        f"refused; make it smaller"
    )
    monkeypatch.setattr(pictures, "_MOST_PIXELS", 119)
    assert refusal(picture, content, "it") == (
        "it is 12 x 10 pixels: more than 119 are refused; make it smaller"
    )


# --- pages ---------------------------------------------------------------------------------------


def test_only_a_tiff_has_pages_and_each_is_its_own():
    frames = [Image.new("L", (4, 3), value) for value in (10, 20, 30)]
    scan = saved(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    film = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (count_pages(scan), count_pages(film), count_pages(b"")) == (3, 1, 1)
    found = [(name, round(255 * page.pixels.mean())) for name, page in open_pages(scan, "s.tif")]
    assert found == [("s.tif, page 1", 10), ("s.tif, page 2", 20), ("s.tif, page 3", 30)]
    with pytest.raises(DataError, match=r"^s\.tif is no picture"):
        list(open_pages(b"none", "s.tif"))


# --- which way is up, and how large --------------------------------------------------------------


@pytest.mark.parametrize("way", range(1, 10))
def test_a_photograph_is_turned_as_pillow_turns_it(way):
    exif = Image.Exif()
    exif[0x0112] = way
    content = saved(RAMP, "PNG", exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))), np.float32)
    assert np.allclose(picture(content)[:, :, 0], expected / 255)


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "I", "F"])
@pytest.mark.parametrize("size", [(1400, 2), (2, 1400)])
def test_a_picture_of_1400_pixels_a_side_is_left_as_it_is(mode, size):
    image = Image.new("L", size, 255)
    image.putpixel((1, 1), 0)
    image = image.convert(mode)
    for found in (open_picture(image), open_picture(np.asarray(image))):
        assert found.scale == 1
        assert found.pixels.shape == (size[1], size[0], 1)
        assert found.pixels[1, 1] == 0
        assert found.pixels.sum() == size[0] * size[1] - 1


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "I", "F"])
@pytest.mark.parametrize(
    ("size", "made"),
    [
        ((2100, 3), (1400, 2)),
        ((1, 4200), (1, 1400)),
        ((1401, 2), (1400, 2)),
        ((4200, 1), (1400, 1)),
    ],
)
def test_a_larger_one_is_brought_to_1400(mode, size, made):
    image = Image.new("L", size, 200).convert(mode)
    sources = [image] if mode == "P" else [image, np.asarray(image)]
    for found in map(open_picture, sources):
        assert found.pixels.shape == (made[1], made[0], 1)
        assert found.scale == pytest.approx(max(size) / 1400)


def test_a_large_photograph_is_read_at_a_fraction_and_its_scale_is_that_of_the_file():
    found = open_picture(saved(Image.new("L", (5600, 40), 100), "JPEG"))
    assert found.pixels.shape == (10, 1400, 1)
    assert found.scale == 4
    assert np.abs(found.pixels * 255 - 100).max() < 2


@pytest.mark.parametrize("source", ["pillow", "array"])
def test_what_is_made_smaller_keeps_its_colours_and_its_place(source):
    colours = np.zeros((6, 2800, 3), np.uint8)
    colours[:, :1400] = 255, 128, 0
    colours[:, 1400:] = 0, 64, 255
    found = picture(Image.fromarray(colours) if source == "pillow" else colours)
    assert found.shape == (3, 1400, 3)
    assert np.allclose(found[:, :690] * 255, (255, 128, 0), atol=1)
    assert np.allclose(found[:, 710:] * 255, (0, 64, 255), atol=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "mode"), [("RGB", "L"), ("P", "RGB"), ("P", "RGBA"), ("LA", "RGBA"), ("RGBA", "RGBA"),
                       ("CMYK", "RGB"), ("I;16", "F"), ("1", "L")],
)  # fmt: skip
@pytest.mark.parametrize("size", [(250, 400), (401, 60), (99, 1000), (20, 299), (199, 20)])
def test_a_band_at_a_time_gives_what_the_whole_gives(kind, mode, size, monkeypatch):
    monkeypatch.setattr(pictures, "_SIDE", 100)
    values = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    image = Image.fromarray(values)
    if kind == "I;16":
        image = Image.fromarray(values[:, :, 0].astype(np.uint16) * 257)
    elif kind == "P":
        image = image.quantize(16)
        image.info["transparency"] = 3
    else:
        image = image.convert(kind)
    factor = max(size) // 100
    expected = image.convert(mode) if image.mode != mode else image
    if factor >= 2:
        expected = expected.reduce(factor)
    found = pictures._converted(image, mode)
    assert (found.mode, found.size) == (mode, expected.size)
    assert np.array_equal(np.asarray(found), np.asarray(expected))


@pytest.mark.parametrize("source", ["pillow", "array"])
@pytest.mark.parametrize("size", [(2000, 40), (31, 1700)])
def test_what_is_made_smaller_is_averaged_by_a_hamming_window(source, size):
    values = np.random.default_rng(0).integers(0, 256, (size[1], size[0]), np.uint8)
    found = picture(Image.fromarray(values) if source == "pillow" else values)
    to = tuple(round(side * 1400 / max(size)) for side in values.shape)
    expected = resized(values / 255, to, hamming, 1)
    np.testing.assert_allclose(found[:, :, 0], expected, atol=1.5 / 255)


@pytest.mark.parametrize("source", ["pillow", "array"])
def test_an_edge_gets_no_halo(source):
    edge = np.full((3, 2100), 64, np.uint8)
    edge[:, 1000:] = 192
    found = picture(Image.fromarray(edge) if source == "pillow" else edge)
    assert (found.shape, found.dtype) == ((2, 1400, 1), np.float32)
    assert round(255 * float(found.min()), 3) == 64
    assert round(255 * float(found.max()), 3) == 192


def test_a_photograph_is_decoded_at_a_fraction_already():
    content = io.BytesIO(saved(Image.new("L", (2800, 2800)), "JPEG"))
    size, image = pictures._decoded(content, "it", 0)
    assert (size, image.size) == ((2800, 2800), (1400, 1400))


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (701, 2), (1399, 1)])
def test_a_small_picture_is_made_no_larger(size):
    image = Image.new("RGB", size, (1, 2, 3))
    for found in map(open_picture, (image, np.asarray(image), saved(image, "PNG"))):
        assert (found.pixels.shape, found.scale) == ((size[1], size[0], 3), 1)


def test_what_is_in_its_mode_already_is_handed_on():
    for image in (
        Image.new("L", (9000, 2)),
        Image.new("RGB", (9000, 2)),
        Image.new("RGBA", (2799, 2)),
    ):
        assert pictures._converted(image, image.mode) is image


# --- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "dtype", "found"),
    [
        ([0, 51, 255], np.uint8, [0, 0.2, 1]),
        ([0, 1], np.uint8, [0, 1 / 255]),
        ([False, True], bool, [0, 1]),
        ([0, 0.5, 1], float, [0, 0.5, 1]),
        ([0.25, 0.5], np.float16, [0.25, 0.5]),
        ([0, 51, 255], float, [0, 0.2, 1]),
        ([0, 1.02], float, [0, 0.004]),
        ([51, 102], float, [0.2, 0.4]),
        ([0, 128, 256], float, [0, 0.5, 1]),
        ([-1, 0, 1], float, [0, 0.5, 1]),
        ([-1, 0.5], float, [0, 0.75]),
        ([-3, 5], float, [0, 1]),
        ([-0.5, 0.25], float, [0, 0.5]),
        ([0, 1], int, [0, 1]),
        ([0, 1, 2], int, [0, 0.5, 1]),
        ([50, 100, 200], int, [0.25, 0.5, 1]),
        ([-1, 1], int, [0, 1]),
        ([0, 32768, 65535], np.uint16, [0, 32768 / 65535, 1]),
    ],
)
def test_numbers_become_0_to_1(values, dtype, found):
    pixels = picture(np.array([values], dtype))
    assert pixels.dtype == np.float32
    assert np.allclose(pixels[0, :, 0], found, atol=1e-6)


def test_a_scan_of_16_bits_many_times_too_large_is_made_smaller():
    deep = np.full((40, 14_000), 40_000, np.uint16)
    deep[:, 7000:] = 10_000
    found = open_picture(Image.fromarray(deep))
    assert (found.pixels.shape, found.scale) == ((4, 1400, 1), 10)
    assert (found.pixels[0, 0, 0], found.pixels[0, -1, 0]) == (1, 0.25)


def test_whole_numbers_of_a_deep_picture_are_no_bytes():
    deep = np.full((2, 2800), 400, np.int32)
    deep[:, 1400:] = 200
    found = picture(Image.fromarray(deep))
    assert (found[0, 0, 0], found[0, -1, 0]) == (1, 0.5)
    found = picture(Image.fromarray(deep[:, 700:2100:2]))
    assert (found[0, 0, 0], found[0, -1, 0]) == (1, 0.5)
    assert picture(Image.fromarray(np.int32([[0, 100]]))).max() == 1  # and no 100 of 255
    found = picture(Image.fromarray(np.float32([[0, 0.4, 1]])))
    assert np.allclose(found[0, :, 0], [0, 0.4, 1])
    found = picture(Image.fromarray(np.float32([[0, 102, 255]])))
    assert np.allclose(found[0, :, 0], [0, 0.4, 1])


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_grey_is_one_channel_and_colour_three(channels):
    grey = np.full((2, 3, channels), 99, np.uint8)
    grey[..., 3:] = 255
    assert picture(grey).shape == (2, 3, 1)
    assert np.allclose(picture(grey), 99 / 255)
    if channels > 1:
        for channel in range(3):
            coloured = grey.copy()
            coloured[1, 2, channel] = 98
            assert picture(coloured).shape == (2, 3, 3)
            assert np.allclose(picture(coloured), coloured[..., :3] / np.float32(255))


# --- transparency --------------------------------------------------------------------------------


def laid(colour, opacity, n_visible, rest=0.0):
    """A hundred pixels, of which the first few are drawn in a grey; what they and the rest become."""
    values = np.zeros((10, 10, 4))
    values[..., :3], values[..., 3] = colour, rest
    values.reshape(100, 4)[:n_visible, 3] = opacity
    found = picture(values).ravel()
    return round(float(found[0]), 4), round(float(found[-1]), 4)


@pytest.mark.parametrize(
    ("drawing", "found"),
    [
        ((0, 1, 20), (0, 1)),  # black on nothing: on white
        ((1, 1, 20), (1, 0)),  # white on nothing: on black
        ((1, 1, 69), (1, 0)),
        ((1, 1, 70), (1, 1)),  # so much white is paper
        ((0.75, 1, 20), (0.75, 1)),
        ((0.76, 1, 20), (0.76, 0)),
        ((1, 0.6, 20), (0.6, 0)),
        ((0.5, 0.6, 20), (0.7, 1)),
        ((1, 0.5, 20), (1, 1)),  # half transparent is not to be seen
        ((1, 0.51, 20), (0.51, 0)),
        ((1, 1, 20, 0.25), (1, 0.25)),
        ((0.5, 1, 20, 0.5), (0.5, 0.75)),
    ],
)
def test_what_is_clear_lies_on_white_or_under_a_white_drawing_on_black(drawing, found):
    assert laid(*drawing) == found


@pytest.mark.parametrize("mode", ["LA", "RGBA", "RGBa", "La", "PA", "P"])
def test_transparency_is_known_in_every_mode(mode):
    if mode == "P":
        image = Image.new("P", (10, 10), 0)
        image.putpalette([0, 0, 0, 9, 9, 9])
        image.paste(1, (0, 0, 2, 10))
        image.info["transparency"] = 0
    elif mode == "PA":
        image = Image.new("PA", (10, 10), (0, 0))
        image.putpalette([0, 0, 0, 9, 9, 9])
        image.paste((1, 255), (0, 0, 2, 10))
    else:
        image = Image.new("RGBA", (10, 10), (0, 0, 0, 0))
        image.paste((9, 9, 9, 255), (0, 0, 2, 10))
        image = image.convert("LA").convert(mode) if mode == "La" else image.convert(mode)
    found = picture(image)
    assert np.allclose(found[:, :2], 9 / 255, atol=0.01)
    assert (found[:, 2:] == 1).all()
