"""What a megabyte can cost: the worst files of that size that we know, each in a fresh process.

``python -m fuzz.bounds [READER...]`` prints for each file the memory and the time that reading it
took, and fails where one is above 200 MB or 2 seconds of processor time.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from fuzz.readers import READERS, try_reader
from fuzz.seeds import seeds

__all__ = ["MOST_MEGABYTES", "MOST_SECONDS", "SIZE", "bombs", "measured"]

SIZE = 1_000_000
MOST_MEGABYTES, MOST_SECONDS = 200, 2.0


_NOISE = random.Random(0).randbytes(970_000)
"""What no compression shrinks: the more of it, the more a file may unpack to."""


def _npz(**arrays: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, **arrays, noise=np.frombuffer(_NOISE, np.uint8))
    return content.getvalue()


def _digits(columns: int, rows: int) -> bytes:
    """Lines of numbers that compression shrinks by half, and no more."""
    rng = random.Random(0)
    return b"".join(
        b"1" + b"".join(b",%d" % (rng.getrandbits(7)) for _ in range(columns)) + b"\n"
        for _ in range(rows)
    )


def _padded(content: bytes) -> bytes:
    return content + bytes(max(0, SIZE - len(content)))


def _idx(code: int, *shape: int, data: int) -> bytes:
    return bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + bytes(data)


def _png(width: int, height: int, depth: int, colour: int, *, palette: bool = False) -> bytes:
    """Zeros, as many as a megabyte of deflate holds if so many pixels need them."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = 1 + (width * channels * depth + 7) // 8
    squeeze, data = zlib.compressobj(9), b""
    for _ in range(height):
        data += squeeze.compress(bytes(row))
    data += squeeze.flush()

    def chunk(name: bytes, inside: bytes) -> bytes:
        crc = zlib.crc32(name + inside)
        return struct.pack(">I", len(inside)) + name + inside + struct.pack(">I", crc)

    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))]
    parts += [chunk(b"PLTE", bytes(768)), chunk(b"tRNS", bytes(256))] if palette else []
    parts += [chunk(b"IDAT", data), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _saved(size: int, mode: str, kind: str, **options: object) -> bytes:
    content = io.BytesIO()
    Image.new(mode, (size, size)).save(content, kind, **options)  # type: ignore[arg-type]
    return content.getvalue()


def _model(header: dict[str, object], *, arrays: int = 0) -> bytes:
    entries = {f"layers[{i}].x": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
               for i in range(arrays)}  # fmt: skip
    text = json.dumps({"__metadata__": {"handwrought": json.dumps(header)}, **entries}).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _header(**changes: object) -> dict[str, object]:
    return {"format": 1, "sizes": [4, 3], "activations": ["sigmoid"], "cost": "quadratic",
            "dtype": "float32", "digest": "", **changes}  # fmt: skip


def _present(layers: list[dict[str, object]]) -> dict[str, object]:
    return _header(format=3, input_shape=[700], layers=layers)


def _dense(n_in: int, n_out: int) -> dict[str, object]:
    return {"kind": "dense", "n_out": n_out, "activation": "sigmoid",
            "arrays": {"weights": [n_out, n_in], "biases": [n_out]}}  # fmt: skip


def bombs(name: str) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """What and how, for the reader of this name."""
    n = SIZE
    if name == "idx images":
        yield (
            "31 MB, of which one is noise, gzipped",
            lambda: gzip.compress(_idx(8, 31_000, 1_000, 1, data=30_030_000) + _NOISE, 1),
        )
        yield (
            "a gigabyte of zeros, gzipped",
            lambda: gzip.compress(_idx(8, 2**20, 32, 32, data=2**30)),
        )
        yield "a header alone that promises 4 GB", lambda: _padded(_idx(8, 4, 2**15, 2**15, data=0))
    elif name == "idx labels":
        yield "a megabyte of labels", lambda: _idx(0x0C, n // 4, data=n)
        yield (
            "a label of two thousand million",
            lambda: _idx(0x0C, 5, data=0) + struct.pack(">5I", 1, 2, 3, 4, 2**31 - 1),
        )
    elif name == "npz":
        for dtype in (np.int8, np.bool_, np.int16, np.float16, np.float32, np.float64, np.int64):
            rows = 30_000_000 // (28 * np.dtype(dtype).itemsize)
            yield (
                f"a table of zeros, {np.dtype(dtype)}",
                lambda rows=rows, dtype=dtype: _npz(
                    X=np.zeros((rows, 28), dtype), y=np.zeros(rows, np.uint8)
                ),
            )
        yield (
            "two thousand million examples of nothing",
            lambda: _npz(images=np.zeros((2**31, 3, 0), np.float16), labels=np.zeros(6, np.uint8)),
        )
        yield (
            "as many labels as pixels",
            lambda: _npz(X=np.zeros((15_000_000, 1), np.int8), y=np.zeros(15_000_000, np.int8)),
        )
        yield (
            "images of floats",
            lambda: _npz(
                images=np.zeros((9_500, 28, 28), np.float32), labels=np.zeros(9_500, np.uint8)
            ),
        )
        yield (
            "a gigabyte of zeros",
            lambda: _npz(
                images=np.zeros((2**20, 32, 32), np.uint8), labels=np.zeros(2**20, np.uint8)
            ),
        )
    elif name == "csv":
        yield "the shortest lines", lambda: b"1,1\n" * (n // 4)
        yield "empty lines", lambda: b"\n" * n
        yield "one long line", lambda: b"1" + b",1" * (n // 2)
        yield "one long number", lambda: b"1," + b"1" * n
        yield "images of 4 x 4", lambda: (b"1" + b",0" * 16 + b"\n") * (n // 34)
        yield (
            "the shortest lines, gzipped",
            lambda: gzip.compress(
                b"1,1\n" * 2_400_000
                + b"".join(b"1,.%d\n" % random.Random(i).getrandbits(80) for i in range(79_000)),
                1,
            ),
        )
        yield (
            "one long line, gzipped",
            lambda: gzip.compress(b"1" + b",10" * 600_000 + b",0" * 390_000),
        )
        yield (
            "lines of a thousand columns, gzipped",
            lambda: gzip.compress((b"1" + b",10" * 999 + b"\n") * 3_000 + _digits(999, 750)),
        )
        yield "a gigabyte of zeros, gzipped", lambda: gzip.compress(bytes(2**30))
        yield (
            "a gigabyte of digits without an end of line, gzipped",
            lambda: gzip.compress(b"1" * 2**30),
        )
    elif name == "picture":
        for colour, depth, what in ((0, 8, "grey"), (0, 1, "black and white"), (0, 16, "deep grey"),
                                    (2, 8, "colour"), (3, 8, "palette"), (4, 8, "grey and clear"),
                                    (6, 8, "colour and clear"), (2, 16, "deep colour")):  # fmt: skip
            for side in (3_000, 5_200, 8_000, 10_900):
                yield (
                    f"PNG, {what}, {side} x {side}",
                    lambda side=side, colour=colour, depth=depth: _png(
                        side, side, depth, colour, palette=colour == 3
                    ),
                )
        for kind, mode, side, options in (
            ("JPEG", "L", 5_000, {}), ("JPEG", "RGB", 5_000, {"progressive": True}),
            ("JPEG", "CMYK", 5_000, {"progressive": True}),
            ("JPEG", "RGB", 10_900, {"progressive": True, "subsampling": 0}),
            ("WEBP", "RGB", 3_500, {"lossless": True}), ("WEBP", "RGB", 10_900, {"quality": 1}),
            ("TIFF", "RGB", 5_000, {"compression": "tiff_lzw"}),
            ("TIFF", "RGB", 10_900, {"compression": "tiff_lzw"}),
            ("TIFF", "F", 4_000, {"compression": "tiff_lzw"}),
            ("TIFF", "1", 10_900, {"compression": "group4"}), ("GIF", "P", 10_900, {}),
            ("TIFF", "CMYK", 5_000, {"compression": "tiff_adobe_deflate"}),
        ):  # fmt: skip
            yield (
                f"{kind}, {mode}, {side} x {side}",
                lambda kind=kind, mode=mode, side=side, options=options: _saved(
                    side, mode, kind, **options
                ),
            )
    elif name == "digit folder":
        yield "a PNG of 100 million pixels", lambda: _png(10_000, 10_000, 8, 0)
        yield "a PNG of 4000 x 4000 in colour", lambda: _png(4_000, 4_000, 8, 6)
    elif name == "collection index":
        yield "empty objects", lambda: b"{}\n" * (n // 3)
        yield "brackets", lambda: b"[" * n
        yield "the shortest records", lambda: b'{"file":0}\n' * (n // 11)
    elif name == "model":
        deep = "[" * 300_000
        yield "a deep header", lambda: _padded(len(deep).to_bytes(8, "little") + deep.encode())
        yield (
            "a hundred thousand layers",
            lambda: _model(_header(sizes=[1] * 70_000, activations=["gelu"] * 69_999)),
        )
        yield (
            "500 million weights that are not there",
            lambda: _model(_header(sizes=[50_000, 10_000])),
        )
        yield "ten thousand layers of no kind", lambda: _model(_present([{}] * 10_000))
        yield "999 layers of 700 neurons", lambda: _model(_present([_dense(700, 700)] * 999))
        yield "ten thousand empty arrays", lambda: _model(_header(), arrays=13_000)
        yield "a long number", lambda: _model(_header(x=int("1" * 4_000)))
    elif name == "checkpoint":
        yield "no checkpoint, but a megabyte", lambda: _padded(_model(_header()))
    elif name == "recipe":
        yield "deep brackets", lambda: b"a = " + b"[" * n
        yield "short lines", lambda: b"".join(b"a%d=1\n" % i for i in range(90_000))
        yield "dotted names", lambda: b"a." * (n // 2) + b"b = 1"
        yield "a long number", lambda: b"[training]\nepochs = " + b"1" * n
        yield "a long hexadecimal number", lambda: b"[training]\nepochs = 0x" + b"f" * n
        yield "a long list", lambda: b"[network]\nhidden = [" + b"1," * (n // 2) + b"]"
        yield "tables", lambda: b"".join(b"[a%d]\n" % i for i in range(100_000))
    elif name == "plan":
        yield "deep brackets", lambda: b"[" * n
        yield "a long list", lambda: b'{"network": {"hidden": [' + b"1," * (n // 2 - 20) + b"1]}}"
    elif name == "history":
        yield "empty objects", lambda: b"{}\n" * (n // 3)
        yield "deep brackets", lambda: b"[" * n


def _mutants(name: str) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Seeds grown to a megabyte, for readers whose files may simply be long."""
    for i, seed in enumerate(seeds(name)):
        yield f"seed {i} and noise", lambda seed=seed, i=i: seed + random.Random(i).randbytes(SIZE)


def measured(name: str, content: bytes) -> tuple[float, float, str]:
    """Megabytes, seconds and words of a reader with this file, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bomb").write_bytes(content)
        done = subprocess.run([sys.executable, "-m", "fuzz.bounds", "--one", name, folder],
                              capture_output=True, text=True, check=False, timeout=300)  # fmt: skip
    if done.returncode:
        return float("inf"), float("inf"), done.stderr.strip().rpartition("\n")[2]
    megabytes, seconds, words = done.stdout.split("\t", 2)
    return float(megabytes), float(seconds), words.strip()


def _one(name: str, folder: Path) -> None:
    import time

    content = (folder / "bomb").read_bytes()
    for seed in seeds(name):  # what is imported and kept for all readings is not the file's fault
        try_reader(READERS[name], seed, folder / "seed")
    Path("/proc/self/clear_refs").write_text("5")
    before, start = _kilobytes("VmRSS"), time.process_time()
    words = try_reader(READERS[name], content, folder / "read")
    seconds = time.process_time() - start
    print((_kilobytes("VmHWM") - before) / 1000, seconds, words or "read", sep="\t")


def _kilobytes(name: str) -> int:
    text = Path("/proc/self/status").read_text()
    return int(text.split(f"{name}:")[1].split()[0])


def main(names: list[str]) -> int:
    if names[:1] == ["--one"]:
        _one(names[1], Path(names[2]))
        return 0
    above = 0
    print(
        "| reader | file of at most 1 MB | bytes | MB | s | what it says |\n|---|---|---|---|---|---|"
    )
    for name in names or list(READERS):
        for what, make in [*bombs(name), *_mutants(name)]:
            content = make()
            if len(content) > 1.1 * SIZE:
                content = content[:SIZE]
            megabytes, seconds, words = measured(name, content)
            failed = megabytes > MOST_MEGABYTES or seconds > MOST_SECONDS
            above += failed
            mark = " **above**" if failed else ""
            print(f"| {name} | {what} | {len(content):,} | {megabytes:.0f}{mark} | {seconds:.2f} | "
                  f"{words[:70].replace('|', '/')} |", flush=True)  # fmt: skip
    print(f"\n{above} above {MOST_MEGABYTES} MB or {MOST_SECONDS:g} s")
    return 1 if above else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
