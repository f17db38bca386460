"""Files that are whole or not there, and folders that one process holds."""

import errno
import os
import stat

import pytest

from handwrought.errors import CannotWrite, FolderInUse
from handwrought.storage.atomic import remove_strays, sync_folder, write_atomically
from handwrought.storage.lock import FolderLock


@pytest.mark.parametrize("call", ["open", "write", "fsync", "close", "replace"])
def test_a_call_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, call):
    path = tmp_path / "file"
    write_atomically(path, b"old")
    real = os.close

    def fail(*arguments):
        if call == "close":
            real(*arguments)
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        with pytest.raises(OSError, match="Input/output"):
            write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_takes_a_part_at_a_time_gets_the_whole(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, content: real(handle, content[:3]))
    write_atomically(tmp_path / "file", b"0123456789")
    assert (tmp_path / "file").read_bytes() == b"0123456789"


@pytest.mark.parametrize(("mask", "mode"), [(0o027, 0o640), (0, 0o666)])
def test_a_file_has_the_rights_that_the_umask_leaves(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_a_folder_that_cannot_be_synced_is_no_failure_where_the_system_knows_no_such_thing(
    tmp_path, monkeypatch
):
    real = os.fsync

    def fsync(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    write_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_only_strays_of_the_files_named_are_removed(tmp_path):
    names = [".a.01234567.tmp", ".b.01234567.tmp", ".a.0123.tmp", "a.01234567.tmp", "a"]
    for name in names:
        (tmp_path / name).touch()
    remove_strays(tmp_path, ["a"])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])


def test_a_held_folder_is_refused_by_the_process_that_holds_it(tmp_path):
    with FolderLock(tmp_path):
        with pytest.raises(FolderInUse, match=f"in use by process {os.getpid()} on "):
            FolderLock(tmp_path)
        (tmp_path / "lock").write_text("{")
        with pytest.raises(FolderInUse, match="in use by another process: wait"):
            FolderLock(tmp_path)
    assert not list(tmp_path.iterdir())
    FolderLock(tmp_path).close()


def test_a_lock_file_without_a_process_holds_nothing(tmp_path):
    (tmp_path / "lock").write_text('{"process": 1, "host": "gone", "since": "1970"}')
    FolderLock(tmp_path).close()


def test_a_lock_whose_file_was_deleted_meanwhile_is_taken_anew(tmp_path, monkeypatch):
    import fcntl

    real, taken = fcntl.flock, []

    def flock(handle, how):
        if not taken:  # as when the holder before lets go at this very moment
            (tmp_path / "lock").unlink()
        taken.append(handle)
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with FolderLock(tmp_path):
        assert len(taken) == 2
        assert (tmp_path / "lock").exists()
        with pytest.raises(FolderInUse):
            FolderLock(tmp_path)


def test_a_folder_that_cannot_be_locked_is_told(tmp_path, monkeypatch):
    import fcntl

    def flock(handle, how):
        raise OSError(errno.ENOLCK, "No locks available")

    with pytest.raises(CannotWrite, match="none cannot be written: No such file"):
        FolderLock(tmp_path / "none")
    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(CannotWrite, match="cannot be locked: No locks available"):
        FolderLock(tmp_path)


def events(monkeypatch):
    """The calls of the system, in their order, as they are made."""
    found = []

    def watched(call, what):
        real = getattr(os, call)

        def made(*arguments, **named):
            found.append(what(*arguments))
            return real(*arguments, **named)

        monkeypatch.setattr(os, call, made)

    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "folder"}
    watched("write", lambda *_: "write")
    watched("fsync", lambda handle: f"fsync {kinds[stat.S_IFMT(os.fstat(handle).st_mode)]}")
    watched("replace", lambda *_: "replace")
    return found


def open_files():
    return len(os.listdir("/dev/fd"))


def test_the_bytes_are_safe_before_the_name_and_the_name_before_the_end(tmp_path, monkeypatch):
    before, found = open_files(), events(monkeypatch)
    write_atomically(tmp_path / "file", b"new")
    assert found == ["write", "fsync file", "replace", "fsync folder"]
    assert open_files() == before


def test_what_a_killed_write_leaves_is_a_stray_of_its_file(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    path = tmp_path / "a[b]*"
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", fail)
        patched.setattr(os, "unlink", fail)
        for _ in range(2):  # each under a name of its own
            with pytest.raises(OSError, match="Input/output error"):
                write_atomically(path, b"new")
        assert len(list(tmp_path.iterdir())) == 2
        remove_strays(tmp_path, [path.name])  # what cannot be deleted stays
    other = tmp_path / ".ab.01234567.tmp"
    other.touch()
    remove_strays(tmp_path, ["none", path.name])
    assert list(tmp_path.iterdir()) == [other]


def test_only_a_folder_is_synced_and_what_fails_in_it_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        sync_folder(tmp_path / "file")
    before = open_files()

    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output error"):
        sync_folder(tmp_path)
    assert open_files() == before
