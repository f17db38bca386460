"""The page of an evaluation: what stands in it, and that nothing from the data can get out of it."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

import handwrought as hw
from handwrought.evaluation.robustness import robustness
from handwrought.report.charts import percent, ticks
from handwrought.report.markup import tag
from handwrought.report.page import report_page
from handwrought.report.subject import Subject

HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "<!--<script>",
    "&lt;b&gt;\x00\x1b[2J\u202e",
    "]]></style><style>*{display:none}",
)
VOID = {"meta", "link", "img", "br"}


class Reader(HTMLParser):
    """Tags and texts of a page; fails where a tag is closed that was not opened."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.texts, self.comments = [], [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, name, attributes):
        self.tags.append((name, dict(attributes)))
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        self.texts.append(data)

    def handle_comment(self, data):
        self.comments.append(data)

    def named(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]

    @property
    def text(self):
        return " ".join(self.texts)


def subject(split, names, net=None, record=None, temperature=1.0, **settings):
    net = net or hw.Network([split.n_inputs, split.n_classes], cost="softmax", seed=0)
    model = hw.Model(net, "as-is", names, temperature, record or {})
    return Subject(model, split, hw.evaluate(model, split), "data", "model.safetensors", **settings)


def some_images(n=60, n_classes=6):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (n, 12, 12)).astype(np.uint8)
    return hw.Split(images, rng.integers(0, n_classes, n), n_classes)


@pytest.fixture(scope="module")
def hostile():
    record = {key: {key: key} for key in HOSTILE} | {"list": list(HOSTILE)}
    made = subject(some_images(), HOSTILE, record=record, temperature=2.0)
    made = Subject(**{**vars(made), "title": HOSTILE[0], "dataset": HOSTILE[1]})
    return report_page(made)


def test_hostile_names_stay_text(hostile):
    page = Reader(hostile)
    assert [script.get("id") for script in page.named("script")] == ["cells", None]
    assert len(page.named("style")) == 1
    assert page.comments == []
    for name, attributes in page.tags:
        assert not any(key.startswith("on") for key in attributes), (name, attributes)
    for image in page.named("img"):
        assert image["src"].startswith("data:image/png;base64,")
    assert "alert(1)" in page.text
    assert "\x00" not in hostile
    assert "\x1b" not in hostile
    assert "\u202e" not in hostile
    assert "\\u202e" not in hostile  # nor in the data of the script


def test_the_page_asks_for_nothing_outside_it(hostile):
    page = Reader(hostile)
    for _, attributes in page.tags:
        for key in ("src", "href"):
            assert attributes.get(key, "data:").startswith(("data:", "#"))
        assert "style" not in attributes
    assert "@import" not in hostile
    assert "url(" not in hostile
    policy = next(
        m["content"] for m in page.named("meta") if "content" in m and "src" in m["content"]
    )
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_every_section_has_a_heading_a_sentence_and_a_place_in_the_contents(hostile):
    page = Reader(hostile)
    names = [section["id"] for section in page.named("section")]
    assert names == [
        *("confusion", "classes", "calibration", "mistakes", "robustness", "refusal", "model")
    ]
    assert {f"#{name}" for name in names} <= {a["href"] for a in page.named("a")}
    assert len(page.named("h1")) == 1
    assert len(page.named("h2")) == len(names)
    assert sum("lead" in p.get("class", "") for p in page.named("p")) == len(names) + 1


def test_pictures_charts_and_tables_can_be_read_aloud(hostile):
    page = Reader(hostile)
    assert all(image["alt"] for image in page.named("img"))
    assert len(page.named("svg")) == 9
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in page.named("svg"))
    assert all(th["scope"] in ("row", "col") for th in page.named("th"))
    assert len(page.named("caption")) == len(page.named("table"))
    assert page.named("html")[0]["lang"] == "en"


def test_the_numbers_of_the_evaluation_stand_in_the_page():
    made = subject(some_images(), tuple("abcdef"), temperature=1.5)
    page = Reader(report_page(made))
    result, text = made.result, page.text
    low, high = result.interval
    for number in (
        percent(result.accuracy), percent(low), percent(high), f"{result.cost:.4f}",
        percent(result.calibration(temperature=1.5).error), "temperature 1.500",
        *(percent(value, 1) for value in result.precision if value),
    ):  # fmt: skip
        assert number in text
    cells = json.loads(next(t for t in page.texts if t.startswith('{"first"')))
    worst = np.unravel_index(
        np.argmax(result.confusion * ~np.eye(6, dtype=bool)), result.confusion.shape
    )
    assert cells["first"] == f"{worst[0]},{worst[1]}"
    for key, cell in cells["cells"].items():
        i, j = map(int, key.split(","))
        assert cell["count"] == result.confusion[i, j] > 0
        for image in cell["images"]:
            assert (result.labels[image["at"]], result.predictions[image["at"]]) == (i, j)


def test_the_most_sure_mistake_comes_first():
    made = subject(some_images(), tuple("abcdef"))
    p, wrong = made.result.probabilities(), made.result.predictions != made.result.labels
    surest = int(np.argmax(np.where(wrong, p.max(axis=1), 0)))
    second = int(np.argsort(-p[surest])[1])
    text = Reader(report_page(made)).text
    shown = text[text.index("Its surest mistakes") :]
    assert f"no. {surest}" in shown[: shown.index("no.") + 12]
    assert f"then {'abcdef'[second]}, {percent(p[surest, second])}" in shown


