"""Connections of which nothing is known yet: little room, and little time.

Whoever connects has :data:`TIME` seconds to send a whole request that the guard lets in, however
many bytes come until then.  There is room for :data:`ROOM` such connections; where there would be
more, the longest waiting is closed.  So neither silence nor trickling takes anything from those who
have the token: once let in, a connection is counted no longer.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

__all__ = ["BACKLOG", "ROOM", "TIME", "Strangers", "WebSocket", "http_protocol"]

TIME: Final = 10.0
"""Seconds until the request of a stranger must be there; browsers connect ahead of need."""
ROOM: Final = 512
"""Connections of strangers at once."""
BACKLOG: Final = 64
"""Connections taken at once, far fewer than ROOM: each may speak before others push it out."""


class Strangers:
    """The connections that have not been let in, the longest waiting first.

    Parameters
    ----------
    room : int
    time : float
    """

    def __init__(self, room: int = ROOM, time: float = TIME) -> None:
        self._room, self._time = _affordable(room), time
        self._waiting: dict[asyncio.BaseTransport, asyncio.TimerHandle] = {}

    def add(self, transport: asyncio.Transport) -> None:
        """One more."""
        while len(self._waiting) >= self._room:
            self._end(next(iter(self._waiting)))  # type: ignore[arg-type]
        loop = asyncio.get_running_loop()
        self._waiting[transport] = loop.call_later(self._time, self._end, transport)

    def remove(self, transport: asyncio.BaseTransport) -> None:
        """It was let in, or is gone."""
        if (timer := self._waiting.pop(transport, None)) is not None:
            timer.cancel()

    def _end(self, transport: asyncio.Transport) -> None:
        self.remove(transport)
        transport.abort()


def _affordable(room: int) -> int:
    """So many, or fewer where the process may not open many files."""
    try:
        import resource
    except ImportError:  # Windows, where there is no such bound
        return room
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return room if most == resource.RLIM_INFINITY else max(BACKLOG, min(room, most // 2))


def http_protocol(strangers: Strangers) -> type[H11Protocol]:
    """The protocol whose connections are strangers until the guard calls ``let_in``.

    It finds that in the request's ``state``.
    """

    class Http(H11Protocol):
        def __init__(
            self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None
        ) -> None:
            super().__init__(config, server_state, {**app_state, "let_in": self._let_in}, _loop)

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            strangers.add(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            strangers.remove(self.transport)
            super().connection_lost(exc)

        def _let_in(self) -> None:
            strangers.remove(self.transport)

    return Http


class WebSocket(WebSocketsSansIOProtocol):
    """A text that is no UTF-8 ends its connection, as the protocol has it, and nothing else."""

    def send_receive_event_to_app(self) -> None:
        """Called once all frames of a message are there."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.fail(1007, "the text is no UTF-8")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()
