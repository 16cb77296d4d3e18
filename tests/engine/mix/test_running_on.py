"""Tracks that run on into each other on their album are put together as they were cut apart."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from loops import RATE_HZ, loop
from mixes import rendered_to, samples_of
from mutagen.flac import FLAC

from deepbass_engine.analysis.track import TrackAnalysis, analyze_tracks
from deepbass_engine.mix.plan import MixPlan, plan_mix
from deepbass_engine.project import MixSettings, Project, Transition, tracks_of
from deepbass_engine.settings import TransitionSpec

CUTS = (0, 20 * RATE_HZ + 123, 41 * RATE_HZ + 7, 60 * RATE_HZ)


def album(folder: Path, sound: np.ndarray, *, gap: int = 0, **tags: str) -> list[Path]:
    """One recording cut into three tracks, each but the first behind so many frames of silence."""
    paths = []
    for number, (first, end) in enumerate(pairwise(CUTS), start=1):
        paths.append(folder / f"{number}.flac")
        silence = np.zeros((gap if number > 1 else 0, 2), np.float32)
        part = np.concatenate([silence, sound[first:end]])
        soundfile.write(paths[-1], part, RATE_HZ, subtype="PCM_24")
        file = FLAC(paths[-1])
        file.update({"album": "Live", "tracknumber": f"{number}/3", **tags})
        file.save()
    return paths


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    """A minute; louder in its middle third, which cuts must not even out."""
    made = loop("house", 121.0, seconds=60.0).samples.copy()
    made[CUTS[1] : CUTS[2]] *= 1.3
    return 0.5 * made


def planned(paths: list[Path], target_lufs: float = 0.0, **own: object) -> MixPlan:
    analyses = analyze_tracks(paths, music=True)
    assert all(isinstance(analysis, TrackAnalysis) for analysis in analyses)
    rows = tracks_of(paths)
    mix = MixSettings(target_lufs=target_lufs)
    transitions = (Transition(out_track=rows[0].id, in_track=rows[1].id, **own),) if own else ()
    auto = TransitionSpec(style="auto")
    return plan_mix(Project(tracks=rows, default=auto, mix=mix, transitions=transitions), analyses)


def test_a_recording_cut_into_tracks_is_whole_again_bit_by_bit(
    tmp_path: Path, sound: np.ndarray
) -> None:
    plan = planned(album(tmp_path, sound))
    assert all("run" in fade.because and not fade.n_frames for fade in plan.fades)
    rendered_to(tmp_path / "mix.wav", plan)
    mixed, whole = samples_of(tmp_path / "mix.wav"), np.rint(sound * 2**23) / 2**23
    first = plan.tracks[0].span.start_frame
    np.testing.assert_array_equal(mixed, whole[first : first + len(mixed)].astype(np.float32))
    assert len(mixed) > 59 * RATE_HZ


def test_brought_to_a_loudness_they_keep_how_loud_each_is_against_the_next(
    tmp_path: Path, sound: np.ndarray
) -> None:
    plan = planned(album(tmp_path, sound), target_lufs=-20.0)
    gains = {track.warp.gain for track in plan.tracks}
    assert len(gains) == 1
    assert gains != {1.0}


@pytest.mark.parametrize(
    ("tags", "gap"),
    [
        ({"album": ""}, 0),
        ({"tracknumber": "1"}, 0),
        ({"tracknumber": ""}, 0),
        ({}, RATE_HZ),
    ],
)
def test_what_is_no_album_or_has_silence_between_is_joined_like_any_other(
    tmp_path: Path, sound: np.ndarray, tags: dict[str, str], gap: int
) -> None:
    plan = planned(album(tmp_path, sound, gap=gap, **tags))
    assert all(fade.n_frames and "run" not in fade.because for fade in plan.fades)


def test_a_track_that_fades_out_does_not_run_on(tmp_path: Path, sound: np.ndarray) -> None:
    fading = sound.copy()
    fading[CUTS[1] - 6 * RATE_HZ : CUTS[1]] *= np.geomspace(1, 3e-3, 6 * RATE_HZ)[:, None]
    plan = planned(album(tmp_path, fading.astype(np.float32)))
    assert plan.fades[0].n_frames
    assert not plan.fades[1].n_frames


def test_a_length_that_a_person_chose_goes_before(tmp_path: Path, sound: np.ndarray) -> None:
    plan = planned(album(tmp_path, sound), duration_s=2.0)
    assert plan.fades[0].n_frames == 2 * RATE_HZ
    assert not plan.fades[1].n_frames


def test_the_plain_style_knows_nothing_of_albums(tmp_path: Path, sound: np.ndarray) -> None:
    paths = album(tmp_path, sound)
    analyses = analyze_tracks(paths, music=True)
    plan = plan_mix(Project(tracks=tracks_of(paths)), analyses)
    assert all(fade.n_frames for fade in plan.fades)
    assert [fade.because for fade in plan.fades] == ["", ""]
