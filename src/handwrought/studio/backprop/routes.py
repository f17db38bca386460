"""Backpropagation's routes, and what is said on them.

Everything is asked with a POST whose body holds the whole :class:`View`; nothing is kept for a
page.  A drawing is posted as Draw's pad sends it, and answered with the name that stands for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handwrought.studio.backprop.microscope import Microscope, View
from handwrought.studio.backprop.subjects import ink_name
from handwrought.studio.draw.drawings import Drawings
from handwrought.studio.draw.routes import decode_pad
from handwrought.studio.server.messages import Length, Within, decode, encode, parse
from handwrought.studio.server.picture_limits import PAD_PIXELS
from handwrought.studio.server.studio import Studio

__all__ = ["AskCloseup", "AskMove", "AskVerify", "Find", "Seen", "bodies", "routes"]

_Network = Annotated[str, Length(1, 300)]
_Digit = Annotated[int, Within(0, 9)]
_Rate = Annotated[float, Within(1e-6, 1000)]
_Layer = Annotated[int, Within(2, 1000)]
_Index = Annotated[int, Within(0, 10**9)]


@dataclass(frozen=True)
class Seen:
    """A view, as the page says it."""

    network: _Network
    image: Annotated[str, Length(1, 1400)]
    label: _Digit | None = None
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


M = TypeVar("M")


async def _asked(request: Request, kind: type[M]) -> M:
    return decode(kind, parse(await request.body()))


def _microscope(request: Request) -> Microscope:
    studio: Studio = request.app.state.studio
    return studio.backend(Microscope)


def _json(message: Any) -> Response:
    return Response(encode(message), media_type="application/json")


async def networks(request: Request) -> Response:
    """The networks to choose from."""
    found = await run_in_threadpool(_microscope(request).networks.offered)
    return _json({"networks": found})


async def find(request: Request) -> Response:
    """The name of an image."""
    wish = await _asked(request, Find)
    name = await run_in_threadpool(
        lambda: _microscope(request).find(wish.kind, wish.network, wish.digit, wish.after)
    )
    return _json({"image": name})


async def drawing(request: Request) -> Response:
    """A drawing on the pad, prepared as Draw prepares it: its name, and what it is read as."""
    body = await request.body()

    def read() -> dict[str, Any]:
        studio: Studio = request.app.state.studio
        _, _, pixels = decode_pad(body)
        seen = studio.recognizer.read_digit(pixels)
        if seen.digit is None:
            return {"image": None, "digit": None}
        return {"image": ink_name(seen.normalized), "digit": seen.digit}

    return _json(await run_in_threadpool(read))


async def drawn(request: Request) -> Response:
    """The last drawings of all tabs, by the names that stand for them."""

    def found() -> list[dict[str, Any]]:
        studio: Studio = request.app.state.studio
        recent = list(studio.backend(Drawings).recent().items())[:8]
        return [
            {
                "image": ink_name(each.pixels),
                "digit": each.reading.digit,
                "pixels": each.pixels,
            }
            for _, each in recent
        ]

    return _json({"drawings": await run_in_threadpool(found)})


async def picture(request: Request) -> Response:
    """A view as a whole."""
    wish = await _asked(request, Seen)
    return _json(await run_in_threadpool(lambda: _microscope(request).picture(wish.view)))


async def progress(request: Request) -> Response:
    """How far a network's training is."""
    wish = await _asked(request, Find)
    done = await run_in_threadpool(lambda: _microscope(request).networks.progress(wish.network))
    return _json({"progress": done})


async def close_up(request: Request) -> Response:
    """A step close up."""
    wish = await _asked(request, AskCloseup)
    return _json(
        await run_in_threadpool(
            lambda: _microscope(request).close_up(
                wish.seen.view, wish.step, wish.layer, wish.neuron, wish.source, wish.rate
            )
        )
    )


async def verify(request: Request) -> Response:
    """A derivative in two ways."""
    wish = await _asked(request, AskVerify)
    return _json(
        await run_in_threadpool(
            lambda: _microscope(request).verify(
                wish.seen.view, wish.layer, wish.neuron, wish.source
            )
        )
    )


async def moved(request: Request) -> Response:
    """Where a step would lead."""
    wish = await _asked(request, AskMove)
    return _json(
        await run_in_threadpool(lambda: _microscope(request).moved(wish.seen.view, wish.rate))
    )


async def mistakes(request: Request) -> Response:
    """The mistakes and what to predict."""
    found = await run_in_threadpool(_microscope(request).questions)
    return _json({"mistakes": found})


async def broken(request: Request) -> Response:
    """What a mistake does."""
    wish = await _asked(request, AskBroken)
    return _json(await run_in_threadpool(lambda: _microscope(request).broken(wish.mistake)))


routes = [
    Route("/api/backprop/networks", networks),
    Route("/api/backprop/find", find, methods=["POST"]),
    Route("/api/backprop/drawing", drawing, methods=["POST"]),
    Route("/api/backprop/drawn", drawn),
    Route("/api/backprop/picture", picture, methods=["POST"]),
    Route("/api/backprop/progress", progress, methods=["POST"]),
    Route("/api/backprop/closeup", close_up, methods=["POST"]),
    Route("/api/backprop/verify", verify, methods=["POST"]),
    Route("/api/backprop/moved", moved, methods=["POST"]),
    Route("/api/backprop/mistakes", mistakes),
    Route("/api/backprop/broken", broken, methods=["POST"]),
]

bodies = {"/api/backprop/drawing": PAD_PIXELS + 64}
