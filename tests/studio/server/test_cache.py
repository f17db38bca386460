"""What is kept is bounded, and forgotten when nobody asks for it."""

import gc
import threading
import weakref

import numpy as np
import pytest

from handwrought.nn.equations import Trace
from handwrought.studio.backprop.microscope import _KEPT, Microscope, View
from handwrought.studio.backprop.subjects import ink_name
from handwrought.studio.draw.drawings import _TRACED, Drawings
from handwrought.studio.server.cache import IDLE, Cache, release_memory
from handwrought.studio.server.studio import Studio

FRESH = "16-16:sigmoid:quadratic:fresh"
BLANK = ink_name(np.zeros((28, 28), np.uint8))


@pytest.fixture
def later(monkeypatch):
    """To let time pass: ``later(seconds)``."""
    now = [1000.0]
    monkeypatch.setattr("handwrought.studio.server.cache.time.monotonic", lambda: now[0])

    def passed(seconds):
        now[0] += seconds

    return passed


def traces():
    gc.collect()
    return sum(type(each) is Trace for each in gc.get_objects())


def test_the_longest_unused_goes_first():
    cache = Cache(3)
    for key in "abc":
        cache.put(key, key.upper())
    assert cache.get("a") == "A"
    cache.put("d", "D")
    assert [cache.get(key) for key in "abcd"] == ["A", None, "C", "D"]


def test_a_look_that_is_no_use_keeps_nothing_and_each_value_dropped_is_told():
    dropped = []
    cache = Cache(2, dropped.append)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a", use=False) == 1
    cache.put("c", 3)
    assert list(cache.latest().items()) == [("c", 3), ("b", 2)]
    cache.clear()
    assert (dropped, len(cache)) == ([1, 3, 2], 0)


def test_what_is_asked_for_stays_and_what_is_not_goes(later):
    cache = Cache(3)
    cache.put("used", 1)
    cache.put("left", 2)
    later(IDLE - 1)
    assert cache.get("used") == 1
    later(2)
    cache.drop_idle()
    assert len(cache) == 1
    assert cache.get("used") == 1


def test_it_is_kept_and_forgotten_by_many_threads_at_once():
    cache = Cache(8)
    wrong = []

    def work(seed):
        rng = np.random.default_rng(seed)
        for key in rng.integers(0, 16, 2000).tolist():
            found = cache.get(key)
            wrong.extend([key] if found not in (None, 10 * key) else [])
            cache.put(key, 10 * key)
            if key == 0:
                cache.drop_idle(0)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(cache) <= 8


@pytest.mark.slow
def test_a_neuron_of_each_of_many_drawings_leaves_few_traces(tmp_path, later):
    before = traces()
    studio = Studio(tmp_path)
    drawings = studio.backend(Drawings)
    for width in range(3 * _TRACED):
        picture = np.full((64, 64), 255, np.uint8)
        picture[12:52, 20 : 26 + width] = 0
        number = drawings.read(picture).drawing
        assert drawings.neuron(number, 2, 0) is not None
    assert traces() - before == _TRACED
    later(IDLE + 1)
    studio.drop_idle()
    assert traces() == before
    assert drawings.neuron(number, 2, 0) is not None  # and is worked out again
    studio.close()


@pytest.mark.slow
def test_the_microscope_rests_too_and_shows_the_same_again(tmp_path, later):
    studio = Studio(tmp_path)
    microscope = studio.backend(Microscope)
    before = traces()
    views = [View(FRESH, BLANK, 1, (0.1 * n,)) for n in range(1, 12)]
    costs = [microscope.trace(view).C for view in views]
    assert traces() - before <= _KEPT
    data = weakref.ref(microscope.images.data)
    later(IDLE + 1)
    studio.drop_idle()
    assert traces() == before
    gc.collect()
    assert data() is None
    assert [microscope.trace(view).C for view in views] == costs
    studio.close()


def test_giving_memory_back_is_no_error_wherever_it_runs(monkeypatch):
    release_memory()
    for error in (OSError, AttributeError, TypeError):

        def none(name, error=error):
            raise error

        monkeypatch.setattr("handwrought.studio.server.cache.ctypes.CDLL", none)
        release_memory()
