"""The page: all sections, with style and script in it and nothing outside it."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from importlib.resources import files

from handwrought.report.calibration import calibration_section
from handwrought.report.classes import classes_section
from handwrought.report.confusion import confusion_section
from handwrought.report.markup import Html, tag
from handwrought.report.mistakes import mistakes_section
from handwrought.report.rejection import rejection_section
from handwrought.report.robustness import robustness_section
from handwrought.report.subject import Subject
from handwrought.report.summary import headline, model_section

__all__ = ["report_page"]

_CONTENTS = (
    ("confusion", "What for what"),
    ("classes", "Classes"),
    ("calibration", "Confidence"),
    ("mistakes", "Mistakes"),
    ("robustness", "Robustness"),
    ("refusal", "Refusal"),
    ("model", "The network"),
)


def report_page(subject: Subject) -> str:
    """A whole HTML document about a network's result.

    It asks nothing of the network it is opened on: style, script and images are in it, and its
    content security policy lets the browser load nothing else and run no other script.
    """
    sections = {
        "confusion": confusion_section(subject),
        "classes": classes_section(subject),
        "calibration": calibration_section(subject),
        "mistakes": mistakes_section(subject),
        "robustness": robustness_section(subject),
        "refusal": rejection_section(subject),
        "model": model_section(subject),
    }
    there = [(name, title) for name, title in _CONTENTS if sections[name] is not None]
    left_out = None
    if len(there) < len(_CONTENTS):
        left_out = tag(
            "p", "The sections on single mistakes and on changed images are left out: this data "
            "set is a table of numbers and has no images.", class_="note",
        )  # fmt: skip
    style, script = (
        Html((files("handwrought.report") / name).read_text(encoding="utf-8"))
        for name in ("page.css", "page.js")
    )
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        f"base-uri 'none'; form-action 'none'"
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("link", rel="icon", href="data:,"),
        tag("title", f"{subject.title} on {subject.dataset}: evaluation"),
        tag("style", style),
    )
    contents = tag(
        "nav",
        tag("ul", *(tag("li", tag("a", title, href=f"#{name}")) for name, title in there)),
        aria_label="Contents",
    )
    body = tag(
        "body",
        tag("a", "Skip to the results", href="#results", class_="skip"),
        headline(subject),
        contents,
        tag("main", *(sections[name] for name, _ in there), left_out or "", id="results"),
        tag(
            "footer", tag("p", "Made by handwrought evaluate --report; the page needs no network.")
        ),
        tag("script", script),
    )
    return "<!doctype html>\n" + tag("html", head, body, lang="en") + "\n"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"
