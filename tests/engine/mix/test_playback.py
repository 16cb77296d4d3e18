"""The mix as a stream, held sample by sample against the same mix rendered to a file."""

from __future__ import annotations

import threading
from pathlib import Path

import encoders
import numpy as np
import pytest
import signals
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mixes import plan_of, rendered_to, samples_of
from nsynth_mixes import EXACT, exact_output, nsynth_plan

from deepbass_engine.audio import decode
from deepbass_engine.errors import Cancelled, InputError
from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.mix.playback import DecodedStretches, MixStream, Stretch
from deepbass_engine.mix.render import render
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.progress import CancelToken

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("playback")


@pytest.fixture(scope="module")
def plan(folder: Path) -> MixPlan:
    """Tracks of many kinds, a short one that is all fade, a cut at the end; nothing too loud."""
    music = 0.5 * signals.music(9, RATE_HZ)
    wav = signals.write(folder / "1.wav", music, RATE_HZ)
    paths = [
        wav,
        signals.write(folder / "2.flac", music[::-1], RATE_HZ, "PCM_24"),
        signals.write(folder / "3 short.wav", signals.sine(440, 0.3, RATE_HZ), RATE_HZ),
        signals.write(folder / "4 mono.wav", 0.5 * signals.music(6, RATE_HZ, channels=1), RATE_HZ),
        signals.write(folder / "5 slow.wav", 0.5 * signals.music(7, 8000), 8000, "FLOAT"),
        encoders.encode(wav, folder / "6.mp3"),
    ]
    return plan_of(paths, 1.0, trim="loudness")


@pytest.fixture(scope="module")
def mix(plan: MixPlan, folder: Path) -> np.ndarray:
    """The whole of it, rendered in float."""
    rendered_to(folder / "mix.wav", plan, "FLOAT")
    return samples_of(folder / "mix.wav")


def heard(stream: MixStream, *, n_frames: int = 5_000) -> np.ndarray:
    """All that a stream gives, read in blocks."""
    blocks = []
    while len(block := stream.read(n_frames)):
        blocks.append(block)
    return np.concatenate([np.empty((0, 2), np.float32), *blocks])


# The preview is the mix -------------------------------------------------------------------------


@pytest.mark.parametrize("n_frames", [333, 20_000, 10**7])
def test_the_whole_stream_is_the_rendered_mix(plan, mix, n_frames):
    stream = MixStream(plan)
    got = heard(stream, n_frames=n_frames)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, mix)
    assert stream.position == plan.n_frames


@given(data=st.data())
@settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))
def test_any_window_is_that_part_of_the_mix(plan, mix, data):
    """With stretches kept from window to window, and with none."""
    start = data.draw(st.integers(0, plan.n_frames))
    end = data.draw(st.integers(start, plan.n_frames))
    stretches = data.draw(st.sampled_from([None, SHARED]))
    stream = MixStream(plan, start, end, stretches=stretches)
    assert stream.position == start
    np.testing.assert_array_equal(heard(stream), mix[start:end])


SHARED = DecodedStretches(20_000_000)


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_start_at_any_seam_gives_what_follows(plan, mix, offset):
    for segment in plan.segments[1:]:
        start = segment.start_frame + offset
        got = MixStream(plan, start).read(30_000)
        np.testing.assert_array_equal(got, mix[start : start + 30_000])


@pytest.mark.slow
def test_a_long_track_plays_on_from_where_it_was_begun(folder):
    """Longer than what is decoded at once: kept, decoded on, and found again when begun anew."""
    wav = signals.write(folder / "long.wav", signals.noise(240, 8000, amplitude=0.2), 8000)
    for path in (wav, encoders.encode(wav, folder / "long.mp3"), wav):
        rate_hz = 8000 if path == wav else 11_025
        plan = plan_of([path, wav], 2.0, rate_hz=rate_hz)
        rendered_to(folder / "long mix.wav", plan, "FLOAT")
        expected = samples_of(folder / "long mix.wav")
        stretches = DecodedStretches()
        for start_s in (60, 61, 45, 62.9, 230):
            start = round(start_s * rate_hz)
            got = heard(MixStream(plan, start, stretches=stretches), n_frames=4000)
            np.testing.assert_array_equal(got, expected[start:])


