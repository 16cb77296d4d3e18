"""Stretching an end of a track: kicks where they belong, pitch and level kept, no seam."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from loops import kick

from deepbass_engine.audio.stretch import bent
from deepbass_engine.audio.warp import Bend
from deepbass_engine.errors import Cancelled
from deepbass_engine.progress import CancelToken

RATE_HZ = 22_050
BEND = Bend(1.04, 6 * RATE_HZ, 4 * RATE_HZ)
SLOWER = Bend(0.97, 6 * RATE_HZ, 4 * RATE_HZ)


def kicks(n_frames: int) -> tuple[np.ndarray, list[int]]:
    """Kicks twice a second over a little noise, and their frames."""
    random = np.random.default_rng(0)
    samples = 0.01 * random.standard_normal(n_frames)
    places = list(range(3_000, n_frames - 8_000, RATE_HZ // 2))
    for place in places:
        samples[place : place + len(kick())] += 0.8 * kick()
    return np.stack([samples, samples], axis=1).astype(np.float32), places


def heard(bend: Bend, place: int, is_head: bool) -> float:
    """The frame as which a frame of an end is heard."""
    if is_head:
        return bend.n_frames - bend.frame_at(bend.n_source - place)
    return bend.frame_at(place)


@pytest.mark.parametrize("is_head", [False, True])
@pytest.mark.parametrize("bend", [BEND, SLOWER])
def test_kicks_are_heard_where_the_warp_says(bend: Bend, is_head: bool) -> None:
    samples, places = kicks(bend.n_source)
    done = bent(samples, RATE_HZ, bend, is_head=is_head)
    assert done.shape == (bend.n_frames, 2)
    shape, late_s = np.diff(kick()[:1_500]), []
    for place in places:
        expected = heard(bend, place, is_head)
        first = int(expected) - 800
        if first < 0 or first + 3_200 > len(done):
            continue
        match = np.correlate(np.diff(done[first : first + 3_200, 0]), shape, "valid")
        late_s.append((first + int(np.argmax(match)) - expected) / RATE_HZ)
    assert len(late_s) > 12
    print(np.round(np.array(late_s) * 1000, 1))
    # half of what two tracks may be apart at their beats
    assert np.median(np.abs(late_s)) <= 0.0025
    assert np.quantile(np.abs(late_s), 0.95) <= 0.006


@pytest.mark.parametrize("bend", [BEND, SLOWER])
def test_at_the_side_of_the_body_it_is_the_track_itself(bend: Bend) -> None:
    samples = (0.2 * np.random.default_rng(1).standard_normal((bend.n_source, 2))).astype(
        np.float32
    )
    n = RATE_HZ // 50
    tail = bent(samples, RATE_HZ, bend, is_head=False)
    np.testing.assert_array_equal(tail[:n], samples[:n])
    head = bent(samples, RATE_HZ, bend, is_head=True)
    np.testing.assert_array_equal(head[-n:], samples[-n:])


def test_pitch_and_level_stay() -> None:
    at = np.arange(BEND.n_source) / RATE_HZ
    tone = 0.3 * np.sin(2 * np.pi * 441.0 * at)
    samples = np.stack([tone, tone], axis=1).astype(np.float32)
    held = bent(samples, RATE_HZ, BEND, is_head=False)[-4 * RATE_HZ : -RATE_HZ, 0]
    spectrum = np.abs(np.fft.rfft(held * np.hanning(len(held)), 1 << 19))
    found_hz = np.argmax(spectrum) * RATE_HZ / (1 << 19)
    assert 1200 * abs(np.log2(found_hz / 441.0)) < 2.0
    assert 20 * np.log10(np.std(held) / np.std(tone)) == pytest.approx(0.0, abs=0.5)


def test_what_is_in_the_middle_stays_there() -> None:
    samples, _ = kicks(SLOWER.n_source)
    done = bent(samples, RATE_HZ, SLOWER, is_head=False)
    side = done[:, 0] - done[:, 1]
    assert np.std(side) < 1e-3 * np.std(done)


def test_it_is_the_same_each_time() -> None:
    samples, _ = kicks(BEND.n_source)
    np.testing.assert_array_equal(
        bent(samples, RATE_HZ, BEND, is_head=True), bent(samples, RATE_HZ, BEND, is_head=True)
    )


def test_no_frames_are_none() -> None:
    assert bent(np.zeros((0, 2), np.float32), RATE_HZ, Bend(1.1, 0, 0), is_head=True).size == 0


@pytest.mark.parametrize("n_gliding", [0, 10, 700])
def test_a_bend_of_a_few_frames_is_made_too(n_gliding: int) -> None:
    bend = Bend(1.05, 500, n_gliding)
    samples = np.ones((bend.n_source, 2), np.float32)
    assert bent(samples, RATE_HZ, bend, is_head=False).shape == (bend.n_frames, 2)


def test_it_can_be_cancelled() -> None:
    bend = Bend(1.04, 60 * RATE_HZ, 10 * RATE_HZ)
    samples = np.zeros((bend.n_source, 2), np.float32)
    cancel = CancelToken()
    threading.Timer(0.1, cancel.cancel).start()
    began_s = time.monotonic()
    with pytest.raises(Cancelled):
        bent(samples, RATE_HZ, bend, is_head=False, cancel=cancel)
    assert time.monotonic() - began_s < 0.6


def test_a_program_may_end_while_a_stretch_that_is_not_wanted_runs() -> None:
    """A thread of Rubber Band's that comes back to an interpreter which is going would abort it."""
    script = """
import threading
import time
import numpy as np
from deepbass_engine.audio.stretch import bent
from deepbass_engine.audio.warp import Bend
from deepbass_engine.errors import Cancelled
from deepbass_engine.progress import CancelToken
class LastsLong:
    def __del__(self, sleep=time.sleep):
        sleep(2.0)

lasts_long = LastsLong()
cancel = CancelToken()
threading.Timer(0.1, cancel.cancel).start()
bend = Bend(1.03, 44_100 * 3, 44_100 * 3)
noise = np.random.default_rng(0).standard_normal((bend.n_source, 2)).astype(np.float32)
try:
    bent(noise, 44_100, bend, is_head=False, cancel=cancel)
except Cancelled:
    print("cancelled")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "cancelled\n", "")
