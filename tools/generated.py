"""The parts of the docs that are made from the source: tables of settings, arrows between packages.

python -m tools.generated            print what is out of date
python -m tools.generated --write    bring it up to date
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tools import floor_plan, settings_table

DOCS = Path(__file__).resolve().parent.parent / "docs"
PARTS: dict[str, tuple[Path, Callable[[], str]]] = {
    "settings": (DOCS / "16-settings.md", settings_table.tables),
    "arrows": (DOCS / "design.md", floor_plan.table),
}
"""Each part's page, and what makes it."""


def parted(name: str) -> tuple[str, str, str]:
    """The page of a part: what stands before it, it, and what stands behind it, marks included."""
    begin, end = (
        f"<!-- {name}: python -m tools.generated --write -->\n",
        f"\n<!-- end of {name} -->",
    )
    before, rest = PARTS[name][0].read_text(encoding="utf-8").split(begin)
    part, after = rest.split(end)
    return before + begin, part, end + after


def out_of_date() -> list[str]:
    """The parts that are not what the source makes of them today."""
    return [name for name, (_, made) in PARTS.items() if parted(name)[1] != made()]


def write() -> None:
    """Bring each part up to date."""
    for name, (page, made) in PARTS.items():
        before, _, after = parted(name)
        page.write_text(before + made() + after, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    print("\n".join(out_of_date()) or "up to date")
