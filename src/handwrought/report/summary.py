"""The head of the page: how often the network is right, and which network it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from handwrought.report.charts import percent
from handwrought.report.markup import Html, section, shortened, table, tag
from handwrought.report.subject import Subject

__all__ = ["headline", "model_section"]

_MOST_ROWS = 60


def headline(subject: Subject) -> Html:
    """Accuracy in large type, its interval, and three numbers more."""
    result = subject.result
    low, high = result.interval
    right = result.n - len(subject.surest_wrong)
    error = result.calibration().error
    sizes = subject.model.network.architecture.replace("-", " → ")
    facts = (
        (f"{len(subject.surest_wrong):,}", f"of {result.n:,} {subject.things} wrong"),
        (f"{result.cost:.4f}", f"mean {subject.model.network.cost.name} cost"),
        (percent(error), "calibration error"),
        (f"{subject.model.network.parameters.vector.size:,}", "weights and biases"),
    )
    return tag(
        "header",
        tag("p", f"{subject.title} on the test split of {subject.dataset}", class_="eyebrow"),
        tag("h1", tag("span", percent(result.accuracy), class_="huge"), " right"),
        tag(
            "p",
            f"A network of {sizes} neurons named {right:,} of {result.n:,} test {subject.things} "
            f"rightly. ",
            tag("strong", f"95 % interval: {percent(low)} to {percent(high)}."),
            " With other images of the same kind its accuracy would lie elsewhere; the interval "
            "is where the true one can be expected (Wilson 1927).",
            class_="lead",
        ),
        tag(
            "dl", *(tag("div", tag("dt", name), tag("dd", n)) for n, name in facts), class_="facts"
        ),
    )


def model_section(subject: Subject) -> Html:
    """The network's make, and its training as the model file records it."""
    network = subject.model.network
    activations = ", ".join(activation.name for activation in network.activations)
    made = [
        ("neurons in each layer", network.architecture.replace("-", " → ")),
        ("activations", activations),
        ("cost", network.cost.name),
        ("weights and biases", f"{network.parameters.vector.size:,}"),
        ("numbers", str(network.dtype)),
        ("file", shortened(subject.title, 80)),
    ]
    trained = list(_flat(subject.model.record))
    shown = [(shortened(k, 48), shortened(v, 80)) for k, v in trained[:_MOST_ROWS]]
    if len(trained) > _MOST_ROWS:
        shown.append(("and more", f"{len(trained) - _MOST_ROWS} further entries"))
    return section(
        "model",
        "The network, and how it was trained",
        "Two evaluations can be compared only if you know what was evaluated: the same data, and "
        "which network, trained how. The second table is what the model's file records.",
        tag(
            "div",
            table("Its make", ("what", "value"), made),
            table("Its training", ("setting", "value"), shown)
            if shown
            else tag("p", "The file does not record how the model was trained."),
            class_="pair",
        ),
    )


def _flat(record: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """The record's entries, those of records within it under both names."""
    for key, value in record.items():
        name = f"{above}{key}".replace("_", " ")
        if isinstance(value, dict):
            yield from _flat(value, f"{name}: ")
        elif isinstance(value, float):
            yield name, f"{value:.6g}"
        elif value is not None:
            yield name, "yes" if value is True else "no" if value is False else str(value)
