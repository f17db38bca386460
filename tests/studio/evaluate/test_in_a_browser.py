"""Evaluate as people use it: real test images, a small model, by mouse and by keyboard."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

import handwrought as hw
from handwrought.evaluation.robustness import changed, evenly_chosen
from handwrought.imaging.sampling import rotate
from handwrought.studio.evaluate.distortions import SAMPLE

expect.set_options(timeout=60_000)
AT = "#evaluate?model=run-quick"


@pytest.fixture(scope="module")
def mnist():
    return hw.load_dataset("mnist")


@pytest.fixture(scope="module")
def net(mnist):
    net = hw.Network([784, 16, 10], activation="relu", cost="softmax", seed=0)
    for _ in hw.train(net, mnist.train[:4000], epochs=1, learning_rate=0.1):
        pass
    return net


@pytest.fixture(scope="module")
def expected(net, mnist):
    return hw.evaluate(net, mnist.test)


@pytest.fixture(scope="module")
def evaluating(starts, tmp_path_factory, net):
    """A studio of our own, with a run in its folder."""
    folder = tmp_path_factory.mktemp("evaluating")
    (folder / "runs" / "quick").mkdir(parents=True)
    net.save(folder / "runs" / "quick" / "model.safetensors", dataset="mnist")
    with starts(folder) as running:
        yield running


@pytest.fixture
def evaluate(opens, evaluating):
    """The view with its result in it."""

    def opened(at=AT, **settings):
        return opens(at, on=evaluating, **settings)

    return opened


def ready(page):
    expect(page.locator(".huge")).to_be_visible()
    expect(page.locator(".cell .pictures li").first).to_be_visible()


def test_the_numbers_on_the_page_are_those_of_evaluate(evaluate, expected):
    with evaluate() as page:
        ready(page)
        assert float(page.locator(".huge").get_attribute("title")) == expected.accuracy
        low, high = (f"{100 * edge:.2f} %" for edge in expected.interval)
        expect(page.locator(".headline .note").first).to_contain_text(f"{low} to {high}")
        cells = page.evaluate(
            "[...document.querySelectorAll('.confusion tbody tr')].map(row => [...row.querySelectorAll("
            "'td')].map(cell => Number(cell.textContent.replace(',', '')) || 0))"
        )
        assert cells == expected.confusion.tolist()
        rows = page.locator(".by-class tbody tr")
        shown = [
            [float(t) for t in rows.nth(k).locator("td[title]").evaluate_all("e => e.map(t => t.title)")]
            for k in range(10)
        ]  # fmt: skip
        per_class = zip(expected.precision, expected.recall, expected.f1, strict=True)
        assert np.array_equal(shown, list(per_class))
        error = page.locator(".verdict-words strong").get_attribute("title")
        # Another process may sum in another order.
        assert float(error) == pytest.approx(expected.calibration().error, rel=1e-6)


def test_a_click_on_a_cell_shows_its_images_and_the_address_keeps_it(evaluate, expected):
    with evaluate() as page:
        ready(page)
        page.locator('[data-cell="4-9"]').click()
        count = expected.confusion[4, 9]
        expect(page.locator(".cell h3")).to_have_text(f"4 taken for 9: {count}")
        images = page.locator(".cell .pictures canvas")
        expect(images).to_have_count(min(count, 20))
        surest = expected.confidence()[(expected.labels == 4) & (expected.predictions == 9)].max()
        note = page.locator(".cell .pictures li .note").first.get_attribute("title")
        assert float(note.split(",")[0]) == pytest.approx(surest, rel=1e-6)
        expect(images.first).to_have_attribute("aria-label", re.compile("it is 4, .* says 9"))
        page.wait_for_url("**cell=4-9*")
        page.reload()
        expect(page.locator(".cell h3")).to_have_text(f"4 taken for 9: {count}")
        expect(page.locator('[data-cell="4-9"]')).to_have_attribute("aria-pressed", "true")


def test_a_slider_changes_the_images_and_the_accuracy(evaluate, net, mnist):
    sample = evenly_chosen(10_000, SAMPLE)
    images = mnist.test.inputs(sample).reshape(-1, 28, 28)
    labels = mnist.test.labels[sample]
    before, after = (
        int((net.predict(x.reshape(SAMPLE, -1)) == labels).sum())
        for x in (images, rotate(images, 45))
    )
    assert after < before
    with evaluate() as page:
        says = page.locator(".changed .note")
        expect(says).to_contain_text(f"right: {before:,} of 1,000")
        page.get_by_label("Rotate").fill("45")
        expect(says).to_contain_text(f"right: {after:,} of 1,000")
        expect(page.locator(".changed-accuracy")).to_have_text(f"{after / 10:.1f} %")
        assert page.locator(".samples .wrong").count() > 0
        page.wait_for_url("**rotation=45*")
        page.reload()
        expect(says).to_contain_text(f"right: {after:,} of 1,000")
        # Each slider stands under its curve.
        expect(page.locator(".sliders polyline[points*=',']")).to_have_count(6)
        page.get_by_role("button", name="Reset").click()
        expect(says).to_contain_text(f"right: {before:,} of 1,000")
        page.wait_for_url(lambda url: "rotation" not in url)


def test_six_sliders_moved_at_once_end_with_the_accuracy_of_all_of_them(evaluate, net, mnist):
    amounts = {
        "thickness": 0.5,
        "scale": 0.9,
        "rotation": 12,
        "shift": 1,
        "blur": 0.5,
        "noise": 0.1,
    }
    sample = evenly_chosen(10_000, SAMPLE)
    images = changed(mnist.test.inputs(sample).reshape(-1, 28, 28), amounts)
    right = int((net.predict(images.reshape(SAMPLE, -1)) == mnist.test.labels[sample]).sum())
    with evaluate() as page:
        expect(page.locator(".changed .note")).to_contain_text("right:")
        page.evaluate(
            """amounts => {
              for (let i = 1; i <= 20; i++)
                for (const [name, amount] of Object.entries(amounts)) {
                  const slider = document.getElementById(`change-${name}`);
                  slider.value = i < 20 ? slider.max * i / 20 : amount;
                  slider.dispatchEvent(new Event("input"));
                }
            }""",
            amounts,
        )
        expect(page.locator(".changed .note")).to_contain_text(f"right: {right:,} of 1,000")


def test_a_dragged_slider_ends_where_it_was_let_go(evaluate):
    with evaluate() as page:
        expect(page.locator(".changed .note")).to_contain_text("right:")
        slider = page.get_by_label("Add noise")
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        y = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + 9, y)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 2, y, steps=25)
        page.mouse.up()
        expect(page.locator(".slider.moved output")).to_have_text("60 %")
        page.get_by_label("Add noise").fill("0.6")
        expect(page.locator(".changed-accuracy")).to_have_text(re.compile(r"^[1-7]\d\.\d %$"))
        page.wait_for_url("**noise=0.6*")


def test_the_map_has_a_point_for_each_image_on_every_layer(evaluate):
    with evaluate() as page:
        canvas = page.locator(".map-canvas")
        expect(canvas).to_have_attribute(
            "aria-label", re.compile("1,500 test images by hidden layer 1")
        )
        page.get_by_role("button", name="Input 784 pixels").click()
        expect(canvas).to_have_attribute(
            "aria-label", re.compile("1,500 test images by the pixels")
        )
        expect(page.locator(".map-note")).to_contain_text("of all variance")
        page.wait_for_url("**layer=1*")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        seen = page.locator(".map-seen canvas")
        for share in np.linspace(0.3, 0.7, 9):
            page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        expect(seen).to_have_attribute("aria-label", re.compile(r"^Test image [\d,]+: \d"))
        ink = seen.evaluate(
            "c => c.getContext('2d').getImageData(0, 0, 28, 28).data.some(v => v > 0 && v < 255)"
        )
        assert ink


def test_the_threshold_is_dragged_and_tells_what_refusing_gains(evaluate, expected):
    with evaluate(AT + "&refused=0.05") as page:
        says = page.locator(".refusal-says")
        at = expected.risk_coverage().at_rejected(0.05)
        expect(says).to_contain_text(f"Of the {at.accepted:,} it answers, {at.wrong:,} are wrong")
        expect(says).to_contain_text(f"{100 * at.accuracy:.2f} % right")
        chart = page.locator(".refusing .chart")
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 40, steps=5)
        page.mouse.up()
        share = float(page.locator("#refused").input_value())
        assert share > 0.05
        at = expected.risk_coverage().at_rejected(share)
        expect(says).to_contain_text(f"Of the {at.accepted:,} it answers, {at.wrong:,} are wrong")


def test_all_of_it_by_keyboard_alone(evaluate, expected):
    with evaluate() as page:
        ready(page)
        # The matrix is one stop; arrows move in it, Enter opens.
        page.locator('[data-cell][tabindex="0"]').focus()
        page.keyboard.press("ArrowUp")
        cell = page.evaluate("document.activeElement.dataset.cell")
        page.keyboard.press("Enter")
        i, j = map(int, cell.split("-"))
        expect(page.locator(".cell h3")).to_have_text(
            re.compile(f": {expected.confusion[i, j]:,}$")
        )
        assert page.locator('[data-cell][tabindex="0"]').count() == 1
        page.get_by_label("Shift").focus()
        before = page.locator(".changed-accuracy").inner_text()
        page.keyboard.press("End")
        expect(page.locator(".changed-accuracy")).not_to_have_text(before)
        page.get_by_role("button", name="Output").focus()
        page.keyboard.press("Enter")
        canvas = page.locator(".map-canvas")
        expect(canvas).to_have_attribute("aria-label", re.compile("by the output"))
        found = []
        for key in ("ArrowLeft", "ArrowUp", "ArrowRight"):
            canvas.press(key)
            expect(page.locator("#announcer")).to_have_text(re.compile(r"^Test image [\d,]+: \d"))
            found.append(page.locator("#announcer").inner_text())
        assert len(set(found)) > 1
        page.locator("#refused").focus()
        said = page.locator(".refusal-says").inner_text()
        page.keyboard.press("PageUp")
        expect(page.locator(".refusal-says")).not_to_have_text(said)


def test_the_full_report_is_downloaded(evaluate, expected):
    with evaluate() as page:
        ready(page)
        page.get_by_role("link", name="Download the full report").focus()
        with page.expect_download(timeout=120_000) as download:
            page.keyboard.press("Enter")
        assert download.value.suggested_filename == "handwrought-report.html"
        report = Path(download.value.path()).read_text(encoding="utf-8")
        assert f"{100 * expected.accuracy:.2f} %" in report
        assert report.startswith("<!doctype html>")


def test_a_model_that_is_not_there_is_told_and_the_shipped_one_is_shown(evaluate):
    with evaluate("#evaluate?model=run-none") as page:
        expect(page.locator(".evaluate-head ~ .error")).to_contain_text("no model run-none here")
        assert page.locator("#model").input_value() == "shipped"
        assert page.locator("#model option").all_inner_texts() == ["Shipped model", "quick"]
        page.locator("#model").select_option("run-quick")
        expect(page.locator(".facts")).to_contain_text("784 → 16 → 10")
        page.wait_for_url("**model=run-quick*")


@pytest.mark.parametrize("width", [820, 1280, 1920])
def test_nothing_sticks_out(evaluate, width):
    with evaluate(viewport={"width": width, "height": 1000}) as page:
        ready(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
