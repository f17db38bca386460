"""The tables of the settings in the docs, from their one declaration.

python tools/settings_table.py            print them
python tools/settings_table.py --write    bring them up to date in docs/16-settings.md
"""

from __future__ import annotations

import sys
from pathlib import Path

from handwrought.data.augmentation import Augmentation
from handwrought.setting import Setting, settings_of
from handwrought.training.config import TrainingConfig

PAGE = Path(__file__).resolve().parent.parent / "docs/16-settings.md"
BEGIN, END = "<!-- settings: python tools/settings_table.py --write -->", "<!-- end of settings -->"
GROUPS = {
    "data": "Data", "network": "Network", "training": "Learning",
    "regularization": "Against overfitting", "augmentation": "Changed images",
}  # fmt: skip


def tables(kind: type = TrainingConfig) -> str:
    """A table for each group, and one for an augmentation's own settings."""
    settings = settings_of(kind).values()
    parts = [
        _table(title, [each for each in settings if each.group == group])
        for group, title in GROUPS.items()
    ]
    parts.append(_table("The changes of `augmentation`", list(settings_of(Augmentation).values())))
    return "\n\n".join(parts)


def _table(title: str, settings: list[Setting]) -> str:
    lines = [
        f"## {title}",
        "",
        "| setting | what it is | values | by default |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{each.name}`{' *' if each.live else ''} | {each.sentence.replace('|', chr(92) + '|')} | "
        f"{_values(each)} | {_default(each)} |"
        for each in settings
    ]
    return "\n".join(lines)


def _values(setting: Setting) -> str:
    if setting.choices:
        words = ", ".join(f"`{choice}`" for choice in setting.choices)
    else:
        what = {"whole": "whole number", "number": "number", "flag": "true or false",
                "text": "text", "changes": "the table below"}[setting.kind]  # fmt: skip
        words = " ".join(part for part in (what, setting.bounds) if part)
    if setting.many:
        words += ", one for each hidden layer" if setting.many == "always" else ", or one each"
    return words


def _default(setting: Setting) -> str:
    if setting.default is None:
        return setting.unset
    if isinstance(setting.default, tuple):
        return f"`{list(setting.default)}`"
    return f"`{str(setting.default).lower() if setting.kind == 'flag' else setting.default}`"


def write() -> None:
    """Bring the page up to date."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n{tables()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    else:
        print(tables())
