"""Train's routes, and what is said on them.

On ``/ws/train`` the studio tells and the page listens: first ``state`` (every run), then ``run``,
``progress``, ``point``, ``look``, ``moment``, ``brought``, ``deleted`` and ``refused`` as they come.  After
``state`` the page asks for the runs that it shows, whole, with ``GET /api/train/runs/ID``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from handwrought.errors import InvalidArgument
from handwrought.studio.server.messages import Length, Within, decode, parse
from handwrought.studio.server.requests import backend_of, download, get, json_answer, post
from handwrought.studio.server.websockets import Outbox, converse
from handwrought.studio.train.run_folder import content_of
from handwrought.studio.train.runs import Runs
from handwrought.studio.train.timeline import Scrubber
from handwrought.studio.train.training_request import TrainingRequest, controls, presets
from handwrought.training.config import changeable

__all__ = ["routes"]

_Id = Annotated[str, Length(1, 80)]
_Goal = Literal["run", "epoch", "batch", "pause"]


@dataclass(frozen=True)
class Begin:
    """Begin a training."""

    wish: TrainingRequest
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
    learning_rate: float | None = None


@dataclass(frozen=True)
class _Changed:
    """Which run's settings change while it runs."""

    run: _Id


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
    runs = await run_in_threadpool(backend_of, websocket, Runs)
    outbox = Outbox(runs.state)

    async def hear(message: str | bytes) -> None:
        raise InvalidArgument("the studio only tells here: ask on /api/train")

    runs.listen(outbox.offer)
    try:
        await converse(websocket, hear, outbox)
    finally:
        runs.ignore(outbox.offer)


async def controls_offered(request: Request) -> Response:
    """The controls with their sentences and defaults, and the recipes."""
    return await json_answer(
        lambda: {
            "controls": [control for control in controls() if control.group != "own"],
            "presets": presets(),
        }
    )


def _go_on(runs: Runs, asked: GoOn) -> None:
    run = runs.get(asked.run)
    changes: dict[str, Any] = {"epochs": run.settings.epochs + asked.more}
    if asked.learning_rate is not None:
        changes["learning_rate"] = asked.learning_rate
    runs.go_on(asked.run, asked.goal, changes)


async def change(request: Request) -> Response:
    """Other settings while it runs."""
    values = parse(await request.body())
    changes = dict(values) if isinstance(values, dict) else {}
    asked = decode(_Changed, {"run": changes.pop("run")} if "run" in changes else values)
    for name in set(changes) - changeable():
        raise InvalidArgument(
            f"change has no field {name!r:.40}: it has run, {', '.join(sorted(changeable()))}"
        )
    # null leaves one as it is, but for augmentation.
    changes = {k: v for k, v in changes.items() if v is not None or k == "augmentation"}
    return await json_answer(lambda: backend_of(request, Runs).change(asked.run, changes))


async def model(request: Request) -> Response:
    """A run's model, as a file."""
    run, runs = request.path_params["run"], backend_of(request, Runs)
    content = await run_in_threadpool(lambda: content_of(runs.model(run)))
    name = re.sub(r"[^A-Za-z0-9]+", "-", runs.get(run).name).strip("-") or "model"
    return download(content, f"{name}.safetensors", "application/octet-stream")


routes = [
    WebSocketRoute("/ws/train", listen),
    Route("/api/train/controls", controls_offered),
    get("/api/train/own", Runs, lambda runs: runs.own()),
    post("/api/train/begin", Runs, Begin, lambda runs, asked: {
        "run": runs.begin(asked.wish, asked.goal, asked.name.strip())
    }),
    post("/api/train/do", Runs, Do, lambda runs, asked: runs.do(asked.run, asked.goal)),
    post("/api/train/go-on", Runs, GoOn, _go_on),
    Route("/api/train/change", change, methods=["POST"]),
    post("/api/train/rename", Runs, Rename, lambda runs, asked: runs.rename(asked.run, asked.name)),
    post("/api/train/delete", Runs, Delete, lambda runs, asked: runs.delete(asked.run)),
    post("/api/train/moment", Scrubber, AskMoment, lambda own, asked: own.moment(
        asked.run, asked.step, asked.pixels
    )),
    post("/api/train/course", Scrubber, AskCourse, lambda own, asked: own.course(
        asked.run, asked.pixels
    )),
    get("/api/train/runs/{run}", Runs, lambda runs, run: runs.whole(run)),
    Route("/api/train/runs/{run}/model", model),
]  # fmt: skip
