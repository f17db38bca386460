"""The Playground as people use it, in a real browser on the real server."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from handwrought.studio.playground.playground import Playground
from handwrought.studio.playground.settings import PRESETS, Settings
from handwrought.training.optimizers import SGD

PATIENCE = 60_000
SMALL = Settings("moons", 40, 0.1, 0.25, (3,), "tanh", "sgd", 0.3, 7, seed=4)
LINK = (
    "#playground?data=moons&points=40&noise=0.1&held=0.25&hidden=3&activation=tanh"
    "&optimizer=sgd&rate=0.3&batch=7&l1=0&l2=0&seed=4"
)


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def steps(page, wanted):
    """Wait until the page shows a number of steps that matches."""
    expect(page.locator(".where")).to_have_text(re.compile(wanted), timeout=PATIENCE)


def until(page, reached):
    """Look again and again; the page's policy forbids Playwright's own way of waiting."""
    for _ in range(PATIENCE // 50):
        if reached():
            return
        page.wait_for_timeout(50)
    pytest.fail(f"it did not come to that: {page.url}")


def chosen(page):
    """The chosen parameter's value, with all its digits."""
    shown = page.get_by_label("Value as a number", exact=True).get_attribute("title")
    return float(shown.replace("−", "-"))


def costs(page):
    cells = page.locator(".costs td b").all()
    return [float(cell.get_attribute("title") or "nan") for cell in cells]


@pytest.mark.parametrize("name", ["Moons", "Spirals"])
def test_a_preset_learns_while_one_watches(opens, name):
    with opens("#playground") as page:
        button(page, name).click()
        expect(button(page, name)).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)
        expect(page.locator(".where")).to_have_text("Epoch 1 · 0 steps", timeout=PATIENCE)
        before = costs(page)
        page.get_by_label("Speed").select_option("fast")
        button(page, "Run").click()
        until(page, lambda: costs(page)[2] > 0.95)
        button(page, "Pause").click()
        after = costs(page)
        assert after[0] < 0.5 * before[0]
        picture = page.locator("canvas.picture")
        expect(picture).to_have_attribute("aria-label", re.compile("the cost is .* are right"))


def test_a_link_opens_on_the_numbers_that_were_sent(opens):
    did = "3e_w2.1.0*1.25_40b_rate*0.05_10b"
    here = Playground(SMALL, did)
    with opens(f"{LINK}&did={did}") as page:
        steps(page, "· 53 steps$")
        assert costs(page)[0] == here.costs().training
        assert page.get_by_label("Learning rate η", exact=True).input_value() == "0.05"
        assert page.get_by_label("Seed", exact=True).input_value() == "4"
        until(page, lambda: "did=3e_w2.1.0" in page.url)
        assert "rate=0.3&" in page.url  # where it started
        page.reload()
        steps(page, "· 53 steps$")
        assert costs(page)[0] == here.costs().training
        button(page, "Reset").click()
        steps(page, "Epoch 1 · 0 steps")
        until(page, lambda: "did=" not in page.url)


def test_a_step_by_example_is_the_librarys_own_step(opens):
    here = Playground(SMALL)
    by_hand = here.network.copy()
    with opens(LINK) as page:
        for n in range(1, 4):
            button(page, "Example").click()
            steps(page, f"· {n} steps?$")
            i = here.points.next(n)[n - 1]
            x, y = here.points.x[i : i + 1], here.points.y[i : i + 1]
            SGD(by_hand.parameters).step(by_hand.backpropagate(x, y), 0.3)
            for neuron in range(3):
                page.get_by_label("Neuron", exact=True).select_option(str(neuron))
                assert chosen(page) == by_hand.layers[0].weights[neuron, 0]
        assert costs(page)[0] == pytest.approx(
            float(by_hand.costs(here.points.x, here.points.y).mean())
        )


def test_a_dragged_weight_changes_the_output_and_the_field(opens):
    with opens(LINK) as page:
        steps(page, "· 0 steps$")
        before, picture = chosen(page), page.locator("canvas.picture").screenshot()
        wire = page.locator(".wires path.hit").nth(2)
        middle = wire.evaluate(
            "p => { const q = p.getPointAtLength(p.getTotalLength() / 2);"
            " const m = p.getScreenCTM(); return [q.x + m.e, q.y + m.f]; }"
        )
        page.mouse.move(*middle)
        page.mouse.down()
        page.mouse.move(middle[0], middle[1] - 100, steps=5)
        page.mouse.up()
        at = (1, 0)  # the third line runs from x1 into the second neuron
        start = Playground(SMALL).network
        expected = round(start.layers[0].weights[at] + 2, 3)
        until(page, lambda: chosen(page) == expected)
        until(page, lambda: f"did=w2.1.0*{expected}" in page.url)
        assert expected != before
        field = page.get_by_label("Value as a number", exact=True)
        assert float(field.input_value()) == expected
        start.layers[0].weights[at] = expected
        here = Playground(SMALL, f"w2.1.0*{expected}")
        np.testing.assert_array_equal(here.network.parameters.vector, start.parameters.vector)
        assert costs(page)[0] == here.costs().training
        assert page.locator("canvas.picture").screenshot() != picture


