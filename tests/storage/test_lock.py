"""The lock of a folder: what its file says, what a refusal says, and that nothing stays open."""

import errno
import fcntl
import json
import os
import re
import socket
import stat
from datetime import datetime

import pytest

from handwrought.errors import CannotWrite, FolderInUse
from handwrought.storage.lock import FolderLock


def open_files():
    return len(os.listdir("/dev/fd"))


def test_the_file_says_who_holds_the_folder_since_when(tmp_path):
    path = tmp_path / "lock"
    path.write_text("x" * 1000)
    begun = datetime.now().replace(microsecond=0)
    with FolderLock(tmp_path) as lock:
        who = json.loads(path.read_text())
        since = who.pop("since")
        assert who == {"process": os.getpid(), "host": socket.gethostname()}
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", since)
        assert begun <= datetime.fromisoformat(since) <= datetime.now()
        assert lock.path == path


def test_a_refusal_repeats_it(tmp_path):
    before = open_files()
    with FolderLock(tmp_path):
        since = json.loads((tmp_path / "lock").read_text())["since"]
        with pytest.raises(FolderInUse) as caught:
            FolderLock(tmp_path)
        assert str(caught.value) == (
            f"{tmp_path} is in use by process {os.getpid()} on {socket.gethostname()} since {since}: "
            f"wait until it ends, or name another folder"
        )
        for content in ("", "3", "{}", '{"process": 1, "host": "a"}'):
            (tmp_path / "lock").write_text(content)
            with pytest.raises(FolderInUse) as caught:
                FolderLock(tmp_path)
            assert str(caught.value) == (
                f"{tmp_path} is in use by another process: wait until it ends, or name another folder"
            )
        (tmp_path / "lock").write_bytes(b'{"process": 1, "host": "\xc3\xa9", "since": "then"}')
        with pytest.raises(FolderInUse, match="process 1 on é since then"):
            FolderLock(tmp_path)
        (tmp_path / "lock").write_bytes(b"\xff")
        with pytest.raises(FolderInUse, match="another process"):
            FolderLock(tmp_path)
    assert open_files() == before
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("mask", "mode"), [(0o027, 0o640), (0, 0o666)])
def test_the_file_has_the_rights_that_the_umask_leaves(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        with FolderLock(tmp_path):
            assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == mode
    finally:
        os.umask(before)


def test_a_folder_that_cannot_be_written_or_locked_is_told(tmp_path, monkeypatch):
    before, folder = open_files(), tmp_path / "none"
    with pytest.raises(CannotWrite) as caught:
        FolderLock(folder)
    assert str(caught.value) == (
        f"{folder} cannot be written: No such file or directory; name another folder"
    )

    def flock(handle, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(CannotWrite) as caught:
        FolderLock(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} cannot be locked: No locks available; name a folder on another disk"
    )
    assert open_files() == before


def refuse(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_on_a_full_disk_the_lock_holds_without_a_word_in_it(tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(os, "ftruncate", refuse)
        patched.setattr(os, "write", refuse)
        lock = FolderLock(tmp_path)
    with pytest.raises(FolderInUse, match="another process"):
        FolderLock(tmp_path)
    lock.close()
    assert not list(tmp_path.iterdir())


def test_what_fails_while_letting_go_hides_nothing(tmp_path, monkeypatch):
    held = FolderLock(tmp_path)
    real = os.close

    def close(handle):
        real(handle)
        refuse()

    monkeypatch.setattr(os, "close", close)
    with pytest.raises(FolderInUse):
        FolderLock(tmp_path)
    (tmp_path / "lock").unlink()
    held.close()


def test_a_lock_whose_file_went_at_this_moment_is_let_go_and_taken_anew(tmp_path, monkeypatch):
    real, taken, before = fcntl.flock, [], open_files()

    def flock(handle, how):
        assert how == fcntl.LOCK_EX | fcntl.LOCK_NB
        if len(taken) == 0:
            (tmp_path / "lock").unlink()
        elif len(taken) == 1:  # and another's stands in its place
            (tmp_path / "lock").unlink()
            (tmp_path / "lock").write_text("another's")
        taken.append(handle)
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with FolderLock(tmp_path):
        assert len(taken) == 3
        assert open_files() == before + 1
    assert open_files() == before


def test_a_system_that_fails_otherwise_leaves_no_file_open(tmp_path, monkeypatch):
    before = open_files()
    monkeypatch.setattr(os.path, "samestat", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        FolderLock(tmp_path)
    assert open_files() == before
