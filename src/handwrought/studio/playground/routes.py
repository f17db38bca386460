"""The Playground's routes, and what is said on them.

On ``/ws/playground`` the page says what to do, each message a JSON object with its ``kind``: one of
the dataclasses below; the first is :class:`Open`.  The studio answers an Open with
``{"kind": "state", ...}``, all that stays as it is until the next Open, and then sends binary
frames with all that changes (:meth:`~handwrought.studio.playground.playground.Playground.frame` has their
layout), at most 20 a second.  A frame is made when the connection is free for it, so that a slow
page skips frames and holds up nothing.  ``{"kind": "points", ...}`` says which points there are,
once one was put in or taken out by hand, ``{"kind": "did", ...}`` what a link has to hold, and
``{"kind": "stopped", "error": ...}`` why learning stopped by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from handwrought.errors import InvalidArgument, TrainingDiverged
from handwrought.studio.playground.settings import PRESETS, Did, Settings
from handwrought.studio.server.messages import Length, Within, decode, encode, parse
from handwrought.studio.server.requests import json_answer, studio_of
from handwrought.studio.server.websockets import converse, say

if TYPE_CHECKING:
    from handwrought.studio.playground.playground import Playground

__all__ = [
    "AddPoint",
    "Change",
    "Do",
    "Open",
    "Pause",
    "RemovePoint",
    "Run",
    "SetParameter",
    "routes",
]

_FRAME = 0.05
"""Seconds from one frame to the next."""
_BUDGET = 0.025
"""Seconds of them spent learning, so that the other tabs get theirs."""

Speed = Literal["slow", "normal", "fast"]
_BATCHES: dict[str, int | None] = {"slow": 1, "normal": None, "fast": 1_000_000}


@dataclass(frozen=True)
class Open:
    """Begin: the tab's own network if it comes back ``again``, else a new one with ``did`` done;
    ``points``: with the points that the tab has put in and taken out."""

    kind: Literal["open"]
    tab: Annotated[str, Length(8, 64)]
    settings: Settings
    did: Annotated[str, Length(0, 4000)] = ""
    again: bool = False
    points: bool = False


@dataclass(frozen=True)
class Do:
    """Learn from one example, one batch, or the rest of the epoch."""

    kind: Literal["do"]
    what: Literal["example", "batch", "epoch"]


@dataclass(frozen=True)
class Run:
    """Learn until paused: a batch, an epoch, or as much as there is time for, in each frame."""

    kind: Literal["run"]
    speed: Speed = "normal"


@dataclass(frozen=True)
class Pause:
    """Learn no more."""

    kind: Literal["pause"]


@dataclass(frozen=True)
class SetParameter:
    """Set a weight, or where ``below`` is null a bias; layers from 2, neurons from 0."""

    kind: Literal["set"]
    layer: Annotated[int, Within(2, 8)]
    neuron: Annotated[int, Within(0, 7)]
    below: Annotated[int, Within(0, 7)] | None
    value: float


_Input = Annotated[float, Within(-99, 99)]


@dataclass(frozen=True)
class AddPoint:
    """Put in a training point: one input or two, and its class or the curve's value there."""

    kind: Literal["add"]
    x: Annotated[tuple[_Input, ...], Length(1, 2)]
    y: _Input


@dataclass(frozen=True)
class RemovePoint:
    """Take out a training point by its number."""

    kind: Literal["remove"]
    point: Annotated[int, Within(0, 999)]


@dataclass(frozen=True)
class Change:
    """Change a setting while the network learns."""

    kind: Literal["change"]
    name: Literal["rate", "batch", "l1", "l2"]
    value: float


_KINDS: dict[str, Any] = {
    "open": Open,
    "do": Do,
    "run": Run,
    "pause": Pause,
    "set": SetParameter,
    "add": AddPoint,
    "remove": RemovePoint,
    "change": Change,
}


