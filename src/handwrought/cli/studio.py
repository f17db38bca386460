"""``handwrought studio``: a local server, and the browser that opens it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handwrought.errors import InvalidArgument, MissingExtra

if TYPE_CHECKING:
    from handwrought.studio.server.login_page import Door

__all__ = ["listen", "run"]

HOST = "127.0.0.1"
_NEXT = 50
"""Ports tried after the one asked for."""
_QUEUE = 1024
"""Connections that the system holds until they are taken: beyond it, one must ask again."""
_OPENING = (
    "import signal, sys, webbrowser\n"
    "signal.signal(signal.SIGINT, signal.SIG_DFL)\n"
    "webbrowser.open(sys.argv[1])"
)


def run(
    *, port: int, browser: bool, model: Path | None, folder: Path | None, runs: Path | None = None
) -> int:
    """Serve until Ctrl-C; returns the exit code."""
    if not all(find_spec(name) for name in ("starlette", "uvicorn", "websockets")):
        raise MissingExtra("handwrought studio", "studio")
    _check_model(model)
    where = _prepared(folder)
    if runs is not None and not runs.is_dir():
        raise InvalidArgument(f"--runs is {runs}, which is no folder: name one that holds runs")
    with listen(port) as listening:
        # Ctrl-C is noted and raises nothing: it may come in the middle of an import.
        stopped = threading.Event()
        _on_stop(lambda *_: stopped.set())
        # The browser takes its time to start: it may as well do so while we load.
        found = listening.getsockname()[1]
        token = secrets.token_urlsafe(32)
        url = f"http://{HOST}:{found}"
        if port not in (0, found):
            sys.stdout.write(f"Port {port} is taken; this is the next free one.\n")
        sys.stdout.write(f"The studio is at {url}/?token={token}\nCtrl-C stops it.\n")
        sys.stdout.flush()
        door = _door(url) if browser else None
        try:
            _serve(listening, found, token, door, where, model, runs, stopped)
        finally:
            if door is not None:
                door.close()
    sys.stdout.write("\nThe studio has stopped.\n")
    return 0


def listen(port: int) -> socket.socket:
    """A socket that listens on this machine alone: at the port, or the next one that is free.

    Raises
    ------
    InvalidArgument
        If all of them are taken, or may not be used.
    """
    reason = ""
    for candidate in range(port, min(port + _NEXT, 65535) + 1) if port else (0,):
        # With its protocol named, asyncio sends small answers at once (TCP_NODELAY): 40 ms sooner.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if os.name == "posix":  # elsewhere this would let two programs share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, candidate))
            listening.listen(128)
        except OSError as error:
            listening.close()
            reason = error.strerror or str(error)
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                break
        else:
            return listening
    raise InvalidArgument(f"--port is {port}: no port from there on can be used ({reason})")


def _serve(
    listening: socket.socket,
    port: int,
    token: str,
    door: Door | None,
    folder: Path,
    model: Path | None,
    runs: Path | None,
    stopped: threading.Event,
) -> None:
    """Serve until a signal; the server ends what it began, and raises nothing."""
    import uvicorn

    from handwrought.studio.app import create_app
    from handwrought.studio.server.connections import BACKLOG, Strangers, WebSocket, http_protocol
    from handwrought.studio.server.security import MESSAGE
    from handwrought.studio.server.studio import Studio
    from handwrought.studio.train.warm_up import begin

    class Server(uvicorn.Server):
        capture_signals = contextlib.nullcontext  # type: ignore[assignment]  # ours do it

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            listening.listen(_QUEUE)

    studio = Studio(folder, model, runs=runs, warm_up=begin)

    async def rest() -> None:
        await asyncio.to_thread(studio.drop_idle)

    settings: dict[str, Any] = {
        "loop": "asyncio",
        "http": http_protocol(Strangers()),
        "ws": WebSocket,
        "backlog": BACKLOG,
        "ws_max_size": MESSAGE,
        "ws_per_message_deflate": False,
        "access_log": False,  # it would hold the token
        "log_level": "error",
        "server_header": False,
        "proxy_headers": False,
        "timeout_graceful_shutdown": 3,
        "callback_notify": rest,
        "timeout_notify": 10,
    }
    app = create_app(studio, port, token, door)
    server = Server(uvicorn.Config(app, **settings))
    _on_stop(server.handle_exit)
    if not stopped.is_set():
        asyncio.run(server.serve(sockets=[listening]))


def _on_stop(handler: Callable[..., None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _door(url: str) -> Door | None:
    """Open the browser on a page that leads there; None where there is none to be written."""
    from handwrought.studio.server.login_page import Door

    try:
        door = Door(url)
    except OSError:
        sys.stdout.write("No browser can be opened: open that address yourself.\n")
        return None
    threading.Thread(target=_open, args=(door.path,), daemon=True).start()
    return door


def _open(page: Path) -> None:
    """In a process of its own: what a browser's launcher leaves behind is then not ours to reap."""
    with contextlib.suppress(OSError):  # the address stands in the terminal, too
        subprocess.run([sys.executable, "-c", _OPENING, page.as_uri()], check=False)


def _check_model(model: Path | None) -> None:
    """A model that was asked for is read before anything starts."""
    if model is not None:
        from handwrought.reading.recognizer import Recognizer

        Recognizer.load(model)


def _prepared(folder: Path | None) -> Path:
    if folder is None:
        from platformdirs import user_data_path

        folder = user_data_path("handwrought", appauthor=False) / "studio"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, "Permission denied")
    except OSError as error:
        raise InvalidArgument(
            f"--folder is {folder}, which cannot be written ({error.strerror}): name another"
        ) from None
    return folder
