"""Backpropagation's routes, and what is said on them.

Everything is asked with a POST whose body holds the whole :class:`View`; nothing is kept for a
page.  A drawing is posted as Draw's pad sends it, and answered with the name that stands for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handwrought.studio.backprop.microscope import Microscope, View
from handwrought.studio.backprop.subjects import ink_name
from handwrought.studio.draw.drawings import Drawings
from handwrought.studio.draw.routes import decode_pad
from handwrought.studio.server.input_names import MOST_CLASSES
from handwrought.studio.server.messages import Length, Within
from handwrought.studio.server.picture_limits import PAD_PIXELS
from handwrought.studio.server.requests import get, json_answer, post, studio_of

__all__ = ["AskCloseup", "AskMove", "AskVerify", "Find", "Seen", "bodies", "routes"]

_Network = Annotated[str, Length(1, 300)]
_Digit = Annotated[int, Within(0, 9)]
_Class = Annotated[int, Within(0, MOST_CLASSES - 1)]
_Rate = Annotated[float, Within(1e-6, 1000)]
_Layer = Annotated[int, Within(2, 1000)]
_Index = Annotated[int, Within(0, 10**9)]


@dataclass(frozen=True)
class Seen:
    """A view, as the page says it."""

    network: _Network
    image: Annotated[str, Length(1, 1400)]
    label: _Class | None = None
    rates: Annotated[tuple[_Rate, ...], Length(0, 100)] = ()
    mistake: Annotated[str, Length(1, 60)] | None = None

    @property
    def view(self) -> View:
        """The same, for the microscope."""
        return View(self.network, self.image, self.label, self.rates, self.mistake)


@dataclass(frozen=True)
class Find:
    """Look for an image: by chance, or the next that the network misreads."""

    kind: Literal["random", "misread"]
    network: _Network
    digit: _Digit | None = None
    after: Annotated[int, Within(-1, 10**6)] = -1


@dataclass(frozen=True)
class AskCloseup:
    """A step, for a neuron and a weight."""

    seen: Seen
    step: Annotated[str, Length(1, 20)]
    layer: _Layer
    neuron: _Index
    source: _Index
    rate: _Rate


@dataclass(frozen=True)
class AskVerify:
    """A weight, or with no source the bias, to differentiate numerically."""

    seen: Seen
    layer: _Layer
    neuron: _Index
    source: _Index | None


@dataclass(frozen=True)
class AskMove:
    """Where a step of gradient descent leads."""

    seen: Seen
    rate: _Rate


@dataclass(frozen=True)
class AskBroken:
    """What a mistake does."""

    mistake: Annotated[str, Length(1, 60)]


async def drawing(request: Request) -> Response:
    """A drawing on the pad, prepared as Draw prepares it: its name, and what it is read as."""
    body = await request.body()

    def read() -> dict[str, Any]:
        _, _, pixels = decode_pad(body)
        seen = studio_of(request).recognizer.read_digit(pixels)
        if seen.digit is None:
            return {"image": None, "digit": None}
        return {"image": ink_name(seen.normalized), "digit": seen.digit}

    return await json_answer(read)


def _drawn(drawings: Drawings) -> dict[str, Any]:
    """The last drawings of all tabs, by the names that stand for them."""
    recent = list(drawings.recent().values())[:8]
    return {
        "drawings": [
            {"image": ink_name(each.pixels), "digit": each.reading.digit, "pixels": each.pixels}
            for each in recent
        ]
    }


routes = [
    get("/api/backprop/networks", Microscope, lambda own: {"networks": own.networks.offered()}),
    post("/api/backprop/find", Microscope, Find, lambda own, asked: {"image": own.find(
        asked.kind, asked.network, asked.digit, asked.after
    )}),
    Route("/api/backprop/drawing", drawing, methods=["POST"]),
    get("/api/backprop/drawn", Drawings, _drawn),
    post("/api/backprop/picture", Microscope, Seen, lambda own, asked: own.picture(asked.view)),
    post("/api/backprop/progress", Microscope, Find, lambda own, asked: {
        "progress": own.networks.progress(asked.network)
    }),
    post("/api/backprop/closeup", Microscope, AskCloseup, lambda own, asked: own.close_up(
        asked.seen.view, asked.step, asked.layer, asked.neuron, asked.source, asked.rate
    )),
    post("/api/backprop/verify", Microscope, AskVerify, lambda own, asked: own.verify(
        asked.seen.view, asked.layer, asked.neuron, asked.source
    )),
    post("/api/backprop/moved", Microscope, AskMove, lambda own, asked: own.moved(
        asked.seen.view, asked.rate
    )),
    get("/api/backprop/mistakes", Microscope, lambda own: {"mistakes": own.questions()}),
    post("/api/backprop/broken", Microscope, AskBroken, lambda own, asked: own.broken(
        asked.mistake
    )),
]  # fmt: skip

bodies = {"/api/backprop/drawing": PAD_PIXELS + 64}
