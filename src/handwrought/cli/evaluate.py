"""``handwrought evaluate``: a model on a data set's test images."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rich.console import Console

from handwrought.cli.drawing import confusion_table
from handwrought.data.catalog import load_dataset
from handwrought.errors import InvalidArgument
from handwrought.evaluation import evaluate
from handwrought.storage import load_model

__all__ = ["run"]


def run(*, model: Path, dataset: str, json_output: bool) -> int:
    """Print accuracy with its interval and the confusion table; returns the exit code."""
    network = load_model(model)
    data = load_dataset(dataset)
    if data.test is None:
        raise InvalidArgument(f"{dataset} has no test images: evaluate on a data set that has some")
    result = evaluate(network, data.test)
    if json_output:
        report = {
            "accuracy": result.accuracy,
            "interval": list(result.interval),
            "confusion": result.confusion.tolist(),
            "cost": result.cost,
            "images": result.n,
            "dataset": data.name,
            "model": str(model),
        }
        sys.stdout.write(json.dumps(report) + "\n")
        return 0
    console = Console(highlight=False)
    low, high = result.interval
    console.print(
        f"Accuracy {result.accuracy:.2%} of {result.n:,} test images of {data.name} "
        f"(95 % interval {low:.2%} to {high:.2%}), mean cost {result.cost:.4f}\n"
    )
    console.print(confusion_table(result.confusion))
    return 0
