"""The threshold between two classes."""

import numpy as np
import pytest

from handwrought.imaging.threshold import otsu, subsample


def test_the_threshold_parts_two_classes_in_the_middle_and_as_otsu_does():
    assert otsu(np.repeat([0.1, 0.9], [300, 200])) == pytest.approx(0.5, abs=0.01)
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(0.3, 0.08, 5000), rng.normal(0.7, 0.1, 2000)])

    def between(at):
        low, high = values[values <= at], values[values > at]
        return len(low) * len(high) * (high.mean() - low.mean()) ** 2

    candidates = np.linspace(values.min(), values.max(), 500)[1:-1]
    best = max(candidates, key=between)
    assert otsu(values) == pytest.approx(best, abs=np.ptp(values) / 100)


def test_a_subsample_is_spread_over_all_values():
    values = np.arange(300_000).reshape(600, 500)
    few = subsample(values)
    assert 90_000 <= len(few) <= 150_000
    assert few.mean() == pytest.approx(values.mean(), rel=1e-3)
    np.testing.assert_array_equal(subsample(values[:3, :4]), np.ravel(values[:3, :4]))
