"""Values of any type in every message, random bytes in every file of a run: sentences, no tracebacks.

Everything is drawn from a seed, so that what fails fails again.
"""

import json
import os
import random
import shutil
import socket
import struct
import time
from base64 import b64encode
from contextlib import contextmanager, suppress

import httpx
import pytest
from starlette.routing import Route, WebSocketRoute
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from handwrought.storage.sealed import sealed, unsealed
from handwrought.studio.app import ROUTES, create_app
from handwrought.studio.server.studio import Studio
from handwrought.studio.train.training_request import TrainingRequest

TOKEN = "token"
PIXELS = b64encode(bytes(784)).decode()
SEEN = {
    "network": "16:sigmoid:quadratic:fresh", "image": "test:7", "label": 3, "rates": [0.5],
    "mistake": None,
}  # fmt: skip
AUGMENTATION = {"shift": 1.0, "rotation": 5.0}
POSTED = {
    "/api/draw/neuron": {"drawing": 1, "layer": 2, "neuron": 0},
    "/api/draw/keep": {"drawing": 1, "label": 3},
    "/api/draw/picture": b"GIF89a\x01\x00\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00",
    "/api/train/begin": {
        "wish": {
            "hidden": [5], "learning_rate": 0.1, "dropout": 0.1, "augmentation": AUGMENTATION,
            "anneal_augmentation": 0.1, "clip_norm": 1.0, "own": {"source": "none", "share": 0.1},
        },
        "goal": "pause",
        "name": "a run",
    },
    "/api/train/do": {"run": "RUN", "goal": "stop"},
    "/api/train/go-on": {"run": "RUN", "goal": "pause", "more": 0, "learning_rate": 0.1},
    "/api/train/change": {
        "run": "RUN", "learning_rate": 0.1, "weight_decay": 0.1, "l1": 0.1, "dropout": 0.1,
        "label_smoothing": 0.1, "epochs": 1, "augmentation": AUGMENTATION,
    },
    "/api/train/rename": {"run": "RUN", "name": "mine"},
    "/api/train/delete": {"run": "none"},
    "/api/train/moment": {"run": "RUN", "step": 0, "pixels": PIXELS},
    "/api/train/course": {"run": "RUN", "pixels": PIXELS},
    "/api/backprop/find": {"kind": "random", "network": SEEN["network"], "digit": 1, "after": 0},
    "/api/backprop/drawing": struct.pack("<IIHH", 0, 1, 3, 3) + bytes(9),
    "/api/backprop/picture": SEEN,
    "/api/backprop/progress": {"kind": "random", "network": SEEN["network"]},
    "/api/backprop/closeup": {
        "seen": SEEN, "step": "BP2-2", "layer": 2, "neuron": 0, "source": 0, "rate": 1.0,
    },
    "/api/backprop/verify": {"seen": SEEN, "layer": 2, "neuron": 0, "source": 400},
    "/api/backprop/moved": {"seen": SEEN, "rate": 1.0},
    "/api/backprop/broken": {"mistake": "none"},
    "/api/evaluate/result": {"model": "run-RUN"},
    "/api/evaluate/cell": {"model": "run-RUN", "label": 1, "said": 2, "start": 0, "most": 3},
    "/api/evaluate/mistakes": {"model": "run-RUN", "start": 0, "most": 3},
    "/api/evaluate/images": {"model": "run-RUN", "at": [0, 5]},
    "/api/evaluate/curves": {"model": "none"},
    "/api/evaluate/map": {"model": "run-RUN", "layer": 1, "method": "pca"},
    "/api/evaluate/report": {"model": "none"},
}  # fmt: skip
SENT = {
    "/ws/draw": [struct.pack("<IIHH", 0, 1, 3, 3) + bytes(9)],
    "/ws/train": [{"kind": "any"}],
    "/ws/evaluate": [
        {"model": "run-RUN", "turn": 1, "measure": False, "amounts": {"rotation": 5.0, "noise": 0.1}}
    ],
    "/ws/playground": [
        {
            "kind": "open", "tab": "abcdefgh", "did": "3e_2b_w2.0.1*1.5_p20.-40*1_x7_rate*0.1_5b",
            "again": False, "points": True,
            "settings": {
                "data": "circles", "points": 20, "noise": 0.1, "held": 0.3, "hidden": [4, 2],
                "activation": "tanh", "optimizer": "sgd", "rate": 0.3, "batch": 10, "l1": 0.0,
                "l2": 0.0, "seed": 1,
            },
        },
        {"kind": "set", "layer": 2, "neuron": 0, "below": 0, "value": 1.0},
        {"kind": "add", "x": [0.5, 0.5], "y": 1.0},
        {"kind": "remove", "point": 3},
        {"kind": "change", "name": "rate", "value": 0.1},
        {"kind": "do", "what": "batch"},
        {"kind": "run", "speed": "fast"},
        {"kind": "pause"},
    ],
}  # fmt: skip
DEEP = json.loads("[" * 400 + "]" * 400)
STRANGE = [
    None, True, False, [], {}, "", "0", "\ud800", "a\udfffb", "\x00", "../..", "x" * 2000, DEEP,
    {"a": DEEP}, [[]], [None], 0, -1, 1, 2**31, 2**63, 2**64, 10**400, -(10**400), 0.5, -0.0, 1e-320,
    1e308, float("nan"), float("inf"), float("-inf"), {"kind": "open"}, "16:sigmoid:quadratic:fresh",
]  # fmt: skip


