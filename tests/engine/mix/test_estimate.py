"""How long it will take, in a line."""

from __future__ import annotations

import pytest

from deepbass_engine.mix.estimate import Estimate
from deepbass_engine.mix.voice import Voice
from deepbass_engine.nsynth.backends import Choice


@pytest.mark.parametrize(
    ("n_transitions", "seconds", "line"),
    [
        (19, 745, "19 transitions through NSynth (model h512, cpu, float16): about 12 min"),
        (1, 2, "1 transition through NSynth (model h512, cpu, float16): a few seconds"),
        (2, 7200, "2 transitions through NSynth (model h512, cpu, float16): about 2 h"),
    ],
)
def test_an_estimate_says_what_by_what_and_how_long(n_transitions, seconds, line):
    voice = Voice("h512", "h512", "", Choice("cpu", "float16"), "a processor")
    assert str(Estimate(n_transitions, voice, seconds)) == line
