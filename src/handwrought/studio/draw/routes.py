"""Draw's routes, and what is said on them.

On ``/ws/draw`` the page sends its pad after every stroke as one binary message: drawing, turn
(uint32), width, height (uint16), little-endian, then width x height grey bytes, 255 for paper.
Drawing 0 is a new one.  The answer is a :class:`Seen` with that turn.  A picture file is the body
of a POST; the answer is the same.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from handwrought.errors import InvalidArgument
from handwrought.studio.draw.answers import Seen
from handwrought.studio.draw.drawings import Drawings
from handwrought.studio.server.messages import Within, decode, encode, parse
from handwrought.studio.server.picture_limits import PAD_PIXELS, check_pixels
from handwrought.studio.server.studio import Studio
from handwrought.studio.server.websockets import converse

__all__ = ["Keep", "PadSeen", "bodies", "decode_pad", "routes"]

_PAD = struct.Struct("<IIHH")
_Number = Annotated[int, Within(1, 2**32 - 1)]


@dataclass(frozen=True)
class Keep:
    """Keep a drawing under its true label; without one, keep it no longer."""

    drawing: _Number
    label: Annotated[int, Within(0, 9)] | None


@dataclass(frozen=True)
class AskNeuron:
    """Show a neuron's sum for a drawing; layers from 2."""

    drawing: _Number
    layer: Annotated[int, Within(2, 1000)]
    neuron: Annotated[int, Within(0, 10**9)]


@dataclass(frozen=True)
class PadSeen:
    """What became of a stroke."""

    turn: int
    seen: Seen
    kind: Literal["seen"] = "seen"


def decode_pad(message: str | bytes) -> tuple[int | None, int, Any]:
    """Drawing, turn and pixels (height, width) of a pad's message.

    Raises
    ------
    InvalidArgument
        If it is no such message.
    """
    import numpy as np

    if not isinstance(message, bytes) or len(message) < _PAD.size:
        raise InvalidArgument("the pad's message is too short, or text: give its header and pixels")
    number, turn, width, height = _PAD.unpack_from(message)
    if not 0 < width * height <= PAD_PIXELS:
        raise InvalidArgument(
            f"the pad is {width} x {height}: it must have some pixels, and at most {PAD_PIXELS:,}"
        )
    pixels = message[_PAD.size :]
    if len(pixels) != width * height:
        raise InvalidArgument(
            f"the pad is {width} x {height} but {len(pixels):,} bytes came: "
            f"give one for each of its pixels"
        )
    return number or None, turn, np.frombuffer(pixels, np.uint8).reshape(height, width)


async def strokes(websocket: WebSocket) -> None:
    """The pad: its pixels in, what the network makes of them out."""
    await websocket.accept()
    studio: Studio = websocket.app.state.studio

    def read(message: str | bytes) -> PadSeen:
        number, turn, pixels = decode_pad(message)
        return PadSeen(turn, studio.backend(Drawings).read(pixels, number))

    async def hear(message: str | bytes) -> PadSeen:
        return await run_in_threadpool(read, message)

    await converse(websocket, hear)


async def picture(request: Request) -> Response:
    """A picture file, read as one digit."""
    data = await request.body()

    def read() -> Seen:
        check_pixels(data)
        return _drawings(request).read(data)

    return _json(await run_in_threadpool(read))


async def neuron(request: Request) -> Response:
    """One neuron's sum."""
    wish = decode(AskNeuron, parse(await request.body()))
    return _json(
        await run_in_threadpool(
            lambda: _drawings(request).neuron(wish.drawing, wish.layer, wish.neuron)
        )
    )


async def keep(request: Request) -> Response:
    """A drawing and its true label, for fine-tuning."""
    wish = decode(Keep, parse(await request.body()))

    def kept() -> list[int]:
        drawings = _drawings(request)
        if wish.label is None:
            return drawings.forget(wish.drawing)
        return drawings.keep(wish.drawing, wish.label)

    return _json({"counts": await run_in_threadpool(kept)})


async def about(request: Request) -> Response:
    """The network's layers, how many digits are kept, and where."""
    return _json(await run_in_threadpool(lambda: _drawings(request).about()))


async def recent(request: Request) -> Response:
    """The last drawings, for other views to take up."""

    def found() -> dict[str, Any]:
        drawings = _drawings(request)
        newest = list(drawings.recent().items())[:20]
        return {
            "drawings": [
                {"drawing": number, "digit": each.reading.digit, "pixels": each.pixels}
                for number, each in newest
            ]
        }

    return _json(await run_in_threadpool(found))


def _drawings(request: Request) -> Drawings:
    studio: Studio = request.app.state.studio
    return studio.backend(Drawings)


def _json(message: Any) -> Response:
    return Response(encode(message), media_type="application/json")


routes = [
    WebSocketRoute("/ws/draw", strokes),
    Route("/api/draw/picture", picture, methods=["POST"]),
    Route("/api/draw/neuron", neuron, methods=["POST"]),
    Route("/api/draw/keep", keep, methods=["POST"]),
    Route("/api/draw/network", about),
    Route("/api/draw/recent", recent),
]

bodies = {"/api/draw/picture": 32 << 20}
