"""The original program's job, on signals whose crossfade is known."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from signals import impulses, music, silence, sine, write

from deepbass_engine.audio.resample import resampled_blocks
from deepbass_engine.errors import Cancelled, InputError, OutputError
from deepbass_engine.fades.simple import crossfade
from deepbass_engine.legacy_ini import LegacyConfig, load
from deepbass_engine.mix.original import SongCrossfade, crossfade_songs
from deepbass_engine.mix.original_job import run_original
from deepbass_engine.progress import CancelToken, Progress
from deepbass_engine.project import Span
from deepbass_engine.settings import CurveNames

RATE_HZ = 16_000
STEP_FRAMES = RATE_HZ // 8
WAVS = ["end_faded.wav", "begin_faded.wav", "end_trim.wav", "begin_trim.wav", "Exp_simple.wav"]
FILES = [*WAVS, "Exp_simple_roughness.txt"]

Configure = Callable[..., LegacyConfig]


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    """Write two songs and a configuration for them, and load it."""

    def configure(
        first: np.ndarray,
        second: np.ndarray,
        *,
        rates_hz: tuple[int, int] = (RATE_HZ, RATE_HZ),
        rate_hz: int = RATE_HZ,
        style: str = "Linear",
        time_s: float = 1.0,
        search_s: float = 30.0,
        save_directory: str = "out",
        flag: bool = False,
    ) -> LegacyConfig:
        write(tmp_path / "first.wav", first, rates_hz[0], "FLOAT")
        write(tmp_path / "second.wav", second, rates_hz[1], "FLOAT")
        path = tmp_path / "config.ini"
        path.write_text(
            f"[DEFAULT]\nsamplingrate = {rate_hz}\n"
            f"[Simple XFade Settings]\nStyle = {style}\ntime = {time_s}\n"
            f"[Preprocess]\nSR window duration = {search_s}\n"
            "[IO]\nfirstsong = first.wav\nsecondsong = second.wav\nload directory = .\n"
            f"save directory = {save_directory}\nsave name = Exp\n"
            f"[Plot]\nFlag = {flag}\n"
        )
        return load(path)

    return configure


def constant(value: float, duration_s: float, *, channels: int = 1) -> np.ndarray:
    return np.full((round(duration_s * RATE_HZ), channels), value, np.float32)


def tone(duration_s: float, **changes: float) -> np.ndarray:
    return sine(440.0, duration_s, RATE_HZ, channels=1, **changes)


def pause(duration_s: float) -> np.ndarray:
    return silence(duration_s, RATE_HZ, channels=1)


def read(path: Path) -> np.ndarray:
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    assert rate_hz == RATE_HZ
    return samples


# The trim


def test_silence_at_the_join_is_left_out_to_the_step_grid(configure: Configure) -> None:
    # The last window of 0.25 s with enough sound in it starts at 4.875 s and ends at 5.125 s; the
    # first one starts at 0.5 s.
    first = np.concatenate([tone(5.0), pause(1.9)])
    second = np.concatenate([pause(0.7), tone(5.0)])
    done = crossfade_songs(configure(first, second))
    assert done.first.silence == Span(41 * STEP_FRAMES, len(first))
    assert done.first.used == Span(33 * STEP_FRAMES, 41 * STEP_FRAMES)
    assert done.second.silence == Span(0, 4 * STEP_FRAMES)
    assert done.second.used == Span(4 * STEP_FRAMES, 12 * STEP_FRAMES)


def test_the_stretches_are_the_songs_own_samples(configure: Configure) -> None:
    first = np.concatenate([music(6.0, RATE_HZ, channels=1), pause(2.0)])
    second = np.concatenate([pause(1.0), music(6.0, RATE_HZ, channels=1)])
    done = crossfade_songs(configure(first, second))
    for song, stretch in ((first, done.first), (second, done.second)):
        assert stretch.used.n_frames == RATE_HZ
        expected = song[stretch.used.start_frame : stretch.used.end_frame]
        np.testing.assert_array_equal(stretch.samples, expected)


def test_songs_that_do_not_end_or_begin_in_silence_are_not_trimmed(configure: Configure) -> None:
    done = crossfade_songs(configure(tone(3.0), tone(3.0)))
    assert done.first.silence.n_frames == done.second.silence.n_frames == 0
    assert done.first.used == Span(2 * RATE_HZ, 3 * RATE_HZ)
    assert done.second.used == Span(0, RATE_HZ)


def test_a_pause_within_the_search_window_does_not_end_the_song(configure: Configure) -> None:
    first = np.concatenate([tone(3.0), pause(1.0), tone(3.0)])
    done = crossfade_songs(configure(first, tone(3.0)))
    assert done.first.used == Span(6 * RATE_HZ, 7 * RATE_HZ)


def test_only_the_ends_that_meet_are_trimmed(configure: Configure) -> None:
    first = np.concatenate([pause(2.0), tone(0.5)])
    second = np.concatenate([tone(0.5), pause(2.0)])
    done = crossfade_songs(configure(first, second, time_s=1.0))
    assert done.n_frames == RATE_HZ
    assert not done.shortened_because


def test_silence_is_looked_for_only_within_the_search_window(configure: Configure) -> None:
    first = np.concatenate([tone(5.0), pause(10.0)])
    second = np.concatenate([pause(10.0), tone(5.0)])
    done = crossfade_songs(configure(first, second, search_s=4.0))
    assert done.first.silence == Span(11 * RATE_HZ, 15 * RATE_HZ)
    assert done.second.silence == Span(0, 4 * RATE_HZ)


def test_a_search_window_of_no_length_keeps_silence(configure: Configure) -> None:
    first = np.concatenate([tone(5.0), pause(2.0)])
    second = np.concatenate([pause(2.0), tone(5.0)])
    done = crossfade_songs(configure(first, second, search_s=0))
    assert done.first.used == Span(6 * RATE_HZ, 7 * RATE_HZ)
    assert done.second.used == Span(0, RATE_HZ)
    assert done.peak == 0


# The ramps


def test_linear_on_constants_gives_straight_ramps_with_both_ends(configure: Configure) -> None:
    done = crossfade_songs(configure(constant(0.5, 3), constant(0.25, 3)))
    down = np.linspace(1, 0, RATE_HZ, dtype=np.float32)
    up = np.linspace(0, 1, RATE_HZ, dtype=np.float32)
    np.testing.assert_allclose(done.end_faded[:, 0], 0.5 * down, atol=1e-7)
    np.testing.assert_allclose(done.begin_faded[:, 0], 0.25 * up, atol=1e-7)
    np.testing.assert_allclose(done.mix[:, 0], 0.5 * down + 0.25 * up, atol=1e-7)
    assert done.end_faded[0, 0] == 0.5
    assert done.end_faded[-1, 0] == done.begin_faded[0, 0] == 0
    assert done.begin_faded[-1, 0] == 0.25


def test_sigmoid_on_constants_is_the_logistic_function_from_6_to_minus_6(
    configure: Configure,
) -> None:
    done = crossfade_songs(configure(constant(0.5, 3), constant(0.25, 3), style="Sigmoid"))
    x = np.linspace(-6, 6, RATE_HZ)
    np.testing.assert_allclose(done.end_faded[:, 0], 0.5 / (1 + np.exp(x)), atol=1e-7)
    np.testing.assert_allclose(done.begin_faded[:, 0], 0.25 / (1 + np.exp(-x)), atol=1e-7)


def test_random_linear_switches_frame_by_frame_under_a_linear_ramp(configure: Configure) -> None:
    done = crossfade_songs(configure(constant(0.5, 3), constant(0.25, 3), style="Random_Linear"))
    down, up = np.linspace(1, 0, RATE_HZ), np.linspace(0, 1, RATE_HZ)
    first_sounds = done.end_faded[:, 0] != 0
    assert not np.any(first_sounds & (done.begin_faded[:, 0] != 0))
    expected = np.where(first_sounds, 0.5 * down, 0.25 * up)
    np.testing.assert_allclose(done.mix[:, 0], expected, atol=1e-7)
    for quarter, share in zip(np.split(first_sounds, 4), (7 / 8, 5 / 8, 3 / 8, 1 / 8), strict=True):
        assert abs(np.mean(quarter) - share) < 0.03
    # 2 p (1 - p), the chance that a frame and the next differ, is a third on average
    assert abs(np.mean(np.diff(first_sounds)) - 1 / 3) < 0.03


def test_random_linear_draws_by_its_seed(configure: Configure) -> None:
    config = configure(constant(0.5, 3), constant(0.25, 3), style="Random_Linear")
    one, same, other = (crossfade_songs(config, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.mix, same.mix)
    assert np.any(one.mix != other.mix)


@pytest.mark.parametrize("style", ["Linear", "Sigmoid", "Random_Linear"])
def test_the_mix_is_the_engines_crossfade_of_the_stretches(
    configure: Configure, style: str
) -> None:
    first, second = music(3.0, RATE_HZ, channels=1), music(3.0, RATE_HZ, channels=1)
    done = crossfade_songs(configure(first, second, style=style), seed=5)
    pair = CurveNames(style, style)
    expected = crossfade(done.first.samples, done.second.samples, pair, seed=5)
    np.testing.assert_array_equal(done.mix, expected)


# Reading


def test_channels_are_averaged(configure: Configure) -> None:
    left_right = np.hstack([constant(0.5, 3), constant(-0.125, 3)])
    done = crossfade_songs(configure(left_right, constant(0.25, 3, channels=6)))
    assert np.all(done.first.samples == 0.1875)
    assert np.all(done.second.samples == 0.25)


def test_other_rates_are_resampled_without_a_seam(configure: Configure) -> None:
    first, second = sine(440.0, 6.0, 44_100), sine(220.0, 6.0, 48_000)
    done = crossfade_songs(configure(first, second, rates_hz=(44_100, 48_000)))
    for song, from_rate_hz, stretch in (
        (first, 44_100, done.first),
        (second, 48_000, done.second),
    ):
        whole = np.concatenate(
            list(resampled_blocks([song.mean(axis=1, keepdims=True)], from_rate_hz, RATE_HZ, 1))
        )
        assert stretch.n_frames == len(whole) == 6 * RATE_HZ
        expected = whole[stretch.used.start_frame : stretch.used.end_frame]
        np.testing.assert_allclose(stretch.samples, expected, atol=1e-6)


def test_no_more_of_a_long_song_is_held_than_the_trim_and_the_fade_reach(
    configure: Configure,
) -> None:
    long = np.tile(tone(10.0), (12, 1))
    done = crossfade_songs(configure(long, long, search_s=2.0, time_s=1.0))
    for stretch in (done.first, done.second):
        assert stretch.n_frames == len(long)
        assert 3 * RATE_HZ <= len(stretch.nearby) <= 3 * RATE_HZ + 2 * 65_536


# Short, silent and broken songs


def test_a_fade_is_no_longer_than_what_is_left_of_the_shorter_song(configure: Configure) -> None:
    second = np.concatenate([pause(0.5), tone(1.0)])
    done = crossfade_songs(configure(tone(6.0), second, time_s=4.0))
    left_frames = len(second) - 3 * STEP_FRAMES
    assert done.n_frames == left_frames
    assert done.asked_frames == 4 * RATE_HZ
    assert done.first.used == Span(6 * RATE_HZ - left_frames, 6 * RATE_HZ)
    assert done.second.used == Span(3 * STEP_FRAMES, len(second))
    assert done.shortened_because == "second.wav is only 1.12 s long without its silence"


def test_songs_of_one_frame_make_a_fade_of_one_frame(configure: Configure) -> None:
    done = crossfade_songs(configure(constant(0.5, 1 / RATE_HZ), constant(0.25, 3)))
    assert done.n_frames == 1
    assert done.mix[0, 0] == 0.5
    assert done.shortened_because == "first.wav is only 0.00 s long"


def test_a_fade_has_at_least_one_frame(configure: Configure) -> None:
    assert crossfade_songs(configure(tone(1.0), tone(1.0), time_s=1e-6)).n_frames == 1


@pytest.mark.parametrize("silent", ["first", "second"])
def test_a_silent_song_is_refused_by_name(configure: Configure, silent: str) -> None:
    songs = {"first": tone(2.0), "second": tone(2.0), silent: pause(2.0)}
    with pytest.raises(InputError, match="silent throughout") as caught:
        run_original(configure(songs["first"], songs["second"]))
    assert caught.value.path is not None
    assert caught.value.path.name == f"{silent}.wav"


def test_a_missing_song_is_named_and_no_folder_is_made(configure: Configure) -> None:
    config = configure(tone(2.0), tone(2.0))
    config.second_song.unlink()
    with pytest.raises(InputError, match=r"second\.wav"):
        run_original(config)
    assert not config.save_directory.exists()


def test_what_of_a_song_could_not_be_played_is_told(configure: Configure) -> None:
    broken = tone(2.0)
    broken[100] = np.nan
    done = crossfade_songs(configure(broken, tone(2.0)))
    assert [problem.path and problem.path.name for problem in done.problems] == ["first.wav"]
    assert np.all(np.isfinite(done.mix))


def test_a_click_in_silence_is_kept_where_it_is_loud_enough(configure: Configure) -> None:
    second = impulses([3 * RATE_HZ], 6 * RATE_HZ, channels=1)
    done = crossfade_songs(configure(tone(3.0), second))
    assert done.second.silence == Span(0, 3 * RATE_HZ - STEP_FRAMES)


# Files


def test_the_originals_files_hold_the_crossfaded_stretch_alone(configure: Configure) -> None:
    result = run_original(configure(tone(3.0), music(3.0, RATE_HZ), style="Sigmoid"))
    assert [path.name for path in result.files] == FILES
    done = result.crossfade
    expected = [
        done.end_faded, done.begin_faded, done.first.samples, done.second.samples, done.mix,
    ]  # fmt: skip
    for path, samples in zip(result.files[: len(WAVS)], expected, strict=True):
        assert path.parent.name == "out"
        np.testing.assert_array_equal(read(path), samples)
        assert len(samples) == RATE_HZ
        info = soundfile.info(path)
        assert (info.format, info.subtype, info.channels) == ("WAV", "FLOAT", 1)


def test_a_sum_over_full_scale_is_neither_clipped_nor_scaled(configure: Configure) -> None:
    result = run_original(configure(constant(1.0, 3), constant(1.5, 3)))
    mix = read(result.files[FILES.index("Exp_simple.wav")])
    assert mix.max() == 1.5
    assert result.crossfade.peak == 1.5


def test_the_same_songs_give_the_same_bytes_and_replace_them(configure: Configure) -> None:
    config = configure(music(3.0, RATE_HZ), tone(3.0), style="Random_Linear")
    before = [path.read_bytes() for path in run_original(config).files]
    after = [path.read_bytes() for path in run_original(config).files]
    assert before == after
    assert sorted(path.name for path in config.save_directory.iterdir()) == sorted(FILES)


def test_a_save_directory_is_made_with_its_parents(configure: Configure) -> None:
    config = configure(tone(2.0), tone(2.0), save_directory="a/b/c")
    run_original(config)
    assert config.save_directory.is_dir()


def test_a_save_directory_that_is_a_file_is_refused(configure: Configure, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(OutputError, match="out"):
        run_original(configure(tone(2.0), tone(2.0)))


def test_a_song_is_never_replaced(configure: Configure, tmp_path: Path) -> None:
    config = configure(tone(2.0), tone(2.0), save_directory=".")
    song = tmp_path / "end_trim.wav"
    config.first_song.rename(song)
    path = tmp_path / "config.ini"
    path.write_text(path.read_text().replace("first.wav", "end_trim.wav"))
    before = song.read_bytes()
    with pytest.raises(OutputError, match="one of the two songs"):
        run_original(load(path))
    assert song.read_bytes() == before


def test_a_file_that_can_not_be_written_leaves_none_of_the_others(configure: Configure) -> None:
    config = configure(tone(2.0), tone(2.0))
    in_the_way = config.save_directory / WAVS[-1]
    in_the_way.mkdir(parents=True)
    with pytest.raises(OutputError, match=r"Exp_simple\.wav"):
        run_original(config)
    assert list(config.save_directory.iterdir()) == [in_the_way]


@pytest.mark.parametrize("at", ["reading", "drawing"])
def test_cancelling_leaves_nothing(configure: Configure, at: str) -> None:
    config = configure(tone(2.0), tone(2.0), flag=True)
    cancel = CancelToken()

    def cancel_then(progress: Progress) -> None:
        if progress.stage == at:
            cancel.cancel()

    with pytest.raises(Cancelled):
        run_original(config, on_progress=cancel_then, cancel=cancel)
    assert not config.save_directory.exists()


@pytest.mark.slow
def test_progress_names_its_stages_and_counts_up(configure: Configure) -> None:
    told: list[Progress] = []
    run_original(configure(tone(2.0), tone(2.0), flag=True), on_progress=told.append)
    assert [p.stage for p in told] == ["reading"] * 3 + ["drawing"] * 3
    assert [p.done for p in told if p.stage == "reading"] == [0, 1, 2]
    assert all(p.done <= p.total for p in told)


@pytest.mark.slow
def test_with_the_flag_the_pictures_stand_beside_the_files(configure: Configure) -> None:
    result = run_original(configure(tone(2.0), tone(2.0), flag=True))
    names = ["Audio_trim.pdf", "Audio_trim.png", "xfade.pdf", "xfade.png", "mixed.pdf", "mixed.png"]
    assert [path.name for path in result.files] == FILES + names
    assert all(path.stat().st_size > 1000 for path in result.files[len(FILES) :])


@pytest.mark.slow
def test_matplotlib_is_loaded_only_for_pictures_and_pyplot_never(
    configure: Configure, tmp_path: Path
) -> None:
    configure(tone(2.0), tone(2.0))
    program = (
        "import sys, pathlib, msgspec\n"
        "from deepbass_engine.legacy_ini import load\n"
        "from deepbass_engine.mix.original_job import run_original\n"
        "config = load(pathlib.Path(sys.argv[1]))\n"
        "run_original(config)\n"
        "print('matplotlib' in sys.modules)\n"
        "run_original(msgspec.structs.replace(config, draws_pictures=True))\n"
        "print('matplotlib' in sys.modules, 'matplotlib.pyplot' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "config.ini"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False", "True", "False"]


def test_the_result_knows_its_own_length(configure: Configure) -> None:
    done = crossfade_songs(configure(tone(3.0), tone(3.0), time_s=0.5))
    assert isinstance(done, SongCrossfade)
    assert done.n_frames == len(done.mix) == len(done.gains.fade_in) == RATE_HZ // 2