class _Visit:
    """One connection: what it does, and what it is shown."""

    def __init__(self, websocket: WebSocket) -> None:
        self.websocket = websocket
        self.studio = studio_of(websocket)
        self.playground: Playground | None = None
        self.state = 0
        self.speed: Speed | None = None
        """How fast it learns; None while paused."""
        self.news = asyncio.Event()
        self.start = asyncio.Event()

    async def hear(self, message: str | bytes) -> None:
        said = parse(message)
        kind = said.get("kind") if isinstance(said, dict) else None
        if not isinstance(kind, str) or kind not in _KINDS:
            raise InvalidArgument(f"kind must be one of {', '.join(_KINDS)}")
        wish = decode(_KINDS[kind], said)
        if isinstance(wish, Open):
            await self.open(wish)
        elif self.playground is None:
            raise InvalidArgument("there is no network yet: open one first")
        elif isinstance(wish, Run):
            self.speed = wish.speed
            self.start.set()
        elif isinstance(wish, Pause):
            self.speed = None
        else:
            await self.attempt(self.playground, wish)
        self.news.set()

    async def open(self, wish: Open) -> None:
        def opened() -> tuple[Playground, str]:
            from handwrought.studio.playground.playground import Playgrounds

            kept = self.studio.backend(Playgrounds)
            found = kept.open(wish.tab, wish.settings, wish.did, wish.again, wish.points)
            return found, encode({"kind": "state", "state": self.state + 1, **found.about()})

        self.speed = None
        found, message = await run_in_threadpool(opened)
        self.playground = None  # no frame of the next state before the state itself
        await say(self.websocket, message)
        self.playground, self.state = found, self.state + 1

    async def attempt(self, playground: Playground, wish: Any) -> None:
        def done() -> None:
            if isinstance(wish, SetParameter):
                below = () if wish.below is None else (wish.below,)
                playground.apply(Did("w", wish.value, (wish.layer, wish.neuron, *below)))
            elif isinstance(wish, AddPoint):
                at = tuple(round(100 * each) for each in wish.x)
                playground.apply(Did("p", round(wish.y, 2), at))
            elif isinstance(wish, RemovePoint):
                playground.apply(Did("x", wish.point))
            elif isinstance(wish, Change):
                playground.apply(Did(wish.name, wish.value))
            elif wish.what == "epoch":
                playground.finish_epoch()
            else:
                playground.apply(Did(wish.what[0], 1))

        try:
            await run_in_threadpool(done)
        except TrainingDiverged as error:
            await self.stop(str(error))
        if isinstance(wish, AddPoint | RemovePoint):
            points = await run_in_threadpool(playground.shown_points)
            await say(self.websocket, encode({"kind": "points", **points}))

    async def stop(self, why: str) -> None:
        self.speed = None
        await say(self.websocket, encode({"kind": "stopped", "error": why}))

    async def learn(self) -> None:
        """Learn in small portions while it runs."""
        while True:
            await self.start.wait()
            self.start.clear()
            while self.speed and self.playground:
                begun = time.perf_counter()
                try:
                    await run_in_threadpool(
                        self.playground.learn_for, _BUDGET, _BATCHES[self.speed]
                    )
                except TrainingDiverged as error:
                    await self.stop(str(error))
                self.news.set()
                await asyncio.sleep(max(0.005, _FRAME - (time.perf_counter() - begun)))

    async def show(self) -> None:
        """Send the newest frame whenever there is one and the page has taken the last."""
        said, at = None, 0.0
        while True:
            await self.news.wait()
            self.news.clear()
            playground, state, running = self.playground, self.state, self.speed is not None
            if playground is None:
                continue
            frame = await run_in_threadpool(playground.frame, state, running)
            await say(self.websocket, frame)
            now = time.perf_counter()
            if not running or now - at > 1:
                did = {"kind": "did", **playground.link()}
                if did != said:
                    await say(self.websocket, encode(did))
                said, at = did, now
            await asyncio.sleep(_FRAME / 2)


async def visit(websocket: WebSocket) -> None:
    """One tab's playground; it learns only while the tab is there."""
    await websocket.accept()
    here = _Visit(websocket)
    tasks = [asyncio.create_task(work) for work in (here.learn(), here.show())]
    try:
        await converse(websocket, here.hear)
    finally:
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect):
            await asyncio.gather(*tasks, return_exceptions=True)


async def choices(request: Request) -> Response:
    """Presets, and what each choice is called."""

    def found() -> dict[str, Any]:
        from handwrought.data.toys import TOYS

        toys = [
            {"name": toy.name, "title": toy.title, "inputs": toy.n_inputs} for toy in TOYS.values()
        ]
        return {"presets": PRESETS, "toys": toys, "standard": Settings()}

    return await json_answer(found)


routes = [
    WebSocketRoute("/ws/playground", visit),
    Route("/api/playground/choices", choices),
]
