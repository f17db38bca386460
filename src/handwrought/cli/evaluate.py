"""``handwrought evaluate``: a model on a data set's test images."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from handwrought.cli.console import new_console
from handwrought.cli.drawing import confusion_table
from handwrought.cli.streams import printable
from handwrought.cli.testing import AVERAGES, test_committee
from handwrought.data.catalog import load_dataset
from handwrought.errors import InvalidArgument
from handwrought.evaluation import Evaluation, evaluate
from handwrought.model import Model

__all__ = ["run"]


def run(
    *,
    model: Path,
    dataset: str,
    json_output: bool,
    report: Path | None = None,
    report_images: int = 2000,
) -> int:
    """Print accuracy with its interval and the confusion table; returns the exit code."""
    if report is not None:
        _check_writable(report)
    if report_images < 1:
        raise InvalidArgument(f"--report-images is {report_images}: give a number above 0")
    if model.is_dir():
        return _run_committee(model, dataset, report, json_output)
    found = Model.load(model)
    data = load_dataset(dataset)
    if data.test is None:
        raise InvalidArgument(f"{dataset} has no test images: evaluate on a data set that has some")
    found = found.named(data.class_names)
    test = data.test
    if (
        data.class_names == tuple(map(str, range(test.n_classes)))
        and test.n_classes < found.network.n_outputs
    ):
        test = replace(test, n_classes=found.network.n_outputs)  # it holds none of the last ones
    result = evaluate(found, test)
    if report is not None:
        from handwrought.report.page import report_page
        from handwrought.report.subject import Subject

        shown = replace(found, class_names=tuple(map(printable, found.class_names)))
        title = printable("/".join(filter(None, (model.parent.name, model.name))))
        subject = Subject(shown, test, result, printable(data.name), title, report_images)
        _write(report, report_page(subject))
    if json_output:
        answer = _as_json(result, data.name, model, found)
        if report is not None:
            answer["report"] = str(report)
        sys.stdout.write(json.dumps(answer) + "\n")
        return 0
    _show(result, printable(data.name), found.class_names)
    if report is not None:
        sys.stderr.write(f"The report was written to {printable(str(report))}\n")
    return 0


def _run_committee(folder: Path, dataset: str, report: Path | None, json_output: bool) -> int:
    if report is not None:
        raise InvalidArgument(f"--report is about one model, and {folder} is a folder: name a file")
    test = load_dataset(dataset).test
    if test is None or test.images.ndim != 3:
        raise InvalidArgument(f"{dataset} has no test pictures, which a committee looks at")
    console = new_console(stderr=json_output)
    found = test_committee(folder, test, console, AVERAGES)
    if json_output:
        sys.stdout.write(json.dumps(found) + "\n")
    return 0


def _as_json(result: Evaluation, dataset: str, path: Path, model: Model) -> dict[str, Any]:
    counts = result.confusion.sum(axis=1).tolist()
    return {
        "accuracy": result.accuracy,
        "interval": list(result.interval),
        "confusion": result.confusion.tolist(),
        "cost": result.cost,
        "images": result.n,
        "dataset": dataset,
        "model": str(path),
        "per_class": [
            {"class": name, "images": n, "precision": p, "recall": r, "f1": f}
            for name, n, p, r, f in zip(
                model.class_names,
                counts,
                result.precision.tolist(),
                result.recall.tolist(),
                result.f1.tolist(),
                strict=True,
            )
        ],
        "calibration_error": result.calibration().error,
        "temperature": model.temperature,
    }


def _show(result: Evaluation, dataset: str, class_names: tuple[str, ...]) -> None:
    console = new_console()
    low, high = result.interval
    console.print(
        f"Accuracy {result.accuracy:.2%} of {result.n:,} test images of {dataset} "
        f"(95 % interval {low:.2%} to {high:.2%}), mean cost {result.cost:.4f}, "
        f"calibration error {result.calibration().error:.2%}\n",
    )
    console.print(confusion_table(result.confusion, class_names))


def _check_writable(report: Path) -> None:
    """Find out before the minutes of work what would stop the report from being written."""
    if os.path.isdir(report):
        raise InvalidArgument(f"--report {report} is a folder: name a file in it, such as r.html")
    if report.suffix.lower() not in (".html", ".htm"):
        raise InvalidArgument(f"--report {report} is no page: name a file that ends in .html")
    if not os.path.isdir(report.parent):
        raise InvalidArgument(
            f"--report {report}: there is no folder {report.parent}; make it first"
        )
    if not os.access(report.parent, os.W_OK):
        raise InvalidArgument(f"--report {report}: {report.parent} is not writable; name another")


def _write(report: Path, page: str) -> None:
    from handwrought.storage.atomic import write_atomically

    try:
        write_atomically(report, page.encode("utf-8"))
    except OSError as error:
        raise InvalidArgument(
            f"--report {report} cannot be written ({error.strerror or error}): name another place"
        ) from None
