"""Precision, recall and F1 of each class."""

from __future__ import annotations

from handwrought.report.charts import percent
from handwrought.report.markup import Html, join, section, table, tag
from handwrought.report.subject import Subject

__all__ = ["classes_section"]


def classes_section(subject: Subject) -> Html:
    """A row for each class; a dash where a class never occurs and its share has no meaning."""
    result, names = subject.result, subject.names
    there, said = result.confusion.sum(axis=1).tolist(), result.confusion.sum(axis=0).tolist()
    rows = [
        (
            names[k],
            f"{there[k]:,}",
            f"{said[k]:,}",
            f"{result.confusion[k, k]:,}",
            percent(result.precision[k], 1) if said[k] else "–",
            percent(result.recall[k], 1) if there[k] else "–",
            percent(result.f1[k], 1) if said[k] or there[k] else "–",
        )
        for k in range(len(names))
    ]
    one = names[min(4, len(names) - 1)]
    head = ("class", subject.things, "said", "right", "precision", "recall", "F1")
    how = join(
        (
            tag("strong", "Precision"),
            f": when it says {one}, how often is that right? Right ÷ said. ",
            tag("strong", "Recall"),
            f": of all {subject.things} of class {one}, how many does it find? "
            f"Right ÷ {subject.things}. ",
            tag("strong", "F1"),
            " is their harmonic mean, 2PR ÷ (P + R), low if either is (van Rijsbergen 1979).",
        )
    )
    return section(
        "classes", "Class by class", how,
        table("Precision, recall and F1 of each class", head, rows, tall=len(names) > 30),
    )  # fmt: skip
