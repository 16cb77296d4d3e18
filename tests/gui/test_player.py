"""What the device is given is the mix, to the sample; loops, edits, seeks and mishaps on the way.

The device is pulled by hand; a real sound server is played to in `test_sound_server.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from deepbass_engine.audio.quantize import quantize
from deepbass_engine.audio.resample import resampled_blocks
from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.mix.playback import MixStream
from deepbass_engine.project import Project
from deepbass_gui import preferences
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair, with_own, without_tracks
from deepbass_gui.player import Player
from deepbass_gui.playing.device import SinkOutput
from deepbass_gui.playing.passage import around, same_place
from tests.gui.pulled_output import PulledOutput, full, moved_to
from tests.mixes import plan_of
from tests.signals import RATE_HZ, sine, write

Fill = Callable[..., Document]


@pytest.fixture
def output(qtbot: QtBot) -> PulledOutput:
    return PulledOutput(qtbot)


@pytest.fixture
def player(document: Document, output: PulledOutput) -> Iterator[Player]:
    made = Player(document, output=output)
    yield made
    made.shut_down()


def mix_of(document: Document, first: int = 0, end: int | None = None) -> np.ndarray:
    plan = plan_now(document)
    stream = MixStream(plan, first, end)
    return stream.read((plan.n_frames if end is None else end) - first)


def plan_now(document: Document) -> MixPlan:
    assert document.plan is not None
    return document.plan


def first_pair(document: Document) -> Pair:
    return document.pair(plan_now(document).fades[0])


def lengthened(document: Document, duration_s: float) -> None:
    """Give the first transition another length."""
    pair = first_pair(document)
    document.edit("Length", with_own(document.project, pair, duration_s=duration_s))


def test_the_device_is_given_the_samples_of_the_mix(
    player: Player, output: PulledOutput, filled: Fill
) -> None:
    document = filled()
    player.play(0)
    np.testing.assert_array_equal(output.pull(10**9), mix_of(document))


def test_playing_from_a_frame_gives_the_mix_from_that_frame(
    player: Player, output: PulledOutput, filled: Fill
) -> None:
    document = filled()
    first = plan_now(document).fades[0].start_frame - 5_000
    player.play_from(first)
    expected = mix_of(document, first, first + 60_000)
    np.testing.assert_array_equal(output.pull(60_000), expected)


def test_a_loop_repeats_exactly_its_frames_without_a_gap(
    player: Player, output: PulledOutput, filled: Fill
) -> None:
    document = filled()
    player.play(1_000, 12_345, loop=True)
    expected = np.concatenate([mix_of(document, 1_000, 12_345)] * 4)
    np.testing.assert_array_equal(output.pull(len(expected)), expected)


def test_a_loop_begun_in_its_middle_goes_on_from_its_first_frame(
    player: Player, output: PulledOutput, filled: Fill, qtbot: QtBot
) -> None:
    document = filled()
    player.play(1_000, 12_345, loop=True)
    output.pull(3_000)
    moved_to(player, 4_000, qtbot)
    player.pause()
    player.resume()
    assert player.is_looping
    expected = np.concatenate([mix_of(document, 4_000, 12_345), mix_of(document, 1_000, 12_345)])
    np.testing.assert_array_equal(output.pull(len(expected)), expected)


def test_an_audition_is_the_transition_with_its_rolls(
    player: Player, output: PulledOutput, filled: Fill
) -> None:
    document = filled()
    player.pre_roll_s, player.post_roll_s = 0.5, 0.25
    fade = plan_now(document).fades[0]
    player.audition(first_pair(document))
    first = fade.start_frame - RATE_HZ // 2
    end = fade.start_frame + fade.n_frames + RATE_HZ // 4
    np.testing.assert_array_equal(output.pull(10**9), mix_of(document, first, end))


def test_an_edit_is_heard_when_the_loop_begins_again(
    player: Player, output: PulledOutput, filled: Fill
) -> None:
    document = filled()
    player.pre_roll_s = player.post_roll_s = 1.0
    pair = first_pair(document)
    player.loop_audition(pair)
    before = player.range_of(pair)
    assert before is not None
    old = mix_of(document, before.first_frame, before.end_frame)
    heard = [output.pull(10_000)]
    lengthened(document, 2.0)
    after = player.range_of(pair)
    assert after is not None
    assert (after.first_frame, after.end_frame) != (before.first_frame, before.end_frame)
    new = mix_of(document, after.first_frame, after.end_frame)
    heard.append(output.pull(len(old) - 10_000 + 2 * len(new)))
    np.testing.assert_array_equal(np.concatenate(heard), np.concatenate([old, new, new]))


def test_an_edit_is_heard_in_the_next_pass_though_its_beginning_was_made_already(
    player: Player, output: PulledOutput, filled: Fill, qtbot: QtBot
) -> None:
    document = filled()
    player.pre_roll_s = player.post_roll_s = 1.0
    pair = first_pair(document)
    player.loop_audition(pair)
    before = player.range_of(pair)
    assert before is not None
    old = mix_of(document, before.first_frame, before.end_frame)
    heard = [output.pull(len(old) - 4_000)]
    tape = full(output, qtbot)
    assert tape.tail > len(old)
    lengthened(document, 2.0)
    after = player.range_of(pair)
    assert after is not None
    new = mix_of(document, after.first_frame, after.end_frame)

    def is_laid_over() -> bool:
        spot = tape.spot(len(old))
        return spot is not None and spot.plan is document.plan

    qtbot.waitUntil(is_laid_over, timeout=5_000)
    heard.append(output.pull(4_000 + len(new)))
    np.testing.assert_array_equal(np.concatenate(heard), np.concatenate([old, new]))


def test_an_edit_elsewhere_is_not_heard_as_a_jump(
    player: Player, output: PulledOutput, filled: Fill, qtbot: QtBot
) -> None:
    """The body of track 2 goes on sample by sample while its place in the mix moves."""
    document = filled()
    fade = plan_now(document).fades[0]
    first = fade.start_frame + fade.n_frames + 1_000
    expected = mix_of(document, first, first + 80_000)
    player.play_from(first)
    heard = [output.pull(5_000)]
    lengthened(document, 0.5)
    tape = full(output, qtbot)

    def is_followed() -> bool:
        spot = tape.spot(tape.tail)
        return spot is not None and spot.plan is document.plan

    qtbot.waitUntil(is_followed, timeout=5_000)
    heard.append(output.pull(75_000))
    np.testing.assert_allclose(np.concatenate(heard), expected, atol=1e-6)
    moved_to(player, first + 80_000 + RATE_HZ // 2, qtbot)  # the transition is 0.5 s shorter


def test_following_at_once_is_heard_within_the_loop_at_the_same_place(
    player: Player, output: PulledOutput, filled: Fill, qtbot: QtBot
) -> None:
    document = filled()
    player.play(0, 100_000, loop=True)
    output.pull(5_000)
    tape = full(output, qtbot)
    before = tape.pieces(10_000, 10_001)
    player.follow_at_once(-6.0)
    expected = mix_of(document, 0, 100_000) * np.float32(10 ** (-6 / 20))

    def is_laid_over() -> bool:
        now = tape.pieces(10_000, 10_001)
        return bool(now) and now != before

    qtbot.waitUntil(is_laid_over, timeout=5_000)
    heard = output.pull(40_000)
    assert tape.handed == 45_000
    np.testing.assert_array_equal(heard[10_000:], expected[15_000:45_000])


def test_an_edit_while_paused_keeps_the_place_of_the_music(
    player: Player, output: PulledOutput, filled: Fill, qtbot: QtBot
) -> None:
    document = filled()
    fade = plan_now(document).fades[0]
    player.seek(fade.start_frame + fade.n_frames + 1_000)
    before = player.position
    lengthened(document, 0.5)
    assert player.position == before + RATE_HZ // 2


def test_seeking_drops_what_was_ahead(
    player: Player, output: PulledOutput, filled: Fill, qtbot: QtBot
) -> None:
    document = filled()
    player.play(0)
    output.pull(3_000)
    tape = full(output, qtbot)
    player.seek(200_000)
    assert player.position == 200_000

    def has_jumped() -> bool:
        spot = tape.spot(tape.handed)
        return spot is not None and spot.mix_frame == 200_000

    qtbot.waitUntil(has_jumped, timeout=5_000)
    np.testing.assert_array_equal(output.pull(5_000), mix_of(document, 200_000, 205_000))
    moved_to(player, 205_000, qtbot)


def test_the_position_is_what_is_heard_not_what_is_ahead(
    player: Player, output: PulledOutput, filled: Fill, qtbot: QtBot
) -> None:
    filled()
    player.play(7_000)
    output.pull(3_000)
    assert full(output, qtbot).n_ahead > 20_000
    moved_to(player, 10_000, qtbot)


def test_leaving_a_loop_by_seeking_plays_on(
    player: Player, output: PulledOutput, filled: Fill
) -> None:
    document = filled()
    player.play(0, 10_000, loop=True)
    output.pull(3_000)
    player.seek(50_000)
    assert not player.is_looping
    assert player.is_playing
    assert plan_now(document).n_frames > 60_000


def test_a_device_of_another_rate_is_given_the_resampled_mix(
    document: Document, filled: Fill, qtbot: QtBot
) -> None:
    output = PulledOutput(qtbot, rate_hz=48_000)
    player = Player(document, output=output)
    filled()
    player.play(0, 50_000)
    expected = np.concatenate(
        list(resampled_blocks([mix_of(document, 0, 50_000)], RATE_HZ, 48_000, 2))
    )
    np.testing.assert_allclose(output.pull(10**9), expected, atol=1e-6)
    player.pause()
    player.play(0)
    output.pull(48_000)
    moved_to(player, RATE_HZ, qtbot)
    player.shut_down()


def test_a_device_of_16_bits_is_given_what_is_rendered_in_16_bits(
    document: Document, filled: Fill, qtbot: QtBot
) -> None:
    output = PulledOutput(qtbot, is_float=False)
    player = Player(document, output=output)
    filled()
    player.play(0, 30_000)
    expected = quantize(mix_of(document, 0, 30_000), "PCM_16", 0).samples
    np.testing.assert_array_equal(output.pull(10**9), expected)
    player.shut_down()


def test_at_its_end_the_mix_stops_and_then_begins_anew(
    player: Player, output: PulledOutput, filled: Fill, qtbot: QtBot
) -> None:
    document = filled()
    n_frames = plan_now(document).n_frames
    player.play(n_frames - 5_000)
    tape = output.wait()
    output.pull(10**9)
    tape.take(RATE_HZ)  # the device goes on pulling
    tape.note_heard(tape.handed)
    qtbot.waitUntil(lambda: not player.is_playing, timeout=2_000)
    assert player.position == n_frames
    player.toggle()
    np.testing.assert_array_equal(output.pull(1_000), mix_of(document, 0, 1_000))


def test_levels_are_those_of_the_mix_before_the_volume(
    player: Player, output: PulledOutput, filled: Fill, qtbot: QtBot, tmp_path: Path
) -> None:
    tone = sine(1_000.0, 3.0, amplitude=0.5)
    tone[:, 1] *= 0.1
    filled([write(tmp_path / "tone.wav", tone, subtype="FLOAT")])
    player.volume = 0.1
    player.play(0)
    with qtbot.waitSignal(player.levels_changed, timeout=5_000):
        output.pull(20_000)
    levels = player.levels
    assert levels is not None
    assert levels.left.peak_db == pytest.approx(-6.02, abs=0.05)
    assert levels.left.rms_db == pytest.approx(-9.03, abs=0.05)
    assert levels.right.peak_db == pytest.approx(-26.02, abs=0.05)
    player.pause()
    assert player.levels is None


def test_the_volume_is_the_devices_and_is_remembered(
    player: Player, output: PulledOutput, filled: Fill
) -> None:
    document = filled()
    player.volume = 0.5
    assert output.gain == pytest.approx(0.125)
    assert preferences.get("playing/volume", 1.0) == 0.5
    player.play(0, 5_000)
    np.testing.assert_array_equal(output.pull(10**9), mix_of(document, 0, 5_000))


def test_playing_stops_when_the_last_track_is_taken_out(
    player: Player, output: PulledOutput, filled: Fill
) -> None:
    document = filled()
    player.play(0)
    output.pull(3_000)
    document.edit("Remove", Project())
    assert not player.is_playing
    assert not player.can_play
    assert player.position == 0


def test_playing_stops_when_its_track_is_taken_out(
    player: Player, output: PulledOutput, filled: Fill, qtbot: QtBot
) -> None:
    document = filled()
    player.play(0)
    output.pull(3_000)
    moved_to(player, 3_000, qtbot)
    gone = document.project.tracks[0].id
    document.edit("Remove", without_tracks(document.project, {gone}))
    assert not player.is_playing
    assert player.can_play


def test_a_file_deleted_while_playing_is_told(
    player: Player, output: PulledOutput, filled: Fill, qtbot: QtBot, songs: list[Path]
) -> None:
    document = filled()
    player.play(0)
    output.pull(3_000)
    songs[1].unlink()
    with qtbot.waitSignal(player.trouble, timeout=5_000) as told:
        player.seek(plan_now(document).fades[0].start_frame)
    assert "two.wav" in told.args[0]
    assert not player.is_playing


def test_playing_goes_on_where_the_device_was_lost(
    player: Player, output: PulledOutput, filled: Fill, qtbot: QtBot
) -> None:
    document = filled()
    player.play(0)
    output.pull(3_000)
    moved_to(player, 3_000, qtbot)
    with qtbot.waitSignal(player.trouble) as told:
        output.failed.emit("The audio device is gone.")
    assert told.args == ["The audio device is gone."]
    assert not player.is_playing
    assert player.position == 3_000
    player.resume()
    np.testing.assert_array_equal(output.pull(1_000), mix_of(document, 3_000, 4_000))


def test_without_the_system_library_it_names_the_package(
    document: Document, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", None)
    monkeypatch.setattr(sys, "platform", "linux")
    player = Player(document)
    with qtbot.waitSignal(player.trouble, timeout=5_000) as told:
        pass
    assert "libpulse0" in told.args[0]
    assert player.why_not == told.args[0]
    player.play(0)
    assert not player.is_playing
    player.shut_down()


def test_without_a_device_it_says_so_once(
    document: Document, filled: Fill, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if sys.platform != "linux":
        pytest.skip("elsewhere the devices can't be hidden")
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path / 'none'}")
    output = SinkOutput()
    player = Player(document, output=output)
    told: list[str] = []
    player.trouble.connect(told.append)
    filled()
    qtbot.waitUntil(lambda: bool(told), timeout=10_000)
    output.looked.emit()
    assert len(told) == 1
    assert not player.can_play
    assert "device" in player.why_not
    player.shut_down()


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> list[MixPlan]:
    folder = tmp_path_factory.mktemp("plans")
    paths = [write(folder / f"{n}.wav", sine(100.0 * n, 2.0)) for n in (1, 2, 3)]
    return [plan_of(paths, duration_s=duration_s) for duration_s in (0.3, 0.7, 0.0)]


@given(first=st.integers(0, 2), second=st.integers(0, 2), share=st.floats(0.0, 1.0))
def test_the_same_place_is_the_same_frame_of_the_same_track(
    plans: list[MixPlan], first: int, second: int, share: float
) -> None:
    before, after = plans[first], plans[second]
    frame = int(share * (before.n_frames - 1))
    there = same_place(before, after, frame)
    assert there is not None
    common = {(row, at) for row, at in _tracks_at(before, frame)} & _tracks_at(after, there)
    assert common


def _tracks_at(plan: MixPlan, frame: int) -> set[tuple[str, int]]:
    """Which frames of which tracks are heard at a frame of a mix."""
    starts = plan.track_starts
    return {
        (track.id, frame - start + track.span.start_frame)
        for track, start in zip(plan.tracks, starts, strict=True)
        if 0 <= frame - start < track.span.n_frames
    }


def test_a_cut_without_rolls_can_be_heard(plans: list[MixPlan]) -> None:
    passage = around(plans[2], plans[2].fades[0], 0.0, 0.0)
    assert passage.first_frame < passage.stop_frame
