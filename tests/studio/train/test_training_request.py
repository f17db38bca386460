"""A request is a configuration within what a form offers, and the form follows the declaration."""

from dataclasses import dataclass
from typing import Annotated

import pytest
from tools.settings_table import tables

from handwrought.errors import InvalidArgument
from handwrought.setting import Setting
from handwrought.studio.server.messages import decode
from handwrought.studio.train import training_request
from handwrought.studio.train.training_request import TrainingRequest, controls


@dataclass(frozen=True)
class Wider(TrainingRequest):
    """The request, and one setting more."""

    zest: Annotated[
        float, Setting("How lively it is.", "regularization", low=0, high=9, form=(0, 5), live=True)
    ] = 0.5


def test_a_new_setting_is_a_control_of_the_form_and_taken_from_it(monkeypatch):
    monkeypatch.setattr(training_request, "TrainingRequest", Wider)
    (found,) = (each for each in controls.__wrapped__() if each.name == "zest")
    assert (found.label, found.kind, found.default) == ("Zest", "number", 0.5)
    assert (found.least, found.most, found.live, found.more) == (0, 5, True, True)
    assert found.sentence == "How lively it is."
    assert decode(Wider, {"zest": 3}).zest == 3.0
    with pytest.raises(InvalidArgument, match=r"zest is 7.0: it must lie from 0 to 5"):
        decode(Wider, {"zest": 7})


def test_a_new_setting_stands_in_the_tables_of_the_docs():
    assert "| `zest` * | How lively it is. | number from 0 to 9 | `0.5` |" in tables(Wider)


def test_a_request_of_before_is_read_by_the_names_of_today():
    old = {"view": "strokes", "hardest": 0.5, "average": 0.9, "initializer": "scaled"}
    assert decode(TrainingRequest, old) == TrainingRequest(
        representation="strokes", backprop_fraction=0.5, ema_decay=0.9, initializer="lecun_normal"
    )


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([], r"request is \[\]: give an object"),
        ({"hue": 1}, "request has no field 'hue': it has dataset, "),
        ({"own": {"hue": 1}}, "own has no field 'hue': it has source, share, rehearsed"),
        ({"own": {"source": ""}}, "source has length 0"),
        ({"epochs": 1001}, "epochs is 1001: it must lie from 1 to 1000"),
        ({"hidden": [5] * 7}, "hidden has length 7"),
        ({"dataset": "digits.csv"}, "dataset 'digits.csv' is unknown: use one of mnist"),
        ({"full": True}, "full has no part in the studio"),
        ({"patience": 3}, "patience has no part in the studio"),
        ({"outliers": 0.1}, "need an augmentation"),
        ({"augmentation": {"shift": 7}}, "shift is 7: it must lie from 0 to 6"),
    ],
)
def test_what_no_form_asks_for_is_refused(values, why):
    with pytest.raises(InvalidArgument, match=why):
        decode(TrainingRequest, values)
