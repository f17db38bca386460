"""Mutants that get past the first check: a CRC, a length or a digest made right again.

Without this nearly every mutant of a PNG dies at a checksum and nothing behind it is ever tried.
Each container (gzip, zip, PNG, safetensors) is opened, what is in it is mutated, and it is closed
again with lengths and checksums that fit.
"""

from __future__ import annotations

import ast
import gzip
import hashlib
import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

__all__ = ["TOKENS", "digest_of", "mutant", "png_repaired", "safetensors_repaired"]

Mutate = Callable[[bytes], bytes]

VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3, 1e308, -0.5, 0.5, 2**31, 2**63, 10**400, float("inf"),
    float("nan"), "", "x", "relu", "softmax", "float16", "os", "../../x", [], {}, [1], [[1]],
    {"a": 1}, [None], ["x", 1], "\u0000", "\ud800", "x" * 5000,
)  # fmt: skip
"""What a header, a plan or a record may hold in the wrong place."""
ODD = (b"\0\0\xc0\x7f", b"\0\0\x80\xff", b"\xff\xff\xff\xff")
"""Not a number, minus infinity, and the largest whole number, of four bytes each."""
TOKENS = (
    b"|O", b"<f8", b"|u1", b">i4", b"<U9", b"nan", b"inf", b"1e999", b"-1", b"1_0", b"\xef\xbb\xbf",
    b"\r", b"\n", b",", b"\x0c", b"[[", b"{", b"'", b'"', b"true", b"IDAT", b"tRNS", b"PLTE", b"gAMA",
    b"eXIf", b"acTL", b"\x00\x00\x0d\x01", b"\xff\xff\xff\xff",
)  # fmt: skip


_PICKLE = b"cos\ngetcwd\n(tR."
"""A pickle that would call a function; a harmless one, should it come to that."""


def mutant(content: bytes, mutate: Mutate, seed: int) -> bytes:
    """A changed file, by one of the ways that its kind allows; ``mutate`` changes plain bytes."""
    rng = random.Random(seed)
    ways: list[Callable[[], bytes]] = [lambda: mutate(content), lambda: _spliced(content, rng)]
    kind = _kind(content)
    ways += [lambda: _deeper(kind, content, mutate, rng)] * (6 if kind else 0)
    try:
        return rng.choice(ways)()
    except Exception:
        return mutate(content)  # a mutant of a mutant need not be a container any more


def _kind(content: bytes) -> str:
    if content[:2] == b"\x1f\x8b":
        return "gzip"
    if content[:2] == b"\0\0" and len(content) > 8:
        return "idx"
    if content[:4] in (b"II*\0", b"MM\0*"):
        return "tiff"
    if content[:2] == b"PK":
        return "zip"
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if content[8:9] == b"{":
        return "safetensors"
    if content[:1] == b"{":
        return "json"
    if b"\n[" in content or content[:1] == b"[":
        return "toml"
    return ""


def _deeper(kind: str, content: bytes, mutate: Mutate, rng: random.Random) -> bytes:
    if kind == "gzip":
        inside = zlib.decompressobj(31).decompress(content, 1 << 20)
        return gzip.compress(mutant(inside, mutate, rng.getrandbits(30)), 1, mtime=0)
    if kind == "idx":
        return _idx(content, rng)
    if kind == "tiff":
        return _tiff(content, rng)
    if kind == "zip":
        return _zip(content, mutate, rng)
    if kind == "png":
        return _png(content, mutate, rng)
    if kind == "safetensors":
        return _safetensors(content, mutate, rng)
    if kind == "json":
        return _json_lines(content, rng)
    return _toml(content, rng)


def _spliced(content: bytes, rng: random.Random) -> bytes:
    """Cut short, or with a part repeated, left out, or replaced by a token."""
    a, b = sorted(rng.randrange(len(content) + 1) for _ in range(2))
    whole = a - a % 4
    return rng.choice(
        [
            content[:whole] + rng.choice(ODD) + content[whole + 4 :],
            content[:a],
            content[:b] + content[a:],
            content[:a] + content[b:],
            content[:a] + rng.choice(TOKENS) + content[a:],
            content[:a] + rng.choice(TOKENS) + content[b:],
        ]
    )


