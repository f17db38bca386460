"""What Draw's backend makes of a drawing, without a server."""

import io
import json
import threading
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw

import handwrought as hw
from handwrought.data.collection import Collection
from handwrought.data.representations import represent
from handwrought.errors import DataError, InvalidArgument
from handwrought.nn.equations import follow
from handwrought.studio.draw.drawings import Drawings
from handwrought.studio.draw.routes import decode_pad
from handwrought.studio.server.messages import encode
from handwrought.studio.server.picture_limits import FILE_PIXELS, check_pixels
from handwrought.studio.server.studio import Studio


def seven(side=168):
    image = Image.new("L", (side, side), 255)
    path = [(0.3, 0.2), (0.7, 0.2), (0.45, 0.8)]
    ImageDraw.Draw(image).line([(x * side, y * side) for x, y in path], 0, side // 12, "curve")
    return np.asarray(image)


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def recognizer():
    return hw.Recognizer.load(
        test_time_augmentation=False
    )  # as the studio does: one picture, one opinion


@pytest.fixture
def drawings(tmp_path):
    return Drawings(Studio(tmp_path))


def test_a_drawing_is_read_as_the_library_reads_it(drawings, recognizer):
    seen = drawings.read(seven())
    reading = recognizer.read_digit(seven())
    assert seen.digit == 7
    assert seen.refused == ""
    assert seen.probabilities == pytest.approx(reading.probabilities)
    np.testing.assert_array_equal(seen.pixels, reading.normalized)
    assert [len(layer.a) for layer in seen.layers] == list(recognizer.model.network.sizes)
    assert [layer.number for layer in seen.layers] == list(range(1, len(seen.layers) + 1))
    x = represent(reading.normalized[None], recognizer.model.representation).reshape(-1) * (1 / 255)
    np.testing.assert_allclose(
        seen.layers[-1].a, recognizer.model.network.feedforward(x), atol=1e-6
    )
    assert json.loads(encode(seen))["digit"] == 7


def test_the_preparation_says_how_the_ink_came_to_its_place(drawings):
    seen = drawings.read(seven())
    made = seen.preparation
    x, y, width, height = made.placed
    assert max(width, height) == 20
    assert made.scale == pytest.approx(20 / max(made.box[2:]))
    assert made.shift == (x + width / 2 - 14, y + height / 2 - 14)
    # As in MNIST the centre of mass falls into pixel 14, to the nearest whole pixel.
    assert np.abs(np.subtract(made.centre, 14.5)).max() <= 0.51
    outside = seen.pixels.copy()
    outside[y : y + height, x : x + width] = 0
    assert not outside.any()


def test_any_neurons_sum_is_the_equations_sum(drawings, recognizer):
    seen = drawings.read(seven())
    x = represent(seen.pixels.reshape(1, 28, 28), recognizer.model.representation).reshape(-1) * (
        1 / 255
    )
    trace = follow(recognizer.model.network, x, 0)
    for layer, j in ((2, 0), (2, trace.network.sizes[1] - 1), (3, 3), (trace.L, 7)):
        one = drawings.neuron(seen.drawing, layer, j)
        assert one.z == trace.z[layer][j]
        assert one.a == trace.a[layer][j]
        assert one.sum + one.bias == pytest.approx(one.z, abs=1e-9)
        products = [term.product for term in one.terms]
        assert [abs(p) for p in products] == sorted(map(abs, products), reverse=True)
        assert sum(products) + one.rest == pytest.approx(one.sum, abs=1e-9)
        assert len(one.terms) + one.rest_count == len(one.weights)
        np.testing.assert_allclose(one.weights, trace.W[layer][j], rtol=1e-6)
        assert "<math" in one.formula
        assert 'class="q-w"' in one.formula


def test_a_neuron_that_is_not_there_is_refused(drawings, recognizer):
    number = drawings.read(seven()).drawing
    last, width = len(recognizer.model.network.sizes), recognizer.model.network.sizes[1]
    for layer, j in ((1, 0), (last + 1, 0), (2, width), (last, 10)):
        with pytest.raises(InvalidArgument, match=r"layer|neuron"):
            drawings.neuron(number, layer, j)


def test_the_next_stroke_belongs_to_the_same_drawing(drawings):
    first = drawings.read(seven())
    assert drawings.read(seven(140), first.drawing).drawing == first.drawing
    assert drawings.read(seven()).drawing == first.drawing + 1
    assert drawings.read(seven(), 999).drawing == first.drawing + 2
    assert list(drawings.recent()) == [3, 2, 1]


@pytest.mark.slow
def test_only_so_many_drawings_are_remembered(drawings):
    for _ in range(103):
        drawings.read(seven(28))
    with pytest.raises(InvalidArgument, match="drawing 3 is forgotten"):
        drawings.drawing(3)
    assert drawings.drawing(4).reading.digit is not None


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (np.full((168, 168), 255, np.uint8), "no ink"),
        (np.where(seven() < 128, 243, 255).astype(np.uint8), "faint"),
        (png(np.full((50, 40), 90, np.uint8)), "no ink"),
    ],
)
def test_what_cannot_be_read_says_why(drawings, picture, reason):
    seen = drawings.read(picture)
    assert seen.digit is None
    assert reason in seen.refused
    assert seen.preparation is None


