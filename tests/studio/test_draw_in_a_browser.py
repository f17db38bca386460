"""Draw as people use it, in a real browser on the real server."""

THREE = [
    *((0.30, 0.25), (0.40, 0.17), (0.55, 0.15), (0.66, 0.22), (0.66, 0.34), (0.55, 0.44)),
    *((0.45, 0.47), (0.58, 0.49), (0.70, 0.58), (0.70, 0.72), (0.60, 0.82), (0.45, 0.85)),
    (0.30, 0.78),
]


def draw(page, path):
    box = page.locator(".pad").bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in path]
    page.mouse.move(*at[0])
    page.mouse.down()
    for x, y in at[1:]:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()


def answers(page, text):
    page.locator(".answer", has_text=text).wait_for(timeout=20_000)


def test_the_stroke_path_of_a_3_is_read_as_3(opens):
    with opens() as page:
        draw(page, THREE)
        answers(page, "3")
        assert page.locator(".bars .best").inner_text().startswith("3")
        page.locator(".neuron h2", has_text="The output neuron for 3").wait_for()
