"""Which averages are taken of a fresh model."""

from types import SimpleNamespace

import pytest

from handwrought.cli.testing import averages_known
from handwrought.data.augmentation import Augmentation

SHIFTS, ROTATIONS = "test_accuracy_over_shifts", "test_accuracy_over_rotations"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (None, []),
        (Augmentation(noise=0.1), []),
        (Augmentation(shift=1), [SHIFTS]),
        (Augmentation(rotation=4), [ROTATIONS]),
        (Augmentation(shift=1, rotation=4), [SHIFTS, ROTATIONS]),
    ],
)
def test_a_network_is_asked_about_changes_that_it_was_trained_on(changes, expected):
    assert averages_known(SimpleNamespace(augmentation=changes)) == expected
