"""The page as people use it: in a real browser, by mouse, keyboard and in the dark."""

import numpy as np
import pytest

import handwrought as hw
from handwrought.report.page import report_page
from handwrought.report.subject import Subject


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    data = hw.load_dataset("mnist")
    net = hw.Network([784, 10], cost="softmax", seed=0)
    for _ in hw.train(net, data.train[:3000], epochs=1, learning_rate=0.1):
        pass
    test = data.test[:1500]
    names = ("<script>alert(1)</script>", *data.class_names[1:])
    model = hw.Model(net, "as-is", names, 1.3, {"note": "<img src=https://example.org/x.png>"})
    made = Subject(model, test, hw.evaluate(model, test), data.name, "digits.safetensors", 200)
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report_page(made), encoding="utf-8")
    return path


def test_a_click_on_a_cell_shows_its_images(opens_offline, page_file):
    with opens_offline(page_file) as page:
        cell = page.locator("button[data-cell]:not(.right button)").first
        cell.click()
        count = int(cell.inner_text())
        assert cell.get_attribute("aria-pressed") == "true"
        assert page.locator('button[aria-pressed="true"]').count() == 1
        images = page.locator("#cell-images img")
        assert images.count() == min(count, 12)
        assert images.first.evaluate("image => image.naturalWidth") == 28
        title = page.locator("#cell-title").inner_text()
        assert title.endswith(f": {count}")
        assert title.split(":")[0] in images.first.get_attribute("alt")


def test_the_most_frequent_mistake_is_shown_at_first(opens_offline, page_file):
    with opens_offline(page_file) as page:
        pressed = page.locator('button[aria-pressed="true"]')
        i, j = pressed.get_attribute("data-cell").split(",")
        assert i != j
        assert page.locator("#cell-images img").count() > 0


def test_the_keyboard_moves_between_cells_and_opens_them(opens_offline, page_file):
    with opens_offline(page_file) as page:
        page.locator('button[data-cell="3,3"]').focus()
        page.keyboard.press("ArrowDown")
        focused = page.evaluate("document.activeElement.dataset.cell")
        row, column = map(int, focused.split(","))
        assert row > 3
        assert column == 3
        page.keyboard.press("Enter")
        assert (
            page.locator(f'button[data-cell="{focused}"]').get_attribute("aria-pressed") == "true"
        )
        # One stop for the whole table, where the chosen cell is.
        assert page.locator('button[data-cell][tabindex="0"]').count() == 1
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.dataset.cell") is None


def test_the_keyboard_reaches_contents_and_details(opens_offline, page_file):
    with opens_offline(page_file) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the results"
        page.locator("summary").focus()
        page.keyboard.press("Enter")
        assert page.locator("details table").is_visible()


CONTRAST = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = numbers(colour).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if ((numbers(colour)[3] ?? 1) > 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let worst = [99, ""];
  while (walker.nextNode()) {
    const text = walker.currentNode, element = text.parentElement;
    if (!text.textContent.trim() || ["SCRIPT", "TITLE", "title"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const ink = element.namespaceURI.endsWith("svg") ? style.fill : style.color;
    const [a, b] = [light(ink), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < worst[0]) worst = [ratio, text.textContent];
  }
  return worst;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_the_contrast_that_wcag_asks_of_aa(opens_offline, page_file, scheme):
    with opens_offline(page_file, color_scheme=scheme) as page:
        ratio, text = page.evaluate(CONTRAST)
        assert ratio >= 4.5, text


def test_the_dark_is_dark_and_paper_is_white(opens_offline, page_file):
    ground = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    with opens_offline(page_file, color_scheme="dark") as page:
        assert max(page.evaluate(ground)) < 40
        assert "invert" in page.locator(".pictures img").first.evaluate(
            "image => getComputedStyle(image).filter"
        )
        page.emulate_media(media="print")
        assert min(page.evaluate(ground)) == 255


@pytest.mark.parametrize("width", [360, 1280, 1920])
def test_nothing_sticks_out_at_any_width(opens_offline, page_file, width):
    with opens_offline(page_file, viewport={"width": width, "height": 800}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_is_all_there_without_script(opens_offline, page_file):
    with opens_offline(page_file, java_script_enabled=False) as page:
        assert page.locator("table.confusion").is_visible()
        assert page.locator(".pictures.large img").count() == 12
        assert page.locator("svg.chart").count() == 9


def test_the_confusion_matrix_shows_the_counts(opens_offline, page_file):
    with opens_offline(page_file) as page:
        shown = page.evaluate(
            "[...document.querySelectorAll('.confusion tbody tr')].map("
            "row => [...row.querySelectorAll('td')].map(cell => parseInt(cell.innerText) || 0))"
        )
        assert np.sum(shown) == 1500
        assert np.shape(shown) == (10, 10)
