"""One digit as a PNG: its name, its bytes, and the sentence for one that is none."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from handwrought.data.digit_files import as_png, checked, key_of, read_png
from handwrought.errors import DataError

DIGIT = np.zeros((28, 28), np.uint8)
DIGIT[4:24, 14] = np.arange(20) + 200
REMEDY = "delete it, and collect it anew with handwrought collect"


def test_a_digit_is_named_by_its_pixels_whatever_their_layout():
    name = hashlib.sha256(DIGIT.tobytes()).hexdigest()[:20]
    assert key_of(DIGIT) == key_of(np.asfortranarray(DIGIT)) == name


def test_it_comes_back_from_its_file(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(as_png(DIGIT))
    found = read_png(path)
    assert (found.dtype, found.tolist()) == (np.uint8, DIGIT.tolist())
    Image.fromarray(DIGIT).convert("RGB").save(path)
    assert read_png(path).tolist() == DIGIT.tolist()


@pytest.mark.parametrize(
    "pixels", [DIGIT[1:], DIGIT[:, 1:], DIGIT.astype(np.int8), DIGIT[np.newaxis]]
)
def test_what_is_no_digit_is_told_with_its_shape_and_dtype(pixels):
    with pytest.raises(DataError) as caught:
        checked(pixels)
    assert str(caught.value) == (
        f"a digit to keep has shape {pixels.shape} and dtype {pixels.dtype}: give uint8 (28, 28), ink "
        f"bright on black, such as a reading's .normalized"
    )


def test_a_digit_has_ink():
    assert checked(DIGIT) is DIGIT
    with pytest.raises(DataError) as caught:
        checked(np.zeros_like(DIGIT))
    assert str(caught.value) == "a digit to keep is all black: there is no ink in it"


def written(path, pixels):
    Image.fromarray(pixels).save(path)


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (DIGIT[:, :20], f"FILE is 20 x 28 pixels, and a collection holds 28 x 28: {REMEDY}"),
        (DIGIT[:20], f"FILE is 28 x 20 pixels, and a collection holds 28 x 28: {REMEDY}"),
        (DIGIT * 0, f"FILE is all black: {REMEDY}"),
        (np.full_like(DIGIT, 128),
         f"FILE is dark ink on white, and a collection is the reverse: {REMEDY}"),
    ],
)  # fmt: skip
def test_a_file_of_other_pixels_is_told_in_a_sentence(pixels, message, tmp_path):
    path = tmp_path / "a.png"
    written(path, pixels)
    with pytest.raises(DataError) as caught:
        read_png(path)
    assert str(caught.value).replace(str(path), "FILE") == message


def test_half_bright_is_bright_ink_still(tmp_path):
    written(tmp_path / "a.png", np.full_like(DIGIT, 127))
    assert read_png(tmp_path / "a.png").max() == 127


def test_a_file_that_is_no_png_or_damaged_is_told(tmp_path):
    path = tmp_path / "a.png"
    for content in (b"none", (tmp_path / "a.bmp")):
        if content != b"none":
            written(content, DIGIT)
            content = content.read_bytes()
        path.write_bytes(content)
        with pytest.raises(DataError) as caught:
            read_png(path)
        assert str(caught.value) == f"{path} is no picture: {REMEDY}"
    path.write_bytes(as_png(DIGIT)[:60])
    with pytest.raises(DataError) as caught:
        read_png(path)
    assert str(caught.value).startswith(f"{path} is damaged (")
    assert str(caught.value).endswith(f"): {REMEDY}")