def test_a_loud_transition_is_turned_down_as_in_24_bits_and_a_tracks_overs_are_left(tmp_path):
    tone = signals.sine(400, 2, RATE_HZ, amplitude=0.9)
    tone[100] = 1.5
    paths = [signals.write(tmp_path / f"{n}.wav", tone, RATE_HZ, "FLOAT") for n in "ab"]
    plan = plan_of(paths, 1.0)
    rendered_to(tmp_path / "24.wav", plan, "PCM_24")
    rendered_to(tmp_path / "float.wav", plan, "FLOAT")
    rounded = samples_of(tmp_path / "24.wav", "float64")
    got = heard(MixStream(plan)).astype(np.float64)
    fade = plan.fades[0]
    inside = slice(fade.start_frame, fade.start_frame + fade.n_frames)
    assert np.abs(samples_of(tmp_path / "float.wav")[inside]).max() > 1.2
    assert np.abs(got[inside]).max() < 1.0
    assert got[100].tolist() == [1.5, 1.5]
    np.testing.assert_allclose(np.minimum(got, 1 - 2.0**-23), rounded, rtol=0, atol=2.0**-23)


def test_an_empty_window_and_one_behind_the_end_give_nothing(plan):
    assert MixStream(plan, 100, 100).read(10).shape == (0, 2)
    assert MixStream(plan, plan.n_frames).read(10).shape == (0, 2)


@pytest.mark.parametrize(("start", "end"), [(-1, None), (10, 9), (0, 10**9), (10**9, None)])
def test_frames_outside_the_mix_are_refused(plan, start, end):
    with pytest.raises(ValueError, match="give frames in order"):
        MixStream(plan, start, end)


# The store --------------------------------------------------------------------------------------


def test_a_stream_over_a_store_is_the_same_cold_and_warm(plan, mix, tmp_path):
    store = TransitionStore(tmp_path)
    for _ in range(2):
        np.testing.assert_array_equal(heard(MixStream(plan, store=store)), mix)
    assert len(list(tmp_path.iterdir())) == len(plan.fades)


