"""The tables of the settings in the docs, from their one declaration."""

from __future__ import annotations

from handwrought.data.augmentation import Augmentation
from handwrought.setting import Setting, settings_of
from handwrought.training.config import TrainingConfig

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
