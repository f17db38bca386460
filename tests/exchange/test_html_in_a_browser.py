"""The exported page as people use it: opened from a file, drawn on, compared with the library."""

import numpy as np
import pytest
from playwright.sync_api import Error

import handwrought as hw
from handwrought.data.representations import (
    REPRESENTATIONS,
    deskewed,
    extract_features,
    n_features,
    represent,
)
from handwrought.exchange import export, to_html
from handwrought.nn.activations import ACTIVATIONS
from handwrought.reading.recognizer import shipped_model
from handwrought.storage import read_header

# Strokes of each digit in the pad's unit square.
DIGITS = {
    0: [[(0.5, 0.15), (0.35, 0.22), (0.28, 0.5), (0.36, 0.8), (0.52, 0.86), (0.66, 0.76), (0.71, 0.5),
         (0.64, 0.22), (0.5, 0.15)]],
    1: [[(0.5, 0.15), (0.49, 0.85)]],
    2: [[(0.3, 0.3), (0.38, 0.18), (0.55, 0.15), (0.67, 0.27), (0.62, 0.45), (0.3, 0.83), (0.72, 0.82)]],
    3: [[(0.30, 0.25), (0.40, 0.17), (0.55, 0.15), (0.66, 0.22), (0.66, 0.34), (0.55, 0.44), (0.45, 0.47),
         (0.58, 0.49), (0.70, 0.58), (0.70, 0.72), (0.60, 0.82), (0.45, 0.85), (0.30, 0.78)]],
    4: [[(0.33, 0.15), (0.28, 0.5), (0.72, 0.5)], [(0.62, 0.17), (0.6, 0.87)]],
    5: [[(0.68, 0.16), (0.36, 0.17), (0.33, 0.45), (0.55, 0.42), (0.69, 0.55), (0.66, 0.75), (0.5, 0.85),
         (0.3, 0.78)]],
    7: [[(0.28, 0.18), (0.7, 0.17), (0.55, 0.45), (0.44, 0.85)]],
}  # fmt: skip


def draw(page, strokes, size=1.0, at=(0.0, 0.0)):
    box = page.locator(".pad").bounding_box()
    for stroke in strokes:
        points = [
            (box["x"] + (x * size + at[0]) * box["width"], box["y"] + (y * size + at[1]) * box["height"])
            for x, y in stroke
        ]  # fmt: skip
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point)
        page.mouse.up()


def numbers(text):
    """A long array comes faster as text."""
    return np.array(text.split(","), np.uint8)


def alike(one, other):
    moves = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return max(np.corrcoef(np.roll(one, m, (0, 1)).ravel(), other.ravel())[0, 1] for m in moves)


