"""Mixes, held sample by sample against their sources as libsndfile reads them."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import encoders
import numpy as np
import pytest
import signals
import soundfile
from mixes import bodies_of, plan_of, rendered_to, samples_of
from quickly import assert_within, best_of_three

from deepbass_engine.audio.dither import dithered
from deepbass_engine.errors import Cancelled, InputError, OutputError
from deepbass_engine.fades.headroom import REACH_S, turned_down
from deepbass_engine.fades.simple import crossfade
from deepbass_engine.mix import render as render_module
from deepbass_engine.mix.plan import Body, Fade, MixPlan
from deepbass_engine.mix.render import render
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.mix.transitions import METHODS
from deepbass_engine.progress import CancelToken, Progress
from deepbass_engine.settings import OutputSettings, curve_pair
from deepbass_engine.units import clock_text

RATE_HZ = 16_000
LSB_16 = 2.0**-15
INTEGER_SUBTYPES = ("PCM_16", "PCM_24")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one piece of music in many formats, 48 kHz so that Opus keeps its rate."""
    folder = tmp_path_factory.mktemp("recordings")
    music = signals.music(4, 48_000)
    wav = signals.write(folder / "16 bit.wav", music, 48_000)
    signals.write(folder / "24 bit.wav", music, 48_000, "PCM_24")
    signals.write(folder / "float.wav", music, 48_000, "FLOAT")
    signals.write(folder / "mono.wav", music[:, :1], 48_000)
    signals.write(folder / "24 bit.flac", music, 48_000, "PCM_24")
    signals.write(folder / "other.wav", signals.music(5, 48_000)[::-1], 48_000)
    for name in ("16 bit.flac", "music.ogg", "music.mp3", "music.opus", "music.alac"):
        encoders.encode(wav, folder / name)
    return folder


