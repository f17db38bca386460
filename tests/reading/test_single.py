"""Which components of ink belong to the one digit of a picture: near ones, large ones, no neighbours."""

import numpy as np
import pytest

from handwrought.reading.single import _digit, candidates

SIDE = 120


def sheet(*bars, shape=(SIDE, SIDE)):
    """Ink of strength 1 in these boxes (top, left, height, width), or of a fifth number's strength."""
    ink = np.zeros(shape, np.float32)
    for top, left, height, width, *strength in bars:
        ink[top : top + height, left : left + width] = strength or 1
    return ink


def kept(*bars, shape=(SIDE, SIDE)):
    """For each box, whether it belongs to the digit."""
    found = _digit(sheet(*bars, shape=shape))
    return [bool(found[t : t + h, l : l + w].all()) for t, l, h, w, *_ in bars]


def photographed(ink):
    """Dark ink on light paper, as a picture has it."""
    return (0.9 - 0.8 * ink)[:, :, None]


# --- near components -------------------------------------------------------------------------------------

STEM = (40, 40, 40, 40)  # of a size of 40: what lies within a quarter of that belongs


@pytest.mark.parametrize(
    ("gap", "belongs"),
    [(0.05, True), (0.20, True), (0.225, True), (0.25, False), (0.30, False), (0.35, False)],
)
@pytest.mark.parametrize("side", ["above", "below", "left", "right"])
def test_a_piece_belongs_within_a_quarter_of_the_digits_size(gap, belongs, side):
    away = round(gap * 40)
    component = {
        "above": (40 - away - 10, 50, 10, 20),
        "below": (80 + away, 50, 10, 20),
        "left": (50, 40 - away - 10, 20, 10),
        "right": (50, 80 + away, 20, 10),
    }[side]
    assert kept(STEM, component) == [True, belongs]
    x, y, width, height = candidates(photographed(sheet(STEM, component)))[0].box
    longer = 50 + away if belongs else 40
    assert (max(width, height), min(width, height)) == (longer, 40)
    assert (x, y) == (component[1] if belongs and side == "left" else 40,
                      component[0] if belongs and side == "above" else 40)  # fmt: skip


def test_what_is_near_to_a_piece_that_belongs_belongs_too():
    chain = [STEM, (45, 89, 12, 8), (45, 106, 12, 8)]
    assert kept(*chain) == [True, True, True]
    assert kept(chain[0], chain[2]) == [True, False]


def test_the_gap_is_measured_by_the_largest_piece_alone():
    # 10 away from one of 44, and as far from one of 20, which by its own size would be too far.
    assert kept((30, 30, 44, 30), (40, 70, 20, 10), (40, 90, 20, 8)) == [True, True, True]


@pytest.mark.parametrize(("share", "belongs"), [(0.02, False), (0.028, False), (0.032, True)])
def test_specks_of_less_than_three_hundredths_of_the_digit_do_not_belong(share, belongs):
    area = round(share * 40 * 40)
    assert kept(STEM, (60, 84, area // 2, 2)) == [True, belongs]


def test_the_piece_with_the_most_ink_is_the_digit():
    assert kept((20, 20, 30, 20), (70, 70, 30, 30)) == [False, True]
    # Ink counts by its strength, and not by the pixels it covers.
    assert kept((20, 20, 30, 30, 0.5), (70, 70, 24, 24)) == [False, True]


# --- neighbours, rules and what comes from the border ----------------------------------------------


@pytest.mark.parametrize(("width", "belongs"), [(8, False), (15, False), (17, True)])
def test_a_neighbours_end_comes_from_an_edge_that_the_digit_keeps_clear_of(width, belongs):
    # 240, 450 and 510 of 1,600, of which three tenths are 480; near, and not far from the middle.
    digit, shape = (10, 25, 40, 40), (70, 100)
    assert kept(digit, (0, 70, 30, width), shape=shape) == [True, belongs]
    # One that stays inside belongs, whatever its size.
    assert kept(digit, (1, 70, 30, width), shape=shape) == [True, True]


def test_a_digit_that_touches_the_same_edge_has_no_neighbour_there():
    assert kept((0, 40, 40, 40), (0, 85, 12, 18), shape=(60, 120)) == [True, True]


@pytest.mark.parametrize(
    ("larger", "left", "digit"),
    [
        (2.0, 0, True),  # a shadow at the border, twice as large, counts for three tenths of itself
        (3.0, 0, True),
        (4.0, 0, False),
        (2.0, 1, False),  # beside the border it is the largest component
    ],
)
def test_what_lies_at_the_border_counts_for_three_tenths(larger, left, digit):
    aside = (left, left, 60, round(larger * 400 / 60))
    middle = (90, 100, 20, 20)
    assert kept(middle, aside, shape=(200, 200)) == [digit, not digit]


@pytest.mark.parametrize(("left", "counts_less"), [(0, True), (60, False)])
def test_what_touches_the_border_in_its_middle_counts_whole(left, counts_less):
    """Its middle more than three tenths of the picture from the picture's."""
    component = (0, left, 30, 30) if counts_less else (0, left, 90, 10)
    digit = (60, 100, 28, 28)
    assert kept(digit, component, shape=(140, 140)) == [counts_less, not counts_less]


@pytest.mark.parametrize(
    ("rule", "is_rule"),
    [
        ((100, 4, 13, 112), True),  # across more than nine tenths, thinner than an eighth
        ((100, 7, 13, 106), False),  # too short
        ((95, 4, 16, 112), False),  # too thick
        ((1, 6, 118, 4), True),  # upright, from top to bottom
        ((3, 6, 114, 4), False),
        ((1, 6, 118, 6), False),
    ],
)
def test_a_ruled_line_is_no_digit(rule, is_rule):
    area = rule[2] * rule[3]
    side = int(np.sqrt(0.8 * area))  # a digit of four fifths of its ink
    digit = (25, 50, side, side)
    assert kept(digit, rule) == [is_rule, not is_rule]
    # By itself it is all there is, a 1 or a dash.
    assert kept(rule) == [True]


# --- faint ink -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("faint", "size", "holds"),
    [
        (0.21, 90, False),
        (0.24, 90, True),
        (0.24, 110, False),
        (0.34, 110, False),
        (0.37, 110, True),
    ],
)
def test_faint_ink_holds_strong_ink_together_in_small_pictures_sooner(faint, size, holds):
    bars = (10, 20, 20, 20), (30, 28, 20, 4, faint), (50, 20, 20, 20)
    far = kept(bars[0], bars[2], shape=(size, size))
    assert far in ([True, False], [False, True])
    together = kept(*bars, shape=(size, size))
    assert (together[0] and together[2]) is holds


def test_without_strong_ink_there_is_no_digit():
    assert _digit(sheet((20, 20, 20, 20, 0.41))) is None
    assert kept((20, 20, 20, 20, 0.43)) == [True]
    assert candidates(np.full((50, 50, 1), 0.9, np.float32))[0].box is None
