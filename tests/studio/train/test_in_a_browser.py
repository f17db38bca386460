"""Train as people use it, in a real browser on the real server."""

import base64
import json
import os
import re
import signal
import socket
from pathlib import Path

import numpy as np
import pytest
from websockets.sync.client import connect

import handwrought as hw
from handwrought.data.collection import Collection
from handwrought.reading.fine_tuned import measured

pytestmark = pytest.mark.slow

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
        page.locator(".when", has_text="After 8,000 mini-batches").wait_for(timeout=PATIENCE)
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
        most = tuple(n + 3 for n in before)
        for _ in range(PATIENCE // 100):  # until the last of them are noticed
            after = held()
            if after[0] <= most[0] and after[1] <= most[1]:
                break
            page.wait_for_timeout(100)
        else:
            pytest.fail(f"descriptors and threads were {before}, and are {after}")
        status(page, "running")
        assert runs(studio)[0]["progress"]["step"] > steps


THREE = [
    (0.3, 0.25),
    (0.5, 0.18),
    (0.68, 0.3),
    (0.5, 0.48),
    (0.7, 0.62),
    (0.55, 0.82),
    (0.28, 0.75),
]


def model_of(studio, run, folder):
    path = folder / "exported.safetensors"
    with studio.client() as client:
        path.write_bytes(client.get(f"/api/train/runs/{run}/model").raise_for_status().content)
    return hw.Network.load(path)


def test_the_scrubber_follows_my_drawing_through_a_run_that_was_gone_on_with(
    opens, starts, tmp_path
):
    with starts(tmp_path / "data") as studio, opens("#draw", on=studio) as page:
        page.locator(".layer").first.wait_for(timeout=PATIENCE)
        box = page.locator(".pad").bounding_box()
        page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.25 * box["height"])
        page.mouse.down()
        for x, y in THREE[1:]:
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)
        page.mouse.up()
        page.locator(".verdict", has_text="3").wait_for(timeout=PATIENCE)
        page.goto(f"{studio.url}/#train")
        begin(page, images=3000, hidden=20, epochs=2)
        status(page, "finished")
        page.get_by_role("button", name="Train 10 epochs more").click()
        page.locator(".when", has_text="After 3,600 mini-batches").wait_for(timeout=PATIENCE)
        status(page, "finished")  # the model is kept
        page.locator(".said", has_text="read as 3").wait_for(timeout=PATIENCE)
        with studio.client() as client:
            drawn = client.get("/api/backprop/drawn").json()["drawings"][0]["pixels"]
        x = np.frombuffer(base64.b64decode(drawn), np.uint8) / 255
        a = model_of(studio, runs(studio)[0]["id"], tmp_path).feedforward(x)
        shares = page.locator(".answer-then .share")
        assert shares.nth(3).inner_text() == f"{100 * a[3] / a.sum():.1f} %"
        page.locator("#moment").press("Home")
        page.locator(".when", has_text="After 0 mini-batches").wait_for(timeout=PATIENCE)
        untrained = hw.Network([784, 20, 10], seed=0).feedforward(x)
        said = page.locator(".said .read-as").inner_text()
        assert said == str(untrained.argmax())


def test_a_network_is_fine_tuned_on_the_digits_kept_in_draw(opens, starts, tmp_path):
    digits = hw.load_dataset("mnist").validation[:40]
    collection = Collection.open(tmp_path / "data" / "digits")
    for pixels, label in zip(digits.images, digits.labels, strict=True):
        collection.add(np.roll(pixels, 3, axis=1), int(label))
    with starts(tmp_path / "data") as studio, opens("#train", on=studio) as page:
        begin(page, images=3000, hidden=12, epochs=1)
        status(page, "finished")
        page.get_by_role("button", name="New training").click()
        page.select_option("#set-dataset", "own")  # as if it were one more set of images
        page.get_by_text("40 of your digits").wait_for(timeout=PATIENCE)
        page.select_option("#own-source", label="784-12-10 sigmoid, sgd")
        for name, value in (("own-rehearsed", 1000), ("own-share", 0.3), ("epochs", 2)):
            page.fill(f"#own-{name}", str(value))
        page.fill("#own-learning_rate", "0.01")
        page.locator(".tuning").get_by_role("button", name="Start").click()
        page.locator(".run-head", has_text="fine-tuned on your digits").wait_for(timeout=PATIENCE)
        status(page, "finished")
        page.locator(".brought", has_not_text="when it ends").wait_for(timeout=PATIENCE)
        lines = page.locator(".brought tbody tr").all_inner_texts()
        data, (learnt, held_out) = hw.load_dataset("mnist"), collection.split()
        tuned, before = (run["id"] for run in runs(studio))
        for cell, run in ((1, before), (2, tuned)):
            found = measured(model_of(studio, run, tmp_path), data, learnt, held_out)
            for line, each in zip(lines, found.values(), strict=True):
                assert f"{each.right:,} of {each.n:,}" in line.split("\t")[cell]
