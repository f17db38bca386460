"""What the same bits depend on beside what was asked for: versions, BLAS, threads, the processor."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

__all__ = ["blas_named", "otherwise", "surroundings", "versions"]


def versions() -> dict[str, Any]:
    """What a model's header says of the programs that made it."""
    from threadpoolctl import threadpool_info

    from handwrought import __version__

    # SciPy and PyTorch carry one of their own, which no training uses and which may be loaded or not.
    found = [pool for pool in threadpool_info() if pool.get("user_api") == "blas"]
    numpys = [pool for pool in found if "numpy" in pool["filepath"]]
    others = [pool for pool in found if "scipy.libs" not in pool["filepath"]]
    blas = [
        {key: pool.get(key) for key in ("internal_api", "version", "num_threads", "architecture")}
        for pool in numpys or others
    ]
    return {
        "handwrought": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": blas,
    }


def surroundings(engine: str) -> dict[str, Any]:
    """All that decides the last bits of a training by this engine, beside what it was asked for."""
    return {
        **versions(),
        "processor": _processor(),
        "engine": engine,
        "numba": None if engine == "plain" else _numba(),
    }


def _numba() -> str | None:
    """Its version; None where it is not installed, as an engine of one's own may need none."""
    try:
        return version("numba")
    except PackageNotFoundError:
        return None


def _processor() -> str:
    """The kind of machine, and the instructions that NumPy uses of it."""
    core = getattr(np, "_core", None) or np.core
    found = getattr(core._multiarray_umath, "__cpu_features__", {})
    return " ".join([platform.machine(), *(name for name, has in found.items() if has)])


def otherwise(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """What to say to a training that goes on in other surroundings; None where they are the same.

    Python's own version decides no bit.
    """
    if not before:
        return (
            "The training was kept by an earlier version, which noted neither data nor threads nor "
            "versions: only if they are the same does it go on to the same bits"
        )
    differ = [
        f"{_NAMES.get(name, name)} was {_shown(name, before.get(name))} and is "
        f"{_shown(name, now.get(name))}"
        for name in {**before, **now}
        if name != "python" and before.get(name) != now.get(name)
    ]
    if not differ:
        return None
    return (
        f"It goes on where {'; '.join(differ)}: its last bits may differ from those of a training "
        f"that was never interrupted"
    )


_LONGEST = 600
_NAMES = {
    **{"numpy": "NumPy", "blas": "BLAS", "processor": "the processor"},
    **{"engine": "the engine", "numba": "Numba"},
}


def _shown(name: str, value: Any) -> str:
    if name == "blas" and isinstance(value, list) and all(isinstance(each, dict) for each in value):
        return ", ".join(map(blas_named, value)) or "none"
    text = "none" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def blas_named(pool: Mapping[str, Any]) -> str:
    """A BLAS in words."""
    n = pool.get("num_threads")
    return (
        f"{pool.get('internal_api')} {pool.get('version')} ({pool.get('architecture')}, "
        f"{n} thread{'s' if n != 1 else ''})"
    )
