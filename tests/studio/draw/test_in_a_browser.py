"""Draw as people use it, in a real browser on the real server."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image, ImageDraw

import handwrought as hw
from handwrought.data.representations import represent
from handwrought.nn.equations import follow
from handwrought.storage import load_model, save_model

THREE = [
    *((0.30, 0.25), (0.40, 0.17), (0.55, 0.15), (0.66, 0.22), (0.66, 0.34), (0.55, 0.44)),
    *((0.45, 0.47), (0.58, 0.49), (0.70, 0.58), (0.70, 0.72), (0.60, 0.82), (0.45, 0.85)),
    (0.30, 0.78),
]
ONE = [(0.5, 0.15), (0.5, 0.85)]
BAR = [(0.2, 0.5), (0.8, 0.5)]


def draw(page, path):
    box = page.locator(".pad").bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in path]
    page.mouse.move(*at[0])
    page.mouse.down()
    for x, y in at[1:]:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()


def answers(page, text):
    page.wait_for_function(
        "text => document.querySelector('.answer')?.textContent === text", arg=text, timeout=20_000
    )


def says(page, text):
    page.locator(".says", has_text=text).wait_for(timeout=20_000)


def seven_png(light=255, dark=0):
    image = Image.new("L", (240, 300), light)
    path = [(60, 60), (180, 60), (110, 250)]
    ImageDraw.Draw(image).line(path, dark, 22, "curve")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def test_the_stroke_path_of_a_3_is_read_as_3(opens):
    with opens() as page:
        draw(page, THREE)
        answers(page, "3")
        assert page.locator(".bars .best").inner_text().startswith("3")
        page.locator(".neuron h2", has_text="The output neuron for 3").wait_for()
        shares = page.locator(".bars .share").evaluate_all("all => all.map((s) => +s.title)")
        assert sum(shares) == pytest.approx(1)
        sizes = hw.Recognizer.load().model.network.sizes
        assert page.locator(".layer").count() == len(sizes)


def test_the_numbers_on_the_page_are_the_librarys(opens, studio):
    with opens() as page:
        draw(page, THREE)
        answers(page, "3")
        page.locator(".neuron h2", has_text="The output neuron for 3").wait_for()  # the pen rests
        page.get_by_role("button", name="That was a 3").click()
        page.get_by_text("Kept as a 3.").wait_for()
        box = page.locator(".cells").nth(1)
        box.focus()
        for _ in range(5):
            page.keyboard.press("ArrowRight")
        page.locator(".neuron h2", has_text="Neuron 5 of layer 2").wait_for()
        shown = page.locator(".result dd span").evaluate_all("all => all.map((s) => s.title)")
        terms = page.locator(".neuron tbody tr").first.locator("span[title]")
        first = terms.evaluate_all("all => all.map((s) => s.title)")
    (kept,) = (studio.folder / "digits" / "3").glob("*.png")
    pixels = np.asarray(Image.open(kept))
    reader = hw.Recognizer.load()
    seen = represent(pixels[None], reader.model.representation).reshape(-1) * (1 / 255)
    trace = follow(reader.model.network, seen, 3)
    total, bias, z, a = (float(text.replace("−", "-")) for text in shown)
    assert (bias, z, a) == (trace.b[2][5], trace.z[2][5], trace.a[2][5])
    assert total + bias == pytest.approx(z)
    largest = trace.sum_for_z(2, 5).largest_first().terms[0]
    assert [float(text.replace("−", "-")) for text in first] == [
        largest.left,
        largest.right,
        largest.product,
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_a_reading_either(opens, axe, theme):
    with opens(color_scheme=theme, reduced_motion="reduce") as page:
        draw(page, THREE)
        answers(page, "3")
        page.locator(".neuron h2", has_text="The output neuron for 3").wait_for()
        said = page.locator("#announcer")
        said.get_by_text("Read as 3").wait_for(state="attached")
        page.locator(".neuron-body:not(.stale)").wait_for()
        assert axe(page) == []


def test_a_label_is_taken_back_by_a_second_click(opens, studio):
    with opens() as page:
        draw(page, [(0.4, 0.2), (0.7, 0.2), (0.45, 0.8)])
        answers(page, "7")
        button = page.get_by_role("button", name="That was a 7")
        button.click()
        page.get_by_text("Kept as a 7.").wait_for()
        assert button.get_attribute("aria-pressed") == "true"
        assert len(list((studio.folder / "digits" / "7").glob("*.png"))) == 1
        button.click()
        page.get_by_text("It is kept no longer.").wait_for()
        assert button.get_attribute("aria-pressed") == "false"
        assert list((studio.folder / "digits" / "7").glob("*.png")) == []


def test_undo_takes_strokes_back_one_by_one_and_clear_all(opens):
    with opens() as page:
        draw(page, ONE)
        answers(page, "1")
        draw(page, BAR)
        page.wait_for_function("() => document.querySelector('.bars .best').textContent[0] !== '1'")
        page.get_by_role("button", name="Undo").click()
        answers(page, "1")
        page.keyboard.press("Control+z")
        answers(page, "–")
        draw(page, THREE)
        answers(page, "3")
        page.get_by_role("button", name="Clear").click()
        answers(page, "–")
        assert page.get_by_role("button", name="That was a 3").is_disabled()
        says(page, "Draw a digit")


def test_a_picture_that_is_dropped_pasted_or_opened_is_read(opens):
    deliver = """([kind, data]) => {
        const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], "seven.png", { type: "image/png" }));
        if (kind === "drop") {
            document.querySelector(".pad").dispatchEvent(
                new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
        } else document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer }));
    }"""
    with opens() as page:
        page.locator(".pad").wait_for()
        for kind in ("drop", "paste"):
            page.evaluate(deliver, [kind, base64.b64encode(seven_png(20, 230)).decode()])
            answers(page, "7")
            page.get_by_role("button", name="Clear").click()
            answers(page, "–")
        file = {"name": "7.png", "mimeType": "image/png", "buffer": seven_png()}
        page.get_by_label("Open a picture").set_input_files(file)
        answers(page, "7")
        draw(page, ONE)  # a stroke begins a drawing of its own
        answers(page, "1")


def test_what_cannot_be_read_says_why(opens):
    with opens(refused=True) as page:
        for content, reason in (
            (seven_png(200, 200), "There is no ink here"),
            (seven_png(255, 246), "too faint"),
            (b"GIF89a is no picture", "no picture"),
            (seven_png()[:200], "damaged or cut short"),
        ):
            file = {"name": "x.png", "mimeType": "image/png", "buffer": content}
            page.get_by_label("Open a picture").set_input_files(file)
            says(page, reason)
        draw(page, THREE)
        answers(page, "3")


def test_a_photograph_is_taken_with_the_camera(opens):
    with opens() as page:
        page.locator(".pad").wait_for()
        page.evaluate(
            """() => {
                const canvas = document.createElement("canvas");
                Object.assign(canvas, { width: 240, height: 300 });
                const context = canvas.getContext("2d");
                setInterval(() => {
                    Object.assign(context, { fillStyle: "#eee", lineWidth: 22, lineJoin: "round" });
                    context.fillRect(0, 0, 240, 300);
                    context.beginPath();
                    for (const [x, y] of [[60, 60], [180, 60], [110, 250]]) context.lineTo(x, y);
                    context.stroke();
                }, 50);
                navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(20);
            }"""
        )
        page.get_by_role("button", name="Photograph").click()
        dialog = page.get_by_role("dialog")
        page.wait_for_function("() => document.querySelector('.camera video')?.videoWidth > 0")
        page.wait_for_timeout(200)
        dialog.get_by_role("button", name="Take the picture").click()
        answers(page, "7")
        assert dialog.count() == 0


def test_the_keyboard_alone_draws_reads_and_keeps(opens):
    with opens() as page:
        page.locator(".pad").wait_for()
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.className") == "pad":
                break
        for _ in range(4):
            page.keyboard.press("Shift+ArrowUp")
        page.keyboard.press("Space")
        for _ in range(8):
            page.keyboard.press("Shift+ArrowDown")
        page.keyboard.press("Space")
        answers(page, "1")
        for name in ("Undo", "Clear"):
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.textContent") == name
        page.keyboard.press("Delete")
        answers(page, "–")


def test_a_finger_draws_and_does_not_scroll(opens):
    with opens(has_touch=True, viewport={"width": 820, "height": 1180}) as page:
        box = page.locator(".pad").bounding_box()
        wire = page.context.new_cdp_session(page)

        def touch(kind, *points):
            at = [
                {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"], "id": i}
                for i, (x, y) in enumerate(points)
            ]
            wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

        touch("touchStart", THREE[0])
        for point in THREE[1:]:
            touch("touchMove", point)
        touch("touchEnd")
        answers(page, "3")
        assert page.evaluate("scrollY") == 0


def test_a_palm_beside_the_pen_draws_nothing(opens):
    with opens(has_touch=True, viewport={"width": 820, "height": 1180}) as page:
        page.locator(".pad").wait_for()
        strokes = page.evaluate(
            """() => {
                const pad = document.querySelector(".pad");
                pad.setPointerCapture = () => {};
                const send = (type, pointerId, x, y) => {
                    const box = pad.getBoundingClientRect();
                    pad.dispatchEvent(new PointerEvent(type, { pointerId, button: 0, pointerType: "pen",
                        clientX: box.left + x * box.width, clientY: box.top + y * box.height }));
                };
                send("pointerdown", 1, 0.5, 0.2);
                send("pointerdown", 2, 0.9, 0.9);
                send("pointermove", 2, 0.1, 0.9);
                send("pointermove", 1, 0.5, 0.8);
                send("pointerup", 2, 0.1, 0.9);
                send("pointerup", 1, 0.5, 0.8);
                return JSON.parse(sessionStorage.getItem("handwrought-strokes"));
            }"""
        )
        assert [len(stroke["points"]) for stroke in strokes] == [2]


def test_two_tabs_draw_each_its_own(opens):
    with opens() as one, opens() as other:
        draw(one, ONE)
        draw(other, THREE)
        answers(one, "1")
        answers(other, "3")
        draw(one, BAR)
        one.get_by_role("button", name="Undo").click()
        answers(one, "1")
        answers(other, "3")


def test_a_drawing_survives_a_reload(opens):
    with opens() as page:
        draw(page, THREE)
        answers(page, "3")
        page.reload()
        answers(page, "3")
        page.get_by_role("button", name="Clear").click()
        page.reload()
        page.locator(".layer").first.wait_for()
        answers(page, "–")


def test_the_preparation_is_replayed_unless_motion_is_unwelcome(opens):
    for wish, plays in (("no-preference", True), ("reduce", False)):
        with opens(reduced_motion=wish) as page:
            page.locator(".layer").first.wait_for()
            page.evaluate(
                """() => {
                    window.played = [];
                    const seen = () => window.played.push(...document.querySelectorAll(".steps .now"));
                    new MutationObserver(seen).observe(document.querySelector(".steps"),
                        { subtree: true, attributes: true });
                }"""
            )
            draw(page, THREE)
            answers(page, "3")
            page.wait_for_timeout(1200)
            assert (page.evaluate("window.played.length") > 0) == plays


def test_the_page_says_that_the_studio_is_gone(starts, tmp_path, browser):
    with starts(tmp_path / "data") as running:
        context = browser.new_context()
        page = context.new_page()
        page.goto(running.address)
        draw(page, THREE)
        answers(page, "3")
        running.process.terminate()
        page.get_by_text("The studio does not answer.").wait_for()
        assert running.process.wait(timeout=30) == 0
        context.close()


def test_a_network_that_sees_strokes_shows_them(starts, opens, tmp_path):
    data = hw.load_dataset("mnist")
    network = hw.Network([1568, 16, 10], "relu", "softmax", seed=0)
    settings = {"optimizer": "adamw", "learning_rate": 0.003, "batch_size": 50}
    list(hw.train(network, data.train[:4000], epochs=2, representation="strokes", **settings))
    save_model(network, tmp_path / "strokes.safetensors", representation="strokes")
    model = ("--port", 0, "--model", tmp_path / "strokes.safetensors")
    with starts(tmp_path / "data", *model) as running, opens(on=running) as page:
        draw(page, THREE)
        answers(page, "3")
        page.get_by_text("1,568 parts of strokes").wait_for()
        cells = page.locator(".cells")
        sides = cells.first.locator("canvas").evaluate("c => [c.width, c.height]")
        assert sides == [56, 28]
        cells.nth(1).focus()
        page.keyboard.press("ArrowRight")
        page.locator(".neuron h2", has_text="Neuron 1 of layer 2").wait_for()
        term = page.locator(".neuron tbody tr").first
        assert re.match("edge [→↘↓↙←↖↑↗] at [0-9]+, [0-9]+", term.inner_text())
        first = term.locator("span[title]").evaluate_all("all => all.map((s) => s.title)")
        page.get_by_role("button", name="That was a 3").click()
        page.get_by_text("Kept as a 3.").wait_for()
        (kept,) = (running.folder / "digits" / "3").glob("*.png")
    seen = represent(np.asarray(Image.open(kept))[None], "strokes").reshape(-1) * (1 / 255)
    trace = follow(load_model(tmp_path / "strokes.safetensors"), seen, 3)
    largest = trace.sum_for_z(2, 1).largest_first().terms[0]
    shown = [float(text.replace("−", "-")) for text in first]
    assert shown == [largest.left, largest.right, largest.product]
