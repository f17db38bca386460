"""Files that would run code in a careless reader, in the manner of two flaws of our field.

CVE-2025-1550: Keras imported whatever module a model's configuration named.  CVE-2025-32434: PyTorch
unpickled a file that it had promised to read as mere weights.  Each canary here leaves a file behind
if anything in it is run; the reader runs under a hook that denies all it should never do.
"""

import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from fuzz.repair import _closed, safetensors_repaired
from fuzz.seeds import seeds

import handwrought

ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {
    "PYTHONPATH": os.pathsep.join((str(Path(handwrought.__file__).parents[1]), str(ROOT)))
}
LEFT = "canary-was-here"
TEXT = f"__import__('os').system('touch {LEFT}')"


class Canary:
    """Its pickle calls a function when it is read."""

    def __reduce__(self):
        return os.system, (f"touch {LEFT}",)


PICKLES = {f"pickle-{protocol}": pickle.dumps(Canary(), protocol) for protocol in (0, 2, 4, 5)}


def archive(**members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, inside in members.items():
            file.writestr(name.replace("__", "/"), inside)
    return content.getvalue()


def npy(header, data=b""):
    header = header.encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


def npz(**arrays):
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


KERAS = json.dumps({
    "module": "builtins", "class_name": "exec", "registered_name": None,
    "config": {"name": "x", "layers": [{"module": "os", "class_name": "system",
               "config": {"command": f"touch {LEFT}"}}]},
})  # fmt: skip
LAMBDA = json.dumps({"class_name": "Lambda", "config": {"function": {"class_name": "__lambda__",
                     "config": {"code": "4wEAAAAAAAAA", "defaults": None}}}})  # fmt: skip
NAMES = ["os.system", "builtins.exec", "handwrought.nn.faults:FAULTS", TEXT, "lambda z: z",
         "../../../../etc/passwd", "http://127.0.0.1:9/x", {"module": "os", "class_name": "system"},
         ["os", "system"], "__class__", "sigmoid\0", "!!python/object/apply:os.system"]  # fmt: skip


def in_header(name, key, changes):
    """The first seed with other values in our part of its header."""
    content = seeds(name)[0]
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    ours = json.loads(header["__metadata__"][key]) | changes
    header["__metadata__"][key] = json.dumps(ours)
    whole = _closed(header, content[8 + length :])
    if "digest" in changes:
        return whole
    try:
        return safetensors_repaired(whole, header)  # so that it does not die at its digest alone
    except (KeyError, TypeError, AttributeError, IndexError):
        return whole


def with_digest(name):
    content = seeds("model")[0]
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"]["handwrought-digest"] = name
    return _closed(header, content[8 + length :])


def models():
    yield from PICKLES.items()
    yield "torch", archive(archive__data_pkl=PICKLES["pickle-2"], archive__version=b"3")
    yield "keras", archive(config_json=KERAS, metadata_json="{}")
    yield "keras-json", KERAS.encode()
    yield "lambda-json", LAMBDA.encode()
    yield "object-npy", npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
                            PICKLES["pickle-4"])  # fmt: skip
    for i, name in enumerate(NAMES):
        yield f"digest-{i}", with_digest(name)
        for field in ("cost", "dtype", "stored"):
            yield f"{field}-{i}", in_header("model", "handwrought", {field: name})
        for field in ("kind", "activation"):
            said = {"kind": "dense", "n_out": 2, "activation": "softmax", field: name}
            arrays = {"weights": [2, 4], "biases": [2]}
            layers = {"layers": [{**said, "arrays": arrays}]}
            yield f"{field}-{i}", in_header("model", "handwrought", layers)
    yield "record-code", in_header("model", "handwrought", {"record": {"__reduce__": TEXT}})
    header, data = {"os.system": {"dtype": "O", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)
    yield "object-tensor", _closed(header, data)


def checkpoints():
    yield from PICKLES.items()
    yield "torch", archive(archive__data_pkl=PICKLES["pickle-2"])
    for i, name in enumerate(NAMES):
        for field in ("settings", "numbers", "digest", "epoch"):
            changes = {field: {"optimizer": name, "engine": name} if field == "settings" else name}
            yield f"{field}-{i}", in_header("checkpoint", "handwrought-checkpoint", changes)


def recipes():
    yield "python", f"import os\n{TEXT}\n".encode()
    yield from PICKLES.items()
    for i, name in enumerate(NAMES):
        text = json.dumps(name) if isinstance(name, str) else '{ module = "os", class = "system" }'
        for field in ("activation", "cost", "initializer", "include", "hidden"):
            yield f"{field}-{i}", f"[network]\n{field} = {text}\n".encode()
        for field in ("optimizer", "schedule", "callbacks", "augmentation"):
            yield f"{field}-{i}", f"[training]\n{field} = {text}\n".encode()


def plans():
    yield from PICKLES.items()
    yield "keras", KERAS.encode()
    plan = json.loads(seeds("plan")[0])
    for i, name in enumerate(NAMES):
        for field in plan["network"]:
            changed = plan | {"network": plan["network"] | {field: name}}
            yield f"{field}-{i}", json.dumps(changed).encode()
        changed = plan | {"training": plan["training"] | {"optimizer": name}}
        yield f"optimizer-{i}", json.dumps(changed).encode()


def archives():
    objects, data = np.array([Canary()], object), np.zeros((2, 3, 3), np.uint8)
    yield "objects", npz(images=objects, labels=objects)
    yield "object-labels", npz(images=data, labels=np.array([Canary(), 1], object))
    fields = np.zeros(2, [("a", object)])
    yield "objects-in-fields", npz(images=data, labels=fields)
    for i, descr in enumerate((TEXT, "'|O'", "[('a', '|O')]", f"{TEXT} or '|u1'", "'O8'")):
        header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}"
        for protocol in ("pickle-0", "pickle-4"):
            member = npy(header, PICKLES[protocol])
            content = io.BytesIO()
            with zipfile.ZipFile(content, "w") as file:
                file.writestr("images.npy", member)
                file.writestr("labels.npy", member)
            yield f"header-{i}-{protocol}", content.getvalue()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr(f"../{LEFT}", b"x")
        file.writestr(f"/tmp/{LEFT}", b"x")
    yield "out-of-the-folder", content.getvalue()
    yield from PICKLES.items()