def places(value, path=()):
    """The path to each value in a JSON value, itself among them."""
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


def put(value, path, new):
    """The value with another one at a place."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy


def mutants(value, rng, most):
    """Messages with strange values in them, as bytes; at each place a few, ``most`` in all."""
    if isinstance(value, bytes):
        for _ in range(most):
            damaged = bytearray(value)
            for _ in range(rng.randrange(1, 4)):
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
            yield bytes(damaged[: rng.choice([len(damaged), rng.randrange(len(damaged))])])
        return
    found = [put(value, path, new) for path in places(value) for new in STRANGE]
    for each in rng.sample(found, min(most, len(found))):
        yield json.dumps(each).encode()
    for depth in (900, 960, 985, 995, 1000, 10**5):
        yield b'{"a": ' + b"[" * depth + b"]" * depth + b"}"
    yield json.dumps(value).encode()[:-1]
    yield json.dumps(value).encode("utf-16")
    yield b'{"run": "\xff"}'


@pytest.fixture(scope="module")
def trained(tmp_path_factory, watches):
    """A studio's folder with one run that has ended."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HANDWROUGHT_KERNELS", "numpy")
        watched = watches(folder)
        run = watched.runs.begin(TrainingRequest(images=200, hidden=(5,), epochs=1), "run", "whole")
        assert watched.until_gone(run).status == "finished"
        watched.studio.close()
    return folder, run


class Client(httpx.Client):
    """Let in, and with the studio's port."""

    def __init__(self, port):
        self.port = port
        self.own = {"X-Handwrought-Token": TOKEN}
        super().__init__(base_url=f"http://127.0.0.1:{port}", headers=self.own, timeout=60)

    def socket(self, path):
        return connect(f"ws://127.0.0.1:{self.port}{path}", additional_headers=self.own)


@pytest.fixture
def opened(trained, tmp_path, caplog, serves):
    """To open a studio on a copy of that folder, once it was changed; its log must stay empty."""
    folder, run = trained
    shutil.copytree(folder, tmp_path / "data")

    @contextmanager
    def client():
        def app(port):
            return create_app(Studio(tmp_path / "data"), port, TOKEN)

        with serves(app) as port, Client(port) as http:
            yield http

    yield client, tmp_path / "data" / "runs" / run, run
    assert [record.getMessage() for record in caplog.records if record.levelno >= 40] == []


def named(value, run):
    return (
        json.loads(json.dumps(value).replace("RUN", run)) if not isinstance(value, bytes) else value
    )


def check(answer, what):
    assert answer.status_code < 500, (what, answer.text)
    if answer.status_code >= 400:
        sentence = answer.json()["error"]
        assert sentence, what
        assert "Traceback" not in sentence


