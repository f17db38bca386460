"""Photographs, scans and drawings as strangers make them, read by the shipped model."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from handwrought.reading.recognizer import Reading, Recognizer, without_words

from .pages import PHOTOGRAPHS, character_errors, lines
from .singles import KINDS, pictures


@pytest.fixture(scope="module")
def reader():
    return Recognizer.load()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_single_digits(reader, kind):
    images, labels = pictures(kind, 12 if "1000" in kind else 40)
    found = [reading.digit for reading in reader.read_digits(images)]
    assert np.mean(found == labels) >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize("kind", PHOTOGRAPHS)
def test_photographs_of_pages(reader, kind):
    errors = []
    for seed in range(2):
        picture, text = PHOTOGRAPHS[kind](seed)
        errors.append(character_errors(reader.read(picture).text, text))
    assert np.mean(errors) <= 0.1


def reading(x, confidence, refused=False, y=0):
    return Reading(3, confidence, np.full(10, 0.1), np.zeros((28, 28)), (x, y, 20, 30), refused)


def side_by_side(*confidences):
    """Four pixels apart, and ten more where None stands."""
    found, x = [], 0
    for sure in confidences:
        if sure is not None:
            found.append(reading(x, sure, refused=sure < 0.5))
        x += 10 if sure is None else 24
    return found


def test_a_word_is_left_out_and_the_number_beside_it_kept():
    word = [reading(x, 0.4, refused=True) for x in (0, 24, 48)] + [reading(72, 0.9)]
    number = [reading(200, 0.99), reading(224, 0.45, refused=True), reading(248, 0.98)]
    assert without_words(word + number) == number


@pytest.mark.parametrize(
    ("confidences", "kept"),
    [
        ((0.1, 1.0, 0.95, 0.1, 1.0, 1.0), []),  # two of six know no digit
        ((0.1, 1.0, 0.95, 0.1, 1.0, 1.0, 1.0), [1.0, 0.95, 1.0, 1.0, 1.0]),  # two of seven
        ((0.1, 1.0, 0.8, 1.0, 1.0), []),  # beside the one that knows none, a digit in doubt
        ((0.1, 1.0, 0.8, 1.0, 1.0, 1.0), [1.0, 0.8, 1.0, 1.0, 1.0]),
        ((0.5, 1.0, 0.8, 1.0, 1.0), [0.5, 1.0, 0.8, 1.0, 1.0]),  # doubt alone makes no word
        ((0.1, 1.0, 0.8, 1.0), [1.0, 0.8, 1.0]),  # nor do four signs
        ((0.1, 0.1, 0.7, 1.0, 0.95, 0.9), []),  # three within a word
        ((0.1, 0.1, 0.7, None, 1.0, 0.95, 0.9), [1.0, 0.95, 0.9]),  # a word, a space, a number
        ((1.0, 0.95, 0.9, None, 0.1, 0.1, 0.1), [1.0, 0.95, 0.9]),
        ((0.1, None, 1.0, 0.95, 0.9, 0.1, 0.1), []),  # a space on one side alone
        ((0.1, 0.1, None, 1.0, None, 0.95, 0.9), []),  # as far from each other as from the word
        ((0.1, 0.1, 0.7, 0.1, *[0.99] * 5), [0.99] * 5),  # five are enough
        ((0.1, 0.1, 0.7, None, 0.95, 0.9), []),  # two digits are none
    ],
)
def test_what_makes_a_word(confidences, kept):
    assert [r.confidence for r in without_words(side_by_side(*confidences))] == kept


def test_the_letters_of_a_word_are_not_set_evenly():
    """As "tot" within "total" is printed: the gap before the a is larger, but no space."""
    at = (31, 12), (46, 25), (73, 12), (89, 21), (116, 8)
    found = [
        Reading(1, sure, np.full(10, 0.1), np.zeros((28, 28)), (x, 36, width, 32), sure < 0.5)
        for (x, width), sure in zip(at, (0.97, 1.0, 0.97, 0.1, 0.1), strict=True)
    ]
    assert without_words(found) == []


def test_a_doubtful_digit_is_kept_as_a_question_and_a_strange_sign_is_not():
    number = [reading(0, 0.9), reading(24, 0.45, refused=True), reading(48, 0.2, refused=True)]
    assert [r.text for r in without_words([*number, reading(72, 0.9)])] == ["3", "?", "3"]


@pytest.mark.slow
def test_a_page_of_print_takes_no_minutes_and_breaks_nothing(reader):
    """Hundreds of joined letters: each way to cut them apart would cost time."""
    image = Image.new("L", (700, 300), 255)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(16)
    for y in range(10, 280, 20):
        draw.text((10, y), "hamburgefonstiv " * 6, fill=0, font=font)
    page = reader.read(np.asarray(image))
    assert all(reading.box is not None for reading in page.digits)


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
def test_any_array_is_read_without_a_warning(reader):
    rng = np.random.default_rng(0)
    for shape in [(1, 1), (1, 300), (300, 2), (3, 3), (28, 28), (61, 47), (180, 140)]:
        for share in (0.002, 0.1, 0.6, 0.98):
            reader.read(rng.random(shape) < share)
            reader.read_digit(rng.random(shape) < share)
        smooth = Image.fromarray(rng.integers(0, 255, (4, 5), np.uint8)).resize(shape[::-1])
        reader.read(smooth)
        reader.read_digit(smooth)


def test_lines_of_touching_tails_are_parted(reader):
    ink, text = lines(5, rows=2, columns=5, leading=1.02)
    found = reader.read((255 * (1 - ink)).astype(np.uint8))
    assert character_errors(found.text, text) <= 0.2
