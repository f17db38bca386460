"""Backpropagation as people use it, in a real browser on the real server, on real digits."""

import json
import re

import numpy as np
import pytest

from handwrought.data.catalog import load_dataset
from handwrought.data.representations import represent
from handwrought.nn.equations import follow, update
from handwrought.nn.gradient_check import derivative_at
from handwrought.nn.network import Network
from handwrought.storage import load_model
from handwrought.studio.backprop.subjects import built
from handwrought.studio.server.input_names import place

FRESH = "16-16:sigmoid:quadratic:fresh"
PLACE = f"#backprop?network={FRESH}&image=test:8&neurons=3,5,5&layer=2&source=425"
STEPS = [
    *("input", "z2", "a2", "z3", "a3", "z4", "a4", "cost"),
    *("BP1", "BP2-3", "BP2-2", "BP3", "BP4", "update"),
]
WAIT = 60_000


@pytest.fixture(scope="module")
def trace():
    test = load_dataset("mnist").test
    network = built(FRESH).begin().copy("float64")
    return follow(network, test.images[8].reshape(-1) * (1 / 255), int(test.labels[8]))


def step(page, name):
    """Wait until the page is at a step and has its close-up."""
    page.locator(f"[data-step='{name}'][aria-current]").wait_for(timeout=WAIT)
    page.locator(f".ms-closeup[data-step='{name}']").wait_for(timeout=WAIT)


def close(x):
    """The same number, where another process added it up with another number of threads."""
    return pytest.approx(x, rel=1e-12)


def exact(locator):
    return float(locator.get_attribute("title").replace("−", "-"))


def test_all_of_backpropagation_shows_the_librarys_numbers(opens, trace):
    j2, j3, j4, k = 3, 5, 5, 425
    η = 1.0
    expected = {
        "input": trace.x[k],
        "z2": trace.z[2][j2],
        "a2": trace.a[2][j2],
        "z3": trace.z[3][j3],
        "a3": trace.a[3][j3],
        "z4": trace.z[4][j4],
        "a4": trace.a[4][j4],
        "cost": trace.C,
        "BP1": trace.δ[4][j4],
        "BP2-3": trace.δ[3][j3],
        "BP2-2": trace.δ[2][j2],
        "BP3": trace.dC_db[2][j2],
        "BP4": trace.dC_dw[2][j2, k],
        "update": update(trace, η).W[2][j2, k],
    }
    assert trace.x[k] > 0
    with opens(PLACE) as page:
        for name in STEPS:
            step(page, name)
            assert exact(page.locator(".ms-value .number")) == close(expected[name])
            shown = page.locator(".ms-equations math").all_text_contents()
            assert len(shown) >= 2
            assert all(shown)
            if name == "z3":
                first = max(range(16), key=lambda i: abs(trace.W[3][j3, i] * trace.a[2][i]))
                numbers = page.locator(".ms-terms tbody tr").first.locator(".number")
                assert exact(numbers.nth(0)) == close(trace.W[3][j3, first])
                assert exact(numbers.nth(1)) == close(trace.a[2][first])
                assert "8 more terms that add up to" in page.locator(".ms-terms").inner_text()
            page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowLeft")
        step(page, "BP4")
        assert "step=BP4" in page.url


def test_verify_lays_the_difference_beside_the_gradient(opens, trace):
    numeric = derivative_at(trace.network, trace.x[np.newaxis], trace.y[np.newaxis], 0, 3, 425)
    with opens(f"{PLACE}&step=BP4") as page:
        step(page, "BP4")
        page.get_by_role("button", name="Verify this weight").click()
        rows = page.locator(".ms-digits-rows dd")
        rows.first.wait_for(timeout=WAIT)
        assert exact(rows.nth(0)) == close(trace.dC_dw[2][3, 425])
        assert exact(rows.nth(1)) == pytest.approx(numeric, rel=1e-6)
        marked = page.locator(".ms-digits-rows mark").all_inner_texts()
        assert marked[0] == marked[1]
        assert len(marked[0]) > 6
        assert "digits agree" in page.locator(".ms-verdict-line").inner_text()


def test_applied_steps_move_the_prediction_and_can_be_undone(opens, trace):
    costs = [trace.C]
    moved = trace
    with opens(f"{PLACE}&step=update&eta=3") as page:
        step(page, "update")
        for n in (1, 2):
            page.get_by_role("button", name="Apply one step").click()
            page.locator(".ms-moved", has_text=f"{n} step").wait_for(timeout=WAIT)
            moved = update(moved, 3.0)
            costs.append(moved.C)
            assert exact(page.locator(".ms-moved .number").first) == close(moved.C)
        assert costs == sorted(costs, reverse=True)
        assert "applied=3%2C3" in page.url
        assert "read as 5" in page.locator(".ms-what").inner_text()
        page.get_by_role("button", name="Undo").click()
        page.locator(".ms-moved", has_text="1 step applied").wait_for(timeout=WAIT)
        assert exact(page.locator(".ms-moved .number").first) == close(costs[1])


