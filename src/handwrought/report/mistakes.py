"""The images it misreads with the greatest confidence."""

from __future__ import annotations

from handwrought.report.charts import percent
from handwrought.report.markup import Html, section, tag
from handwrought.report.pictures import data_uri
from handwrought.report.subject import Subject

__all__ = ["mistakes_section"]

_SHOWN = 12


def mistakes_section(subject: Subject) -> Html | None:
    """Twelve images, large, with what it said, how sure, and its second guess."""
    if not subject.has_images:
        return None
    chosen = subject.surest_wrong[:_SHOWN].tolist()
    how = (
        "Sure and wrong is the worst a network can be. Look at each: would you have known it? Some "
        "are hard for people too, some are labelled wrongly, and some show what it never learned."
    )
    if not chosen:
        content = tag("p", f"It was wrong on none of the {subject.result.n:,} images.")
    else:
        content = tag("ul", *(_picture(subject, n) for n in chosen), class_="pictures large")
    return section("mistakes", "Its surest mistakes", how, content)


def _picture(subject: Subject, n: int) -> Html:
    p, names = subject.probabilities[n], subject.names
    says, label = int(subject.result.predictions[n]), int(subject.result.labels[n])
    second = subject.second_guess(n)
    return tag(
        "li",
        tag(
            "img", class_="ink", src=data_uri(subject.split.images[n]),
            alt=f"Test image {n}: it is {names[label]}, the network says {names[says]}",
        ),
        tag("p", "is ", tag("strong", names[label]), ", says ", tag("em", names[says])),
        tag("p", f"{percent(p[says])} sure", class_="note"),
        tag("p", f"then {names[second]}, {percent(p[second])}", class_="note"),
        tag("p", f"no. {n}", class_="note"),
    )  # fmt: skip
