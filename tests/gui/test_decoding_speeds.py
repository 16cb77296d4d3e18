"""What decoding took tells what it will take."""

from __future__ import annotations

import pytest

from deepbass_engine.mix.voice import Voice
from deepbass_engine.nsynth.backends import Choice
from deepbass_gui import decoding_speeds, preferences

VOICE = Voice("small", "small", "abc", Choice("cpu", "float16"), "a machine")
OTHER = Voice("small", "small", "abc", Choice("cpu", "float32"), "a machine")


def test_nothing_is_expected_of_what_never_decoded() -> None:
    decoding_speeds.remember(OTHER, 2, 10.0)
    assert decoding_speeds.expected(VOICE, 2) is None


@pytest.mark.parametrize(
    ("n_transitions", "per_s"),
    [(1, 10.0), (2, 10.0), (6, 15.0), (10, 20.0), (20, 40.0)],
)
def test_between_what_is_known_it_is_in_between_and_beyond_it_grows_with_the_number(
    n_transitions: int, per_s: float
) -> None:
    decoding_speeds.remember(VOICE, 2, 10.0)
    decoding_speeds.remember(VOICE, 10, 20.0)
    assert decoding_speeds.expected(VOICE, n_transitions) == pytest.approx(per_s)


def test_the_latest_counts() -> None:
    decoding_speeds.remember(VOICE, 2, 10.0)
    decoding_speeds.remember(VOICE, 2, 5.0)
    assert decoding_speeds.expected(VOICE, 2) == 5.0


@pytest.mark.parametrize("text", ["", "no json", "[1]", '{"a": {"x": 1}}'])
def test_what_makes_no_sense_is_forgotten(text: str) -> None:
    preferences.put("nsynth/speeds", text)
    assert decoding_speeds.expected(VOICE, 2) is None