def test_a_doubtful_drawing_names_the_two_likeliest(drawings):
    drawings._studio.recognizer.threshold = 1.1
    seen = drawings.read(seven())
    assert seen.digit == 7
    assert seen.refused.startswith("It may be a 7 (")
    assert seen.refused.count("%") == 3


def test_a_label_is_kept_for_fine_tuning_and_can_be_taken_back(drawings, tmp_path):
    number = drawings.read(seven()).drawing
    assert drawings.keep(number, 1)[1] == 1
    assert drawings.keep(number, 7) == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0]
    (kept,) = (tmp_path / "digits").rglob("*.png")
    assert kept.parent.name == "7"
    np.testing.assert_array_equal(np.asarray(Image.open(kept)), drawings.drawing(number).pixels)
    assert Collection.open(tmp_path / "digits").records()[-1]["reading"] == 7
    assert drawings.read(seven()).kept == 7
    assert sum(drawings.forget(number)) == 0
    assert drawings.read(seven()).kept is None


def test_paper_without_ink_is_not_kept(drawings):
    number = drawings.read(np.full((99, 99), 255, np.uint8)).drawing
    with pytest.raises(InvalidArgument, match="no ink"):
        drawings.keep(number, 7)


def test_pictures_of_too_many_pixels_are_refused_before_they_are_unpacked():
    check_pixels(png(np.zeros((1, 1), np.uint8)))
    check_pixels(b"no picture at all")
    bomb = bytearray(png(np.zeros((8, 8), np.uint8)))
    for width, height in ((FILE_PIXELS // 1000 + 1, 1000), (2**31 - 1, 2**31 - 1)):
        header = bomb[12:16] + width.to_bytes(4, "big") + height.to_bytes(4, "big") + bomb[24:29]
        bomb[12:29] = header
        bomb[29:33] = zlib.crc32(header).to_bytes(4, "big")
        with pytest.raises(DataError, match="pixels"):
            check_pixels(bytes(bomb))


@pytest.mark.parametrize(
    "message",
    [
        "text",
        b"",
        b"\0" * 11,
        b"\0" * 12,
        b"\1\0\0\0\1\0\0\0\2\0\2\0abc",
        b"\1\0\0\0\1\0\0\0\2\0\2\0abcde",
        b"\1\0\0\0\1\0\0\0\xff\xff\xff\xff" + b"a" * 100,
    ],
)
def test_a_pads_message_that_lies_is_refused(message):
    with pytest.raises(InvalidArgument, match="pad"):
        decode_pad(message)


def test_a_pads_message_is_decoded():
    number, turn, pixels = decode_pad(b"\0\0\0\0\5\0\0\0\2\0\3\0abcdef")
    assert (number, turn) == (None, 5)
    assert pixels.tolist() == [[97, 98], [99, 100], [101, 102]]


def test_tabs_may_draw_at_the_same_time(drawings):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(drawings.read(seven()).drawing))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(1, 9))
