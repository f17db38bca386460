"""Who may talk to the studio: this machine's browser, from the studio's own page, with the token.

Every request and every WebSocket passes through :class:`Guard` before a route is even looked up,
so that a new route is guarded without doing anything.  In this order:

1. ``Host`` is there once and is a member of a set (``127.0.0.1:port``, ``localhost:port``), so that
   a name which an attacker points to 127.0.0.1 (DNS rebinding) opens nothing.
2. ``Origin`` is absent, or there once and a member of a set.  ``null`` is not in it.  Members are
   compared whole, never by prefix or pattern.
3. ``Sec-Fetch-Site``, where a browser sends it, is not that of another page.
4. The token: in the address of the first page (``/?token=...``), which turns it into a cookie, then
   in the cookie, or in the header ``X-Handwrought-Token``.
5. The body is no longer than its route needs, and does not take for ever to arrive.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["BODY", "MESSAGE", "Gate", "Guard"]

BODY = 1 << 20
"""Bytes of a request's body, unless its route is named in ``Gate.bodies``."""
MESSAGE = 1 << 20
"""Bytes of a WebSocket message."""
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
    """

    port: int
    token: str = field(repr=False)
    bodies: Mapping[str, int] = field(default_factory=dict)

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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        refusal = self._refusal(scope, headers)
        if scope["type"] == "websocket":
            if refusal:
                await send({"type": "websocket.close", "code": 1008, "reason": refusal})
            else:
                await self.app(scope, receive, send)
            return
        send = _with_headers(send, headers.get(b"host", [b""])[0])
        if refusal and scope["path"] == "/":  # somebody reads it
            await _answer(send, 403, refusal, plain=True)
        elif refusal:
            await _answer(send, 403, refusal)
        elif scope["path"] == "/" and self._token_in_address(scope) is not None:
            await self._welcome(send)
        else:
            await self._with_body(scope, headers, receive, send)

    def _refusal(self, scope: Scope, headers: Mapping[bytes, list[bytes]]) -> str | None:
        """Why this request goes no further; None if it may."""
        gate = self.gate
        host = [value.decode("latin-1") for value in headers.get(b"host", [])]
        if len(host) != 1 or host[0].lower() not in gate.hosts:
            return "This is not the studio's address: use the one that handwrought studio printed."
        origin = [value.decode("latin-1") for value in headers.get(b"origin", [])]
        if origin and (len(origin) != 1 or origin[0] not in gate.origins):
            return "Another page may not talk to the studio."
        first_page = scope["type"] == "http" and scope["path"] == "/" and scope["method"] == "GET"
        site = headers.get(b"sec-fetch-site", [b"none"])
        if not first_page and (len(site) != 1 or site[0] not in (b"same-origin", b"none")):
            return "Another page may not talk to the studio."
        shown = self._token_in_address(scope) if first_page else None
        shown = shown or _token_in_headers(headers, gate.cookie)
        if shown is None or not hmac.compare_digest(shown.encode(), gate.token.encode()):
            return "The studio needs its token: open the address that handwrought studio printed."
        return None

    def _token_in_address(self, scope: Scope) -> str | None:
        query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), max_num_fields=None)
        found = [value for name, value in query if name == "token"]
        return found[0] if len(found) == 1 else None

    async def _welcome(self, send: Send) -> None:
        """The token moves from the address into a cookie that no script can read."""
        cookie = f"{self.gate.cookie}={self.gate.token}; HttpOnly; SameSite=Strict; Path=/"
        await _answer(send, 303, "", (b"location", b"/"), (b"set-cookie", cookie.encode()))

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


def _with_headers(send: Send, host: bytes) -> Send:
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
    body = sentence.encode()
    if sentence and not plain:
        body = json.dumps({"error": sentence}).encode()
    kind = (b"content-type", b"text/plain; charset=utf-8" if plain else b"application/json")
    headers = [kind, (b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
