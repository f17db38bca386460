"""Who may talk to the studio: this machine's browser, from the studio's own page, with the token.

Every request and every WebSocket passes through :class:`Guard` before a route is even looked up,
so that a new route is guarded without doing anything.  In this order:

1. ``Host`` is there once and is a member of a set (``127.0.0.1:port``, ``localhost:port``), so that
   a name which an attacker points to 127.0.0.1 (DNS rebinding) opens nothing.
2. ``Origin`` is absent, or there once and a member of a set.  ``null`` is not in it.  Members are
   compared whole, never by prefix or pattern.
3. ``Sec-Fetch-Site``, where a browser sends it, is not that of another page.
4. The token: in the address of the first page (``/?token=...``), which turns it into a cookie, then
   in the cookie, or in the header ``X-Handwrought-Token``.  The browser that the studio opens comes
   with a code in the token's place, which works once (:mod:`handwrought.studio.server.login_page`).
5. There is room for it: so many requests at once, of those that got so far.
6. The body is no longer than its route needs, and does not take for ever to arrive.

Whose request got past the token is a stranger no longer (:mod:`handwrought.studio.server.connections`).
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handwrought.studio.server.login_page import Door

__all__ = ["AT_ONCE", "BODY", "MESSAGE", "Gate", "Guard"]

BODY = 1 << 20
"""Bytes of a request's body, unless its route is named in ``Gate.bodies``."""
MESSAGE = 1 << 20
"""Bytes of a WebSocket message."""
AT_ONCE = 256
"""Requests and WebSockets under way, those refused before not counted."""
_PATIENCE = 30.0
"""Seconds that a body may take to arrive."""

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self' ws://{host}",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_FIXED = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
)


_NO_TOKEN = "The studio needs its token: open the address that handwrought studio printed."
_TOO_MANY = f"The studio does {AT_ONCE} things at once already: close some of its pages."
_GO_ON = """<!doctype html>
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url=/">
<title>handwrought studio</title>
<p><a href="/">Go on to the studio</a></p>
"""


