"""Bugs put into the readers on purpose: a fuzzer that misses them would miss others.

Each weakens one check, by its text in the source of our own module; a text that is no longer there
is an error, so that the list cannot go stale unnoticed.
"""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass
from importlib import import_module

__all__ = ["PLANTED", "Planted", "place", "plant"]


@dataclass(frozen=True)
class Planted:
    """One bug: in the code of ``module``, ``old`` becomes ``new``.

    Attributes
    ----------
    reader : str
        Whose files must bring it out.
    function : str
        Where it is.
    """

    name: str
    reader: str
    module: str
    function: str
    old: str
    new: str


_IDX, _TABLES = "handwrought.data.idx", "handwrought.data.tables"
_PICTURES, _MODEL = "handwrought.reading.pictures", "handwrought.storage.model_file"
_HEADER, _CONTAINER = "handwrought.storage.header", "handwrought.storage.container"
_NIELSEN = "handwrought.storage.nielsen"
_CHECKPOINTS = "handwrought.runs.checkpoint"
_RESUMING = "handwrought.training.resuming"
_RECIPES = "handwrought.training.recipes"

PLANTED = {
    each.name: each
    for each in (
        Planted("idx-type", "idx images", _IDX, "_read", "header[2] not in _DTYPES", "False"),
        Planted("idx-size", "idx images", _IDX, "_read",
                'raise DataError(f"{what}, the file holds {len(content):,}: it is truncated")', "break"),
        Planted("idx-zero", "idx images", _IDX, "_read", "prod(filter(None, shape))", "prod(shape)"),
        Planted("idx-label-range", "idx labels", _TABLES, "class_labels",
                " or float(y.max()) > 65535", ""),
        Planted("npz-pickle", "npz", _TABLES, "_member", "allow_pickle=False", "allow_pickle=True"),
        Planted("npz-errors", "npz", _TABLES, "_opened", "except Exception", "except EOFError"),
        Planted("npz-pixels", "npz", _TABLES, "_images",
                'x.dtype.kind not in "fiub" or x.ndim not in (2, 3)', "False"),
        Planted("csv-columns", "csv", _TABLES, "load_csv",
                'line.count(",") + 1 != columns', "False"),
        Planted("csv-cells", "csv", _TABLES, "_finite", "except ValueError", "except EOFError"),
        Planted("picture-errors", "picture", _PICTURES, "_decoded",
                "except Exception", "except OSError"),
        Planted("picture-palette", "picture", _PICTURES, "_from_pillow",
                "except Exception", "except OSError"),
        Planted("picture-finite", "picture", _PICTURES, "_from_array",
                "not np.isfinite(values).all()", "False"),
        Planted("digit-size", "digit folder", "handwrought.data.digit_files", "read_png",
                "image.size != (SIDE, SIDE)", "False"),
        Planted("index-objects", "collection index", "handwrought.data.collection", "records",
                "isinstance(record, dict) and ", ""),
        Planted("model-digest", "model", _MODEL, "_network", 'digest != header["digest"]', "False"),
        Planted("model-finite", "model", _MODEL, "_network", "not np.isfinite(target).all()", "False"),
        Planted("model-tensors", "model", _MODEL, "_network",
                "set(container.tensors) != set(shapes)", "False"),
        Planted("model-input", "model", _HEADER, "layers_of",
                "all(type(n) is int and 1 <= n <= MAX_SIDE for n in shape)", "True"),
        Planted("model-layer", "model", _HEADER, "_layer", "not isinstance(told, dict)", "False"),
        Planted("model-activation", "model", _HEADER, "layers_of",
                "isinstance(layer, Dense) and layer.activation is None", "False"),
        Planted("model-cost", "model", _HEADER, "_problem",
                "not isinstance(cost, str) or cost not in COSTS", "False"),
        Planted("model-labels", "model", _HEADER, "_problem",
                "names is not None and not", "False and not"),
        Planted("model-fills", "model", _CONTAINER, "Container.of", "8 + length + at != size", "False"),
        Planted("nielsen-numbers", "nielsen", _NIELSEN, "_matrix",
                "type(value) in (int, float)", "True"),
        Planted("nielsen-finite", "nielsen", _NIELSEN, "_matrix", "not np.isfinite(array).all()", "False"),
        Planted("checkpoint-kinds", "checkpoint", _CHECKPOINTS, "_header",
                "type(header.get(name)) is not kind", "False"),
        Planted("checkpoint-fits", "checkpoint", _RESUMING, "check_whole",
                "kept is None or not fits or not", "kept is not None and fits and not"),
        Planted("recipe-tables", "recipe", _RECIPES, "_checked",
                " or not isinstance(inner, dict)", ""),
        Planted("recipe-hidden", "recipe", "handwrought.setting", "check", "and _is_list(value)", ""),
        Planted("plan-errors", "plan", "handwrought.runs.config", "RunConfig.read",
                "TypeError, KeyError, ", ""),
        Planted("history-errors", "history", "handwrought.runs.history", "_parsed",
                "TypeError", "EOFError"),
    )
}  # fmt: skip


def place(bug: Planted) -> str:
    """The source of the function that the bug is put into; it is there exactly once."""
    part = inspect.getsource(_found(import_module(bug.module), bug.function))
    assert part.count(bug.old) == 1, f"{bug.name}: {bug.old!r} is {part.count(bug.old)} times there"
    return part


def plant(name: str) -> None:
    """Put the bug of this name into this process."""
    bug = PLANTED[name]
    module, part = import_module(bug.module), place(bug)
    source = inspect.getsource(module)
    assert source.count(part) == 1, name
    changed = source.replace(part, part.replace(bug.old, bug.new))
    code = compile(changed, f"<{bug.module} with {name}>", "exec")
    if "atheris" in sys.modules:
        import atheris

        code = atheris.patch_code(code, trace_dataflow=False)
    twin = dict(vars(module))
    exec(code, twin)
    first = bug.function.split(".")[0]
    if first in twin and not isinstance(twin[first], type):
        _swap(_found(module, bug.function), twin[first])
    else:
        for owner, mine in [(v, twin[k]) for k, v in vars(module).items() if isinstance(v, type)]:
            method = bug.function.rpartition(".")[2]
            if method in vars(owner) and getattr(owner, "__module__", "") == bug.module:
                _swap(getattr(owner, method), getattr(mine, method))


def _swap(function: object, other: object) -> None:
    """Whoever has imported the function already gets the bug, too."""
    function, other = (getattr(each, "__func__", each) for each in (function, other))
    function.__code__ = other.__code__  # type: ignore[attr-defined]


def _found(module: object, path: str) -> object:
    for name in path.split("."):
        if not hasattr(module, name):  # a method, named alone
            owners = [v for v in vars(module).values() if isinstance(v, type) and name in vars(v)]
            return getattr(owners[0], name)
        module = getattr(module, name)
    return module
