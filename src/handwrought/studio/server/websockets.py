"""A WebSocket's two directions: what waits to be sent, bounded, and what the page says.

A page gets the whole state first and increments after.  One that reads too slowly misses
increments: what waits is thrown away, and it gets the whole state again.  So a slow page holds up
nobody, and a page that was away comes back to the full state.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from handwrought.errors import HandwroughtError
from handwrought.studio.server.messages import encode

__all__ = ["Outbox", "converse", "say"]


async def say(websocket: WebSocket, message: str | bytes) -> None:
    """Send a message, the one way to do so.

    Raises
    ------
    WebSocketDisconnect
        If nobody is there any more, whoever found that out first.
    """
    if websocket.application_state is WebSocketState.DISCONNECTED:
        raise WebSocketDisconnect(1006)
    if isinstance(message, str):
        await websocket.send_text(message)
    else:
        await websocket.send_bytes(message)


class Outbox:
    """The messages for one connection; made in the server's event loop.

    Parameters
    ----------
    snapshot : callable
        Gives the whole state, the first message and the one after a gap.
    room : int
        Increments that may wait.
    """

    def __init__(self, snapshot: Callable[[], Any], room: int = 64) -> None:
        self._snapshot = snapshot
        self._room = room
        self._waiting: deque[Any] = deque()
        self._behind = True
        self._news = asyncio.Event()
        self._news.set()
        self._loop = asyncio.get_running_loop()

    def offer(self, increment: Any) -> None:
        """Send this when its turn comes; from any thread, never blocking."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: the studio is going down
            self._loop.call_soon_threadsafe(self._take, increment)

    def _take(self, increment: Any) -> None:
        if len(self._waiting) >= self._room:
            self._waiting.clear()
            self._behind = True
        if not self._behind:  # what a coming snapshot holds already needs no increment
            self._waiting.append(increment)
        self._news.set()

    async def deliver(self, websocket: WebSocket) -> None:
        """Send what comes, until the connection ends or this task is cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._behind or self._waiting:
                if self._behind:
                    self._behind = False
                    message = self._snapshot()
                else:
                    message = self._waiting.popleft()
                await say(websocket, encode(message))


async def converse(
    websocket: WebSocket,
    hear: Callable[[str | bytes], Awaitable[Any]],
    outbox: Outbox | None = None,
) -> None:
    """Hear what the page says, one message after the other, until it is gone.

    Parameters
    ----------
    websocket : WebSocket
        Accepted.
    hear : coroutine function
        Takes a message, text or bytes.  What it returns, unless None, is the answer; what it raises
        on purpose is answered with ``{"kind": "error", "error": "one sentence"}``.
    outbox : Outbox, optional
        What is sent besides, without being asked.
    """
    sending = asyncio.create_task(outbox.deliver(websocket)) if outbox else None
    try:
        while True:
            event = await websocket.receive()
            if event["type"] == "websocket.disconnect":
                return
            said = event.get("text")
            try:
                answer = await hear(event["bytes"] if said is None else said)
            except HandwroughtError as error:
                answer = {"kind": "error", "error": str(error)}
            if answer is not None:
                await say(websocket, encode(answer))
    except WebSocketDisconnect:
        return
    finally:
        if sending:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
