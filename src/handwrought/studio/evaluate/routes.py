"""Evaluate's routes.

What takes long is asked for again and again: the answer has ``done`` false, what is being done and
its share, until it has ``done`` true.  On ``/ws/evaluate`` the page sends the sliders' amounts as
:class:`Change`, one message at a time and the newest amounts next; the answer has its turn.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from handwrought.studio.evaluate.evaluations import Evaluations
from handwrought.studio.server.input_names import MOST_CLASSES
from handwrought.studio.server.messages import Length, Within, decode, parse
from handwrought.studio.server.requests import backend_of, download, get, post
from handwrought.studio.server.websockets import converse

__all__ = [
    "Amounts",
    "AskCell",
    "AskImages",
    "AskMap",
    "AskMistakes",
    "AskModel",
    "Change",
    "routes",
]

_Model = Annotated[str, Length(1, 300)]
_Class = Annotated[int, Within(0, MOST_CLASSES - 1)]
_Start = Annotated[int, Within(0, 10**6)]
_Most = Annotated[int, Within(1, 100)]


@dataclass(frozen=True)
class AskModel:
    """Something about one model."""

    model: _Model


@dataclass(frozen=True)
class AskCell:
    """Images of one cell of the confusion matrix."""

    model: _Model
    label: _Class
    said: _Class
    start: _Start = 0
    most: _Most = 24


@dataclass(frozen=True)
class AskMistakes:
    """Misread images, the surest first."""

    model: _Model
    start: _Start = 0
    most: _Most = 12


@dataclass(frozen=True)
class AskImages:
    """Test images by their numbers."""

    model: _Model
    at: Annotated[tuple[Annotated[int, Within(0, 10**6)], ...], Length(1, 2000)]


@dataclass(frozen=True)
class AskMap:
    """A layer's activations in the plane; layers count from 1, the input."""

    model: _Model
    layer: Annotated[int, Within(1, 1000)]
    method: Literal["pca", "tsne"] = "pca"


@dataclass(frozen=True)
class Amounts:
    """How much each change is, in its own unit."""

    rotation: Annotated[float, Within(-60, 60)] = 0.0
    shift: Annotated[float, Within(0, 6)] = 0.0
    scale: Annotated[float, Within(0.4, 1.6)] = 1.0
    noise: Annotated[float, Within(0, 0.6)] = 0.0
    blur: Annotated[float, Within(0, 3)] = 0.0
    thickness: Annotated[float, Within(-1.5, 2)] = 0.0


@dataclass(frozen=True)
class Change:
    """Change the sample so, and say what it is taken for: the images shown, and where ``measure``
    all of them, which takes longer."""

    model: _Model
    turn: Annotated[int, Within(0, 2**53)]
    amounts: Amounts
    measure: bool = True


async def report_page(request: Request) -> Response:
    """The report, to be kept as a file."""
    asked = decode(AskModel, {"model": request.path_params["model"]})
    page = await run_in_threadpool(backend_of(request, Evaluations).report_page, asked.model)
    return download(page, "handwrought-report.html", "text/html")


async def changes(websocket: WebSocket) -> None:
    """The sliders: amounts in, what the changed images are taken for out."""
    await websocket.accept()
    evaluations = backend_of(websocket, Evaluations)

    def change(message: str | bytes) -> dict[str, Any]:
        wish = decode(Change, parse(message))
        seen = evaluations.change(wish.model, asdict(wish.amounts), measure=wish.measure)
        return {"kind": "changed", "turn": wish.turn, "seen": seen}

    async def hear(message: str | bytes) -> dict[str, Any]:
        return await run_in_threadpool(change, message)

    await converse(websocket, hear)


routes = [
    WebSocketRoute("/ws/evaluate", changes),
    get("/api/evaluate/models", Evaluations, lambda own: {"models": own.models()}),
    post("/api/evaluate/result", Evaluations, AskModel, lambda own, it: own.result(it.model)),
    post("/api/evaluate/cell", Evaluations, AskCell, lambda own, it: own.cell(
        it.model, it.label, it.said, it.start, it.most
    )),
    post("/api/evaluate/mistakes", Evaluations, AskMistakes, lambda own, it: own.mistakes(
        it.model, it.start, it.most
    )),
    post("/api/evaluate/images", Evaluations, AskImages, lambda own, it: {
        "pixels": own.images(it.model, it.at)
    }),
    post("/api/evaluate/curves", Evaluations, AskModel, lambda own, it: own.curves(it.model)),
    post("/api/evaluate/map", Evaluations, AskMap, lambda own, it: own.map(
        it.model, it.layer, it.method
    )),
    post("/api/evaluate/report", Evaluations, AskModel, lambda own, it: own.report(it.model)),
    Route("/api/evaluate/report/{model}", report_page),
]  # fmt: skip