def test_a_bias_is_set_by_keyboard_and_as_a_number(opens):
    with opens(LINK) as page:
        steps(page, "· 0 steps$")
        page.get_by_label("From", exact=True).select_option("bias")
        field = page.get_by_label("Value as a number", exact=True)
        field.fill("0.5")
        until(page, lambda: "b2.0*0.5" in page.url)
        page.get_by_label("Value", exact=True).focus()
        page.keyboard.press("ArrowRight")
        until(page, lambda: "b2.0*0.51" in page.url)
        here = Playground(SMALL, "b2.0*0.51")
        until(page, lambda: costs(page)[0] == here.costs().training)


def test_layers_and_neurons_are_added_and_taken_away(opens):
    with opens(LINK) as page:
        steps(page, "· 0 steps$")
        button(page, "Hidden layers: more").click()
        until(page, lambda: "hidden=3-3&" in page.url)
        button(page, "One neuron more in layer 3").click()
        until(page, lambda: "hidden=3-4&" in page.url)
        expect(page.locator(".node")).to_have_count(2 + 3 + 4 + 1)
        button(page, "Hidden layers: less").click()
        button(page, "Hidden layers: less").click()
        until(page, lambda: "hidden=&" in page.url)
        expect(page.locator(".node")).to_have_count(3)


@pytest.mark.parametrize("hidden", ["", "8-8-8", "8-8-8-8-8-8"])
def test_the_largest_and_the_smallest_network_fit_every_screen(opens, hidden):
    with opens(LINK.replace("hidden=3", f"hidden={hidden}")) as page:
        steps(page, "· 0 steps$")
        for width in (1920, 1280, 820, 400):
            page.set_viewport_size({"width": width, "height": 800})
            for part in (".weight-editor", ".whole", ".picture-side", ".settings"):
                over = page.locator(part).evaluate("p => p.scrollWidth - p.clientWidth")
                assert over <= 0, (part, width)


def test_a_link_that_is_wrong_is_refused_in_a_sentence(opens):
    with opens("#playground?data=moons&rate=-3&hidden=99") as page:
        expect(page.locator(".toast")).to_contain_text("it must lie from", timeout=PATIENCE)
        steps(page, "Epoch 1 · 0 steps")  # and the standard settings are there


def test_without_an_activation_the_page_shows_a_straight_line(opens):
    with opens("#playground") as page:
        button(page, PRESETS[0].name).click()
        expect(page.locator(".look")).to_contain_text("stay linear", timeout=PATIENCE)
        page.get_by_label("Speed").select_option("fast")
        button(page, "Run").click()
        steps(page, r"· (\d,\d{3}|[3-9]\d\d) steps")
        button(page, "Pause").click()
        assert costs(page)[0] > 0.04
        # The same with an activation: the straight line stays beside it, dashed.
        button(page, PRESETS[1].name).click()
        expect(button(page, "Forget the dashed line")).to_be_visible(timeout=PATIENCE)
        button(page, "Run").click()
        until(page, lambda: costs(page)[0] < 0.02)


def training_points(page):
    return int(re.search(r"of (\d+) training", page.locator(".where").get_attribute("title"))[1])


def test_points_are_put_in_and_taken_out_and_the_link_holds_them(opens, studio):
    with opens(LINK) as page:
        steps(page, "0 steps")
        assert training_points(page) == 30
        picture = page.locator(".picture")
        box = picture.bounding_box()
        picture.click(
            position={"x": box["width"] / 2, "y": 40}
        )  # nothing is chosen: nothing happens
        button(page, "+ circle, 1").click()
        picture.click(position={"x": 0.8 * box["width"], "y": 0.2 * box["height"]})
        until(page, lambda: training_points(page) == 31)
        button(page, "+ square, 0").click()
        picture.focus()
        for key in ("ArrowLeft", "Shift+ArrowDown", "Enter"):
            picture.press(key)
        until(page, lambda: training_points(page) == 32)
        expect(page.get_by_text("Undo these 2")).to_be_visible()
        button(page, "− take out").click()
        picture.click(position={"x": 0.8 * box["width"], "y": 0.2 * box["height"]})
        until(page, lambda: training_points(page) == 31)
        button(page, "Epoch").click()
        steps(page, "Epoch 2 · 5 steps")
        until(page, lambda: "_5b" in page.url)
        here, link = costs(page), page.url
        assert re.search(r"did=p\d+\.\d+\*1_p-\d+\.-\d+\*0_x30_5b", link)
        button(page, "Reset").click()
        steps(page, "Epoch 1 · 0 steps")
        assert training_points(page) == 31
        button(page, "Undo these 3").click()
        until(page, lambda: training_points(page) == 30)
    with opens(link.split("/", 3)[3]) as page:
        steps(page, "Epoch 2 · 5 steps")
        assert training_points(page) == 31
        assert costs(page) == here


def test_a_point_s_place_on_a_curve_is_its_value(opens):
    with opens("#playground?data=line&points=10&noise=0&held=0&seed=1") as page:
        steps(page, "0 steps")
        button(page, "+ add").click()
        picture = page.locator(".picture")
        picture.focus()
        picture.press("Enter")  # the middle of the picture
        until(page, lambda: training_points(page) == 11)
        until(page, lambda: "did=p" in page.url)
        x, y = re.search(r"did=p(-?\d+)\*(-?[\d.]+)", page.url).groups()
        assert int(x) == 0
        box = picture.bounding_box()
        button(page, "− take out").click()
        picture.press("Enter")
        until(page, lambda: training_points(page) == 10)
        assert box["width"] > 100
        assert abs(float(y)) < 3