def test_a_mistake_is_predicted_seen_and_caught(opens):
    with opens(f"{PLACE}&step=BP1") as page:
        step(page, "BP1")
        page.get_by_role("button", name="The article's sigmoid").click()
        page.locator(".ms-choice").nth(0).click()
        page.locator(".ms-chart .main-svg").first.wait_for(timeout=WAIT)
        assert "so it is" in page.locator(".ms-choice.is-right").inner_text()
        assert page.locator(".ms-choice.is-right").inner_text().startswith("It climbs")
        caught = page.locator(".ms-checks tr", has_text="weights of layer 3").inner_text()
        assert re.search(r"2\.0 ✗", caught)


def test_every_mistake_that_can_be_switched_on_is_caught_by_verify(opens):
    with opens(f"{PLACE}&step=BP4") as page:
        step(page, "BP4")
        page.locator(".ms-mistakes button").first.wait_for(timeout=WAIT)
        for n in range(5):
            page.locator(".ms-mistakes button").nth(n).click()
            page.locator(".ms-switch").click()
            page.locator(".ms-switch[aria-pressed=true]").wait_for(timeout=WAIT)
            name = re.search(r"mistake=([a-z-]+)", page.url)[1]
            output = name not in ("missing-sigma-prime-in-hidden-layers", "transposed-weights")
            page.locator(f"[data-step={'BP1' if output else 'BP2-2'}]").click()
            step(page, "BP1" if output else "BP2-2")
            assert "The mistake" in page.locator(".ms-equations").inner_text()
            box = page.get_by_role("slider", name="Output" if output else "Layer 2")
            page.locator("[data-step=BP3]").click()
            step(page, "BP3")
            box.press("Home")
            page.locator(f".ms-which:has-text('neuron 0 of layer {4 if output else 2}')").wait_for()
            page.get_by_role("button", name="Verify the bias").click()
            page.locator(".ms-verdict-line", has_text="They do not agree").wait_for(timeout=WAIT)
        page.get_by_role("button", name="Switch it off").click()
        page.locator(".ms-warning").wait_for(state="hidden", timeout=WAIT)


def test_a_link_brings_back_all_of_it(opens):
    link = f"{PLACE}&step=BP2-3&applied=0.5,2&mistake=lost-half&eta=0.25".replace("3,5,5", "7,11,2")
    with opens(link) as page:
        step(page, "BP2-3")
        assert page.locator(".ms-closeup h2").inner_text() == "BP2: the error goes back to layer 3"
        assert "neuron 11 of layer 3" in page.locator(".ms-value").inner_text()
        assert page.locator("#ms-network").input_value() == FRESH
        assert page.locator(".ms-rate output").inner_text() == "0.25"
        assert "2 steps applied" in page.locator(".ms-moved").inner_text()
        assert page.locator(".ms-warning").is_visible()
        before, cost = page.url, exact(page.locator(".ms-moved .number").first)
        page.reload()
        step(page, "BP2-3")
        page.locator(".ms-moved", has_text="2 steps applied").wait_for(timeout=WAIT)
        assert page.url == before
        assert exact(page.locator(".ms-moved .number").first) == cost


def test_the_keyboard_reaches_everything(opens, trace):
    with opens(f"{PLACE}&step=z3") as page:
        step(page, "z3")
        box = page.get_by_role("slider", name="Layer 3")
        box.focus()
        page.keyboard.press("ArrowDown")
        page.locator(".ms-value", has_text="neuron 6 of layer 3").wait_for(timeout=WAIT)
        assert exact(page.locator(".ms-value .number")) == close(trace.z[3][6])
        assert box.get_attribute("aria-valuetext").startswith("neuron 6, weighted input z = ")
        page.keyboard.press("ArrowRight")  # in a column, that is the next step
        step(page, "a3")
        page.keyboard.press("ArrowLeft")
        step(page, "z3")
        term = page.locator(".ms-term").nth(2)
        name = term.inner_text()
        term.focus()
        page.keyboard.press("Enter")
        page.locator(".ms-term[aria-pressed=true]", has_text=name).wait_for(timeout=WAIT)
        assert f"from {name} of layer 2" in page.locator(".ms-which").inner_text()


def test_ones_own_drawing_is_looked_at_and_fits_into_a_link(opens):
    with opens(PLACE) as page:
        step(page, "input")
        page.get_by_role("button", name="Draw one").click()
        box = page.locator(".ms-dialog .pad").bounding_box()
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.8 * box["height"], steps=6)
        page.mouse.up()
        page.locator(".ms-dialog", has_text="reads it as a 1").wait_for(timeout=WAIT)
        page.get_by_role("button", name="Use it").click()
        page.locator(".ms-what", has_text="Your drawing").wait_for(timeout=WAIT)
        assert page.locator("#ms-label").input_value() == "1"
        page.locator("#ms-label").select_option("7")
        page.wait_for_url(re.compile("label=7"), timeout=WAIT)
        page.reload()
        page.locator(".ms-what", has_text="Your drawing").wait_for(timeout=WAIT)
        assert page.locator("#ms-label").input_value() == "7"