def _idx(content: bytes, rng: random.Random) -> bytes:
    """Another type, or another number in the place of a dimension or two."""
    if rng.random() < 0.3:
        return content[:2] + bytes([rng.choice((8, 9, 11, 12, 13, 14, 0, 10, 255))]) + content[3:]
    rank = rng.choice((content[3], 1, 2, 3, 4, 32, 255)) if rng.random() < 0.3 else content[3]
    sides = list(struct.unpack(f">{content[3]}I", content[4 : 4 + 4 * content[3]]))
    sides = (sides + [1] * rank)[:rank]
    for _ in range(rng.randint(1, 3)):
        numbers = (0, 1, 2, 3, 5, 12, 60, 255, 65_536, 2**31 - 1, 2**31, 2**32 - 1)
        sides[rng.randrange(rank)] = rng.choice(numbers)
    header = content[:3] + bytes([rank]) + struct.pack(f">{rank}I", *sides)
    return header + content[4 + 4 * content[3] :]


def _tiff(content: bytes, rng: random.Random) -> bytes:
    """Four bytes of pixels, or one field of twelve bytes, changed."""
    if rng.random() < 0.5:
        at = 4 * rng.randrange(len(content) // 4)
        return content[:at] + rng.choice(ODD) + content[at + 4 :]
    order = "<" if content[:2] == b"II" else ">"
    (start,) = struct.unpack(order + "I", content[4:8])
    (fields,) = struct.unpack(order + "H", content[start : start + 2])
    at = start + 2 + 12 * rng.randrange(fields)
    numbers = (0, 1, 2, 3, 4, 5, 8, 32, 34712, 65535, 2**31, 2**32 - 1)
    value = struct.pack(order + "I", rng.choice(numbers))
    place, length = rng.choice(((at, 2), (at + 4, 4), (at + 8, 4)))
    return content[:place] + value[:length] + content[place + length :]


# --- zip -----------------------------------------------------------------------------------------


def _zip(content: bytes, mutate: Mutate, rng: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()[:8]]
    at = rng.randrange(len(members))
    name, inside = members[at]
    if rng.random() < 0.2:
        name = rng.choice(["x_train.npy", "labels.npy", "y.npy", "../a.npy", "", "a" * 300, name])
    members[at] = name, _npy(inside, mutate, rng)
    if rng.random() < 0.1:
        members.append(rng.choice(members))
    out = io.BytesIO()
    kinds = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]
    with zipfile.ZipFile(out, "w", rng.choice(kinds)) as archive:
        for name, inside in members:
            if name not in archive.namelist():
                archive.writestr(name, inside)
    return out.getvalue()