@pytest.mark.parametrize("n_classes", [2, 31, 300])
def test_any_number_of_classes_makes_a_page(n_classes):
    split = some_images(400, n_classes)
    names = tuple(f"class number {k}" for k in range(n_classes))
    page = report_page(subject(split, names, robustness_images=10))
    buttons = [b for b in Reader(page).named("button") if "data-cell" in b]
    assert 0 < len(buttons) <= 40
    assert len(page) < 3_000_000


@pytest.mark.slow
def test_a_page_stays_below_3_megabytes_with_large_images():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (900, 128, 128)).astype(np.uint8)
    split = hw.Split(images, rng.integers(0, 20, 900), 20)
    page = report_page(subject(split, tuple(map(str, range(20))), robustness_images=3))
    assert len(page) < 3_000_000


def test_a_table_of_numbers_leaves_out_images_and_says_so():
    rng = np.random.default_rng(0)
    table = hw.Split(rng.normal(size=(30, 5)), rng.integers(0, 2, 30), 2)
    page = Reader(report_page(subject(table, ("no", "yes"))))
    names = [section["id"] for section in page.named("section")]
    assert names == ["confusion", "classes", "calibration", "refusal", "model"]
    assert "left out" in page.text
    assert not page.named("img")
    assert not page.named("button")


@pytest.mark.parametrize("cost", ["quadratic", "cross-entropy", "softmax"])
def test_one_image_that_is_read_right_makes_a_page(cost):
    split = some_images(1)
    net = hw.Network([144, 6], cost=cost, seed=0)
    net.layers[0].weights[...] = 0
    net.layers[0].biases[split.labels[0]] = 5
    page = Reader(report_page(subject(split, tuple("abcdef"), net)))
    assert "100.00 %" in page.text
    assert "wrong on none" in page.text


def test_a_target_that_no_threshold_reaches_is_told():
    split = some_images(30)
    net = hw.Network([144, 6], cost="softmax", seed=0)
    net.parameters.vector[:] = 0
    assert "not reached" in Reader(report_page(subject(split, tuple("abcdef"), net))).text


def test_outputs_that_are_no_probabilities_are_called_so():
    net = hw.Network([144, 6], cost="quadratic", output_activation="identity", seed=0)
    text = Reader(report_page(subject(some_images(), tuple("abcdef"), net))).text
    assert "those below 0 being taken for 0" in text


def test_the_record_of_the_training_is_shown_as_words_and_cut_where_it_is_long():
    record = {
        "learning_rate": 0.1 + 0.2,
        "rounds": {"shuffled": True, "mixed": False},
        "none": None,
    }
    record |= {f"note {i}": i for i in range(70)}
    page = Reader(report_page(subject(some_images(), tuple("abcdef"), record=record)))
    cells = [text.strip() for text in page.texts]
    for key, value in (
        ("learning rate", "0.3"),
        ("rounds: shuffled", "yes"),
        ("rounds: mixed", "no"),
    ):
        assert cells[cells.index(key) + 1] == value
    assert "none" not in cells
    assert cells[cells.index("and more") + 1] == "13 further entries"


def test_curves_that_were_measured_before_are_not_measured_again():
    split = some_images()
    net = hw.Network([144, 6], cost="softmax", seed=0)
    curves = tuple(robustness(net, split, 5))
    assert subject(split, tuple("abcdef"), net, measured=curves).curves is curves


def test_many_classes_of_which_none_is_mistaken_have_no_list_of_mistakes():
    table = hw.Split(np.eye(31), np.arange(31), 31)
    net = hw.Network([31, 31], cost="softmax", seed=0)
    net.layers[0].weights[:] = 9 * np.eye(31)
    assert "There was no mistake." in report_page(subject(table, (), net))


def test_the_most_frequent_mistakes_of_a_table_have_no_buttons():
    table = hw.Split(np.eye(31), np.roll(np.arange(31), 1), 31)
    net = hw.Network([31, 31], cost="softmax", seed=0)
    net.layers[0].weights[:] = 9 * np.eye(31)
    page = Reader(report_page(subject(table, (), net)))
    assert "left out" in page.text
    assert not page.named("button")


def test_the_same_evaluation_makes_the_same_page():
    pages = [report_page(subject(some_images(), tuple("abcdef"))) for _ in range(2)]
    assert pages[0] == pages[1]


def test_a_share_is_never_rounded_to_all_or_nothing():
    assert percent(0.99999) == "99.999 %"
    assert percent(0.00001) == "0.001 %"
    assert percent(1.0) == "100.00 %"
    assert percent(0.0) == "0.00 %"


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.995, 1), (0, 0.1), (0.37, 1), (0, 0.013)])
def test_ticks_are_round_and_few(low, high):
    found = ticks(low, high)
    assert 2 <= len(found) <= 7
    assert found[0] >= low - 1e-9
    assert found[-1] <= high + 1e-9
    assert all(re.fullmatch(r"-?\d(\.\d{1,2})?e[+-]\d+", f"{t:.2e}") for t in found)


def test_markup_escapes_text_and_attributes():
    made = tag("p", "<&>", tag("b", "x"), title='"<')
    assert made == '<p title="&quot;&lt;">&lt;&amp;&gt;<b>x</b></p>'
    assert tag("p", hidden=True, title=None, lang=False) == "<p hidden></p>"
    assert tag("p", "half \udc80 a pair") == "<p>half ? a pair</p>"
