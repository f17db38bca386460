"""``handwrought info``: versions, BLAS, threads, devices, and where files are kept."""

from __future__ import annotations

import json
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import handwrought
from handwrought.cli.console import new_console
from handwrought.cli.streams import printable
from handwrought.data.downloads import cache_folder
from handwrought.data.mnist import FOLDER
from handwrought.storage.regular import read_regular
from handwrought.storage.versions import blas_named, versions

__all__ = ["run"]


def run(*, json_output: bool = False) -> int:
    """Print what a run on this machine depends on; returns the exit code."""
    facts = collect()
    if json_output:
        sys.stdout.write(json.dumps(facts) + "\n")
        return 0
    console = new_console(soft_wrap=True)
    for name, value in facts.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {item}" for key, item in value.items())
        elif isinstance(value, list):
            value = ", ".join(str(item) for item in value) or "none"
        console.print(f"{name:>14}  {printable(str(value))}")
    return 0


def collect() -> dict[str, Any]:
    """The facts as JSON values."""
    packages = ["numpy", "scipy", "numba", "safetensors", "pillow", "typer", "rich", "pooch"]
    return {
        "handwrought": handwrought.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "devices": ["cpu"],
        "blas": [blas_named(pool) for pool in versions()["blas"]],
        "packages": {name: _version(name) for name in packages},
        "mnist": str(FOLDER),
        "cache": str(cache_folder()),
        "runs": str(Path("runs").resolve()),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        for line in read_regular("/proc/cpuinfo", 1 << 24).decode("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"
