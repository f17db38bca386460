"""Evaluate: what a trained network is good for, and where it fails, on its data's test images."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from handwrought.errors import InvalidArgument
from handwrought.studio.server.background import Progress, Say, Work
from handwrought.studio.server.cache import Cache
from handwrought.studio.train.run_folder import run_models

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from handwrought.data.dataset import Split
    from handwrought.evaluation.robustness import Curve
    from handwrought.report.subject import Subject
    from handwrought.studio.evaluate.activation_map import MapSeen
    from handwrought.studio.evaluate.answers import CellSeen, Result
    from handwrought.studio.evaluate.distortions import Changed, CurvesSeen, Sample
    from handwrought.studio.server.studio import Studio

__all__ = ["Evaluations", "ModelOffered", "ReportMade"]

T = TypeVar("T")

_KEPT = 6
"""Models whose results are remembered."""


@dataclass(frozen=True)
class ModelOffered:
    """A model that can be evaluated, under the name by which the page asks for it."""

    id: str
    title: str


@dataclass(frozen=True)
class ReportMade:
    """The page is there to be fetched."""

    bytes: int
    done: Literal[True] = True


class Evaluations:
    """The backend of Evaluate.

    What takes long is a :class:`~handwrought.studio.server.background.Work`, asked for by a method that
    returns how far it is, or the result; it is done once for each model, and once more when the
    model's file has changed.  Heavy work waits for its turn, so that it takes one processor.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._works: Cache[tuple[str, int, int], dict[Any, Work[Any]]] = Cache(_KEPT, _stop)
        self._tests: dict[str, tuple[str, Split, tuple[str, ...]]] = {}
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._turn = threading.Lock()

    def close(self) -> None:
        """Stop what is under way."""
        self._works.clear()

    def models(self) -> list[ModelOffered]:
        """The shipped model, the studio's own if it has another, and those of its runs."""
        return [ModelOffered(name, title) for name, (title, _) in self._paths().items()]

    def _paths(self) -> dict[str, tuple[str, Path]]:
        from handwrought.reading.recognizer import shipped_model

        found = {"shipped": ("Shipped model", shipped_model())}
        if self._studio.model is not None:
            found["own"] = self._studio.model.name, self._studio.model
        models = run_models(self._studio.runs)
        found |= {f"run-{name}": model for name, model in models.items()}
        return found

    # --- what is asked at once: waits for the evaluation -----------------------------------------

    def cell(self, model: str, label: int, said: int, start: int, most: int) -> CellSeen:
        """Images of one cell of the confusion matrix: mistakes the surest first, others last."""
        from handwrought.studio.evaluate.answers import pictures_seen

        subject = self._subject(model)
        return pictures_seen(subject, subject.cell(label, said), start, most)

    def mistakes(self, model: str, start: int, most: int) -> CellSeen:
        """All misread images, the surest first."""
        from handwrought.studio.evaluate.answers import pictures_seen

        subject = self._subject(model)
        return pictures_seen(subject, subject.surest_wrong, start, most)

    def images(self, model: str, at: tuple[int, ...]) -> NDArray[np.uint8]:
        """Test images by their numbers, uint8 (n, 784).

        Raises
        ------
        InvalidArgument
            If there is none of such a number.
        """
        subject = self._subject(model)
        if max(at) >= subject.result.n:
            raise InvalidArgument(
                f"there is no test image {max(at)}: they are numbered 0 to {subject.result.n - 1}"
            )
        return subject.split.images[list(at)].reshape(len(at), -1)

    def change(self, model: str, amounts: Mapping[str, float], *, measure: bool = True) -> Changed:
        """What becomes of a sample when all its images are changed by these amounts."""

        def task(say: Say) -> Sample:
            from handwrought.studio.evaluate.distortions import Sample

            return Sample(self._subject(model, say))

        return self._wait(model, "sample", task).change(amounts, measure=measure)

    # --- what takes long: how far it is, or what came of it --------------------------------------

    def result(self, model: str) -> Progress | Result:
        """All numbers of a model.

        Raises
        ------
        InvalidArgument, ModelFileError
            If there is no such model, or it does not fit the images.
        """
        from handwrought.studio.evaluate.answers import result_seen

        return self._ask(model, "result", lambda say: result_seen(self._subject(model, say)))

    def curves(self, model: str) -> Progress | CurvesSeen:
        """Accuracy at each amount of each change, on the sample."""
        from handwrought.studio.evaluate.distortions import curves_seen

        return self._ask(model, "curves", lambda say: curves_seen(self._curves(model, say)))

    def map(self, model: str, layer: int, method: Literal["pca", "tsne"]) -> Progress | MapSeen:
        """A layer's activations in the plane; layers count from 1, the input."""
        from handwrought.studio.evaluate.activation_map import map_seen

        def task(say: Say) -> MapSeen:
            subject = self._subject(model, say)
            if method == "pca":
                return map_seen(subject, layer, method, say)
            say("Waiting for other work", 0.0)
            with self._turn:
                return map_seen(subject, layer, method, say)

        return self._ask(model, ("map", layer, method), task)

    def report(self, model: str) -> Progress | ReportMade:
        """The report, a page of its own; :meth:`report_page` fetches it."""
        found = self._ask(model, "report", lambda say: self._report(model, say))
        return ReportMade(len(found)) if isinstance(found, bytes) else found

    def report_page(self, model: str) -> bytes:
        """The report as HTML; waits for it."""
        return self._wait(model, "report", lambda say: self._report(model, say))

    # --- work ------------------------------------------------------------------------------------

    def _ask(self, model: str, what: Any, task: Callable[[Say], T]) -> Progress | T:
        work = self._work(model, what, task)
        return self._taken(work) if work.done else work.progress

    def _wait(self, model: str, what: Any, task: Callable[[Say], T]) -> T:
        return self._taken(self._work(model, what, task))

    def _work(self, model: str, what: Any, task: Callable[[Say], T]) -> Work[T]:
        """This piece of a model's work, begun if it was not."""
        paths = self._paths()
        try:
            state = paths[model][1].stat()
        except (KeyError, OSError):
            raise InvalidArgument(
                f"there is no model {model!r}: reload the page for those there are"
            ) from None
        key = model, state.st_mtime_ns, state.st_size
        with self._lock:
            works = self._works.get(key)
            if works is None:
                works = self._works.put(key, {})
            if what not in works:
                works[what] = Work(task, f"evaluate {what}")
            return works[what]

    def _taken(self, work: Work[T]) -> T:
        """Its result; what went wrong is told once and tried again when it is next asked for."""
        try:
            return work.result()
        except BaseException:
            with self._lock:
                for works in self._works.latest().values():
                    for what in [what for what, each in works.items() if each is work]:
                        del works[what]
            raise

    def _subject(self, model: str, say: Say | None = None) -> Subject:
        """The evaluated model; waits for it."""

        def task(own: Say) -> Subject:
            return self._evaluated(*self._paths()[model], say or own)

        return self._wait(model, "subject", task)

    def _evaluated(self, title: str, path: Path, say: Say) -> Subject:
        from handwrought.evaluation import evaluate
        from handwrought.model import Model
        from handwrought.report.subject import Subject
        from handwrought.studio.evaluate.distortions import SAMPLE

        say("Loading the model", 0.0)
        model = Model.load(path)
        say("Loading the test images", 0.2)
        name, test, class_names = self._test_images(model.record.get("dataset"))
        model = model.named(class_names)
        say(f"Reading {len(test):,} test images", 0.4)
        return Subject(model, test, evaluate(model, test), name, title, SAMPLE)

    def _test_images(self, named: Any) -> tuple[str, Split, tuple[str, ...]]:
        """Of the data that a model's record names, or of MNIST; never of a path from a file."""
        from handwrought.data.catalog import DOWNLOADABLE, load_dataset

        name = named if named in DOWNLOADABLE else "mnist"
        with self._loading:
            if name not in self._tests:
                data = load_dataset(name)  # its training images are let go again
                assert data.test is not None
                self._tests[name] = data.name, data.test, data.class_names
            return self._tests[name]

    def _curves(self, model: str, say: Say) -> tuple[Curve, ...]:
        """Its robustness curves; waits for them."""

        def task(own: Say) -> tuple[Curve, ...]:
            from handwrought.evaluation.robustness import CHANGES, robustness
            from handwrought.studio.evaluate.distortions import SAMPLE

            subject = self._subject(model, say)
            say("Waiting for other work", 0.0)
            curves: list[Curve] = []
            with self._turn:
                for curve in robustness(subject.model, subject.split, SAMPLE):
                    curves.append(curve)
                    say("Changing images", len(curves) / len(CHANGES))
            return tuple(curves)

        return self._wait(model, "measured", task)

    def _report(self, model: str, say: Say) -> bytes:
        from handwrought.report.page import report_page

        subject = self._subject(model, say)
        curves = self._curves(model, lambda doing, share: say(doing, 0.8 * share))
        say("Writing the page", 0.85)
        return report_page(replace(subject, measured=curves)).encode("utf-8", "backslashreplace")


def _stop(works: Mapping[Any, Work[Any]]) -> None:
    for work in works.values():
        work.stop()
