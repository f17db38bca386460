"""Those without a token, silent or slow, take nothing from those who have it."""

import asyncio
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect

from handwrought.studio.server.connections import ROOM, Strangers
from handwrought.studio.server.security import AT_ONCE, Gate, Guard

MANY = ROOM + 100


def wire(studio, stack, said=b""):
    made = stack.enter_context(socket.create_connection(("127.0.0.1", studio.port), timeout=10))
    made.sendall(said)
    return made


def seconds_until_answered(studio):
    """With a new connection each time, as somebody who has just opened the page."""
    start = time.perf_counter()
    headers = {"X-Handwrought-Token": studio.token}
    assert httpx.get(f"{studio.url}/", headers=headers, timeout=30).status_code == 200
    return time.perf_counter() - start


def was_closed(wire):
    try:
        return wire.recv(1) == b""
    except ConnectionResetError:
        return True


def held(studio):
    return len(os.listdir(Path(f"/proc/{studio.process.pid}/fd")))


HANDSHAKE = b"GET /ws/train HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"G",
        b"GET / HTTP/1.1\r\nHost: ",
        HANDSHAKE,
        b"POST / HTTP/1.1\r\nContent-Length: 9\r\n",
    ],
    ids=["silent", "a letter", "half a header", "half a handshake", "half a request"],
)
def test_hundreds_of_unfinished_requests_do_not_lock_the_owner_out(studio, said):
    with ExitStack() as stack:
        with studio.client() as client:
            client.get("/")
            wires = [wire(studio, stack, said) for _ in range(MANY)]
            assert seconds_until_answered(studio) < 2
            assert client.get("/").status_code == 200  # nor close the connection that it has
        if Path("/proc/self/fd").exists():
            assert held(studio) < ROOM + 60
        # The longest waiting were closed, and the last ones wait on.
        wires[-1].setblocking(False)
        with pytest.raises(BlockingIOError):
            wires[-1].recv(1)
        assert was_closed(wires[0])


@pytest.mark.slow
def test_trickling_and_wrong_tokens_that_never_rest_do_not_either(studio):
    host = f"Host: 127.0.0.1:{studio.port}\r\n"
    refused = f"GET /api/draw/network HTTP/1.1\r\n{host}X-Handwrought-Token: no\r\n\r\n".encode()
    stop = threading.Event()

    def trickle(stack):
        wires = [wire(studio, stack) for _ in range(300)]
        whole = [wire(studio, stack) for _ in range(100)]
        ready.set()
        for letter in f"GET / HTTP/1.1\r\n{host}X-Waiting: ".encode() + b"a" * 10**6:
            for each, said in [(w, bytes([letter])) for w in wires] + [(w, refused) for w in whole]:
                try:
                    each.sendall(said)
                except OSError:
                    continue
            if stop.wait(0.05):
                return

    ready = threading.Event()
    with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
        done = pool.submit(trickle, stack)
        ready.wait(30)
        times = [seconds_until_answered(studio) for _ in range(5)]
        stop.set()
        done.result(60)
    assert max(times) < 3, times


# --- a server with room for three, and a tenth of the patience --------------------------------------


async def answers(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    scope["state"]["let_in"]()
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


def test_a_stranger_has_so_long_however_it_trickles_and_one_let_in_has_longer(serves):
    with serves(lambda port: answers, Strangers(time=0.5)) as port, ExitStack() as stack:
        one, other = (
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            for _ in range(2)
        )
        other.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert other.recv(100).startswith(b"HTTP/1.1 204")
        start = time.perf_counter()
        with suppress(OSError):
            for letter in b"GET /" + b"a" * 1000:
                one.sendall(bytes([letter]))
                time.sleep(0.02)
        assert 0.4 < time.perf_counter() - start < 5
        other.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert other.recv(100).startswith(b"HTTP/1.1 204")


def test_text_that_is_no_utf8_ends_its_connection_in_silence(serves, caplog):
    with serves(lambda port: answers) as port, connect(f"ws://127.0.0.1:{port}/") as wire:
        for frame in (b"\xff\xfe", b"\xc3", b"\xed\xa0\x80"):
            with wire.protocol_mutex:
                wire.protocol.send_frame(Frame(Opcode.TEXT, frame))
                wire.send_data()
        with pytest.raises(ConnectionClosedError) as closed:
            wire.recv(timeout=10)
        assert closed.value.rcvd.code == 1007
    assert [record.getMessage() for record in caplog.records if record.levelno >= 40] == []


def test_the_guard_does_so_many_things_at_once_and_no_more():
    async def waits(scope, receive, send):
        await go.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def ask(token):
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        headers = [(b"host", b"127.0.0.1:1"), (b"x-handwrought-token", token)]
        scope = {"type": "http", "path": "/", "method": "GET", "headers": headers}
        await guard(scope, receive, send)
        return sent[0]["status"]

    async def all_of_them():
        asked = [asyncio.create_task(ask(b"t")) for _ in range(AT_ONCE)]
        strangers = [asyncio.create_task(ask(b"no")) for _ in range(AT_ONCE)]
        await asyncio.sleep(0)
        assert await ask(b"t") == 503
        go.set()
        assert {*await asyncio.gather(*asked)} == {204}
        assert {*await asyncio.gather(*strangers)} == {403}
        assert await ask(b"t") == 204

    go = asyncio.Event()
    guard = Guard(waits, Gate(1, "t"))
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, all_of_them()).result(60)
