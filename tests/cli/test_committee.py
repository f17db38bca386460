"""What the members of ``handwrought train --committee`` see."""

import pytest

from handwrought.cli.committee import member_views
from handwrought.data.views import VIEWS


@pytest.mark.parametrize("first", VIEWS)
def test_members_see_by_turns_what_is_of_one_kind(first):
    views = member_views(first)
    kind = {name for name in VIEWS if name.startswith("strokes") == first.startswith("strokes")}
    assert views[0] == first
    assert len(views) == len(set(views))
    assert set(views) == kind


def test_the_order_is_that_of_the_views():
    assert member_views("strokes") == [
        *("strokes", "strokes-20", "strokes-16", "strokes-13", "strokes-10")
    ]
    assert member_views("upright")[:3] == ["upright", "as-is", "width-20"]
