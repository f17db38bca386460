"""The campaigns themselves, in short; `make soak-files` runs them at length."""

import subprocess
import sys
from pathlib import Path

import pytest
from fuzz.bounds import MOST_MEGABYTES, MOST_SECONDS, bombs, measured
from fuzz.campaign import SHARES
from fuzz.planted import PLANTED, place
from fuzz.readers import READERS
from fuzz.replay import FILES
from fuzz.target import WATCHED

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def campaign(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "fuzz.campaign", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_reader_has_its_share_of_the_cases():
    assert set(SHARES) == set(READERS) == set(WATCHED) == set(FILES)
    assert sum(SHARES.values()) == 100


@pytest.mark.parametrize("bug", PLANTED.values(), ids=lambda bug: bug.name)
def test_a_planted_bug_still_has_its_place(bug):
    assert bug.old in place(bug)
    assert bug.reader in READERS


def test_the_campaign_in_short(tmp_path):
    done = campaign(
        *("--cases", "3000", "--planted-cases", "3000", "--reader", "recipe"),
        *("--keep", str(tmp_path)),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "120 cases, 0 readers broken" in done.stdout
    assert "2 of 2 planted bugs found" in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("reader", "what"),
    [
        ("idx images", "31 MB, of which one is noise, gzipped"),
        ("npz", "a table of zeros, int8"),
        ("picture", "PNG, colour, 5200 x 5200"),
        ("model", "a hundred thousand layers"),
        ("recipe", "dotted names"),
    ],
)
def test_a_megabyte_costs_no_more_than_it_may(reader, what):
    megabytes, seconds, words = measured(reader, dict(bombs(reader))[what]()[:1_100_000])
    assert megabytes <= MOST_MEGABYTES, words
    assert seconds <= 3 * MOST_SECONDS  # of processor time; the campaign asks for the limit itself