def test_every_route_that_takes_a_message_is_tried():
    assert set(POSTED) == {r.path for r in ROUTES if isinstance(r, Route) and "POST" in r.methods}
    assert set(SENT) == {r.path for r in ROUTES if isinstance(r, WebSocketRoute)}


@pytest.fixture
def no_processes(monkeypatch):
    """A machine that is full of them: a training that may begin cannot."""

    def full(folder):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("handwrought.studio.train.runs.begun", full)


@pytest.mark.slow
@pytest.mark.usefixtures("no_processes")
@pytest.mark.parametrize("path", sorted(POSTED))
def test_a_body_with_strange_values_is_answered_with_a_sentence(opened, path):
    client, _, run = opened
    rng = random.Random(path)
    value = named(POSTED[path], run)
    with client() as http:
        for body in mutants(value, rng, 80):
            check(http.post(path, content=body), body)


LAST = {
    "/ws/draw": (struct.pack("<IIHH", 0, 77777, 1, 1) + b"0", '"turn":77777'),
    "/ws/evaluate": ({"model": "none", "turn": 77777, "amounts": {}}, "no model 'none'"),
    "/ws/playground": ({**SENT["/ws/playground"][0], "settings": {"seed": 77777}}, '"seed":77777'),
    "/ws/train": ({}, "only tells here"),
}


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(SENT))
def test_a_message_with_strange_values_is_answered_with_a_sentence(opened, path):
    client, _, run = opened
    rng = random.Random(path)
    good = [value if isinstance(value, bytes) else named(value, run) for value in SENT[path]]
    with client() as http, http.socket(path) as wire:
        for value in good:
            for body in mutants(value, rng, 40):
                if rng.random() < 0.2 and isinstance(good[0], dict):
                    wire.send(json.dumps(good[0]))
                wire.send(body)
                with suppress(UnicodeDecodeError):
                    wire.send(body.decode())
        last, answer = LAST[path]
        wire.send(last if isinstance(last, bytes) else json.dumps(last))
        while answer not in str(wire.recv(timeout=60)):
            pass


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.0, 0.01, 0.05, 0.2])
def test_a_page_that_is_closed_while_the_playground_answers_leaves_no_traceback(opened, delay):
    client, *_ = opened
    first, *others = [json.dumps(value) for value in SENT["/ws/playground"]]
    now = struct.pack("ii", 1, 0)
    with client() as http:
        for reset in [True, False] * 8:
            with suppress(ConnectionClosed, OSError), http.socket("/ws/playground") as wire:
                for said in (first, *others, first, *others):
                    wire.send(said)
                time.sleep(delay)
                if reset:
                    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
                    wire.socket.shutdown(socket.SHUT_RDWR)
        assert http.get("/").status_code == 200


# --- a run's files -----------------------------------------------------------------------------------


def ask_everything(http, run, *, model=False):
    """All that is asked of a run that is kept, but to train on; of its model where that is meant."""
    check(http.get("/"), "page")
    for path in (f"/api/train/runs/{run}", f"/api/train/runs/{run}/model", "/api/train/own"):
        check(http.get(path), path)
    for path in ("/api/evaluate/models", "/api/backprop/networks", "/api/train/controls"):
        check(http.get(path), path)
    for path in ("moment", "course", "change", "rename"):
        path = f"/api/train/{path}"
        check(http.post(path, json=named(POSTED[path], run)), path)
    if model:
        cell = {"model": f"run-{run}", "label": 1, "said": 2}
        check(http.post("/api/evaluate/cell", json=cell), "cell")
        network = {**SEEN, "network": f"file:runs/{run}/model.safetensors"}
        check(http.post("/api/backprop/picture", json=network), "picture")
    with http.socket("/ws/train") as wire:
        return json.loads(wire.recv(timeout=60))


FILES = (
    "config.json",
    "history.jsonl",
    "look.json",
    "model.safetensors",
    "snapshots",
    "process.log",
)