def write(folder, net, **header):
    path = folder / "page.html"
    path.write_text(to_html(hw.Model(net, **header)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "digits.html"
    export(shipped_model(), path)
    return path


def of_representation(representation, dtype="float32"):
    """A small network that sees digits so, its numbers in half precision."""
    net = hw.Network([n_features((28, 28), representation), 9, 10], "relu", "softmax", 1, dtype)
    net.parameters.vector[:] = net.parameters.vector.astype(np.float16)
    return net


@pytest.fixture(scope="module", params=["as-is", "strokes"])
def small(request, tmp_path_factory):
    return write(
        tmp_path_factory.mktemp("page"),
        of_representation(request.param),
        representation=request.param,
    )


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_gives_what_the_library_gives(opens_offline, tmp_path, name):
    net = hw.Network([784, 9, 8, 10], name, "quadratic", 2, "float64", output_activation=name)
    half = net.copy()
    half.parameters.vector[:] = net.parameters.vector.astype(np.float16)
    rng = np.random.default_rng(0)
    x = np.concatenate(
        [rng.random((2, 784)), 40 * rng.standard_normal((2, 784)), np.zeros((1, 784))]
    )
    with opens_offline(write(tmp_path, net)) as page:
        found = page.evaluate("xs => xs.map(handwrought.feedforward)", x.tolist())
    # The arithmetic is the library's; only half precision sets them apart.
    np.testing.assert_allclose(found, half.feedforward(x), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found[:2], net.feedforward(x[:2]), atol=5e-3)


def test_every_half_is_read_right(opens_offline, tmp_path):
    halves = np.arange(65536, dtype=np.uint16).view(np.float16).astype(np.float64)
    chosen = halves[np.isfinite(halves)][:: 65536 // 7840][:7840]
    net = hw.Network([784, 10], "relu", "quadratic", 0, "float64", output_activation="identity")
    net.layers[0].weights[:] = chosen.reshape(10, 784)
    net.layers[0].biases[:] = 0
    unit = np.eye(784)
    with opens_offline(write(tmp_path, net)) as page:
        found = page.evaluate("""() => Array.from({ length: 784 }, (_, k) =>
            handwrought.feedforward(Float64Array.from({ length: 784 }, (_, i) => Number(i === k))))""")
    np.testing.assert_array_equal(found, net.feedforward(unit))


@pytest.mark.parametrize("representation", REPRESENTATIONS)
def test_digits_are_seen_and_read_as_the_library_does(opens_offline, tmp_path, representation):
    rng = np.random.default_rng(0)
    odd = rng.integers(0, 256, (4, 28, 28), np.uint8)
    odd[0] = 0
    odd[1] = 255
    odd[2] = np.pad([[1]], (0, 27))  # a speck in a corner
    images = np.concatenate([odd, hw.load_dataset("mnist").test.images[:300]])
    net = of_representation(representation, "float64")
    with opens_offline(
        write(tmp_path, net, representation=representation, temperature=1.3)
    ) as page:
        found = page.evaluate(
            """text => {
                const pixels = text.split(",");
                const read = (_, i) => handwrought.read(pixels.slice(784 * i, 784 * (i + 1)));
                const readings = Array.from({ length: pixels.length / 784 }, read);
                const all = (name) => readings.map((reading) => reading[name].join()).join();
                const probabilities = readings.map((reading) => reading.probabilities);
                return { straight: all("straight"), inputs: all("inputs"), probabilities };
            }""",
            ",".join(map(str, images.ravel().tolist())),
        )
    straight = numbers(found["straight"]).reshape(images.shape)
    inputs = numbers(found["inputs"]).reshape(len(images), 28, -1)
    # The library sums in single precision: a number between two grey levels may fall to the other.
    apart = np.abs(straight.astype(int) - deskewed(images, representation))
    assert apart.max() <= 1
    assert apart.mean() < 1e-4
    apart = np.abs(inputs.astype(int) - extract_features(straight, representation))
    assert apart.max() <= 1
    assert apart.mean() < 1e-4
    same = (inputs == represent(images, representation)).all(axis=(1, 2))
    assert same[:3].all()
    assert same.mean() > 0.95
    theirs = hw.Model(net, temperature=1.3, representation=representation).probabilities(images)
    np.testing.assert_allclose(np.array(found["probabilities"])[same], theirs[same], atol=1e-9)
    np.testing.assert_allclose(found["probabilities"], theirs, atol=0.01)


def test_a_drawing_is_shown_and_read_in_the_networks_representation(opens_offline, tmp_path):
    net = of_representation("strokes")
    with opens_offline(write(tmp_path, net, representation="strokes")) as page:
        draw(page, DIGITS[4])
        page.wait_for_function("handwrought.reading !== null")
        found = page.evaluate("""() => {
            const { probabilities, pixels, inputs } = handwrought.reading;
            const { data } = document.querySelector(".seen").getContext("2d").getImageData(0, 0, 56, 56);
            const canvas = data.filter((_, i) => i % 4 === 0);
            return { probabilities, pixels: pixels.join(), inputs: inputs.join(), canvas: canvas.join() };
        }""")
    pixels = numbers(found["pixels"]).reshape(1, 28, 28)
    theirs = hw.Model(net, representation="strokes").probabilities(pixels)[0]
    np.testing.assert_allclose(found["probabilities"], theirs, atol=1e-3)
    # The digit stands in the middle, the map of what brightens to the right on the right of it.
    canvas = numbers(found["canvas"]).reshape(56, 56)
    maps = numbers(found["inputs"]).reshape(28, 56)
    np.testing.assert_array_equal(canvas[21:35, 42:], maps[:14, :14])
    np.testing.assert_array_equal(canvas[:14, 21:35], maps[14:, 28:42])
    apart = canvas[14:42, 14:42].astype(int) - deskewed(pixels, "strokes")[0]
    assert np.abs(apart).max() <= 1


def test_drawn_digits_are_read_as_the_library_reads_them(opens_offline, shipped):
    reader = hw.Recognizer.load()
    large, small = (1.0, (0.0, 0.0)), (0.5, (0.4, 0.1))
    drawn = [(digit, *large) for digit in DIGITS] + [(3, *small), (5, *small)]
    with opens_offline(shipped) as page:
        for digit, size, at in drawn:
            draw(page, DIGITS[digit], size, at)
            page.wait_for_function("digit => handwrought.reading?.best === digit", arg=digit)
            found = page.evaluate("""() => ({ probabilities: handwrought.reading.probabilities,
                pixels: handwrought.reading.pixels.join(), grey: handwrought.picture.grey.join() })""")
            picture = numbers(found["grey"]).reshape(168, 168)
            theirs = reader.read_digit(picture)
            assert theirs.digit == digit
            # Of the pixels that the page made, the library thinks just the same.
            pixels = numbers(found["pixels"]).reshape(1, 28, 28)
            np.testing.assert_allclose(
                reader.probabilities(pixels)[0], found["probabilities"], atol=1e-5
            )
            # And it would have made much the same pixels, or the same a pixel further.
            assert alike(pixels[0], theirs.normalized) > 0.85
            page.get_by_role("button", name="Clear").click()


def test_a_3_shows_on_the_page(opens_offline, shipped):
    with opens_offline(shipped) as page:
        assert page.locator(".says").inner_text() == "Draw a digit from 0 to 9."
        draw(page, DIGITS[3])
        page.locator(".answer", has_text="3").wait_for()
        assert page.locator(".bars .best").inner_text().startswith("3")
        shares = page.locator(".bars .share").evaluate_all("all => all.map((s) => +s.title)")
        assert sum(shares) == pytest.approx(1)
        assert page.locator("#announcer").inner_text().startswith("Read as 3, ")
        header = read_header(shipped_model())
        assert page.locator(".neurons figure").count() == len(header["layers"]) - 1
        facts = page.locator(".facts").inner_text()
        sizes = [*header["input_shape"], *(layer["n_out"] for layer in header["layers"])]
        assert "-".join(map(str, sizes)) in facts
        assert header["digest"][:16] in facts


@pytest.mark.parametrize("width", [3, 15])
def test_any_brush_makes_strokes_of_mnists_width(opens_offline, shipped, width):
    with opens_offline(shipped) as page:
        page.locator("#brush").fill(str(width))
        draw(page, DIGITS[2])
        page.locator(".answer", has_text="2").wait_for()


def test_undo_clear_and_keys(opens_offline, small):
    with opens_offline(small) as page:
        undo, clear = (page.get_by_role("button", name=name) for name in ("Undo", "Clear"))
        assert undo.is_disabled()
        assert clear.is_disabled()
        draw(page, DIGITS[4])
        assert page.evaluate("handwrought.strokes.length") == 2
        undo.click()
        assert page.evaluate("handwrought.strokes.length") == 1
        page.keyboard.press("Control+z")
        page.wait_for_function("handwrought.reading === null")
        assert page.locator(".answer").inner_text() == "–"
        draw(page, DIGITS[1])
        clear.click()
        assert page.evaluate("handwrought.strokes.length") == 0
        page.locator(".pad").focus()
        page.keyboard.press("Space")
        for _ in range(12):
            page.keyboard.press("Shift+ArrowDown")
        page.keyboard.press("Space")
        page.wait_for_function("handwrought.reading !== null")
        page.keyboard.press("Delete")
        page.wait_for_function("handwrought.reading === null")


def test_a_finger_draws(opens_offline, small):
    with opens_offline(small, has_touch=True, viewport={"width": 390, "height": 844}) as page:
        box = page.locator(".pad").bounding_box()
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_function("handwrought.reading !== null")
        assert page.evaluate("handwrought.strokes.length") == 1
        assert page.evaluate("Math.max(...handwrought.reading.pixels)") == 255
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_is_light_and_dark_and_accessible(opens_offline, small, axe):
    for scheme in ("light", "dark"):
        with opens_offline(small, color_scheme=scheme, bypass_csp=True) as page:
            assert page.evaluate("document.documentElement.dataset.theme") == scheme
            draw(page, DIGITS[3])
            assert axe(page) == []
            page.locator("#theme").click()
            assert page.evaluate("document.documentElement.dataset.theme") != scheme


def test_no_other_script_runs_and_nothing_is_fetched(browser, small):
    context = browser.new_context()
    page = context.new_page()
    page.goto(small.as_uri())
    with pytest.raises(Error, match="Content Security Policy"):
        page.add_script_tag(content="window.intruder = true")
    assert page.evaluate("window.intruder") is None
    assert (
        page.evaluate("fetch('https://example.org').then(() => 'came', () => 'refused')")
        == "refused"
    )
    context.close()


def test_labels_are_shown_as_they_are(opens_offline, tmp_path):
    labels = ["</script><script>alert(1)</script>", "{policy}", *"abcdefgh"]
    net = hw.Network([784, 10], cost="softmax", seed=1)
    with opens_offline(write(tmp_path, net, class_names=labels)) as page:
        names = page.locator(".bars li > span:first-child").all_inner_texts()
        assert names == labels
        draw(page, DIGITS[0])
        page.wait_for_function("handwrought.reading !== null")
