"""``handwrought check``: gradients by backpropagation against two numeric derivatives."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.table import Table

from handwrought.cli.console import new_console
from handwrought.cli.streams import printable
from handwrought.data.catalog import load_dataset
from handwrought.nn.activations import ACTIVATIONS
from handwrought.nn.costs import COSTS
from handwrought.nn.equations import gradient_by_equations
from handwrought.nn.faults import FAULTS
from handwrought.nn.gradient_check import check_gradients
from handwrought.nn.network import Network
from handwrought.storage import load_model

__all__ = ["CENTRAL", "COMPLEX", "run"]

CENTRAL, COMPLEX = 1e-7, 1e-12
"""The largest relative error that passes: by central differences, by the complex step."""
_CAUGHT = 1e-3
"""A planted fault must be at least so far off."""


def run(*, model: Path | None = None, json_output: bool = False) -> int:
    """Print the errors; returns 0 if all are small enough and every planted fault is caught."""
    rows = _grid() + [_on_digits(Network([784, 30, 10]), "784-30-10 on digits")]
    if model:
        rows = [_on_digits(load_model(model), printable(str(model)))]
    caught = {name: _error_with(name) for name in FAULTS}
    central = max(row["central"] for row in rows)
    complex_step = max(row["complex_step"] for row in rows)
    passed = central < CENTRAL and complex_step < COMPLEX and min(caught.values()) > _CAUGHT
    if json_output:
        report = {
            "max_relative_error": central,
            "complex_step_max_relative_error": complex_step,
            "passed": passed,
            "parameters_compared": sum(row["compared"] for row in rows),
            "skipped_at_kinks": sum(row["skipped"] for row in rows),
            "checks": rows,
            "mistakes_caught": caught,
        }
        sys.stdout.write(json.dumps(report) + "\n")
        return int(not passed)
    console = new_console()
    table = Table("network", "compared", "at kinks", "central", "complex step", box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(
            row["network"],
            str(row["compared"]),
            str(row["skipped"]),
            f"{row['central']:.1e}",
            f"{row['complex_step']:.1e}",
        )
    console.print(table)
    for name, error in caught.items():
        found = "caught" if error > _CAUGHT else "NOT CAUGHT"
        console.print(f"planted fault {name}: {found}, relative error {error:.2g}")
    verdict = "passed" if passed else "FAILED"
    console.print(
        f"\n{verdict}: largest relative error {central:.1e} by central differences (limit "
        f"{CENTRAL:g}), {complex_step:.1e} by the complex step (limit {COMPLEX:g})"
    )
    return int(not passed)


def _row(name: str, network: Network, x: Any, y: Any, limit: int | None = None) -> dict[str, Any]:
    central = check_gradients(network, x, y, max_per_array=limit)
    complex_step = check_gradients(network, x, y, method="complex", max_per_array=limit)
    return {
        "network": name,
        "compared": central.n_compared,
        "skipped": central.skipped_at_kinks,
        "central": central.max_relative_error,
        "complex_step": complex_step.max_relative_error,
    }


def _grid() -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    x, y = rng.random((5, 6)), rng.integers(0, 3, 5)
    return [
        _row(
            f"6-5-4-3 {activation}, {cost} cost",
            Network([6, 5, 4, 3], activation, cost, seed=1),
            x,
            y,
        )
        for activation in ACTIVATIONS
        for cost in COSTS
    ]


def _on_digits(network: Network, name: str) -> dict[str, Any]:
    """On the training digits with the largest costs, where rounding weighs least on a gradient."""
    train = load_dataset("mnist").train[:500]
    if network.n_inputs != train.n_inputs or network.n_outputs != train.n_classes:
        rng = np.random.default_rng(0)
        x = rng.random((5, network.n_inputs))
        y = rng.random((5, network.n_outputs))
        return _row(name, network, x, y / y.sum(axis=1, keepdims=True), 100)
    hardest = np.argsort(-network.costs(train.inputs(), train.labels), kind="stable")[:5]
    return _row(name, network, train.inputs(hardest, np.float64), train.labels[hardest], 100)


def _error_with(fault: str) -> float:
    """What the check says of a planted fault."""
    rng = np.random.default_rng(0)
    equations = FAULTS[fault].equations
    check = check_gradients(
        Network([6, 5, 5, 3], seed=1),
        rng.random((5, 6)),
        rng.integers(0, 3, 5),
        backpropagate=lambda network, x, y: gradient_by_equations(network, x, y, equations),
    )
    return check.max_relative_error