def tables():
    yield "formula", b"=cmd|' /C calc'!A0,1\n1,2\n"
    yield "code", f"1,{TEXT}\n0,2\n".encode()
    yield from PICKLES.items()


def pictures():
    yield "postscript", (f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n"
                         f"(%pipe%touch {LEFT}) (w) file\n%%EOF\n").encode()  # fmt: skip
    yield "svg", b'<?xml version="1.0"?><svg><image href="file:///etc/passwd"/></svg>'
    yield from PICKLES.items()


def histories():
    yield from PICKLES.items()
    yield "keras", KERAS.encode()
    yield (
        "keys",
        b'{"__class__": "os.system", "file": "../../x", "epoch": "' + TEXT.encode() + b'"}\n',
    )


CANARIES = {
    "model": models,
    "checkpoint": checkpoints,
    "recipe": recipes,
    "plan": plans,
    "npz": archives,
    "csv": tables,
    "picture": pictures,
    "history": histories,
    "collection index": histories,
}
HARMLESS = {  # these are read: the words stand where any words may stand, or lines are passed over
    "model": {"record-code"},
    # As the end of a log that a crash has cut short.
    "history": {name for name, content in histories() if b"\n" not in content},
    "collection index": set(dict(histories())),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CANARIES)
def test_a_canary_is_refused_and_nothing_else_happens(name, tmp_path):
    canaries = dict(CANARIES[name]())
    for canary, content in canaries.items():
        (tmp_path / canary).write_bytes(content)
    done = subprocess.run(
        [sys.executable, ROOT / "tests/hostile/guard.py", name, tmp_path],
        cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = {canary: (what, why) for canary, what, why in map(json.loads, done.stdout.splitlines())}
    assert set(found) == set(canaries)
    for canary, (what, why) in found.items():
        if canary in HARMLESS.get(name, ()):
            assert what == "read", (canary, why)
        else:
            assert what == "refused", (canary, what, why)
    assert not list(tmp_path.rglob(LEFT))
    assert not Path(f"/tmp/{LEFT}").exists()


CARELESS = {
    "pickle": ("pickle.loads(path.read_bytes())", "pickle.find_class"),
    "numpy": ("np.load(path.with_name('objects.npy'), allow_pickle=True)", "pickle"),
    "eval": ("eval(path.with_name('text').read_text())", "compile"),
    "import": ("__import__('this')", "import"),
    "start": ("__import__('os').system('true')", "os.system"),
    "foreign file": ("open('/etc/passwd')", "open"),
    "writing": ("path.write_text('x')", "open"),
    "network": ("socket.socket().connect(('127.0.0.1', 9))", "socket"),
}


@pytest.mark.slow
@pytest.mark.parametrize("way", CARELESS)
def test_the_guard_denies_what_a_careless_reader_does(way, tmp_path):
    """Without this the test above could pass since its guard sleeps."""
    code, event = CARELESS[way]
    (tmp_path / "file").write_bytes(PICKLES["pickle-4"])
    np.save(tmp_path / "objects.npy", np.array([Canary()], object))
    (tmp_path / "text").write_text(TEXT, encoding="utf-8")
    script = (
        "import sys, os, pickle, socket, zipfile, numpy as np\nfrom pathlib import Path\n"
        f"sys.path.insert(0, {str(ROOT / 'tests/hostile')!r})\n"
        "from guard import guarded\n"
        f"print(*guarded(lambda path: {code}, Path({str(tmp_path / 'file')!r})), sep='|')"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=ENVIRONMENT,
                          capture_output=True, text=True, check=True)  # fmt: skip
    what, why = done.stdout.split("|", 1)
    assert what == "denied", why
    assert why.startswith(event)
    assert not (tmp_path / LEFT).exists()


def test_a_canary_sings_where_nobody_guards(tmp_path):
    """The pickles are real ones."""
    subprocess.run(
        [sys.executable, "-c", f"import pickle; pickle.loads({PICKLES['pickle-4']!r})"],
        cwd=tmp_path,
        check=True,
    )
    assert (tmp_path / LEFT).exists()