def test_the_default_network_is_trained_while_its_beginning_is_shown(opens):
    with opens("#backprop?network=12:relu:softmax&step=a3") as page:
        step(page, "a3")
        page.locator(".ms-what", has_text=re.compile("a 5, read as")).wait_for(timeout=WAIT)
        page.locator(".ms-progress:empty").wait_for(state="attached", timeout=3 * WAIT)
        page.get_by_role("button", name="A misread one").click()
        page.wait_for_url(re.compile(r"test%3A(?!8&)"), timeout=WAIT)
        page.locator(".ms-what .error").wait_for(timeout=WAIT)


def test_eight_maps_of_strokes_are_shown_and_named(starts, opens, tmp_path):
    path = tmp_path / "strokes.safetensors"
    Network([1568, 20, 10], "relu", "softmax", seed=0).save(path, representation="strokes")
    image = load_dataset("mnist").test.images[8:9]
    seen = represent(image, "strokes").reshape(-1) * (1 / 255)
    trace = follow(load_model(path).copy("float64"), seen, 5)
    j, k = 4, int(seen.argmax())
    at = f"#backprop?network=model&image=test:8&neurons={j},5&layer=2&source={k}&step="
    named = place(k, 1568)
    running = starts(tmp_path / "data", "--port", 0, "--model", path)
    with running as own, opens(f"{at}input", on=own) as page:
        step(page, "input")
        page.get_by_text("1,568 parts of strokes").wait_for()
        cells = page.locator(".ms-layer.input .ms-cells")
        pixels = cells.locator("canvas").evaluate(
            "c => [c.width, c.height, ...c.getContext('2d').getImageData(0, 0, 56, 28).data]"
        )
        assert pixels[:2] == [56, 28]
        assert np.abs(np.array(pixels[2::4]) - 255 * seen).max() <= 1
        assert cells.locator(".map-arrows").inner_text().split() == [*"→↘↓↙←↖↑↗"]
        box = page.get_by_role("slider", name="Input: 1,568 parts of strokes")
        assert box.get_attribute("aria-valuetext").startswith(f"{named}, activation a = ")
        assert named in page.locator(".ms-value").inner_text()
        page.locator("[data-step=z2]").click()
        step(page, "z2")
        assert exact(page.locator(".ms-value .number")) == close(trace.z[2][j])
        terms = trace.sum_for_z(2, j).largest_first().terms
        names = page.locator(".ms-term").all_inner_texts()
        assert names == [place(term.index, 1568) for term in terms[: len(names)]]
        sides = page.locator(".ms-panels canvas").evaluate_all("all => all.map((c) => c.width)")
        assert sides == [56, 56, 56]
        page.locator("[data-step=BP4]").click()
        step(page, "BP4")
        assert exact(page.locator(".ms-value .number")) == close(trace.dC_dw[2][j, k])
        assert f"The weight from {named} to neuron {j}" in page.locator(".ms-which").inner_text()
        inside = page.locator(".ms-scroll").evaluate("s => s.scrollWidth - s.clientWidth")
        assert inside <= 0  # nothing is cut off


@pytest.mark.slow
def test_what_is_hostile_is_refused_in_one_sentence(studio):
    seen = {"network": FRESH, "image": "test:8"}
    bodies = [
        ("picture", seen | {"image": "../../etc/passwd"}),
        ("picture", seen | {"network": "file:../../secret"}),
        ("picture", seen | {"rates": [1.0] * 101}),
        ("picture", seen | {"rates": [1e9]}),
        ("picture", seen | {"mistake": "none"}),
        ("picture", seen | {"extra": 1}),
        ("closeup", {"seen": seen, "step": "z2", "layer": 2, "neuron": 99, "source": 0, "rate": 1}),
        ("verify", {"seen": seen, "layer": 2, "neuron": 0, "source": 784}),
        ("broken", {"mistake": "none"}),
        ("find", {"kind": "random", "network": FRESH, "digit": 10}),
        ("picture", seen | {"rates": [1000.0] * 3, "network": "16:relu:softmax:fresh"}),
    ]
    with studio.client() as client:
        for path, body in bodies[:-1]:
            answer = client.post(f"/api/backprop/{path}", content=json.dumps(body))
            assert answer.status_code == 400, (path, body)
            assert list(answer.json()) == ["error"]
        path, body = bodies[-1]  # what diverges is told, or shown while it is finite
        answer = client.post(f"/api/backprop/{path}", content=json.dumps(body))
        assert answer.status_code in (200, 400)


def test_an_image_is_drawn_on_a_pad_that_fits_its_window(opens):
    with opens(PLACE) as page:
        step(page, "input")
        page.get_by_role("button", name="Draw one").click()
        pad, window = page.locator(".ms-dialog .pad"), page.locator(".ms-dialog[open]")
        pad.wait_for()
        box, around = pad.bounding_box(), window.bounding_box()
        assert box["width"] == pytest.approx(box["height"], abs=1)
        assert around["x"] < box["x"]
        assert box["x"] + box["width"] < around["x"] + around["width"]
        assert box["y"] + box["height"] < around["y"] + around["height"]
        assert around["height"] <= page.viewport_size["height"]
