"""What the docs quote and cite is there."""

import re
from pathlib import Path

import pytest
from tools.generated import PARTS, out_of_date

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
QUOTED = re.compile(r"<!-- from (\S+) -->\n```python\n(.*?)```", re.DOTALL)
QUOTES = [
    (page.name, path, code)
    for page in PAGES
    for path, code in QUOTED.findall(page.read_text(encoding="utf-8"))
]


def test_there_are_quotes_of_all_four_equations():
    assert sum(path.endswith("nn/equations.py") for _, path, _ in QUOTES) >= 4


@pytest.mark.parametrize(("page", "path", "code"), QUOTES)
def test_a_quoted_line_of_code_stands_in_its_file(page, path, code):
    assert code in (ROOT / path).read_text(encoding="utf-8"), f"{page} quotes {path}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            path, _, anchor = target.partition("#")
            assert (page.parent / path).exists(), target
            if anchor:
                text = (page.parent / path).read_text(encoding="utf-8").lower()
                assert f"# {anchor.replace('-', ' ')}" in text, target


def test_each_slip_of_the_article_has_its_test_and_each_test_its_slip():
    cited = re.findall(
        r"`(test_\d\d_\w+)`", (ROOT / "docs/05-the-articles-errors.md").read_text("utf-8")
    )
    tests = re.findall(
        r"^def (test_\d\d_\w+)",
        (ROOT / "tests/docs/test_articles_errors.py").read_text("utf-8"),
        re.MULTILINE,
    )
    assert cited == tests
    assert len(tests) == 12


def test_what_is_generated_is_up_to_date():
    assert len(PARTS) == 2
    assert out_of_date() == [], "python -m tools.generated --write"


def test_every_file_that_the_design_names_is_there():
    text = (ROOT / "docs/design.md").read_text(encoding="utf-8")
    paths = set(re.findall(r"`((?:\w+/)+(?:\w+\.\w+)?|\w+\.py)`", text))
    assert len(paths) > 20
    places = (ROOT, ROOT / "src/handwrought")
    assert {path for path in paths if not any((place / path).exists() for place in places)} == set()
