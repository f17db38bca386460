"""The floor plan: which package may use which, and the arrows that the source draws between them.

``LEVELS`` is the plan: whoever stands higher may use what stands lower.  The table in the docs lists
the arrows that there are, so that a new arrow is a decision.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src/handwrought"

LEVELS = (
    ("cli",),
    ("studio", "estimator"),
    ("report", "committee"),
    ("reading", "exchange", "search"),
    ("evaluation",),
    ("runs",),
    ("training",),
    ("model",),
    ("inference",),
    ("data",),
    ("storage",),
    ("nn", "imaging"),
    ("kernels", "web"),
    ("floating_point", "setting", "text"),
    ("errors",),
)
"""From the faces down to the ground; a package may use any of a lower row."""
GROUND = LEVELS[-2] + LEVELS[-1]
LAZY = {("nn/network.py", "storage")}
"""Arrows that point up, imported where they are used: Network.save and Network.load."""


def imports(file: Path) -> Iterator[str]:
    """The modules of ours that a file imports, without the package's name."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("handwrought."):
            yield (node.module or "").removeprefix("handwrought.")
        elif isinstance(node, ast.ImportFrom) and node.module == "handwrought":
            yield from (alias.name for alias in node.names if (SOURCE / alias.name).is_dir())
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("handwrought."):
                    yield alias.name.removeprefix("handwrought.")


def home(file: Path) -> str:
    """The package, or the module of its own, that a file of the source belongs to."""
    return file.relative_to(SOURCE).parts[0].removesuffix(".py")


def level(name: str) -> int:
    """The row of a package in the plan.

    Raises
    ------
    KeyError
        If the plan has none of this name.
    """
    return {each: row for row, names in enumerate(LEVELS) for each in names}[name]


def arrows() -> dict[str, list[str]]:
    """What each package uses, in the plan's order; the ground, which all use, is left out."""
    found: dict[str, set[str]] = {name: set() for names in LEVELS for name in names}
    for file in sorted(SOURCE.rglob("*.py")):
        own = home(file)
        if own in ("__init__", "__main__"):
            continue
        path = file.relative_to(SOURCE).as_posix()
        for module in imports(file):
            target = module.split(".")[0]
            if target not in (own, *GROUND) and (path, target) not in LAZY:
                found[own].add(target)
    return {
        name: sorted(used, key=lambda each: (level(each), each))
        for name, used in found.items()
        if name not in GROUND
    }


def table() -> str:
    """The arrows as a table in Markdown."""
    lines = ["| package | uses |", "|---|---|"]
    for name, used in arrows().items():
        lines.append(f"| `{name}` | {', '.join(f'`{each}`' for each in used) or 'nothing'} |")
    return "\n".join(lines)
