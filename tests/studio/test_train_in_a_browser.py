"""Train as people use it, in a real browser on the real server."""

import json
import os
import re
import signal
import socket
from pathlib import Path

import pytest
from websockets.sync.client import connect

PATIENCE = 40_000


@pytest.fixture
def train(studio, opens):
    """Opens the view; before and after, nothing is trained or kept."""

    def clear():
        with studio.client() as client:
            for run in runs(studio):
                client.post("/api/train/delete", json={"run": run["id"]}).raise_for_status()

    clear()
    yield lambda: opens("#train")
    clear()


def listening(studio):
    """A connection as the page's."""
    address = f"{studio.url.replace('http', 'ws')}/ws/train"
    return connect(address, additional_headers={"X-Handwrought-Token": studio.token})


def runs(studio):
    with listening(studio) as wire:
        return json.loads(wire.recv(timeout=30))["runs"]


def begin(page, **settings):
    page.locator(".setup").wait_for(timeout=PATIENCE)
    for name, value in settings.items():
        page.fill(f"#set-{name}", str(value))
    page.locator(".begin").get_by_role("button", name="Start").click()
    page.locator(".stage").wait_for(timeout=PATIENCE)


def endless(page):
    page.locator(".setup").wait_for(timeout=PATIENCE)
    page.select_option("#set-activation", "silu")  # no code is compiled for it
    begin(page, images=5000, hidden=20, epochs=1000, batch_size=50)
    status(page, "running")


def status(page, text):
    page.locator(".status", has_text=text).wait_for(timeout=PATIENCE)


def number_of_points(page):
    page.locator(".plot[data-points]").first.wait_for(timeout=PATIENCE)
    return int(page.locator(".plot").first.get_attribute("data-points"))


def until_more_points(page, than):
    page.wait_for_function(
        "than => Number(document.querySelector('.plot').dataset.points) > than",
        arg=than,
        timeout=PATIENCE,
    )


def process_of(studio):
    """The process that trains for this studio."""
    for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            said = cmdline.read_bytes()
        except OSError:
            continue
        if b"training_process" in said and str(studio.folder).encode() in said:
            return int(cmdline.parent.name)
    raise AssertionError("no training process")


def test_it_trains_to_above_90_percent_while_the_chart_grows(train):
    with train() as page:
        begin(page, images=20000, epochs=4)
        before = number_of_points(page)
        status(page, "finished")
        until_more_points(page, before)
        said = page.locator(".train-curve figcaption .number").nth(1).inner_text()
        assert float(re.search(r"([\d.]+) % validation", said)[1]) > 90
        assert page.locator(".plot .scatterlayer .trace").count() >= 4
        page.locator(".worst canvas").first.wait_for()
        # Back to the start: the untrained network made nothing of the image.
        page.locator(".when", has_text="4.00 epochs").wait_for(timeout=PATIENCE)
        page.locator("#moment").press("Home")
        page.locator(".when", has_text="After 0 mini-batches").wait_for(timeout=PATIENCE)
        with page.expect_download() as download:
            page.get_by_role("link", name="Export").click()
        assert download.value.suggested_filename == "784-30-10-sigmoid-sgd.safetensors"


def test_the_page_may_be_reloaded_in_the_middle(train):
    with train() as page:
        endless(page)
        before = number_of_points(page)
        page.reload()
        status(page, "running")
        assert number_of_points(page) >= before
        until_more_points(page, before)


def test_a_killed_training_is_told_and_goes_on(train, studio):
    with train() as page:
        endless(page)
        page.get_by_role("button", name="Pause").click()
        status(page, "paused")
        os.kill(process_of(studio), signal.SIGKILL)
        page.locator(".trouble", has_text="ended by signal 9").wait_for(timeout=PATIENCE)
        page.locator(".trouble").get_by_role("button", name="Go on").click()
        status(page, "running")


def test_the_learning_rate_changes_while_it_runs(train):
    with train() as page:
        endless(page)
        page.fill("#live-learning_rate", "0.5")
        page.keyboard.press("Tab")
        page.locator(".figures", has_text="η = 0.50").wait_for(timeout=PATIENCE)
        page.get_by_label("Change each image anew").locator("visible=true").check()
        page.fill("#live-shift", "1.4")
        page.locator("#live-shift").press("ArrowRight")
        page.reload()
        page.locator("#live-shift").wait_for(timeout=PATIENCE)
        page.wait_for_function(
            "() => document.querySelector('#live-shift').value > 1", timeout=PATIENCE
        )
        assert page.input_value("#live-learning_rate") == "0.5"


def test_two_tabs_show_the_same_training(train):
    with train() as one, train() as other:
        endless(one)
        status(other, "running")
        other.get_by_role("button", name="Pause").click()
        status(one, "paused")
        one.get_by_role("button", name="Single batch").click()
        status(other, "paused")
        said = one.locator(".run-head .note").inner_text()
        assert said == other.locator(".run-head .note").inner_text()


def test_500_dropped_connections_leave_nothing_behind_and_training_goes_on(train, studio):
    process = Path(f"/proc/{studio.process.pid}")

    def held():
        return len(list((process / "fd").iterdir())), len(list((process / "task").iterdir()))

    with train() as page, studio.client() as client:
        endless(page)
        for _ in range(40):  # as many worker threads as there will ever be
            client.get("/api/train/controls")
        before = held()
        steps = runs(studio)[0]["progress"]["step"]
        for i in range(500):
            with listening(studio) as wire:
                if i % 3:
                    wire.recv(timeout=30)
                if i % 2:
                    wire.socket.shutdown(socket.SHUT_RDWR)  # gone without a word
        page.wait_for_timeout(1500)  # the last of them are noticed
        after = held()
        assert after[0] <= before[0] + 3
        assert after[1] <= before[1] + 3
        status(page, "running")
        assert runs(studio)[0]["progress"]["step"] > steps
