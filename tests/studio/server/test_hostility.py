"""Malformed and hostile messages: each is refused, and the running server goes on."""

import json
import os
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.routing import Route, WebSocketRoute
from websockets.sync.client import connect

from handwrought.studio.app import ROUTES

POSTS = [route.path for route in ROUTES if isinstance(route, Route) and "POST" in route.methods]
SOCKETS = [route.path for route in ROUTES if isinstance(route, WebSocketRoute)]
LITTLE = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
names = st.sampled_from(["drawing", "layer", "neuron", "label", "id", "name", "kind", "__class__"])
bodies = (
    st.binary(max_size=200)
    | values.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(names, values).map(lambda value: json.dumps(value).encode())
)


def opened(studio, path):
    token = {"X-Handwrought-Token": studio.token}
    return connect(f"ws://127.0.0.1:{studio.port}{path}", additional_headers=token)


def still_there(studio):
    assert studio.process.poll() is None
    with studio.client() as client:
        assert client.get("/").status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize("path", POSTS)
def test_any_body_is_refused_or_answered(studio, path):
    with studio.client() as client:

        @LITTLE
        @given(bodies)
        def throw(body):
            answer = client.post(path.replace("{", "").replace("}", ""), content=body)
            assert answer.status_code < 500, answer.text
            if answer.status_code >= 400:
                sentence = answer.json()["error"]
                assert sentence
                assert "Traceback" not in sentence

        throw()
    still_there(studio)


@pytest.mark.slow
@pytest.mark.parametrize("path", SOCKETS)
def test_any_message_is_answered_or_ends_its_own_connection_alone(studio, path):
    with opened(studio, path) as bystander:

        @LITTLE
        @given(st.lists(bodies | bodies.map(lambda b: b.decode("latin-1")), max_size=4))
        def throw(messages):
            with opened(studio, path) as wire:
                for message in messages:
                    wire.send(message)

        throw()
        bystander.ping().wait(10)
    still_there(studio)


@pytest.mark.slow
@pytest.mark.parametrize("path", SOCKETS)
def test_connections_that_are_dropped_leave_nothing_behind(studio, path):
    def held():
        own = Path(f"/proc/{studio.process.pid}")
        return len(os.listdir(own / "fd")), len(os.listdir(own / "task"))

    if not Path("/proc/self/fd").exists():
        pytest.skip("what a process holds is counted in /proc")
    with opened(studio, path) as wire:
        wire.ping().wait(10)
    before = held()
    for _ in range(100):
        wire = opened(studio, path)
        wire.socket.shutdown(socket.SHUT_RDWR)
    still_there(studio)
    after = held()
    assert after[0] <= before[0] + 5
    assert after[1] <= before[1] + 2


def test_a_request_that_never_ends_holds_up_nobody(studio):
    with socket.create_connection(("127.0.0.1", studio.port)) as slow:
        slow.sendall(
            f"POST /api/draw/keep HTTP/1.1\r\nHost: 127.0.0.1:{studio.port}\r\n"
            f"X-Handwrought-Token: {studio.token}\r\nContent-Length: 100\r\n\r\n".encode()
        )
        still_there(studio)
