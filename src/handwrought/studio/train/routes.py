"""Train's routes, and what is said on them.

On ``/ws/train`` the studio tells and the page listens: first ``state`` (every run), then ``run``,
``progress``, ``point``, ``look``, ``moment``, ``brought``, ``deleted`` and ``refused`` as they come.  After
``state`` the page asks for the runs that it shows, whole, with ``GET /api/train/runs/ID``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from handwrought.errors import InvalidArgument
from handwrought.studio.server.messages import Length, Within, decode, encode, parse
from handwrought.studio.server.studio import Studio
from handwrought.studio.server.websockets import Outbox, converse
from handwrought.studio.train.run_folder import content_of
from handwrought.studio.train.runs import Runs
from handwrought.studio.train.timeline import Scrubber
from handwrought.studio.train.training_request import Changes, Wish, controls, presets

__all__ = ["routes"]

_Id = Annotated[str, Length(1, 80)]
_Goal = Literal["run", "epoch", "batch", "pause"]


@dataclass(frozen=True)
class Begin:
    """Begin a training."""

    wish: Wish
    goal: _Goal = "run"
    name: Annotated[str, Length(0, 80)] = ""


@dataclass(frozen=True)
class Do:
    """Run, pause, train one batch or one epoch, stop."""

    run: _Id
    goal: Literal["run", "epoch", "batch", "pause", "stop"]


@dataclass(frozen=True)
class GoOn:
    """Go on with a run without a process, for ``more`` epochs than it was asked for."""

    run: _Id
    goal: _Goal = "run"
    more: Annotated[int, Within(0, 1000)] = 0
    learning_rate: Annotated[float, Within(1e-9, 1e4)] | None = None


@dataclass(frozen=True)
class Change:
    """Settings to change while it runs; null leaves one as it is, but for ``augmentation``."""

    run: _Id
    learning_rate: Annotated[float, Within(1e-9, 1e4)] | None = None
    weight_decay: Annotated[float, Within(0, 100)] | None = None
    l1: Annotated[float, Within(0, 10)] | None = None
    dropout: Annotated[float, Within(0, 0.95)] | None = None
    label_smoothing: Annotated[float, Within(0, 0.9)] | None = None
    epochs: Annotated[int, Within(1, 1000)] | None = None
    augmentation: Changes | None = None


@dataclass(frozen=True)
class Rename:
    """Another name for a run."""

    run: _Id
    name: Annotated[str, Length(1, 80)]


@dataclass(frozen=True)
class Delete:
    """Delete a run."""

    run: _Id


@dataclass(frozen=True)
class AskMoment:
    """A kept network, at a step, with an image's pixels as base64; null is the last drawing."""

    run: _Id
    step: Annotated[int, Within(0, 10**9)]
    pixels: Annotated[str, Length(4, 8192)] | None = None


@dataclass(frozen=True)
class AskCourse:
    """What became of an image over all moments of a run."""

    run: _Id
    pixels: Annotated[str, Length(4, 8192)] | None = None


async def listen(websocket: WebSocket) -> None:
    """What happens to the runs."""
    await websocket.accept()
    studio: Studio = websocket.app.state.studio
    runs = await run_in_threadpool(studio.backend, Runs)
    outbox = Outbox(runs.state)

    async def hear(message: str | bytes) -> None:
        raise InvalidArgument("the studio only tells here: ask on /api/train")

    runs.listen(outbox.offer)
    try:
        await converse(websocket, hear, outbox)
    finally:
        runs.ignore(outbox.offer)


async def offered(request: Request) -> Response:
    """The controls with their sentences and defaults, and the recipes."""
    return await _answer(
        lambda: {
            "controls": [control for control in controls() if control.group != "own"],
            "presets": presets(),
        }
    )


async def own(request: Request) -> Response:
    """What a fine-tuning on one's own digits may be asked for."""
    return await _answer(lambda: _runs(request).own())


