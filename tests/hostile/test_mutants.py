"""Mutants of sound files, a few hundred of each kind: read or refused, and never anything else."""

import io
import random

import numpy as np
import pytest
from fuzz import repair
from fuzz.readers import READERS, try_reader
from fuzz.repair import mutant, png_repaired, safetensors_repaired
from fuzz.seeds import seeds
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image


def somehow(rng):
    """A change of plain bytes: some overwritten, some put in, some left out."""

    def change(content):
        content = bytearray(content)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(content) + 1)
            what = rng.randrange(3)
            if what == 0 and at < len(content):
                content[at] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
            elif what == 1:
                content[at:at] = rng.randbytes(rng.randint(1, 8))
            else:
                del content[at : at + rng.randint(1, 8)]
        return bytes(content)

    return change


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_a_mutant_is_read_or_refused(name, tmp_path_factory):
    folder, sound = tmp_path_factory.mktemp("mutants"), seeds(name)

    @settings(max_examples=60, deadline=None, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(st.sampled_from(sound), st.integers(0, 2**30), st.integers(1, 3))
    @example(b"", 0, 1)
    def attempt(content, seed, rounds):
        rng = random.Random(seed)
        for _ in range(rounds if content else 0):
            content = mutant(content, somehow(rng), rng.getrandbits(30))
        try_reader(READERS[name], content, folder)

    attempt()


@pytest.mark.parametrize("name", READERS)
def test_a_file_cut_short_anywhere_is_read_or_refused(name, tmp_path):
    for content in seeds(name)[:3]:
        for end in range(0, len(content), max(1, len(content) // 40)):
            try_reader(READERS[name], content[:end], tmp_path)


def test_a_repaired_png_gets_past_its_checksums():
    content = io.BytesIO()
    Image.new("L", (5, 4), 7).save(content, "PNG")
    changed = content.getvalue().replace(b"\x00\x00\x00\x05", b"\x00\x00\x00\x04", 1)
    with pytest.raises(OSError, match=r"broken PNG|cannot identify"):
        Image.open(io.BytesIO(changed)).load()
    assert Image.open(io.BytesIO(png_repaired(changed))).size == (4, 4)


def test_a_repaired_model_gets_past_its_digest(tmp_path):
    content = seeds("model")[0]
    changed = content[:-4] + np.float32(0.5).tobytes()
    assert "digest" in try_reader(READERS["model"], changed, tmp_path)
    assert try_reader(READERS["model"], safetensors_repaired(changed), tmp_path) is None


def test_mutants_are_many_and_mostly_get_past_the_first_check(tmp_path):
    """A share of them is still read: what is refused at once tests nothing behind."""
    for name in ("npz", "picture", "model", "checkpoint", "recipe", "plan"):
        rng, sound = random.Random(0), seeds(name)[:4]
        found = [mutant(rng.choice(sound), somehow(rng), rng.getrandbits(30)) for _ in range(150)]
        words = [try_reader(READERS[name], content, tmp_path) for content in found]
        assert len(set(found)) > 100
        assert len({(each or "")[-60:] for each in words}) > 6, name


def test_what_a_header_may_hold_includes_what_no_json_should():
    assert any(value != value for value in repair.VALUES)
    assert float("inf") in repair.VALUES