@dataclass(frozen=True)
class Gate:
    """What the guard compares with.

    Attributes
    ----------
    port : int
        Where the studio listens.
    token : str
    bodies : mapping of str to int
        Bytes that a body may have, for the paths that need more than :data:`BODY`.
    door : Door, optional
        Where the browser that the studio opens comes in.
    """

    port: int
    token: str = field(repr=False)
    bodies: Mapping[str, int] = field(default_factory=dict)
    door: Door | None = None

    @property
    def hosts(self) -> frozenset[str]:
        """What ``Host`` may say."""
        return frozenset({f"127.0.0.1:{self.port}", f"localhost:{self.port}"})

    @property
    def origins(self) -> frozenset[str]:
        """What ``Origin`` may say."""
        return frozenset(f"http://{host}" for host in self.hosts)

    @property
    def cookie(self) -> str:
        """The cookie's name: browsers share cookies between ports, so the port is part of it."""
        return f"handwrought_token_{self.port}"


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self.app = app
        self.gate = gate
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        refusal = self._refusal(scope, headers)
        first_page = _is_first_page(scope)
        shown = _token_in_address(scope) if first_page and not refusal else None
        if not refusal and not self._knows(_token_in_headers(headers, self.gate.cookie)):
            if shown and self.gate.door is not None and self.gate.door.admits(shown):
                await self._welcome(_with_headers(send, headers), by_file=True)
                return
            if not self._knows(shown):
                refusal = _NO_TOKEN
        status = 403
        if not refusal:
            scope.get("state", {}).get("let_in", lambda: None)()
            if self._under_way >= AT_ONCE:
                refusal, status = _TOO_MANY, 503
        if scope["type"] == "websocket":
            if refusal:
                await send({"type": "websocket.close", "code": 1008, "reason": refusal})
            else:
                await self._counted(self.app(scope, receive, send))
            return
        send = _with_headers(send, headers)
        if refusal:
            await _answer(send, status, refusal, plain=scope["path"] == "/")  # somebody reads it
        elif shown is not None:
            await self._welcome(send)
        else:
            await self._counted(self._with_body(scope, headers, receive, send))

    async def _counted(self, work: Awaitable[None]) -> None:
        self._under_way += 1
        try:
            await work
        finally:
            self._under_way -= 1

    def _refusal(self, scope: Scope, headers: Mapping[bytes, list[bytes]]) -> str | None:
        """Why this request goes no further, whatever token it has; None if it may."""
        gate = self.gate
        host = [value.decode("latin-1") for value in headers.get(b"host", [])]
        if len(host) != 1 or host[0].lower() not in gate.hosts:
            return "This is not the studio's address: use the one that handwrought studio printed."
        origin = [value.decode("latin-1") for value in headers.get(b"origin", [])]
        if origin and (len(origin) != 1 or origin[0] not in gate.origins):
            return "Another page may not talk to the studio."
        site = headers.get(b"sec-fetch-site", [b"none"])
        own = len(site) == 1 and site[0] in (b"same-origin", b"none")
        return None if own or _is_first_page(scope) else "Another page may not talk to the studio."

    def _knows(self, token: str | None) -> bool:
        if token is None:
            return False
        return hmac.compare_digest(token.encode(), self.gate.token.encode())

    async def _welcome(self, send: Send, *, by_file: bool = False) -> None:
        """The token moves from the address into a cookie that no script can read."""
        cookie = f"{self.gate.cookie}={self.gate.token}; HttpOnly; SameSite=Strict; Path=/"
        let_in = (b"set-cookie", cookie.encode())
        if by_file:  # after a redirection from there, a strict cookie would not be sent
            await _answer(send, 200, _GO_ON, let_in, (b"content-type", b"text/html"), plain=True)
        else:
            await _answer(send, 303, "", (b"location", b"/"), let_in)

    async def _with_body(
        self, scope: Scope, headers: Mapping[bytes, list[bytes]], receive: Receive, send: Send
    ) -> None:
        """The application, once the whole body is here and is no longer than allowed."""
        limit = self.gate.bodies.get(scope["path"], BODY)
        said = headers.get(b"content-length", [b"0"])[0]
        too_long = f"That is more than the {limit:,} bytes that the studio takes here."
        if not said.isdigit() or int(said[:20]) > limit:
            await _answer(send, 413, too_long)
            return
        body = bytearray()
        try:
            async with asyncio.timeout(_PATIENCE):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    body += message.get("body", b"")
                    if len(body) > limit:
                        await _answer(send, 413, too_long)
                        return
                    if not message.get("more_body"):
                        break
        except TimeoutError:
            await _answer(send, 408, "The request did not arrive in time.")
            return
        given = False

        async def replay() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        await self.app(scope, replay, send)


def _is_first_page(scope: Scope) -> bool:
    return bool(scope["type"] == "http" and scope["path"] == "/" and scope["method"] == "GET")


def _token_in_address(scope: Scope) -> str | None:
    query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), max_num_fields=None)
    found = [value for name, value in query if name == "token"]
    return found[0] if len(found) == 1 else None


def _token_in_headers(headers: Mapping[bytes, list[bytes]], cookie_name: str) -> str | None:
    named = headers.get(b"x-handwrought-token")
    if named:
        return named[0].decode("latin-1")
    cookies: SimpleCookie = SimpleCookie()
    for line in headers.get(b"cookie", []):
        for part in line.decode("latin-1").split(";"):
            try:  # part by part: a strange cookie of another program on this host hides nothing
                cookies.load(part.strip())
            except CookieError:
                continue
    return cookies[cookie_name].value if cookie_name in cookies else None


def _with_headers(send: Send, request: Mapping[bytes, list[bytes]]) -> Send:
    host = request.get(b"host", [b""])[0]
    policy = _POLICY.format(host=host.decode("latin-1")).encode("latin-1", "replace")

    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = list(message.get("headers", []))
            names = {name.lower() for name, _ in own}
            own += [*_FIXED, (b"content-security-policy", policy)]
            if b"cache-control" not in names:
                own.append((b"cache-control", b"no-store"))
            message = {**message, "headers": own}
        await send(message)

    return sender


async def _answer(
    send: Send, status: int, sentence: str, *more: tuple[bytes, bytes], plain: bool = False
) -> None:
    body = json.dumps({"error": sentence}).encode() if sentence and not plain else sentence.encode()
    kind = b"text/plain; charset=utf-8" if plain else b"application/json"
    headers = [(b"content-length", str(len(body)).encode()), *more]
    if b"content-type" not in dict(headers):
        headers.append((b"content-type", kind))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
