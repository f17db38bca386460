"""What the members of ``handwrought train --committee`` see."""

import pytest

from handwrought.cli.committee import member_representations
from handwrought.data.representations import REPRESENTATIONS


@pytest.mark.parametrize("first", REPRESENTATIONS)
def test_members_see_by_turns_what_is_of_one_kind(first):
    found = member_representations(first)
    kind = {
        name
        for name in REPRESENTATIONS
        if name.startswith("strokes") == first.startswith("strokes")
    }
    assert found[0] == first
    assert len(found) == len(set(found))
    assert set(found) == kind


def test_the_order_is_that_of_the_views():
    assert member_representations("strokes") == [
        *("strokes", "strokes-20", "strokes-16", "strokes-13", "strokes-10")
    ]
    assert member_representations("upright")[:3] == ["upright", "as-is", "width-20"]
