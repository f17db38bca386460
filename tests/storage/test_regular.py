"""What is opened to be read: regular files of so many bytes, and pipes where they are asked for."""

import errno
import os
import socket
import subprocess
import sys
import threading
import time
from functools import partial

import pytest

from handwrought.storage import regular
from handwrought.storage.regular import (
    check_regular,
    open_regular,
    read_piped,
    read_regular,
    read_stream,
)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    return path


def refusal(task, *arguments):
    with pytest.raises(OSError) as caught:
        task(*arguments)
    return caught.value.strerror


def test_a_file_of_the_largest_size_is_read_and_no_larger(file):
    assert read_regular(file, 10) == b"0123456789"
    assert read_piped(file, 10) == b"0123456789"
    for reader in (read_regular, read_piped, open_regular):
        assert refusal(reader, file, 9) == "it has more than 9 bytes"
    with open_regular(file) as opened:
        assert opened.read() == b"0123456789"


def test_a_file_that_says_it_is_empty_is_read():
    with open("/proc/self/status", "rb") as status:
        name = status.readline()
    assert os.stat("/proc/self/status").st_size == 0
    assert read_regular("/proc/self/status", 1 << 20).startswith(name)


def test_of_a_stream_without_an_end_no_more_is_read_than_shows_it():
    class Endless:
        given = 0

        def read(self, n):
            self.given += n
            return bytes(n)

    stream = Endless()
    assert refusal(read_stream, stream, 5_000_000) == "it has more than 5,000,000 bytes"
    assert stream.given == 5_000_001


@pytest.mark.parametrize(
    "reader", [open_regular, check_regular, lambda path: read_regular(path, 9)]
)
def test_what_is_no_file_is_refused_at_once(reader, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        assert refusal(reader, tmp_path / "socket") == "it is a socket, and no file"
    assert refusal(reader, tmp_path / "pipe") == "it is a pipe, and no file"
    assert refusal(reader, tmp_path / "zero") == "it is a device, and no file"
    assert refusal(reader, tmp_path) == "Is a directory"


def test_what_is_not_there_is_checked_by_who_opens_it(tmp_path):
    check_regular(tmp_path / "absent")
    assert refusal(open_regular, tmp_path / "absent") == "No such file or directory"


def test_a_pipe_that_takes_the_files_place_is_found_out(file, tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    real = os.open
    monkeypatch.setattr(os, "open", lambda _, *rest: real(tmp_path / "pipe", *rest))
    before = len(os.listdir("/proc/self/fd"))
    assert refusal(open_regular, file) == "it is a pipe, and no file"
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_reader_says_nothing_to_the_terminal_it_opens():
    assert regular._READ & os.O_NONBLOCK
    assert regular._READ & os.O_NOCTTY


def test_what_comes_through_a_pipe_is_read_to_its_end(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    content = os.urandom(300_000)  # more than a pipe holds

    def write():
        with (tmp_path / "pipe").open("wb") as pipe:
            for start in range(0, len(content), 100_000):
                pipe.write(content[start : start + 100_000])
                pipe.flush()
                time.sleep(0.05)

    writer = threading.Thread(target=write)
    writer.start()
    assert read_piped(tmp_path / "pipe", 300_000) == content
    writer.join()


def test_a_pipe_without_an_end_is_left(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    source = f"""
import signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL)
with open({str(tmp_path / "pipe")!r}, "wb") as pipe:
    while True: pipe.write(bytes(1 << 16))
"""
    with subprocess.Popen([sys.executable, "-c", source]) as writer:
        assert refusal(read_piped, tmp_path / "pipe", 1 << 22) == "it has more than 4,194,304 bytes"
        assert writer.wait(30) < 0


def test_a_link_is_refused_where_none_may_be_followed(file, tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(file)
    assert read_regular(tmp_path / "link", 10) == b"0123456789"
    assert read_regular(file, 10, follow_links=False) == b"0123456789"
    for reader in (partial(read_regular, most=10), open_regular):
        assert refusal(partial(reader, follow_links=False), tmp_path / "link") == (
            "it is a link, and no file"
        )
    # One that takes the file's place after it was looked at is found out by the system.
    about = os.stat(file)
    with monkeypatch.context() as replaced:
        replaced.setattr(regular.os, "stat", lambda *_, **__: about)
        told = refusal(partial(open_regular, follow_links=False), tmp_path / "link")
    assert told == os.strerror(errno.ELOOP)


def test_a_pipe_that_nobody_writes_into_is_left(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(regular, "_WRITER", 0.05)
    monkeypatch.setattr(regular, "_SILENT", 0.2)
    assert refusal(read_piped, tmp_path / "pipe", 9) == "it is a pipe that nobody writes into"
    handle = os.open(tmp_path / "pipe", os.O_RDWR)
    assert refusal(read_piped, tmp_path / "pipe", 9) == (
        "nothing has come through this pipe for 0.2 s"
    )
    os.write(handle, b"12")
    assert refusal(read_piped, tmp_path / "pipe", 9) == (
        "nothing has come through this pipe for 0.2 s"
    )
    os.close(handle)


def test_a_file_that_takes_the_pipes_place_is_found_out(file, monkeypatch):
    is_pipe = iter((True, False))
    monkeypatch.setattr(regular.stat, "S_ISFIFO", lambda _: next(is_pipe))
    assert refusal(read_piped, file, 10) == "it is no longer the pipe that it was"
