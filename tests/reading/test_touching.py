"""Where a wide component is cut: at thin places, where the parts look most like digits.

What looks like a digit is said here by a rule, so that each answer can be worked out.
"""

import numpy as np
import pytest

from handwrought.reading.components import Component
from handwrought.reading.touching import split_touching

USUAL = 40


def component(*blobs, height=USUAL, gap=6, bridge=4, x=7, y=11):
    """Blobs of these widths (or (width, height)) in a row, joined by thin bridges at half height."""
    blobs = [blob if isinstance(blob, tuple) else (blob, height) for blob in blobs]
    width = sum(w for w, _ in blobs) + gap * (len(blobs) - 1)
    ink = np.zeros((height, width), np.float32)
    middle, at = height // 2, 0
    if len(blobs) > 1:
        ink[middle : middle + bridge] = 1
    for w, h in blobs:
        top = (height - h) // 2
        ink[top : top + h, at : at + w] = 1
        at += w + gap
    return Component(x, y, ink)


class Judge:
    """Sure of parts of these widths, and of nothing else; it counts what it is asked."""

    def __init__(self, low, high, sure=0.9, else_=0.1):
        self.low, self.high, self.sure, self.else_ = low, high, sure, else_
        self.asked = 0

    def __call__(self, parts):
        self.asked += len(parts)
        right = [self.low <= part.shape[1] <= self.high for part in parts]
        return np.where(right, self.sure, self.else_)


def widths(found):
    return [each.width for each in found]


def test_two_digits_are_cut_at_the_bridge_and_keep_their_places():
    both = component(24, 26)
    left, right = split_touching([both], USUAL, Judge(20, 32))
    assert 24 <= left.width <= 30
    assert 26 <= right.width <= 32
    assert left.width + right.width == 56
    assert (left.x, right.x) == (7, 7 + left.width)
    assert left.y == right.y == 11
    np.testing.assert_array_equal(np.hstack([left.amount, right.amount]), both.amount)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_as_many_digits_as_there_are_bridges_are_parted(n):
    found = split_touching([component(*[24] * n)], USUAL, Judge(18, 36))
    assert len(found) == n
    assert all(20 <= width <= 34 for width in widths(found))


def test_one_that_looks_like_a_digit_as_it_is_is_left_whole():
    wide = component(24, 26)
    assert split_touching([wide], USUAL, Judge(56, 56, sure=0.99, else_=0.3)) == [wide]
    # The whole is to be e times as likely as the parts together, or it is cut.
    for whole, parts, cut in ((0.5, 0.9, True), (0.9, 0.9, True), (0.9, 0.5, False)):

        def judge(asked, whole=whole, parts=parts):
            return np.array([whole if part.shape[1] == 56 else parts for part in asked])

        assert (len(split_touching([wide], USUAL, judge)) == 2) is cut


@pytest.mark.parametrize(
    ("width", "height", "asked"), [(44, 40, False), (45, 40, False), (47, 40, True), (60, 40, True),
                                   (36, 30, False), (38, 30, True)],
)  # fmt: skip
def test_a_piece_is_too_wide_from_115_hundredths_of_its_height_or_four_fifths_of_the_usual(
    width, height, asked
):
    judge = Judge(0, 0)
    half = (width - 6) // 2
    one = component(half, width - 6 - half, height=height)
    assert one.width == width
    split_touching([one], USUAL, judge)
    assert bool(judge.asked) is asked


@pytest.mark.parametrize(("height", "stacked"), [(66, False), (71, True)])
def test_a_piece_of_17_tenths_of_the_usual_height_may_be_two_in_a_column(height, stacked):
    ink = np.zeros((height, 30), np.float32)
    ink[: height // 2 - 2] = ink[height // 2 + 2 :] = 1
    ink[height // 2 - 2 : height // 2 + 2, 13:17] = 1

    def judge(parts):
        return np.array([0.9 if part.shape[0] < 40 else 0.1 for part in parts])

    found = split_touching([Component(5, 9, ink)], USUAL, judge)
    assert len(found) == (2 if stacked else 1)
    if stacked:
        upper, lower = found
        assert (upper.x, upper.y) == (5, 9)
        assert lower.y - 9 in range(height // 2 - 2, height // 2 + 3)
        assert lower.y + lower.height == 9 + height
        # What is no likelier in two stays one.
        assert (
            len(
                split_touching(
                    [Component(5, 9, ink)], USUAL, lambda parts: np.full(len(parts), 0.5)
                )
            )
            == 1
        )


def test_a_column_is_cut_in_its_middle_part_alone():
    """Thinnest near its top, as a 6's end is; less thin in the middle, where two digits meet."""
    ink = np.ones((80, 30), np.float32)
    ink[10:13] = ink[38:41] = 0
    ink[10:13, 14:15] = 1
    ink[38:41, 13:17] = 1

    def judge(parts):
        return np.array([0.9 if part.shape[0] < 75 else 0.1 for part in parts])

    upper, lower = split_touching([Component(0, 0, ink)], USUAL, judge)
    assert 38 <= upper.height <= 41
    assert 38 <= lower.height <= 42


@pytest.mark.parametrize(("strong", "kept"), [(12, False), (15, True)])
def test_what_is_cut_off_a_column_is_a_digit_from_two_fifths_of_the_usual_height(strong, kept):
    """16 of 40, with the 2 rows at which it is cut; faint ink is no part of its box."""
    ink = np.ones((71, 30), np.float32)
    ink[41:43] = 0
    ink[41:43, 14:16] = 1
    ink[43 + strong :] = 0.2

    def judge(parts):
        return np.array([0.1 if part.shape[0] == 71 else 0.9 for part in parts])

    found = split_touching([Component(0, 0, ink)], USUAL, judge)
    assert [each.height for each in found] == ([41, strong + 2] if kept else [41])


@pytest.mark.parametrize(("height", "counts"), [(18, False), (26, True)])
def test_a_bars_end_is_no_digit_however_much_it_looks_like_one(height, counts):
    """Of less than 55 hundredths of the height of the whole."""
    found = split_touching([component(26, (26, height))], USUAL, Judge(20, 32))
    assert len(found) == (2 if counts else 1)


@pytest.mark.parametrize(
    ("blobs", "cut"),
    # Where it is cut a part has half of the gap, 1 or 3, beside its blob; the height is 40.
    [((3, 50), False), ((8, 46), True), ((42, 30), True), ((54, 24), False)],
)
def test_a_digit_is_wider_than_an_eighth_of_the_height_and_narrower_than_13_tenths(blobs, cut):
    wide = component(*blobs, gap=2 if min(blobs) < 5 else 6)

    def judge(parts):
        return np.array([0.1 if part.shape[1] == wide.width else 0.9 for part in parts])

    assert len(split_touching([wide], USUAL, judge)) == (2 if cut else 1)


def test_a_page_of_eighty_wide_pieces_is_read_and_one_of_more_is_words():
    wide, narrow = component(21, 21), component(20)  # 1.2 times as wide as high
    components = [narrow, *[wide] * 80]
    assert len(split_touching(components, USUAL, Judge(18, 36))) == 161
    judge = Judge(18, 36)
    assert split_touching([*components, wide], USUAL, judge) == [narrow]
    assert judge.asked == 0
