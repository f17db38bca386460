"""Every view, as soon as it is there: for all people, in both themes, on any screen."""

import pytest

from handwrought.studio.server.routes import VIEWS, offered

SCREENS = {"wide": (1920, 1080), "usual": (1280, 800), "tablet": (820, 1180), "narrow": (400, 800)}
OFFERED = [name for name in VIEWS if offered(name)]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", OFFERED)
def test_axe_finds_nothing_serious(opens, axe, view, theme):
    with opens(f"#{view}", color_scheme=theme, reduced_motion="reduce") as page:
        page.locator("h1").wait_for()
        page.wait_for_load_state("networkidle", timeout=120_000)
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        assert axe(page) == []


@pytest.mark.parametrize("view", OFFERED)
def test_nothing_scrolls_sideways(opens, view):
    with opens(f"#{view}") as page:
        page.locator("h1").wait_for()
        for width, height in SCREENS.values():
            page.set_viewport_size({"width": width, "height": height})
            # Pictures follow the new width in the next frames.
            page.wait_for_function("w => document.documentElement.scrollWidth <= w", arg=width)


@pytest.mark.parametrize("view", OFFERED)
def test_the_navigation_says_where_one_is(opens, view):
    with opens(f"#{view}") as page:
        page.locator("h1").wait_for()
        assert page.locator("nav a[aria-current=page]").inner_text() == VIEWS[view]
        assert page.title().endswith("handwrought studio")


def test_a_view_that_is_not_there_leads_to_the_first(opens):
    with opens("#nowhere?seed=1") as page:
        assert page.locator("nav a[aria-current=page]").inner_text() == "Draw"


def test_the_theme_is_chosen_and_kept(opens):
    with opens(color_scheme="light") as page:
        page.get_by_role("button", name="Dark theme").click()
        page.reload()
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        page.get_by_role("button", name="Light theme").click()
        assert page.evaluate("document.documentElement.dataset.theme") == "light"


def test_the_skip_link_leads_to_the_view(opens):
    with opens() as page:
        page.locator("h1").wait_for()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "view"
        assert page.locator("h1").inner_text() == "Draw"


def test_the_address_no_longer_shows_the_token(opens, studio):
    with opens() as page:
        page.locator("h1").wait_for()
        assert page.url == f"{studio.url}/"
        assert page.evaluate("document.cookie") == ""  # no script can read it


def test_plotly_draws_within_the_policy(opens):
    with opens() as page:
        page.locator("h1").wait_for()
        page.evaluate(
            """async () => {
                const { chart } = await import("/static/web/chart.js");
                const box = document.createElement("div");
                box.style.height = "300px";
                document.getElementById("view").replaceChildren(box);
                await chart(box, [{ x: [1, 2, 3], y: [3, 1, 2], line: { color: "--c-cost" } }], {}, "Cost");
            }"""
        )
        assert page.locator(".scatterlayer .trace path.js-line").count() == 1
