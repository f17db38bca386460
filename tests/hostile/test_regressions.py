"""Files that once broke a reader, and sound files: refused in words, and read."""

import warnings
from pathlib import Path

import pytest
from fuzz.readers import READERS, try_reader
from fuzz.seeds import seeds

KEPT = sorted(path for path in (Path(__file__).parent / "regressions").rglob("*") if path.is_file())


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: f"{kept.parent.name}/{kept.name}")
def test_a_file_that_broke_a_reader_is_answered_or_refused(kept, tmp_path):
    reader = READERS[kept.parent.name.replace("-", " ")]
    words = try_reader(reader, kept.read_bytes(), tmp_path)
    assert words is None or len(words) < 5_500


@pytest.mark.parametrize("name", READERS)
def test_every_seed_is_read(name, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for content in seeds(name):
            assert try_reader(READERS[name], content, tmp_path) is None