@pytest.fixture(scope="module")
def playlist(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Six tracks that differ in rate, channels, format and length, one shorter than its fades."""
    folder = tmp_path_factory.mktemp("playlist")
    music = signals.music(9, RATE_HZ)
    wav = signals.write(folder / "1.wav", music, RATE_HZ)
    return [
        wav,
        signals.write(folder / "2.flac", music[::-1], RATE_HZ, "PCM_24"),
        signals.write(folder / "3 short.wav", signals.sine(440, 0.3, RATE_HZ), RATE_HZ),
        signals.write(folder / "4 mono.wav", signals.music(6, RATE_HZ, channels=1), RATE_HZ),
        signals.write(folder / "5 slow.wav", signals.music(7, 8000), 8000, "FLOAT"),
        encoders.encode(wav, folder / "6.mp3"),
    ]


def stereo(samples: np.ndarray) -> np.ndarray:
    return np.repeat(samples, 2, axis=1) if samples.shape[1] == 1 else samples


def part(samples: np.ndarray, body: Body) -> np.ndarray:
    """What a body takes of its track."""
    return samples[body.track_frame : body.track_frame + body.n_frames]


def of_mix(samples: np.ndarray, segment: Body | Fade) -> np.ndarray:
    """What of a mix is a segment."""
    return samples[segment.start_frame : segment.start_frame + segment.n_frames]


# Bodies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("16 bit.wav", 0),
        ("24 bit.wav", 0),
        ("float.wav", 0),
        ("mono.wav", 0),
        ("16 bit.flac", 0),
        ("24 bit.flac", 0),
        ("music.ogg", 0),
        ("music.mp3", 1e-6),
        ("music.opus", 1e-6),
    ],
)
def test_bodies_are_the_sources_own_samples(
    recordings: Path, tmp_path: Path, name: str, tolerance: float
) -> None:
    paths = [recordings / name, recordings / "other.wav", recordings / name]
    plan = plan_of(paths, 0.7)
    rendered_to(tmp_path / "mix.wav", plan)
    mix = samples_of(tmp_path / "mix.wav")
    sources = [stereo(samples_of(path)) for path in paths]
    bodies = bodies_of(plan)
    assert [body.track for body in bodies] == [0, 1, 2]
    for body in bodies:
        expected = part(sources[body.track], body)
        assert expected.std() > 0.05  # music, not silence
        allowed = tolerance if paths[body.track].name == name else 0
        assert np.abs(of_mix(mix, body) - expected).max() <= allowed


@pytest.mark.parametrize(
    ("name", "subtype", "target"),
    [
        ("16 bit.wav", "PCM_16", "mix.wav"),
        ("16 bit.flac", "PCM_16", "mix.wav"),
        ("mono.wav", "PCM_16", "mix.wav"),
        ("16 bit.wav", "PCM_16", "mix.flac"),
        ("16 bit.wav", "PCM_24", "mix.wav"),
        ("24 bit.wav", "PCM_24", "mix.wav"),
        ("24 bit.flac", "PCM_24", "mix.flac"),
        ("music.alac", "PCM_16", "mix.wav"),  # read by FFmpeg, as float on the 16-bit grid
    ],
)
def test_bodies_on_the_outputs_grid_are_copied_bit_for_bit(
    recordings: Path, tmp_path: Path, name: str, subtype: str, target: str
) -> None:
    plan = plan_of([recordings / name, recordings / "other.wav"], 0.7)
    rendered_to(tmp_path / target, plan, subtype)
    mix = samples_of(tmp_path / target, "int32")
    assert soundfile.info(tmp_path / target).subtype == subtype
    for body, source in zip(bodies_of(plan), [name, "other.wav"], strict=True):
        readable = "16 bit.wav" if source == "music.alac" else source
        expected = part(stereo(samples_of(recordings / readable, "int32")), body)
        np.testing.assert_array_equal(of_mix(mix, body), expected)


def test_the_lowest_16_bit_value_survives(tmp_path: Path) -> None:
    """-32768 has no positive twin: code that takes magnitudes in 16 bits breaks here."""
    samples = np.full((8000, 2), -32768, np.int16)
    soundfile.write(tmp_path / "low.wav", samples, 8000, subtype="PCM_16")
    result = rendered_to(tmp_path / "mix.wav", plan_of([tmp_path / "low.wav"]), "PCM_16")
    np.testing.assert_array_equal(samples_of(tmp_path / "mix.wav", "int16"), samples)
    assert (result.peak, result.n_clipped) == (1.0, 0)


def test_a_chosen_span_begins_and_ends_at_its_frames(tmp_path: Path) -> None:
    """Trimmed silence: what is left starts at the span's first frame, not near it."""
    tone = signals.sine(440, 2, RATE_HZ)
    silence = signals.silence(1.2, RATE_HZ)
    path = signals.write(tmp_path / "a.wav", np.concatenate([silence, tone, silence]), RATE_HZ)
    plan = plan_of([path], trim="loudness")
    span = plan.tracks[0].span
    assert 0 < span.start_frame <= len(silence)
    assert len(silence) + len(tone) <= span.end_frame < 2 * len(silence) + len(tone)
    rendered_to(tmp_path / "mix.wav", plan)
    expected = samples_of(path)[span.start_frame : span.end_frame]
    np.testing.assert_array_equal(samples_of(tmp_path / "mix.wav"), expected)


# Fades ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("curve", ["equal_power", "tri:qsin", "nofade", "Random_Linear"])
def test_fades_are_the_crossfade_of_the_two_tracks_ends(
    recordings: Path, tmp_path: Path, curve: str
) -> None:
    paths = [recordings / "float.wav", recordings / "other.wav", recordings / "mono.wav"]
    plan = plan_of(paths, 0.7, curve=curve, seed=5)
    rendered_to(tmp_path / "mix.wav", plan)
    mix = samples_of(tmp_path / "mix.wav")
    sources = [stereo(samples_of(path)) for path in paths]
    assert len(plan.fades) == 2
    for fade in plan.fades:
        tail = sources[fade.index][-fade.n_frames :]
        head = sources[fade.index + 1][: fade.n_frames]
        expected = crossfade(tail, head, curve_pair(curve), seed=5)
        np.testing.assert_array_equal(of_mix(mix, fade), expected)


def test_fades_in_24_bits_are_rounded_to_the_nearest(recordings: Path, tmp_path: Path) -> None:
    plan = plan_of([recordings / "float.wav", recordings / "other.wav"], 0.7)
    rendered_to(tmp_path / "float.wav", plan, "FLOAT")
    rendered_to(tmp_path / "24.wav", plan, "PCM_24")
    exact = samples_of(tmp_path / "float.wav", "float64")
    rounded = samples_of(tmp_path / "24.wav", "float64")
    assert np.abs(rounded - exact).max() <= 0.5 * 2.0**-23


def test_a_cut_has_nothing_between_the_two_tracks(recordings: Path, tmp_path: Path) -> None:
    paths = [recordings / "16 bit.wav", recordings / "other.wav"]
    rendered_to(tmp_path / "mix.wav", plan_of(paths, 0.0))
    expected = np.concatenate([samples_of(path) for path in paths])
    np.testing.assert_array_equal(samples_of(tmp_path / "mix.wav"), expected)


def second_difference(samples: np.ndarray) -> np.ndarray:
    """Largest |x[n-1] - 2 x[n] + x[n+1]| over the channels; index 0 is frame 1."""
    return np.abs(np.diff(samples.astype(np.float64), 2, axis=0)).max(axis=1)


def clicks(mix: np.ndarray, seams: list[int], rate_hz: int) -> list[int]:
    """Seams at which the second difference passes all of its neighbourhood's, 50 ms each side."""
    bends = second_difference(mix)
    reach = rate_hz // 20
    found = []
    for seam in seams:
        at_seam = bends[seam - 3 : seam + 1].max()
        around = np.concatenate([bends[seam - reach : seam - 3], bends[seam + 1 : seam + reach]])
        if at_seam > around.max():
            found.append(seam)
    return found


def seams_of(plan: MixPlan) -> list[int]:
    return [segment.start_frame for segment in plan.segments][1:]


@pytest.mark.parametrize("subtype", ["FLOAT", "PCM_24", "PCM_16"])
@pytest.mark.parametrize("curve", ["equal_power", "tri", "qsin", "Linear", "Sigmoid"])
def test_no_seam_clicks(recordings: Path, tmp_path: Path, curve: str, subtype: str) -> None:
    names = ["16 bit.wav", "music.mp3", "other.wav", "music.ogg", "music.opus", "float.wav"]
    plan = plan_of([recordings / name for name in names], 1.3, curve=curve)
    rendered_to(tmp_path / "mix.wav", plan, subtype)
    assert len(seams_of(plan)) == 10
    assert clicks(samples_of(tmp_path / "mix.wav"), seams_of(plan), 48_000) == []


def test_the_search_for_clicks_finds_one(tmp_path: Path) -> None:
    """The same search on a hard cut in the middle of a tone, where there is a click."""
    path = signals.write(tmp_path / "tone.wav", signals.sine(440.3, 1.0001, RATE_HZ), RATE_HZ)
    plan = plan_of([path, path], 0.0)
    rendered_to(tmp_path / "mix.wav", plan)
    assert clicks(samples_of(tmp_path / "mix.wav"), seams_of(plan), RATE_HZ) == seams_of(plan)


# Full scale -------------------------------------------------------------------------------------


@pytest.fixture
def loud_pair(tmp_path: Path) -> MixPlan:
    """Two tones in phase whose equal-power fade sums to 1.27."""
    n_frames = RATE_HZ * 2
    for name in ("1.wav", "2.wav"):
        signals.write(tmp_path / name, signals.sine(400, 2, RATE_HZ, amplitude=0.9), RATE_HZ)
    plan = plan_of([tmp_path / "1.wav", tmp_path / "2.wav"], 1.0)
    assert plan.tracks[0].span.n_frames == n_frames
    return plan


@pytest.mark.parametrize("subtype", INTEGER_SUBTYPES)
def test_a_fade_that_would_pass_full_scale_is_turned_down_smoothly(
    loud_pair: MixPlan, tmp_path: Path, subtype: str
) -> None:
    exact = rendered_to(tmp_path / "float.wav", loud_pair, "FLOAT")
    result = rendered_to(tmp_path / "mix.wav", loud_pair, subtype)
    assert exact.peak == pytest.approx(0.9 * 2**0.5, rel=1e-3)
    assert result.n_clipped == 0
    assert result.peak < 1.0

    fade = loud_pair.fades[0]
    wanted = of_mix(samples_of(tmp_path / "float.wav", "float64"), fade)
    got = of_mix(samples_of(tmp_path / "mix.wav", "float64"), fade)
    assert np.abs(got).max() < 1.0
    expected = turned_down(
        wanted.astype(np.float32), 1 - 2.0**-14, reach_frames=round(REACH_S * RATE_HZ)
    )
    assert expected.least_gain < 0.8
    tolerance = 1.5 * LSB_16 if subtype == "PCM_16" else 2.0**-23
    assert np.abs(got - expected.audio).max() <= tolerance
    # smooth, as heard: where the tone is loud enough to tell, the gain has no step
    loud = np.abs(wanted[:, 0]) > 0.5
    gain = got[loud, 0] / wanted[loud, 0]
    assert np.abs(np.diff(gain)).max() < 0.01
    assert gain[[0, -1]] == pytest.approx([1.0, 1.0], abs=0.01)


def test_float_output_keeps_what_passes_full_scale(loud_pair: MixPlan, tmp_path: Path) -> None:
    result = rendered_to(tmp_path / "mix.wav", loud_pair, "FLOAT")
    mix = samples_of(tmp_path / "mix.wav")
    assert result.n_clipped == 0
    assert result.peak == np.abs(mix).max() > 1.2


@pytest.mark.parametrize("subtype", INTEGER_SUBTYPES)
@pytest.mark.parametrize("target", ["mix.wav", "mix.flac"])
def test_overs_of_a_source_are_clipped_and_counted(
    tmp_path: Path, subtype: str, target: str
) -> None:
    samples = signals.noise(2, RATE_HZ, amplitude=0.5)
    samples[100, 0] = 1.5
    samples[200] = -1.25  # both channels, one frame
    samples[300:310, 1] = 1.1
    path = signals.write(tmp_path / "over.wav", samples, RATE_HZ, "FLOAT")
    result = rendered_to(tmp_path / target, plan_of([path]), subtype)
    assert result.n_clipped == 12
    assert result.peak == 1.5
    mix = samples_of(tmp_path / target, "int32")
    highest = 2**31 - 2 ** (32 - int(subtype[-2:]))
    assert mix[100, 0] == mix[305, 1] == highest
    assert mix[200].tolist() == [-(2**31)] * 2
    assert np.abs(mix[400:] / 2.0**31).max() < 0.51


def test_a_sample_that_rounds_to_full_scale_is_no_over(tmp_path: Path) -> None:
    samples = signals.silence(1, RATE_HZ)
    samples[50] = np.float32(1 - 2.0**-17)  # 24 bits hold it
    samples[60] = -1.0
    path = signals.write(tmp_path / "edge.wav", samples, RATE_HZ, "FLOAT")
    assert rendered_to(tmp_path / "mix.wav", plan_of([path]), "PCM_24").n_clipped == 0


def test_samples_at_the_end_of_float32_neither_break_nor_warn(tmp_path: Path) -> None:
    """Full scale there is 1e38 away; scaling by it overflows. Warnings fail a test here."""
    path = signals.write(
        tmp_path / "huge.wav", signals.noise(1, RATE_HZ, amplitude=3.4e38), RATE_HZ, "FLOAT"
    )
    for subtype in ("PCM_16", "PCM_24"):
        result = rendered_to(tmp_path / "mix.wav", plan_of([path, path], 0.5), subtype)
        mix = samples_of(tmp_path / "mix.wav", "float64")
        assert result.n_clipped > RATE_HZ * 0.9
        assert 0.99 < np.abs(mix).max() <= 1.0


# Dither -----------------------------------------------------------------------------------------


def test_off_grid_samples_are_dithered_in_16_bits(tmp_path: Path) -> None:
    """A tone of 0.4 LSB would round to silence; dithered it is still there, under noise."""
    tone = signals.sine(1000, 4, RATE_HZ, amplitude=0.4 * LSB_16)
    path = signals.write(tmp_path / "faint.wav", tone, RATE_HZ, "FLOAT")
    rendered_to(tmp_path / "mix.wav", plan_of([path]), "PCM_16")
    error = (samples_of(tmp_path / "mix.wav", "float64") - tone) / LSB_16
    n = error.size
    assert abs(error.mean()) < 5 * 0.5 / n**0.5
    assert error.std() == pytest.approx(0.5, rel=0.02)  # sqrt(1/12 of rounding + 1/6 of TPDF)
    correlation = (error * tone / LSB_16).mean() / (0.08 * 0.25) ** 0.5
    assert abs(correlation) < 5 / n**0.5
    assert np.abs(np.corrcoef(error.T)[0, 1]) < 5 / len(error) ** 0.5  # unlike in each channel


@pytest.mark.parametrize(
    ("name", "rate_hz", "is_dithered"),
    [
        ("16 bit.wav", None, False),
        ("16 bit.flac", None, False),
        ("24 bit.wav", None, True),
        ("float.wav", None, True),
        ("music.mp3", None, True),
        ("music.ogg", None, True),
        ("16 bit.wav", 44_100, True),
    ],
)
def test_dither_is_where_samples_leave_the_16_bit_grid_and_nowhere_else(
    recordings: Path, tmp_path: Path, name: str, rate_hz: int | None, is_dithered: bool
) -> None:
    plan = plan_of([recordings / name], rate_hz=rate_hz)
    rendered_to(tmp_path / "16.wav", plan, "PCM_16")
    rendered_to(tmp_path / "float.wav", plan, "FLOAT")
    exact = samples_of(tmp_path / "float.wav")
    plain = np.rint(exact * 2.0**15).astype(np.int16)
    expected = dithered(exact.copy(), 0) if is_dithered else plain
    got = samples_of(tmp_path / "16.wav", "int16")
    np.testing.assert_array_equal(got, expected)
    assert np.array_equal(got, plain) != is_dithered


def test_silence_on_the_grid_stays_digital_silence(tmp_path: Path) -> None:
    path = signals.write(tmp_path / "silence.wav", signals.silence(1, RATE_HZ), RATE_HZ)
    rendered_to(tmp_path / "mix.wav", plan_of([path]), "PCM_16")
    assert not samples_of(tmp_path / "mix.wav", "int16").any()


def test_no_stretch_of_dither_repeats(tmp_path: Path) -> None:
    path = signals.write(tmp_path / "a.wav", signals.silence(8, RATE_HZ) + 1e-9, RATE_HZ, "FLOAT")
    rendered_to(tmp_path / "mix.wav", plan_of([path]), "PCM_16")
    mix = samples_of(tmp_path / "mix.wav", "int16").astype(float)[:, 0]
    spectrum = np.abs(np.fft.rfft(mix - mix.mean(), 2 * len(mix))) ** 2
    likeness = np.fft.irfft(spectrum)[: len(mix) // 2]
    assert likeness[1:].max() < 0.05 * likeness[0]


# Workers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "subtype"),
    [
        ("mix.wav", "PCM_16"),
        ("mix.wav", "PCM_24"),
        ("mix.wav", "FLOAT"),
        ("mix.flac", "PCM_16"),
        ("mix.flac", "PCM_24"),
    ],
)
def test_any_number_of_workers_gives_the_same_bytes(
    playlist: list[Path], tmp_path: Path, target: str, subtype: str
) -> None:
    plan = plan_of(playlist, 2.0, trim="loudness")
    assert len(plan.fades) == 5
    results = [rendered_to(tmp_path / target, plan, subtype, jobs=1)]
    once = (tmp_path / target).read_bytes()
    for jobs in (1, 2, 5):
        results.append(rendered_to(tmp_path / target, plan, subtype, jobs=jobs))
        assert (tmp_path / target).read_bytes() == once
    assert results == [results[0]] * 4


@pytest.mark.parametrize("duration_s", [0.0, 0.7, 30.0])
@pytest.mark.parametrize("target", ["mix.wav", "mix.flac"])
def test_the_file_is_as_long_as_the_plan(
    playlist: list[Path], tmp_path: Path, duration_s: float, target: str
) -> None:
    plan = plan_of(playlist, duration_s)
    rendered_to(tmp_path / target, plan, "PCM_24")
    assert soundfile.info(tmp_path / target).frames == plan.n_frames
    shown = json.loads(
        encoders.run("ffprobe", "-v", "error", "-show_streams", "-of", "json", tmp_path / target)
    )["streams"][0]
    assert (shown["sample_rate"], shown["channels"]) == (str(plan.sample_rate_hz), 2)
    assert shown["duration_ts"] == plan.n_frames


def test_progress_rises_to_the_whole_mix_and_names_each_transition_once(
    playlist: list[Path], tmp_path: Path
) -> None:
    plan = plan_of(playlist, 0.2)
    seen: list[Progress] = []
    render(plan, tmp_path / "mix.wav", OutputSettings(jobs=3), on_progress=seen.append)
    done = [progress.done for progress in seen]
    assert done == sorted(done)
    assert done[-1] == plan.n_frames
    assert {progress.total for progress in seen} == {plan.n_frames}
    assert {progress.stage for progress in seen} == {"rendering"}
    named = Counter(p.transition_index for p in seen if p.transition_index is not None)
    assert named == dict.fromkeys(range(5), 1)


# RF64 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_a_wav_over_the_limit_is_rf64_with_the_same_samples(tmp_path: Path, subtype: str) -> None:
    path = signals.write(tmp_path / "a.wav", signals.music(20, RATE_HZ), RATE_HZ)
    plan = plan_of([path])
    size = len((tmp_path / "a.wav").read_bytes()) - 44
    assert size > 1_000_000
    output = OutputSettings(subtype=subtype)
    render(plan, tmp_path / "small.wav", output)
    render(plan, tmp_path / "large.wav", output, rf64_from_bytes=1_000_000)
    assert (tmp_path / "small.wav").read_bytes()[:4] == b"RIFF"
    assert (tmp_path / "large.wav").read_bytes()[:4] == b"RF64"
    np.testing.assert_array_equal(
        samples_of(tmp_path / "large.wav"), samples_of(tmp_path / "small.wav")
    )
    seconds = encoders.run(
        "ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0",
        tmp_path / "large.wav",
    )  # fmt: skip
    assert float(seconds) == 20.0


def test_the_limit_is_the_size_of_the_whole_file(tmp_path: Path) -> None:
    plan = plan_of([signals.write(tmp_path / "a.wav", signals.music(1, RATE_HZ), RATE_HZ)])
    kinds = {}
    render(plan, tmp_path / "mix.wav", OutputSettings(subtype="PCM_16"))
    n_bytes = (tmp_path / "mix.wav").stat().st_size
    for limit in (n_bytes, n_bytes + 1):
        render(plan, tmp_path / "mix.wav", OutputSettings(subtype="PCM_16"), rf64_from_bytes=limit)
        kinds[limit] = (tmp_path / "mix.wav").read_bytes()[:4]
    assert kinds == {n_bytes: b"RF64", n_bytes + 1: b"RIFF"}


@pytest.mark.slow
def test_a_mix_over_4_gib_can_be_read_to_its_end(tmp_path: Path) -> None:
    """Six and a half hours of a tone, from a small FLAC at 8 kHz, mixed at 192 kHz in float."""
    rate_hz, mix_rate_hz, n_copies = 8000, 192_000, 8
    needed = 4.6e9
    if shutil.disk_usage(tmp_path).free < 1.2 * needed:
        pytest.skip("this takes 4.6 GB of disk")
    path = signals.write(
        tmp_path / "tone.flac", signals.sine(100, 380, rate_hz, amplitude=0.25), rate_hz
    )
    plan = plan_of([path] * n_copies, 4.0, rate_hz=mix_rate_hz)
    target = tmp_path / "mix.wav"
    try:
        rendered_to(target, plan, "FLOAT")
        assert target.stat().st_size > 4.3e9
        with target.open("rb") as file:
            assert file.read(4) == b"RF64"
        shown = json.loads(
            encoders.run("ffprobe", "-v", "error", "-show_streams", "-of", "json", target)
        )["streams"][0]
        assert shown["duration_ts"] == plan.n_frames
        with soundfile.SoundFile(target) as mix:
            assert mix.frames == plan.n_frames
            last = plan.segments[-1]
            n_frames = mix_rate_hz
            mix.seek(plan.n_frames - 3 * n_frames)
            heard = mix.read(n_frames, dtype="float32")
        first = last.n_frames - 3 * n_frames + 4 * mix_rate_hz
        tone = signals.sine(100, 1, mix_rate_hz, amplitude=0.25, first_frame=first)
        assert np.abs(heard - tone).max() < 1e-3
    finally:
        target.unlink(missing_ok=True)


# Stopping ---------------------------------------------------------------------------------------

MOST_S = 0.5
"""Time in which a cancelled call must return. Measured: 0.01 to 0.1 s on two busy cores."""


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An hour that is cheap to store and takes seconds to mix."""
    path = tmp_path_factory.mktemp("hour") / "hour.flac"
    with soundfile.SoundFile(path, "w", 22_050, 2, subtype="PCM_16") as file:
        minute = signals.sine(220, 60, 22_050)
        for _ in range(60):
            file.write(minute)
    return path


@pytest.mark.parametrize("target", ["mix.wav", "mix.flac"])
@pytest.mark.parametrize("rate_hz", [None, 44_100])
@pytest.mark.parametrize("share", [0.0, 0.02])
@best_of_three
def test_a_cancelled_rendering_stops_at_once_and_leaves_nothing(
    hour: Path, tmp_path: Path, target: str, rate_hz: int | None, share: float
) -> None:
    plan = plan_of([hour, hour, hour], 30.0, rate_hz=rate_hz)
    cancel = CancelToken()
    cancelled_at: list[float] = []

    def on_progress(progress: Progress) -> None:
        if progress.done >= share * progress.total and not cancelled_at:
            cancelled_at.append(time.monotonic())
            cancel.cancel()

    threads = threading.active_count()
    with pytest.raises(Cancelled):
        render(
            plan,
            tmp_path / target,
            OutputSettings(subtype="PCM_16", jobs=2),
            on_progress=on_progress,
            cancel=cancel,
        )
    assert_within(MOST_S, cancelled_at[0])
    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() == threads


@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
@pytest.mark.parametrize("after_s", [0.02, 0.06, 0.12, 0.25])
@best_of_three
def test_a_minute_of_fade_can_be_cancelled_too(
    tmp_path: Path, after_s: float, subtype: str
) -> None:
    """Two tracks that are nothing but fade, loud enough that it has to be turned down."""
    music = signals.sine(220, 60, 44_100, amplitude=0.9)
    path = signals.write(tmp_path / "minute.wav", music, 44_100)
    plan = plan_of([path, path], 60.0)
    assert plan.n_frames == len(music)
    cancel = CancelToken()
    cancelled_at: list[float] = []

    def stop() -> None:
        cancelled_at.append(time.monotonic())
        cancel.cancel()

    timer = threading.Timer(after_s, stop)
    timer.start()
    try:
        render(plan, tmp_path / "m.wav", OutputSettings(subtype=subtype, jobs=2), cancel=cancel)
    except Cancelled:
        assert_within(MOST_S, cancelled_at[0])
        assert not (tmp_path / "m.wav").exists()
    else:  # it was quicker
        assert (tmp_path / "m.wav").exists()
    timer.join()
    assert not list(tmp_path.glob(".*"))


def test_a_target_that_exists_survives_a_cancelled_rendering(hour: Path, tmp_path: Path) -> None:
    (tmp_path / "mix.wav").write_bytes(b"an older mix")
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        render(plan_of([hour]), tmp_path / "mix.wav", cancel=cancel)
    assert [path.name for path in tmp_path.iterdir()] == ["mix.wav"]
    assert (tmp_path / "mix.wav").read_bytes() == b"an older mix"


def test_a_failure_of_the_listener_stops_all_workers(hour: Path, tmp_path: Path) -> None:
    def on_progress(progress: Progress) -> None:
        raise RuntimeError("the window is gone")

    with pytest.raises(RuntimeError, match="the window is gone"):
        render(
            plan_of([hour, hour]), tmp_path / "m.wav", OutputSettings(jobs=2),
            on_progress=on_progress,
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == []


# Trouble on the way -----------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["mix.wav", "mix.flac"])
def test_too_little_room_is_said_before_anything_is_written(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    plan = plan_of([recordings / "16 bit.wav"])
    asked: list[Path] = []

    def disk_usage(folder: Path) -> SimpleNamespace:
        asked.append(Path(folder))
        return SimpleNamespace(free=100_000)

    monkeypatch.setattr(render_module.shutil, "disk_usage", disk_usage)
    with pytest.raises(OutputError, match=r"needs 1 MB, and 0 MB are free"):
        rendered_to(tmp_path / target, plan, "PCM_24")
    assert list(tmp_path.iterdir()) == []
    assert asked == [tmp_path]


def test_room_is_looked_for_where_a_link_leads(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "another disk"
    there.mkdir()
    (tmp_path / "mix.wav").symlink_to(there / "mix.wav")
    asked: list[Path] = []
    real = shutil.disk_usage

    def disk_usage(folder: Path) -> object:
        asked.append(Path(folder))
        return real(folder)

    monkeypatch.setattr(render_module.shutil, "disk_usage", disk_usage)
    rendered_to(tmp_path / "mix.wav", plan_of([recordings / "16 bit.wav"]))
    assert asked == [there]
    assert (there / "mix.wav").exists()


def damaged_flac(path: Path, samples: np.ndarray, rate_hz: int) -> Path:
    """A FLAC that can be decoded up to its middle, where some bytes are overwritten."""
    signals.write(path, samples, rate_hz)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = bytes(3000)
    path.write_bytes(content)
    return path


def test_what_can_not_be_decoded_is_silent_there_and_named(
    recordings: Path, tmp_path: Path
) -> None:
    whole = samples_of(recordings / "16 bit.wav")
    path = damaged_flac(tmp_path / "a.flac", whole, 48_000)
    plan = plan_of([path, recordings / "other.wav"], 0.5)
    result = rendered_to(tmp_path / "mix.wav", plan)
    mix = samples_of(tmp_path / "mix.wav")
    assert len(mix) == plan.n_frames
    n_heard = int(np.flatnonzero(mix[: plan.fades[0].start_frame].any(axis=1))[-1]) + 1
    assert 48_000 < n_heard < 3 * 48_000
    np.testing.assert_array_equal(mix[:n_heard], whole[:n_heard])
    assert [problem.path for problem in result.problems] == [path]
    silent_s = (len(whole) - n_heard) / 48_000
    assert result.problems[0].what == (
        f"could not be decoded to its end: {clock_text(silent_s)} are silent in the mix"
    )


@pytest.mark.parametrize("change", ["gone", "shorter", "more channels", "same length"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_track_that_is_another_after_planning_ends_the_mix_and_is_named(
    recordings: Path, tmp_path: Path, change: str, jobs: int
) -> None:
    path = Path(shutil.copy(recordings / "16 bit.wav", tmp_path / "a.wav"))
    plan = plan_of([recordings / "other.wav", path], 0.5)
    target = tmp_path / "out" / "mix.wav"
    target.parent.mkdir()
    if change == "gone":
        path.unlink()
    elif change == "shorter":
        signals.write(path, signals.music(1, 48_000), 48_000)
    elif change == "more channels":
        signals.write(path, signals.music(4, 48_000, channels=6), 48_000)
    else:
        signals.write(path, samples_of(path)[::-1], 48_000)
    with pytest.raises(InputError) as refused:
        rendered_to(target, plan, jobs=jobs)
    assert refused.value.path == path
    if change == "gone":
        assert refused.value.what == "does not exist"
    else:
        assert refused.value.what == "has changed since it was looked at"
    assert refused.value.hint
    assert list(target.parent.iterdir()) == []


def test_samples_that_are_no_numbers_are_silent_and_named_once(tmp_path: Path) -> None:
    samples = signals.noise(1, RATE_HZ)
    samples[100] = np.nan
    samples[200, 0] = np.inf
    path = signals.write(tmp_path / "a.wav", samples, RATE_HZ, "FLOAT")
    plan = plan_of([path])  # without trimming nothing was decoded, so nothing is known yet
    result = rendered_to(tmp_path / "mix.wav", plan)
    mix = samples_of(tmp_path / "mix.wav")
    assert [p.what for p in (*plan.problems, *result.problems)] == [
        "holds 3 samples that are no finite numbers or absurdly large; they play as silence"
    ]
    expected = np.where(np.isfinite(samples), samples, 0)
    np.testing.assert_array_equal(mix, expected)

    plan = plan_of([path], trim="loudness")
    result = rendered_to(tmp_path / "mix.wav", plan)
    assert len((*plan.problems, *result.problems)) == 1


# Finished transitions ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "subtype"),
    [
        ("mix.wav", "PCM_16"),
        ("mix.wav", "PCM_24"),
        ("mix.wav", "FLOAT"),
        ("mix.flac", "PCM_16"),
        ("mix.flac", "PCM_24"),
    ],
)
@pytest.mark.parametrize("rate_hz", [None, 22_050])
def test_a_store_of_transitions_changes_no_byte(
    playlist: list[Path],
    loud_pair: MixPlan,
    tmp_path: Path,
    target: str,
    subtype: str,
    rate_hz: int | None,
) -> None:
    """Without one, cold, warm, and with one of the transitions lost; two of them too loud."""
    loud = [track.source.path for track in loud_pair.tracks]
    plan = plan_of([*playlist, *loud], 1.0, trim="loudness", rate_hz=rate_hz)
    store = TransitionStore(tmp_path / "store")
    expected = rendered_to(tmp_path / target, plan, subtype)
    plain = (tmp_path / target).read_bytes()
    for jobs in (2, 1, 2, 5):
        output = OutputSettings(subtype=subtype, jobs=jobs)
        assert render(plan, tmp_path / target, output, transitions=store) == expected
        assert (tmp_path / target).read_bytes() == plain
        if jobs == 1:
            assert len(list((tmp_path / "store").iterdir())) == len(plan.fades) == 7
            min((tmp_path / "store").iterdir()).unlink()


def test_one_store_serves_every_sample_format(
    playlist: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, store = plan_of(playlist, 1.0), TransitionStore(tmp_path / "store")
    asked: list[int] = []

    def counted(*parts: np.ndarray, seed: int) -> np.ndarray:
        asked.append(seed)
        return crossfade(*parts, seed=seed)

    monkeypatch.setitem(METHODS, "simple", counted)
    for subtype in ("PCM_16", "PCM_24", "FLOAT"):
        render(plan, tmp_path / "mix.wav", OutputSettings(subtype=subtype), transitions=store)
    assert len(asked) == len(plan.fades)


def test_a_transition_that_is_found_is_told_of_like_any_other(
    playlist: list[Path], tmp_path: Path
) -> None:
    plan, store = plan_of(playlist, 1.0), TransitionStore(tmp_path / "store")
    render(plan, tmp_path / "mix.wav", transitions=store)
    seen: list[Progress] = []
    render(plan, tmp_path / "mix.wav", transitions=store, on_progress=seen.append)
    named = [p.transition_index for p in seen if p.transition_index is not None]
    assert sorted(named) == list(range(5))
    assert seen[-1].done == plan.n_frames


@pytest.mark.parametrize("kind", ["not finite", "damaged"])
def test_what_is_wrong_with_a_file_is_said_with_a_warm_store_too(tmp_path: Path, kind: str) -> None:
    """What is wrong lies in the part that fades out."""
    samples = signals.noise(4, RATE_HZ)
    good = signals.write(tmp_path / "good.wav", samples, RATE_HZ)
    if kind == "damaged":
        bad = damaged_flac(tmp_path / "bad.flac", samples, RATE_HZ)
    else:
        samples[-100] = np.nan
        bad = signals.write(tmp_path / "bad.wav", samples, RATE_HZ, "FLOAT")
    plan, store = plan_of([bad, good, good], 3.0), TransitionStore(tmp_path / "store")
    results = [render(plan, tmp_path / "mix.wav", transitions=store) for _ in range(2)]
    assert results[0] == results[1]
    assert [problem.path for problem in results[0].problems] == [bad]
