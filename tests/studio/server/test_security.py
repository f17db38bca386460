"""Every trick on every route: the lists below are made from the route table."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.routing import Mount, Route, WebSocketRoute
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from handwrought.studio.app import BODIES, ROUTES, create_app
from handwrought.studio.server.security import BODY, MESSAGE
from handwrought.studio.server.studio import Studio

PORT, TOKEN = 8420, "the-right-token-and-no-other"
HOST = ("host", f"127.0.0.1:{PORT}")
COOKIE = ("cookie", f"handwrought_token_{PORT}={TOKEN}")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def flattened(routes, before=""):
    for route in routes:
        if isinstance(route, Mount):
            yield from flattened(route.routes, before + route.path)
        else:
            yield route, before + route.path


def filled(path):
    """A path with something in the place of its parameters."""
    while "{" in path:
        start, end = path.index("{"), path.index("}")
        path = path[:start] + "7" + path[end + 1 :]
    return path


HTTP = [
    (method, filled(path))
    for route, path in flattened(ROUTES)
    if isinstance(route, Route)
    for method in sorted(route.methods)
]
SOCKETS = [
    ("WEBSOCKET", filled(path))
    for route, path in flattened(ROUTES)
    if isinstance(route, WebSocketRoute)
]
EVERYWHERE = HTTP + SOCKETS

HOSTS = [
    [],
    [("host", "")],
    [("host", "evil.example")],
    [("host", "127.0.0.1")],
    [("host", "localhost")],
    [("host", f"127.0.0.1:{PORT + 1}")],
    [("host", f"127.0.0.1:{PORT}.evil.example")],
    [("host", f"localhost.evil.example:{PORT}")],
    [("host", f"evil-localhost:{PORT}")],
    [("host", f"user@127.0.0.1:{PORT}")],
    [("host", f"0.0.0.0:{PORT}")],
    [("host", f"[::1]:{PORT}")],
    [HOST, HOST],
    [HOST, ("host", "evil.example")],
]
ORIGINS = [
    [("origin", "null")],
    [("origin", "")],
    [("origin", "http://evil.example")],
    [("origin", f"http://127.0.0.1:{PORT + 1}")],
    [("origin", f"http://127.0.0.1:{PORT}.evil.example")],
    [("origin", f"http://127.0.0.1:{PORT}/")],
    [("origin", f"https://127.0.0.1:{PORT}")],
    [("origin", f"http://localhost.evil.example:{PORT}")],
    [("origin", f"http://localhost:{PORT}"), ("origin", f"http://localhost:{PORT}")],
    [("origin", f"http://localhost:{PORT}"), ("origin", "http://evil.example")],
    [("origin", f"http://localhost:{PORT}, http://evil.example")],
]
TOKENS = [
    [],
    [("cookie", "")],
    [("cookie", f"handwrought_token_{PORT}=")],
    [("cookie", f"handwrought_token_{PORT}={TOKEN[:-1]}")],
    [("cookie", f"handwrought_token_{PORT}={TOKEN}x")],
    [("cookie", f"handwrought_token_{PORT + 1}={TOKEN}")],
    [("cookie", f"other={TOKEN}")],
    [("x-handwrought-token", "wrong")],
    [("x-handwrought-token", "")],
    [("x-handwrought-token", "\xff\xfe")],
    [("authorization", f"token {TOKEN}")],
]


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    return create_app(Studio(tmp_path_factory.mktemp("guarded")), PORT, TOKEN)


def asked(app, method, path, headers, body=(b"",), query=""):
    """What the application sends for one request, without a server in between.

    In a thread of its own, since Playwright's event loop may run in this one.
    """
    parts = list(body)
    sent = []

    async def receive():
        if method == "WEBSOCKET":
            return {"type": "websocket.connect"} if not sent else {"type": "websocket.disconnect"}
        if not parts:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "websocket" if method == "WEBSOCKET" else "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "path": path,
        "raw_path": path.encode("latin-1", "replace"),
        "root_path": "",
        "query_string": query.encode(),
        "scheme": "http",
        "server": ("127.0.0.1", PORT),
        "client": ("127.0.0.1", 50000),
        "headers": [(n.encode(), v.encode("latin-1")) for n, v in headers],
        "subprotocols": [],
    }
    if method != "WEBSOCKET":
        scope["method"] = method
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, app(scope, receive, send)).result()
    return sent


def status(sent):
    """The status of a response; for a WebSocket 101 if it was accepted and 403 if not."""
    first = sent[0]
    if first["type"] == "http.response.start":
        return first["status"]
    return 101 if first["type"] == "websocket.accept" else 403


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path"), EVERYWHERE)
def test_a_foreign_host_a_foreign_origin_and_a_wrong_token_are_refused_everywhere(
    app, method, path
):
    for host in HOSTS:
        assert status(asked(app, method, path, [*host, COOKIE])) == 403, host
    for origin in ORIGINS:
        assert status(asked(app, method, path, [HOST, COOKIE, *origin])) == 403, origin
    for token in TOKENS:
        assert status(asked(app, method, path, [HOST, *token])) == 403, token
        own = ("origin", f"http://127.0.0.1:{PORT}")
        assert status(asked(app, method, path, [HOST, own, *token])) == 403, token
    if (method, path) != ("GET", "/"):
        for query in (f"token={TOKEN}", f"token={TOKEN}&token={TOKEN}"):
            assert status(asked(app, method, path, [HOST], query=query)) == 403
    for site in ("cross-site", "same-site", "same-origin, cross-site", ""):
        if (method, path) != ("GET", "/"):
            headers = [HOST, COOKIE, ("sec-fetch-site", site)]
            assert status(asked(app, method, path, headers)) == 403, site


@pytest.mark.parametrize(("method", "path"), EVERYWHERE)
def test_the_studios_own_page_is_let_in_everywhere(app, method, path):
    for host in ("127.0.0.1", "localhost"):
        own = [("host", f"{host}:{PORT}"), ("origin", f"http://{host}:{PORT}")]
        for token in (COOKIE, ("x-handwrought-token", TOKEN)):
            assert status(asked(app, method, path, [*own, token])) not in (403, 413, 500)
    # A program that is no browser sends no origin: the token is enough.
    assert status(asked(app, method, path, [HOST, COOKIE])) not in (403, 413, 500)
    crowded = ("cookie", f"bad[]=1; =; {COOKIE[1]}; theme=dark")
    assert status(asked(app, method, path, [HOST, crowded])) not in (403, 413, 500)


@pytest.mark.parametrize(("method", "path"), HTTP)
def test_a_long_body_is_refused_everywhere_announced_or_not(app, method, path):
    limit = BODIES.get(path, BODY)
    for said in (str(limit + 1), "9" * 30, "-1", "1e3", "many"):
        headers = [HOST, COOKIE, ("content-length", said)]
        assert status(asked(app, method, path, headers, [b""])) == 413, said
    half = b" " * (limit // 2 + 1)
    assert status(asked(app, method, path, [HOST, COOKIE], [half, half])) == 413


@pytest.mark.parametrize("path", sorted({path for _, path in HTTP}))
def test_a_method_that_a_route_does_not_have_is_refused(app, path):
    own = {method for method, each in HTTP if each == path}
    for method in set(METHODS) - own:
        assert status(asked(app, method, path, [HOST, COOKIE])) == 405, method


@pytest.mark.parametrize(("method", "path"), EVERYWHERE)
def test_no_path_climbs_out(app, method, path):
    for climb in (
        "/../../../../etc/passwd",
        "/..%2f..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..\\..\\etc\\passwd",
        "//etc/passwd",
        "/\x00",
    ):
        sent = asked(app, method, path.rstrip("/") + climb, [HOST, COOKIE])
        assert status(sent) in (403, 404, 405), climb
        assert not any(b"root:" in message.get("body", b"") for message in sent)


@pytest.mark.parametrize(("method", "path"), HTTP)
def test_every_answer_has_the_headers_that_guard_the_page(app, method, path):
    for token in ([COOKIE], []):
        start = asked(app, method, path, [HOST, *token])[0]
        headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
        assert "unsafe" not in policy
        assert TOKEN not in str(headers)


def test_the_token_in_the_address_becomes_a_cookie_and_leaves_the_address(app):
    start = asked(app, "GET", "/", [HOST], query=f"token={TOKEN}")[0]
    headers = dict(start["headers"])
    assert start["status"] == 303
    assert headers[b"location"] == b"/"
    assert headers[b"set-cookie"].decode() == f"{COOKIE[1]}; HttpOnly; SameSite=Strict; Path=/"
    refused = asked(app, "GET", "/", [HOST])
    assert refused[1]["body"].startswith(b"The studio needs its token: open the address")
    for query in ("token=", "token=wrong", f"token={TOKEN}&token=wrong", f"Token={TOKEN}"):
        assert status(asked(app, "GET", "/", [HOST], query=query)) == 403


# --- the same over the wire ------------------------------------------------------------------------


def answered(studio, *lines):
    with socket.create_connection(("127.0.0.1", studio.port), timeout=10) as wire:
        wire.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))
        found = b""
        while part := wire.recv(65536):
            found += part
    return found


def test_raw_requests_that_climb_or_lie_are_refused(studio):
    host, token = f"Host: 127.0.0.1:{studio.port}", f"X-Handwrought-Token: {studio.token}"
    inside = "/static/studio/server/security.py"
    for path in ("/static/../server.py", "/static/%2e%2e/server.py", "/static//etc/passwd", inside):
        found = answered(studio, f"GET {path} HTTP/1.1", host, token)
        assert found.startswith(b"HTTP/1.1 404"), path
        assert b"root:" not in found
    assert b" 403 " in answered(studio, "GET / HTTP/1.1", "Host: evil.example", token)
    assert b" 403 " in answered(studio, "GET / HTTP/1.1", host)
    assert b" 400 " in answered(studio, "GET / HTTP/1.1", token)  # no Host at all
    assert answered(studio, "GET / HTTP/1.1", host, token).startswith(b"HTTP/1.1 200")


def test_the_server_listens_on_this_machine_alone(studio):
    own = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in own - {"127.0.0.1"} | {"127.0.0.2"}:
        with pytest.raises(OSError), socket.create_connection((address, studio.port), timeout=2):
            pass


def _until_closed(wire):
    while True:  # what the studio said before it heard of the closing may still come
        wire.recv(timeout=10)


@pytest.mark.parametrize("path", [path for _, path in SOCKETS])
def test_websockets_are_guarded_over_the_wire_too(studio, path):
    address = studio.url.replace("http", "ws") + path
    token = {"X-Handwrought-Token": studio.token}
    own = f"http://127.0.0.1:{studio.port}"
    for origin, headers in ((own, {}), ("null", token), ("http://evil.example", token)):
        with (
            pytest.raises(InvalidStatus) as refused,
            connect(address, origin=origin, additional_headers=headers),
        ):
            pass
        assert refused.value.response.status_code == 403
    with connect(address, origin=own, additional_headers=token, compression="deflate") as wire:
        assert wire.protocol.extensions == []  # compression is off
        wire.send(b" " * (MESSAGE + 1))
        with pytest.raises(ConnectionClosed) as closed:
            _until_closed(wire)
        assert closed.value.rcvd.code == 1009
    with studio.client() as client:
        assert client.get("/").status_code == 200
