"""Components into lines: how they slant, and columns whose lines are not level with each other."""

import numpy as np
import pytest

from handwrought.reading.components import Component
from handwrought.reading.lines import find_columns, group_lines, line_slope
from handwrought.reading.recognizer import Recognizer

from .pages import _photo, character_errors, lines, rotated


def column(x, y, counts, pitch=50, slope=0.0, step=24):
    """Components of 20 x 30 pixels, so many in each line."""
    return [
        Component(x + step * i, round(y + pitch * row + slope * (x + step * i)), np.ones((30, 20)))
        for row, count in enumerate(counts)
        for i in range(count)
    ]


def found(components):
    return [[(component.x, component.y) for component in line] for line in group_lines(components)]


def test_no_pieces_stand_in_no_line():
    assert group_lines([]) == find_columns([]) == []
    assert line_slope([]) == 0


@pytest.mark.parametrize("slope", [0, 0.1, -0.1])
@pytest.mark.parametrize("down", [15, 25, 35, 65])
def test_columns_that_are_not_level_are_read_one_after_the_other(down, slope):
    left = column(10, 100, (4, 3, 4), slope=slope)
    right = column(400, 100 + down, (4, 4), slope=slope)
    far = column(800, 100 + down // 2 + 45, (3, 3, 3), slope=slope, pitch=61)
    assert [len(each) for each in find_columns(right + far + left)] == [11, 8, 9]
    lengths = [len(line) for line in group_lines(right + far + left)]
    assert lengths == [4, 3, 4, 4, 4, 3, 3, 3]
    assert line_slope(left + right) == pytest.approx(slope, abs=0.02)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (column(10, 10, (4, 4, 4)), column(400, 10, (4, 4, 4))),  # level: rows of a table
        (column(10, 10, (4, 4, 4)), column(400, 18, (4, 4, 4))),  # as level as a hand writes
        (column(10, 10, (4, 4, 4)), column(400, 60, (4, 4))),  # level, with a row left out
        (column(10, 10, (4, 4, 4)), column(400, 30, (4,))),  # a date in a corner is no column
        (column(10, 10, (2, 2, 2)), column(400, 30, (2, 2, 2))),  # too short to tell their slope
        (column(10, 10, (4, 4, 4)), column(140, 30, (4, 4, 4))),  # too close for columns
    ],
)
def test_what_is_level_short_or_close_is_one_column(left, right):
    assert len(find_columns(left + right)) == 1


def test_rows_are_read_across_columns_that_are_level():
    components = column(10, 10, (4, 4)) + column(400, 14, (4, 4))
    assert [len(line) for line in group_lines(components)] == [8, 8]
    assert found(components)[0] == [(x, 10) for x in (10, 34, 58, 82)] + [
        (x, 14) for x in (400, 424, 448, 472)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("tilt", [0, 4])
def test_a_photograph_of_two_columns_that_are_not_level(tilt):
    (left, first), (right, second) = lines(1, rows=4, columns=5), lines(51, rows=3, columns=4)
    ink = np.zeros((left.shape[0], left.shape[1] + right.shape[1] + 40), np.float32)
    ink[:, : left.shape[1]] = left
    ink[45 : 45 + right.shape[0], -right.shape[1] :] = right
    page = Recognizer.load().read(_photo(rotated(ink, tilt), 0))
    assert character_errors(page.text, f"{first}\n{second}") <= 0.1
