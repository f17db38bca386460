"""Data sets fetched by name, from a server on this machine that plays the mirror."""

import functools
import gzip
import http.server
import io
import threading
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import handwrought as hw
from handwrought.data import downloads
from handwrought.data.idx import idx_bytes
from handwrought.errors import DataError, DownloadError

N_TRAIN, N_TEST = 60, 20


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HANDWROUGHT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def mirror(tmp_path):
    folder = tmp_path / "mirror"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def files_of(source, label_columns=0):
    rng = np.random.default_rng(0)
    for file, n in zip(source.files, (N_TRAIN, N_TRAIN, N_TEST, N_TEST), strict=True):
        if "images" in file:
            array = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        else:
            array = np.arange(n, dtype=np.uint8) % 10
            if label_columns:
                array = np.repeat(array[:, None], label_columns, axis=1).astype(">i4")
                array[:, 1:] = 77
        yield file, array


def use(monkeypatch, name, **changes):
    source = replace(
        downloads.SOURCES[name],
        **{"n_train": N_TRAIN, "n_test": N_TEST, "sha256": (), "installed": (), **changes},
    )
    monkeypatch.setitem(downloads.SOURCES, name, source)
    return source


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(("name", "columns"), [("kmnist", 0), ("qmnist", 8)])
def test_a_set_is_fetched_from_the_second_mirror_and_kept(
    cache, mirror, monkeypatch, name, columns
):
    folder, url = mirror
    source = use(monkeypatch, name, mirrors=("http://127.0.0.1:9/", url))
    arrays = dict(files_of(source, columns))
    for file, array in arrays.items():
        (folder / f"{file}.gz").write_bytes(gzip.compress(idx_bytes(array)))
    data = hw.load_dataset(name)
    assert np.array_equal(data.full_train.images, arrays[source.files[0]])
    assert np.array_equal(data.test.labels, np.arange(N_TEST) % 10)

    for file in source.files:  # kept: the mirror is no longer needed
        (folder / f"{file}.gz").unlink()
    assert np.array_equal(hw.load_dataset(name).test.images, data.test.images)

    kept = cache / name / f"{source.files[0]}.gz"  # and remembered: a changed file is refused
    kept.write_bytes(gzip.compress(idx_bytes(255 - arrays[source.files[0]])))
    with pytest.raises(DataError, match="SHA-256"):
        hw.load_dataset(name)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_emnist_comes_out_of_its_archive_and_upright(cache, mirror, monkeypatch):
    folder, url = mirror
    source = use(monkeypatch, "emnist-digits", archive=url + "gzip.zip")
    arrays = dict(files_of(source))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for file, array in arrays.items():
            archive.writestr(f"gzip/{file}.gz", gzip.compress(idx_bytes(array)))
    (folder / "gzip.zip").write_bytes(content.getvalue())
    data = hw.load_dataset("emnist-digits")
    assert np.array_equal(data.full_train.images, arrays[source.files[0]].transpose(0, 2, 1))


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_file_with_another_checksum_than_the_published_is_refused(cache, mirror, monkeypatch):
    folder, url = mirror
    source = use(monkeypatch, "fashion-mnist", mirrors=(url,), sha256=("0" * 64,) * 4)
    for file, array in files_of(source):
        (folder / f"{file}.gz").write_bytes(gzip.compress(idx_bytes(array)))
    with pytest.raises(DataError, match=r"expected 0000.*fetch it again"):
        hw.load_dataset("fashion-mnist")


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("name", list(downloads.SOURCES))
def test_without_a_connection_the_message_says_what_to_do(cache, monkeypatch, name):
    archive = "http://127.0.0.1:9/gzip.zip" if downloads.SOURCES[name].archive else ""
    use(monkeypatch, name, mirrors=("http://127.0.0.1:9/",), archive=archive)
    with pytest.raises(DownloadError, match=rf"{name} is not on this machine.*put .*gz") as caught:
        hw.load_dataset(name)
    assert "\n" not in str(caught.value)