def files_of(folder, name):
    return sorted((folder / name).iterdir()) if name == "snapshots" else [folder / name]


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_a_file_with_random_bytes_in_it_is_told_and_the_other_runs_are_shown(opened, name):
    client, folder, run = opened
    shutil.copytree(folder, folder.with_name("other"))
    rng = random.Random(name)
    whole = {path: path.read_bytes() for path in files_of(folder, name)}
    for case in range(8):
        for path, content in whole.items():
            damaged = bytearray(content or b"x" * 20)
            for _ in range(rng.choice([1, 1, 8])):
                at = rng.randrange(len(damaged))
                damaged[at] ^= 1 << rng.randrange(8) if case % 2 else rng.randrange(1, 256)
            path.write_bytes(
                damaged[: rng.choice([len(damaged)] * 3 + [rng.randrange(len(damaged))])]
            )
        with client() as http:
            state = ask_everything(http, run, model=name == "model.safetensors")
            shown = http.get(f"/api/train/runs/{run}").json()["run"]
        assert {each["id"] for each in state["runs"]} == {run, "other"}
        own = next(each for each in state["runs"] if each["id"] == run)
        if name == "config.json":
            assert own["status"] == "damaged"
            assert "config.json is no training's plan, or is damaged" in own["sentence"]
        elif name in ("history.jsonl", "look.json"):
            assert name in shown["damage"]
            assert shown["findings"][0]["name"] == "damaged"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["config.json", "look.json", "history.jsonl"])
def test_a_value_of_another_type_is_told_even_where_its_digest_is_right(opened, name):
    client, folder, run = opened
    rng = random.Random(name)
    indent = None if name == "history.jsonl" else 1
    first, _, rest = (folder / name).read_bytes().partition(b"\n" if indent is None else b"\0")
    values, _ = unsealed(first, indent=indent)
    allowed = 0
    found = [(path, new) for path in places(values) for new in STRANGE if path]
    for path, new in rng.sample(found, 20):
        mutant = put(values, path, new)
        (folder / name).write_bytes(sealed(mutant, indent=indent) + (b"\n" + rest if rest else b""))
        with client() as http:
            check(http.get(f"/api/train/runs/{run}"), mutant)
            if name == "config.json":
                check(http.get("/api/evaluate/models"), mutant)
                with http.socket("/ws/train") as wire:
                    (own,) = json.loads(wire.recv(timeout=60))["runs"]
                allowed += own["status"] != "damaged"
                if isinstance(own["progress"].get("step", 0), str):
                    pytest.fail(f"{mutant}")
    assert allowed < 10


@pytest.mark.slow
@pytest.mark.parametrize("name", [*FILES, "checkpoint.safetensors", "."])
@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "device"])
def test_no_link_pipe_folder_or_device_is_read_or_served(opened, tmp_path, name, kind):
    client, folder, run = opened
    secret = tmp_path / "secret"
    if name == ".":
        shutil.move(folder, secret)
        path = folder
    else:
        path = files_of(folder, name)[0]
        shutil.move(path, secret)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(secret if kind == "link" else "/dev/zero")
    with client() as http:
        state = ask_everything(http, run)
        served = http.get(f"/api/train/runs/{run}/model")
        models = http.get("/api/evaluate/models").text
    if name == ".":
        assert state["runs"] == []
    if name in ("model.safetensors", "."):
        assert served.status_code == 400
        assert f"run-{run}" not in models
    if name == "config.json":
        assert "config.json cannot be read (" in state["runs"][0]["sentence"]


def test_a_run_whose_checkpoint_is_damaged_says_so_when_it_is_to_go_on(opened):
    client, folder, run = opened
    path = folder / "checkpoint.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with client() as http:
        check(http.post("/api/train/go-on", json={"run": run, "more": 1}), "go on")
        end = time.monotonic() + 60
        while (own := http.get(f"/api/train/runs/{run}").json()["run"])["status"] != "failed":
            assert time.monotonic() < end, own
            time.sleep(0.1)
    assert "checkpoint.safetensors" in own["sentence"]
    assert "Traceback" not in (folder / "process.log").read_text()
