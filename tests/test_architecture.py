"""The arrows of the architecture point down only, and no circle closes."""

import ast
from pathlib import Path

import pytest

import handwrought
from handwrought.cli import ActivationName, CostName, InitializerName, OptimizerName, ScheduleName
from handwrought.nn.activations import ACTIVATIONS
from handwrought.nn.costs import COSTS
from handwrought.nn.initializers import INITIALIZERS
from handwrought.training.optimizers import OPTIMIZERS
from handwrought.training.schedules import SCHEDULES

SOURCE = Path(handwrought.__file__).parent
MAY_USE = {
    "nn": set(),
    "data": {"storage"},
    "storage": {"nn"},
    "kernels": set(),
    "training": {"nn", "data", "storage", "evaluation", "kernels"},
    "evaluation": {"nn", "data"},
    "inference": {"nn", "kernels"},
    "committee": {"nn", "data", "storage"},
    "exchange": {"nn", "data", "storage"},
    "reading": {"nn", "data", "storage", "training", "evaluation"},
    "estimator": {"nn", "data", "storage", "training", "kernels"},
    "report": {"nn", "data", "evaluation"},
    "studio": {
        *("nn", "data", "storage", "training", "evaluation", "reading"),
        *("inference", "kernels", "report"),
    },
    "cli": {
        *("nn", "data", "storage", "training", "evaluation", "reading"),
        *("report", "studio", "estimator", "committee", "exchange"),
    },
}
UPWARD = {("nn/network.py", "storage")}  # Network.save and load, imported where they are used


def imports(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("handwrought."):
            yield node.module.removeprefix("handwrought.")
        elif isinstance(node, ast.Import):
            yield from (
                alias.name.removeprefix("handwrought.")
                for alias in node.names
                if alias.name.startswith("handwrought.")
            )


FILES = sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_a_module_imports_only_what_lies_below_it(file):
    path = file.relative_to(SOURCE).as_posix()
    home = path.split("/")[0].removesuffix(".py")
    if home in ("__init__", "__main__"):
        return
    for module in imports(file):
        target = module.split(".")[0]
        allowed = target in ("errors", "floating_point", home) or target in MAY_USE.get(home, ())
        assert allowed or (path, target) in UPWARD, f"{path} imports handwrought.{module}"


def test_no_circle_of_imports_closes():
    graph = {}
    for file in FILES:
        name = ".".join(file.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        graph[name] = set(imports(file))
    done, open_ = set(), []

    def visit(name):
        assert name not in open_, f"circle: {' -> '.join([*open_, name])}"
        if name in done or name not in graph:
            return
        open_.append(name)
        for target in graph[name]:
            lazy = name == "nn.network" and target == "storage"
            if not lazy:
                visit(target)
        done.add(open_.pop())

    for name in graph:
        visit(name)
    assert len(done) > 30


@pytest.mark.parametrize(
    ("names", "library"),
    [
        (ActivationName, ACTIVATIONS),
        (CostName, {name: c for name, c in COSTS.items() if name == c.name}),
        (OptimizerName, OPTIMIZERS),
        (ScheduleName, SCHEDULES),
        (InitializerName, INITIALIZERS),
    ],
)
def test_the_command_line_offers_what_the_library_has(names, library):
    assert [str(name) for name in names] == list(library)
