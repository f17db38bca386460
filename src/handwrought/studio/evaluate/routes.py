"""Evaluate's routes.

What takes long is asked for again and again: the answer has ``done`` false, what is being done and
its share, until it has ``done`` true.  On ``/ws/evaluate`` the page sends the sliders' amounts as
:class:`Change`, one message at a time and the newest amounts next; the answer has its turn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from handwrought.studio.evaluate.evaluations import Evaluations
from handwrought.studio.server.messages import Length, Within, decode, encode, parse
from handwrought.studio.server.studio import Studio
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

T = TypeVar("T")

_Model = Annotated[str, Length(1, 300)]
_Class = Annotated[int, Within(0, 9)]
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


async def models(request: Request) -> Response:
    """The models that can be evaluated."""
    return _json({"models": await run_in_threadpool(_evaluations(request).models)})


async def result(request: Request) -> Response:
    """All numbers of a model."""
    return await _asked(request, AskModel, lambda own, wish: own.result(wish.model))


async def cell(request: Request) -> Response:
    """Images of one cell."""
    return await _asked(
        request,
        AskCell,
        lambda own, wish: own.cell(wish.model, wish.label, wish.said, wish.start, wish.most),
    )


async def mistakes(request: Request) -> Response:
    """The surest mistakes."""
    return await _asked(
        request, AskMistakes, lambda own, wish: own.mistakes(wish.model, wish.start, wish.most)
    )


async def images(request: Request) -> Response:
    """Test images: uint8 of n x 28 x 28."""
    return await _asked(
        request, AskImages, lambda own, wish: {"pixels": own.images(wish.model, wish.at)}
    )


async def curves(request: Request) -> Response:
    """Accuracy at each amount of each change."""
    return await _asked(request, AskModel, lambda own, wish: own.curves(wish.model))


async def map_(request: Request) -> Response:
    """A layer in the plane."""
    return await _asked(
        request, AskMap, lambda own, wish: own.map(wish.model, wish.layer, wish.method)
    )


async def report(request: Request) -> Response:
    """Make the report."""
    return await _asked(request, AskModel, lambda own, wish: own.report(wish.model))


async def report_page(request: Request) -> Response:
    """The report, to be kept as a file."""
    own, wish = _evaluations(request), decode(AskModel, {"model": request.path_params["model"]})
    page = await run_in_threadpool(own.report_page, wish.model)
    headers = {"Content-Disposition": 'attachment; filename="handwrought-report.html"'}
    return Response(page, media_type="text/html", headers=headers)


async def changes(websocket: WebSocket) -> None:
    """The sliders: amounts in, what the changed images are taken for out."""
    await websocket.accept()
    studio: Studio = websocket.app.state.studio

    def change(message: str | bytes) -> dict[str, Any]:
        wish = decode(Change, parse(message))
        seen = studio.backend(Evaluations).change(
            wish.model, asdict(wish.amounts), measure=wish.measure
        )
        return {"kind": "changed", "turn": wish.turn, "seen": seen}

    async def hear(message: str | bytes) -> dict[str, Any]:
        return await run_in_threadpool(change, message)

    await converse(websocket, hear)


async def _asked(
    request: Request, kind: type[T], answer: Callable[[Evaluations, T], Any]
) -> Response:
    wish = decode(kind, parse(await request.body()))
    own = _evaluations(request)
    return await run_in_threadpool(lambda: _json(answer(own, wish)))


def _evaluations(request: Request) -> Evaluations:
    studio: Studio = request.app.state.studio
    return studio.backend(Evaluations)


def _json(message: Any) -> Response:
    return Response(encode(message), media_type="application/json")


routes = [
    WebSocketRoute("/ws/evaluate", changes),
    Route("/api/evaluate/models", models),
    Route("/api/evaluate/result", result, methods=["POST"]),
    Route("/api/evaluate/cell", cell, methods=["POST"]),
    Route("/api/evaluate/mistakes", mistakes, methods=["POST"]),
    Route("/api/evaluate/images", images, methods=["POST"]),
    Route("/api/evaluate/curves", curves, methods=["POST"]),
    Route("/api/evaluate/map", map_, methods=["POST"]),
    Route("/api/evaluate/report", report, methods=["POST"]),
    Route("/api/evaluate/report/{model}", report_page),
]
