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
from handwrought.studio.server.messages import Within
from handwrought.studio.server.picture_limits import PAD_PIXELS, check_pixels
from handwrought.studio.server.requests import backend_of, get, json_answer, post
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
    drawings = backend_of(websocket, Drawings)

    def read(message: str | bytes) -> PadSeen:
        number, turn, pixels = decode_pad(message)
        return PadSeen(turn, drawings.read(pixels, number))

    async def hear(message: str | bytes) -> PadSeen:
        return await run_in_threadpool(read, message)

    await converse(websocket, hear)


async def picture(request: Request) -> Response:
    """A picture file, read as one digit."""
    data = await request.body()

    def read() -> Seen:
        check_pixels(data)
        return backend_of(request, Drawings).read(data)

    return await json_answer(read)


def _kept(drawings: Drawings, asked: Keep) -> dict[str, Any]:
    if asked.label is None:
        return {"counts": drawings.forget(asked.drawing)}
    return {"counts": drawings.keep(asked.drawing, asked.label)}


routes = [
    WebSocketRoute("/ws/draw", strokes),
    Route("/api/draw/picture", picture, methods=["POST"]),
    post(
        "/api/draw/neuron",
        Drawings,
        AskNeuron,
        lambda drawings, asked: drawings.neuron(asked.drawing, asked.layer, asked.neuron),
    ),
    post("/api/draw/keep", Drawings, Keep, _kept),
    get("/api/draw/network", Drawings, lambda drawings: drawings.about()),
]

bodies = {"/api/draw/picture": 32 << 20}
