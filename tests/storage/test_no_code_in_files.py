"""No reader of ours can be made to run what a file says."""

import ast
from pathlib import Path

import pytest

import handwrought

SOURCE = Path(handwrought.__file__).parent
MODULES = {
    "pickle",
    "cPickle",
    "dill",
    "cloudpickle",
    "joblib",
    "shelve",
    "marshal",
    "code",
    "runpy",
}
CALLS = {"eval", "exec", "compile", "__import__"}


def offences(source):
    """What in a module's text could run code out of a file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            yield node.module
        elif isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Name) and function.id in CALLS:
                yield function.id
            elif isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
                called = f"{function.value.id}.{function.attr}"
                safe = any(
                    k.arg == "allow_pickle" and getattr(k.value, "value", True) is False
                    for k in node.keywords
                )
                if called in {"np.load", "numpy.load"} and not safe:
                    yield called
                if called in {"torch.load", "yaml.load", "importlib.import_module"}:
                    yield called


def test_no_module_runs_code_out_of_a_file():
    found = {file: list(offences(file.read_text("utf-8"))) for file in SOURCE.rglob("*.py")}
    assert len(found) > 100
    assert {file: calls for file, calls in found.items() if calls} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle", "from pickle import loads", "import joblib", "eval('1')", "exec(text)",
        "np.load(path)", "np.load(path, allow_pickle=True)", "np.load(path, allow_pickle=yes)",
        "torch.load(path)", "importlib.import_module(name)", "__import__(name)",
    ],
)  # fmt: skip
def test_the_search_finds_what_it_looks_for(source):
    assert list(offences(source))


def test_the_search_lets_the_safe_way_pass():
    assert list(offences("np.load(path, allow_pickle=False)")) == []
