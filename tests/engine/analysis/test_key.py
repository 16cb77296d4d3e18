"""Keys: found in progressions, named, and how they go together."""

from __future__ import annotations

import numpy as np
import pytest
from loops import PATTERNS, loop
from loops import RATE_HZ as LOOP_RATE_HZ
from progressions import RATE_HZ, progression

from deepbass_engine.analysis.chroma import Chroma, ChromaMeter, chroma_distance
from deepbass_engine.analysis.key import (
    Key,
    camelot_distance,
    is_compatible,
    key_from_text,
    key_of,
)

KEYS = [(tonic, mode) for mode in ("major", "minor") for tonic in range(12)]


def chroma_of(samples: np.ndarray, rate_hz: int = RATE_HZ, block: int = 50_000) -> Chroma:
    meter = ChromaMeter(rate_hz)
    for first in range(0, len(samples), block):
        meter.push(samples[first : first + block].mean(axis=1))
    return meter.finish()


@pytest.mark.parametrize(("tonic", "mode"), KEYS)
def test_a_progression_is_in_its_key(tonic: int, mode: str) -> None:
    found = key_of(chroma_of(progression(tonic, mode, seed=tonic)))
    assert found is not None
    assert (found.tonic, found.mode) == (tonic, mode)


@pytest.mark.parametrize("cents", [-40, 40])
@pytest.mark.parametrize(("tonic", "mode"), KEYS)
def test_it_is_found_out_of_tune_and_under_drums(tonic: int, mode: str, cents: int) -> None:
    chroma = chroma_of(progression(tonic, mode, cents=cents, drums=2.0))
    assert chroma.tuning_cents == pytest.approx(cents, abs=10)
    found = key_of(chroma)
    assert found is not None
    assert (found.tonic, found.mode) == (tonic, mode)


@pytest.mark.parametrize("rate_hz", [11_025, 44_100, 96_000])
def test_it_is_found_at_any_rate(rate_hz: int) -> None:
    at = np.arange(6 * rate_hz) / rate_hz
    chord = sum(np.sin(2 * np.pi * 440 * 2 ** (n / 12) * at) for n in (-9, -5, -2, -21))
    samples = np.repeat(0.1 * chord[:, None], 2, axis=1).astype(np.float32)
    found = key_of(chroma_of(samples, rate_hz))
    assert found is not None
    assert found.name == "C major"


def test_the_size_of_the_blocks_changes_nothing() -> None:
    samples = progression(2, "minor", n_bars=40)
    whole, parts = chroma_of(samples, block=10**9), chroma_of(samples, block=7_777)
    np.testing.assert_array_equal(whole.energies, parts.energies)


def test_silence_has_no_key() -> None:
    assert key_of(chroma_of(np.zeros((60_000, 2), np.float32))) is None


@pytest.mark.parametrize("seed", range(6))
def test_noise_has_no_key(seed: int) -> None:
    noise = np.random.default_rng(seed).standard_normal((30 * RATE_HZ, 2)).astype(np.float32)
    assert key_of(chroma_of(0.1 * noise)) is None


@pytest.mark.parametrize("pattern", list(PATTERNS))
def test_drums_alone_are_in_no_sure_key(pattern: str) -> None:
    drums = loop(pattern, 120.0, bass_hz=0.0).samples
    found = key_of(chroma_of(drums, LOOP_RATE_HZ))
    assert found is None or found.confidence < 0.5


def test_what_sounds_alike_is_near_and_what_clashes_is_far() -> None:
    c, g, f_sharp = (chroma_of(progression(tonic, "major")) for tonic in (0, 7, 6))
    same = chroma_distance(c, 0, 8, c, 0, 8)
    fifth, tritone = chroma_distance(c, 0, 8, g, 0, 8), chroma_distance(c, 0, 8, f_sharp, 0, 8)
    assert same == pytest.approx(0.0, abs=1e-9)
    assert fifth < 0.5 * tritone


@pytest.mark.parametrize(
    ("tonic", "mode", "camelot"),
    [
        (11, "major", "1B"), (6, "major", "2B"), (1, "major", "3B"), (8, "major", "4B"),
        (3, "major", "5B"), (10, "major", "6B"), (5, "major", "7B"), (0, "major", "8B"),
        (7, "major", "9B"), (2, "major", "10B"), (9, "major", "11B"), (4, "major", "12B"),
        (8, "minor", "1A"), (3, "minor", "2A"), (10, "minor", "3A"), (5, "minor", "4A"),
        (0, "minor", "5A"), (7, "minor", "6A"), (2, "minor", "7A"), (9, "minor", "8A"),
        (4, "minor", "9A"), (11, "minor", "10A"), (6, "minor", "11A"), (1, "minor", "12A"),
    ],
)  # fmt: skip
def test_the_camelot_wheel(tonic: int, mode: str, camelot: str) -> None:
    assert Key(tonic, mode).camelot == camelot


def test_keys_that_go_together_are_the_same_the_relative_and_the_fifths() -> None:
    a_minor = Key(9, "minor")
    together = {Key(t, m).camelot for t, m in KEYS if is_compatible(a_minor, Key(t, m))}
    assert together == {"8A", "8B", "7A", "9A"}


@pytest.mark.parametrize(("tonic", "mode"), KEYS)
def test_distance_is_the_same_both_ways(tonic: int, mode: str) -> None:
    for other in KEYS:
        a, b = Key(tonic, mode), Key(*other)
        assert camelot_distance(a, b) == camelot_distance(b, a)
        assert (camelot_distance(a, b) == 0) == (a == b)


@pytest.mark.parametrize(
    ("text", "camelot"),
    [
        ("08A", "8A"), ("A-minor", "8A"), ("Am", "8A"), ("A minor", "8A"),
        ("8A", "8A"), ("1m", "8A"), ("1d", "8B"), ("Abmin", "1A"),
        ("F#", "2B"), ("Gbm", "11A"), ("C", "8B"), (" Dbm ", "12A"), ("CM", "8B"), ("6d", "1B"),
    ],
)  # fmt: skip
def test_keys_are_read_as_programs_write_them(text: str, camelot: str) -> None:
    found = key_from_text(text)
    assert found is not None
    assert found.camelot == camelot


@pytest.mark.parametrize("text", ["", "H", "13A", "A maybe", "0m", "minor"])
def test_what_is_no_key_is_none(text: str) -> None:
    assert key_from_text(text) is None
