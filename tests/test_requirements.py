"""The lowest versions that are tested are those that are promised."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_lowest_versions_are_every_dependency_at_its_floor():
    promised = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    lines = (ROOT / "requirements/lowest.txt").read_text().splitlines()
    assert [line for line in lines if "==" in line] == [d.replace(">=", "==") for d in promised]