# What is decoded --------------------------------------------------------------------------------


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that begin to be decoded, in order."""
    names: list[str] = []
    begin = decode.Decoding.__init__

    def noted(self: decode.Decoding, source, *rest) -> None:
        names.append(source.path.name)
        begin(self, source, *rest)

    monkeypatch.setattr(decode.Decoding, "__init__", noted)
    return names


def test_a_whole_mix_decodes_each_track_once(plan, decoded):
    heard(MixStream(plan))
    assert decoded == [track.source.path.name for track in plan.tracks]


def test_a_loop_decodes_only_the_first_time(plan, mix, decoded):
    stretches = DecodedStretches()
    fade = plan.fades[4]
    start, end = fade.start_frame - 30_000, fade.start_frame + fade.n_frames + 30_000
    for _ in range(3):
        got = heard(MixStream(plan, start, end, stretches=stretches))
        np.testing.assert_array_equal(got, mix[start:end])
    assert decoded == ["5 slow.wav", "6.mp3"]


def test_a_region_that_is_moved_a_little_is_decoded_already(plan, folder, decoded):
    paths = [track.source.path for track in plan.tracks[4:]]
    stretches = DecodedStretches()
    for duration_s in (1.0, 1.01, 0.9, 3.0):
        plan = plan_of(paths, duration_s)
        decoded.clear()  # what counting the frames of the MP3 has decoded
        fade = plan.fades[0]
        heard(
            MixStream(plan, fade.start_frame, fade.start_frame + fade.n_frames, stretches=stretches)
        )
        assert decoded == (["5 slow.wav", "6.mp3"] if duration_s == 1.0 else [])


# Stretches --------------------------------------------------------------------------------------


def stretch(start: int, n_frames: int) -> Stretch:
    return Stretch(start, np.zeros((n_frames, 2), np.float32), True)


def test_the_least_recently_used_stretches_go_first(plan):
    track, other = plan.tracks[:2]
    stretches = DecodedStretches(limit_bytes=3 * 800)
    for first in (0, 1000, 2000):
        stretches.keep(track, RATE_HZ, stretch(first, 100))
    assert stretches.holding(track, RATE_HZ, 0) is not None
    stretches.keep(other, RATE_HZ, stretch(0, 100))
    held = [stretches.holding(track, RATE_HZ, first) is not None for first in (0, 1000, 2000)]
    assert held == [True, False, True]
    assert stretches.n_bytes == 3 * 800


def test_a_stretch_beyond_the_limit_is_not_kept_and_drives_none_out(plan):
    track = plan.tracks[0]
    stretches = DecodedStretches(limit_bytes=800)
    stretches.keep(track, RATE_HZ, stretch(0, 100))
    stretches.keep(track, RATE_HZ, stretch(500, 101))
    assert stretches.holding(track, RATE_HZ, 99) is not None
    assert stretches.holding(track, RATE_HZ, 100) is None
    assert stretches.holding(track, RATE_HZ, 500) is None


def test_a_stretch_takes_the_place_of_what_it_covers(plan):
    track = plan.tracks[0]
    stretches = DecodedStretches()
    stretches.keep(track, RATE_HZ, stretch(10, 100))
    stretches.keep(track, 8000, stretch(10, 100))
    stretches.keep(track, RATE_HZ, stretch(0, 200))
    assert stretches.n_bytes == 8 * (200 + 100)


def test_of_two_stretches_the_one_that_reaches_further_is_given(plan):
    track = plan.tracks[0]
    stretches = DecodedStretches()
    stretches.keep(track, RATE_HZ, stretch(50, 100))
    stretches.keep(track, RATE_HZ, stretch(0, 100))
    found = stretches.holding(track, RATE_HZ, 60)
    assert found is not None
    assert found.start_frame == 50


def test_streams_of_several_threads_share_stretches(plan, mix):
    stretches = DecodedStretches(limit_bytes=2_000_000)
    wrong: list[int] = []

    def listen(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for start in rng.integers(0, plan.n_frames, 8):
            got = MixStream(plan, int(start), stretches=stretches).read(20_000)
            if not np.array_equal(got, mix[start : start + 20_000]):
                wrong.append(int(start))

    threads = [threading.Thread(target=listen, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# Trouble ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["gone", "another"])
def test_a_track_that_is_gone_or_another_is_named(tmp_path, change):
    paths = [signals.write(tmp_path / f"{n}.wav", signals.music(2, 8000), 8000) for n in "ab"]
    plan, stretches = plan_of(paths, 0.5), DecodedStretches()
    heard(MixStream(plan, stretches=stretches))
    if change == "gone":
        paths[1].unlink()
        what = "does not exist"
    else:
        signals.write(paths[1], signals.music(3, 8000), 8000)
        what = "has changed since it was looked at"
    stream = MixStream(plan, stretches=stretches)
    stream.read(plan.fades[0].start_frame)
    with pytest.raises(InputError, match=what) as refused:
        stream.read(1)
    assert refused.value.path == paths[1]


def test_reading_stops_when_asked_to(plan):
    cancel = CancelToken()
    stream = MixStream(plan, cancel=cancel)
    stream.read(10)
    cancel.cancel()
    with pytest.raises(Cancelled):
        stream.read(10)


# NSynth -----------------------------------------------------------------------------------------


@pytest.fixture
def spoken_paths(tmp_path: Path) -> list[Path]:
    return [
        signals.write(tmp_path / f"{seed}.wav", 0.3 * signals.noise(1, RATE_HZ, seed=seed), RATE_HZ)
        for seed in range(3)
    ]


def test_a_rendered_nsynth_transition_is_heard_as_it_is_in_the_mix(
    spoken_paths, tmp_path, model_name
):
    plan, store = nsynth_plan(spoken_paths, [0.04, 0.04]), TransitionStore(tmp_path / "store")
    render(plan, tmp_path / "mix.wav", exact_output(), transitions=store)
    stood_in: list[int] = []
    stream = MixStream(plan, store=store, on_stand_in=stood_in.append, **EXACT)
    np.testing.assert_array_equal(heard(stream), samples_of(tmp_path / "mix.wav"))
    assert stood_in == []


@pytest.mark.parametrize("model", ["", "gone"])
@pytest.mark.parametrize("with_store", [True, False])
def test_until_it_is_rendered_its_plain_crossfade_is_heard_and_said_to_be_that(
    spoken_paths, tmp_path, model_name, batches, model, with_store
):
    plan = nsynth_plan(spoken_paths, [0.04, 0.04], model=model)
    plain = nsynth_plan(spoken_paths, [0.04, 0.04], methods=["simple", "simple"])
    store = TransitionStore(tmp_path / "store") if with_store else None
    stood_in: list[int] = []
    got = heard(MixStream(plan, store=store, on_stand_in=stood_in.append, **EXACT))
    np.testing.assert_array_equal(got, heard(MixStream(plain)))
    assert stood_in == [0, 1]
    assert batches == []
    assert not (tmp_path / "store").exists()


def test_only_a_transition_that_is_heard_has_a_stand_in(spoken_paths, model_name):
    plan = nsynth_plan(spoken_paths, [0.04, 0.04])
    stood_in: list[int] = []
    end = plan.fades[1].start_frame
    heard(MixStream(plan, plan.fades[0].start_frame + 5, end, on_stand_in=stood_in.append))
    assert stood_in == [0]