def _npy(content: bytes, mutate: Mutate, rng: random.Random) -> bytes:
    """An array's file with its header changed and the header's length made to fit."""
    if content[:6] != b"\x93NUMPY" or rng.random() < 0.3:
        return mutate(content)
    (length,) = struct.unpack("<H", content[8:10])
    header, data = content[10 : 10 + length], content[10 + length :]
    if rng.random() < 0.4:
        names = ("'|O'", "'<f8'", "'|u1'", "'>i4'", "'<f4'", "'|b1'", "'<c8'", "'<U4'", "'<m8'",
                 "'|V9'", "[('a', '<f8')]", "'<f2'", "'<i8'", "''", "9")  # fmt: skip
        before, _, after = header.partition(b"'descr': ")
        _, comma, rest = after.partition(b",")
        name = rng.choice(names)
        header = before + b"'descr': " + name.encode() + comma + rest
        if name == "'|O'":
            return content[:8] + struct.pack("<H", len(header)) + header + _PICKLE
    elif rng.random() < 0.5:
        shape = tuple(
            rng.choice((0, 1, 2, 3, 6, 4, 96, -1, 2**31, 2**62)) for _ in range(rng.randrange(5))
        )
        before, _, _ = header.partition(b"'shape': ")
        header = before + b"'shape': " + repr(shape).encode() + b", }"
    else:
        header = mutate(header)
    if rng.random() < 0.7:  # as many bytes as the header asks for
        asked = ast.literal_eval(header.decode("latin-1").strip())
        n = prod(asked["shape"]) * np.dtype(asked["descr"]).itemsize
        data = (data * (min(n, 4096) // max(1, len(data)) + 1))[:n]
    return content[:8] + struct.pack("<H", len(header) & 0xFFFF) + header + data


# --- PNG -----------------------------------------------------------------------------------------


def _chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 8
    while at + 8 <= len(content) and len(found) < 64:
        (length,) = struct.unpack(">I", content[at : at + 4])
        found.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def png_repaired(content: bytes) -> bytes:
    """The same chunks, each with the length and the CRC that it should have."""
    return content[:8] + b"".join(_chunk(*chunk) for chunk in _chunks(content))


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _png(content: bytes, mutate: Mutate, rng: random.Random) -> bytes:
    if rng.random() < 0.2:
        return png_repaired(content[:8] + mutate(content[8:]))
    chunks = _chunks(content)
    at = rng.randrange(len(chunks))
    name, data = chunks[at]
    if name == b"IDAT" and rng.random() < 0.5:
        pixels = zlib.decompressobj().decompress(data, 1 << 20)
        data = zlib.compress(mutate(pixels), 1)
    elif name == b"IHDR" and rng.random() < 0.7:
        sides = (0, 1, 2, 5, 12, 28, 29, 1400, 9000, 20_000, 2**31 - 1, 2**32 - 1)
        width, height = struct.unpack(">II", data[:8])
        some = rng.choice(
            ((rng.choice(sides), height), (width, rng.choice(sides)), (width, height))
        )
        deep = bytes((rng.choice((1, 2, 4, 8, 16, 3)), rng.choice((0, 2, 3, 4, 6, 1)), 0, 0))
        data = struct.pack(">II", *some) + (deep + data[12:] if rng.random() < 0.5 else data[8:])
    else:
        data = mutate(data)
    chunks[at] = name, data
    if rng.random() < 0.2:
        extra = rng.choice((b"tRNS", b"PLTE", b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"gAMA", b"acTL",
                            b"fcTL", b"fdAT", b"IDAT", b"iCCP", b"pHYs", b"sBIT"))  # fmt: skip
        inside = rng.randbytes(rng.choice((1, 2, 6, 256, 300)))
        inside = inside if rng.random() < 0.5 else mutate(data)[:300]
        chunks.insert(rng.randrange(len(chunks)) + 1, (extra, inside))
    return content[:8] + b"".join(_chunk(*chunk) for chunk in chunks)


# --- JSON and TOML -------------------------------------------------------------------------------


def changed_json(value: Any, rng: random.Random) -> Any:
    """One place somewhere in a tree of JSON values replaced, left out, renamed or doubled."""
    places = list(_places(value))
    if not places:
        return rng.choice(VALUES)
    holder, key = rng.choice(places)
    what = rng.random()
    if what < 0.65:
        holder[key] = rng.choice(VALUES)
    elif what < 0.8:
        del holder[key]
    elif isinstance(holder, list):
        holder.append(holder[key])
    else:
        holder[str(rng.choice(("x", "format", "__class__", key)))] = holder[key]
    return value


def _places(value: Any) -> Any:
    if isinstance(value, dict | list):
        for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
            yield value, key
            yield from _places(inner)


def _json_lines(content: bytes, rng: random.Random) -> bytes:
    text = content.decode(errors="replace")
    try:
        return json.dumps(changed_json(json.loads(text), rng)).encode()
    except ValueError:
        lines = text.splitlines()
    at = rng.randrange(len(lines))
    lines[at] = json.dumps(changed_json(json.loads(lines[at]), rng))
    return "\n".join(lines).encode()


def _toml(content: bytes, rng: random.Random) -> bytes:
    lines = content.decode(errors="replace").splitlines()
    at = rng.randrange(len(lines))
    name, equals, value = lines[at].partition("=")
    if not equals or rng.random() < 0.2:
        lines[at] = rng.choice(("[x]", "[[network]]", "[training.epochs]", "network = 3", ""))
    elif rng.random() < 0.7:
        lines[at] = f"{name}= {_toml_value(rng.choice(VALUES))}"
    else:
        other = rng.choice(lines).partition("=")
        lines[at] = f"{name}={other[2]}" if other[2] else f"{other[0]}={value}"
    return "\n".join(lines).encode(errors="surrogatepass")


def _toml_value(value: Any) -> str:
    if value is None:
        return "1979-05-27"
    if isinstance(value, float):
        return str(value)
    if isinstance(value, dict):
        return "{ a = 1 }"
    return json.dumps(value)


# --- safetensors ---------------------------------------------------------------------------------


def safetensors_repaired(content: bytes, header: dict[str, Any] | None = None) -> bytes:
    """With the header's length, and our own digest in it, made right."""
    from safetensors.numpy import load

    if header is None:
        header, end = json.JSONDecoder().raw_decode(content[8:].decode(errors="replace"))
        data = content[8 + end :].lstrip(b" ")
    else:
        data = content[8 + int.from_bytes(content[:8], "little") :]
    whole = _closed(header, data)
    for key in ("handwrought", "handwrought-checkpoint"):
        inner = header.get("__metadata__", {}).get(key)
        if inner is None:
            continue
        if "handwrought-digest" in header["__metadata__"]:
            entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
            order = _layers if key == "handwrought" else sorted
            header["__metadata__"]["handwrought-digest"] = digest_of(inner, entries, data, order)
            continue
        ours, arrays = json.loads(inner), load(whole)
        ours["digest"] = _digest_of(key, ours, arrays)
        header["__metadata__"][key] = json.dumps(ours)
    return _closed(header, data)


def _layers(entries: dict[str, Any]) -> list[str]:
    return [
        f"layers[{i}].{kind}" for i in range(len(entries) // 2) for kind in ("weights", "biases")
    ]


def digest_of(
    text: str,
    entries: dict[str, Any],
    data: bytes,
    order: Callable[[dict[str, Any]], list[str]] = _layers,
) -> str:
    """As docs/13-model-files.md defines it for format 2, written anew from that page."""
    sha = hashlib.sha256(text.encode())
    names = {"F16": "float16", "F32": "float32", "F64": "float64"}
    for name in order(entries):
        entry = entries[name]
        begin, end = entry["data_offsets"]
        shape = "x".join(map(str, entry["shape"]))
        sha.update(f"\n{name} {names[entry['dtype']]} {shape}\n".encode() + data[begin:end])
    return sha.hexdigest()


def _closed(header: dict[str, Any], data: bytes) -> bytes:
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


def _digest_of(key: str, ours: dict[str, Any], arrays: dict[str, Any]) -> str:
    sha = hashlib.sha256()
    if key == "handwrought":  # weights first, then biases, in the network's dtype
        for kind in ("weights", "biases"):
            for name in sorted(arrays, key=lambda each: (len(each), each)):
                if name.endswith(kind):
                    sha.update(np.asarray(arrays[name], "<" + np.dtype(ours["dtype"]).str[1:]))
        return sha.hexdigest()
    for name in sorted(arrays):
        sha.update(name.encode())
        sha.update(arrays[name].tobytes())
    return sha.hexdigest()


def _safetensors(content: bytes, mutate: Mutate, rng: random.Random) -> bytes:
    length = int.from_bytes(content[:8], "little")
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    metadata = header.get("__metadata__", {})
    what = rng.random()
    if what < 0.5 and metadata:
        key = next(key for key in metadata if not key.endswith("digest"))
        metadata[key] = json.dumps(changed_json(json.loads(metadata[key]), rng))
    elif what < 0.7:
        names = [name for name in header if name != "__metadata__"]
        name = rng.choice(names)
        entry = header[name]
        if rng.random() < 0.2:
            header[rng.choice((name + "x", "good", "layers[0].weights", ""))] = header.pop(name)
        elif rng.random() < 0.5:
            entry["dtype"] = rng.choice(
                ("F16", "F32", "F64", "BF16", "I64", "U8", "BOOL", "F8_E4M3")
            )
        else:
            entry["shape"] = rng.choice(
                ([], entry["shape"][::-1], [2**40], [0], entry["shape"] + [1])
            )
    elif what < 0.85:
        at, odd = 4 * rng.randrange(len(data) // 4), rng.choice(ODD)
        data = data[:at] + odd + data[at + 4 :]
    else:
        data = mutate(data)
    whole = _closed(header, data)
    return safetensors_repaired(whole, header) if rng.random() < 0.7 else whole