async def begin(request: Request) -> Response:
    """Begin a training."""
    asked = decode(Begin, parse(await request.body()))
    return await _answer(
        lambda: {"run": _runs(request).begin(asked.wish, asked.goal, asked.name.strip())}
    )


async def do(request: Request) -> Response:
    """Run, pause, one batch, one epoch, stop."""
    asked = decode(Do, parse(await request.body()))
    return await _answer(lambda: _runs(request).do(asked.run, asked.goal))


async def go_on(request: Request) -> Response:
    """Go on with a run."""
    asked = decode(GoOn, parse(await request.body()))

    def gone_on() -> None:
        run = _runs(request).get(asked.run)
        changes: dict[str, Any] = {"epochs": run.wish.epochs + asked.more}
        if asked.learning_rate is not None:
            changes["learning_rate"] = asked.learning_rate
        _runs(request).go_on(asked.run, asked.goal, changes)

    return await _answer(gone_on)


async def change(request: Request) -> Response:
    """Other settings while it runs."""
    values = parse(await request.body())
    asked = decode(Change, values)
    # What the message names is changed; the decoder has looked at it, so it is an object.
    changes = {name: value for name, value in values.items() if name != "run"}
    changes = {k: v for k, v in changes.items() if v is not None or k == "augmentation"}
    return await _answer(lambda: _runs(request).change(asked.run, changes))


async def rename(request: Request) -> Response:
    """Another name."""
    asked = decode(Rename, parse(await request.body()))
    return await _answer(lambda: _runs(request).rename(asked.run, asked.name))


async def delete(request: Request) -> Response:
    """Delete a run."""
    asked = decode(Delete, parse(await request.body()))
    return await _answer(lambda: _runs(request).delete(asked.run))


async def whole(request: Request) -> Response:
    """One run with all there is to see of it."""
    return await _answer(lambda: _runs(request).whole(request.path_params["run"]))


async def model(request: Request) -> Response:
    """A run's model, as a file."""
    run = request.path_params["run"]
    content = await run_in_threadpool(lambda: content_of(_runs(request).model(run)))
    name = re.sub(r"[^A-Za-z0-9]+", "-", _runs(request).get(run).name).strip("-") or "model"
    headers = {"Content-Disposition": f'attachment; filename="{name}.safetensors"'}
    return Response(content, media_type="application/octet-stream", headers=headers)


async def moment(request: Request) -> Response:
    """A run's network at a step."""
    asked = decode(AskMoment, parse(await request.body()))
    return await _answer(lambda: _scrubber(request).moment(asked.run, asked.step, asked.pixels))


async def course(request: Request) -> Response:
    """An image's probabilities over all moments of a run."""
    asked = decode(AskCourse, parse(await request.body()))
    return await _answer(lambda: _scrubber(request).course(asked.run, asked.pixels))


def _runs(request: Request) -> Runs:
    studio: Studio = request.app.state.studio
    return studio.backend(Runs)


def _scrubber(request: Request) -> Scrubber:
    studio: Studio = request.app.state.studio
    return studio.backend(Scrubber)


async def _answer(work: Callable[[], Any]) -> Response:
    """Done in a thread; what it returns as JSON."""
    found = await run_in_threadpool(work)
    return Response(encode({} if found is None else found), media_type="application/json")


routes = [
    WebSocketRoute("/ws/train", listen),
    Route("/api/train/controls", offered),
    Route("/api/train/own", own),
    Route("/api/train/begin", begin, methods=["POST"]),
    Route("/api/train/do", do, methods=["POST"]),
    Route("/api/train/go-on", go_on, methods=["POST"]),
    Route("/api/train/change", change, methods=["POST"]),
    Route("/api/train/rename", rename, methods=["POST"]),
    Route("/api/train/delete", delete, methods=["POST"]),
    Route("/api/train/moment", moment, methods=["POST"]),
    Route("/api/train/course", course, methods=["POST"]),
    Route("/api/train/runs/{run}", whole),
    Route("/api/train/runs/{run}/model", model),
]
