"""Pages that lie on their side or on their head."""

import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from handwrought.cli import app
from handwrought.reading.annotation import annotated
from handwrought.reading.pictures import open_picture
from handwrought.reading.recognizer import Recognizer, turned_box

from .pages import PHOTOGRAPHS, character_errors


@pytest.fixture(scope="module")
def reader():
    return Recognizer.load()


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 3), st.data())
def test_a_box_goes_with_its_picture(height, width, quarters, data):
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    wide, high = data.draw(st.integers(1, width - x)), data.draw(st.integers(1, height - y))
    picture = np.zeros((height, width))
    picture[y : y + high, x : x + wide] = 1
    turned = np.rot90(picture, -quarters)
    left, top, across, down = turned_box((x, y, wide, high), (height, width), quarters)
    assert turned.sum() == across * down
    assert turned[top : top + down, left : left + across].all()
    assert turned_box((left, top, across, down), turned.shape, 4 - quarters) == (x, y, wide, high)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["photograph", "on a desk", "form"])
def test_a_page_is_read_whichever_side_is_up(reader, kind):
    picture, text = PHOTOGRAPHS[kind](5000)
    upright = reader.read(picture)
    assert upright.turned == 0
    assert character_errors(upright.text, text) <= 0.05
    for quarters in (1, 2, 3):
        turned = np.rot90(picture, quarters)
        page = reader.read(turned)
        assert (page.turned, page.text) == (90 * quarters, upright.text)
        shape = turned.shape[:2]
        assert [turned_box(each.box, shape, quarters) for each in page.digits] == [
            each.box for each in upright.digits
        ]


@pytest.mark.slow
def test_what_is_hard_to_read_either_way_is_left_as_it_is(reader):
    for seed in range(3):
        assert reader.read(PHOTOGRAPHS["letters beside"](seed)[0]).turned == 0


@pytest.mark.slow
@pytest.mark.parametrize("few", [3, 4])
def test_three_signs_do_not_tell_which_way_up_a_page_is(reader, few):
    picture, _ = PHOTOGRAPHS["photograph"](5000)
    boxes = [each.box for each in reader.read(picture).digits[:few]]
    right, low = boxes[-1][0] + boxes[-1][2] + 8, max(box[1] + box[3] for box in boxes) + 8
    page = reader.read(np.rot90(picture[:low, :right]))
    assert page.turned == (90 if few == 4 else 0)


@pytest.mark.slow
def test_a_page_of_many_signs_is_not_read_four_times(reader, monkeypatch):
    picture, _ = PHOTOGRAPHS["photograph"](5000)
    n = len(reader.read(picture).digits)
    monkeypatch.setattr("handwrought.reading.recognizer._MANY", n - 1)
    assert reader.read(np.rot90(picture)).turned == 0


@pytest.mark.slow
def test_boxes_of_a_large_picture_are_in_its_own_pixels(reader):
    picture, _ = PHOTOGRAPHS["photograph"](5000)
    large = Image.fromarray(picture)
    large = np.asarray(large.resize((3 * large.width, 3 * large.height), Image.Resampling.BICUBIC))
    upright, page = reader.read(large), reader.read(np.rot90(large))
    assert (page.turned, page.text) == (90, upright.text)
    shape = large.shape[1::-1]
    for found, own in zip(page.digits, upright.digits, strict=True):
        np.testing.assert_allclose(turned_box(found.box, shape, 1), own.box, atol=5)


@pytest.mark.slow
def test_the_command_tells_how_the_picture_was_turned_and_draws_it_so(reader, tmp_path):
    picture, _ = PHOTOGRAPHS["photograph"](5000)
    lying = np.rot90(picture, 3)
    Image.fromarray(lying).save(tmp_path / "a.png")
    done = CliRunner().invoke(
        app, ["read", str(tmp_path / "a.png"), "--json", "--annotate", str(tmp_path / "b.png")]
    )
    (found,) = json.loads(done.stdout)
    assert found["turned"] == 270
    opened = open_picture(picture)
    expected = annotated(opened, reader.read(opened), tmp_path / "c.png")
    drawn = np.asarray(Image.open(tmp_path / "b.png"))
    assert (drawn == np.asarray(Image.open(io.BytesIO(expected)))).all()
