"""Real music through the real command line: every body is the source, no seam clicks.

`DEEPBASS_MUSIC` names a folder of music; `tools/get_music.sh` fills one from Debian's packages.
"""

import json
import os
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from deepbass_engine.analysis.track import analyze_tracks
from deepbass_engine.cli.main import main
from deepbass_engine.mix.plan import Body, plan_mix
from deepbass_engine.project import MixSettings, Project, tracks_of
from deepbass_engine.project_file import load

RATE_HZ = 44_100
SHORTEST_TRACK_S = 60

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("DEEPBASS_MUSIC" not in os.environ, reason="DEEPBASS_MUSIC is not set"),
]


@pytest.fixture(scope="module")
def music() -> list[Path]:
    """Every track of a minute or more."""
    folder = Path(os.environ["DEEPBASS_MUSIC"])
    files = [p for p in sorted(folder.rglob("*")) if p.suffix in (".ogg", ".mp3", ".flac", ".wav")]
    tracks = [p for p in files if soundfile.info(p).duration >= SHORTEST_TRACK_S]
    assert len(tracks) >= 20
    return tracks


@pytest.fixture(scope="module")
def mixed(music, tmp_path_factory):
    """The plan, and the FLOAT mix the command line made."""
    folder = tmp_path_factory.mktemp("mix")
    os.environ["DEEPBASS_CACHE_DIR"] = str(folder / "cache")
    target, report = folder / "mix.wav", folder / "mix.json"
    flags = ["--subtype", "FLOAT", "--rate", str(RATE_HZ), "--report", str(report), "--quiet"]
    assert main(["mix", *map(str, music), "-o", str(target), "--style", "plain", *flags]) == 0
    project = Project(tracks=tracks_of(music), mix=MixSettings(sample_rate_hz=RATE_HZ))
    plan = plan_mix(project, analyze_tracks(music))
    yield plan, target, json.loads(report.read_text())
    target.unlink()


def test_length_is_the_plans_and_the_reports(mixed):
    plan, target, report = mixed
    assert soundfile.info(target).frames == plan.n_frames == report["frames"]
    assert len(report["tracks"]) == len(plan.tracks)
    assert report["problems"] == []


@lru_cache(maxsize=2)
def decoded(path: Path) -> np.ndarray:
    """A whole track by libsndfile, stereo, at the mix's rate."""
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    if samples.shape[1] == 1:
        samples = np.repeat(samples, 2, axis=1)
    return samples if rate_hz == RATE_HZ else soxr.resample(samples, rate_hz, RATE_HZ, "VHQ")


def test_bodies_are_the_decoded_sources(mixed, music):
    plan, target, _ = mixed
    checked = 0
    with soundfile.SoundFile(target) as mix:
        for body in (s for s in plan.segments if isinstance(s, Body)):
            mix.seek(body.start_frame)
            heard = mix.read(body.n_frames, dtype="float32")
            path = music[body.track]
            source = decoded(path)[body.track_frame : body.track_frame + body.n_frames]
            if soundfile.info(path).samplerate == RATE_HZ:
                np.testing.assert_array_equal(heard, source)
            else:
                np.testing.assert_allclose(heard, source, atol=1e-6)
            checked += 1
    assert checked == len(plan.tracks)


def bends(samples: np.ndarray) -> np.ndarray:
    """Second difference: large where there is a click."""
    return np.abs(np.diff(samples.astype(np.float64), 2, axis=0))


def test_no_seam_clicks(mixed, music):
    """No seam bends more than the 50 ms around it, or than one of the two tracks does there."""
    plan, target, _ = mixed
    near, at = RATE_HZ // 20, np.s_[RATE_HZ // 20 - 3 : RATE_HZ // 20 + 1]
    with soundfile.SoundFile(target) as mix:
        for fade in plan.fades:
            for into in (0, fade.n_frames):
                mix.seek(fade.start_frame + into - near)
                in_mix = bends(mix.read(2 * near))
                allowed = [np.delete(in_mix, at, axis=0).max()]
                for track, frame in (
                    (fade.index, fade.out_frame + into),
                    (fade.index + 1, fade.in_frame + into),
                ):
                    own = decoded(music[track])[max(0, frame - 3) : frame + 3]
                    allowed.append(bends(own).max(initial=0.0))
                assert in_mix[at].max() <= max(allowed), f"frame {fade.start_frame + into}"


def test_with_everything_on_a_track_is_itself_between_its_joins_but_for_its_gain(
    music, tmp_path, monkeypatch
):
    monkeypatch.setenv("DEEPBASS_CACHE_DIR", str(tmp_path / "cache"))
    some, target = music[:8], tmp_path / "mix.wav"
    flags = ["--subtype", "FLOAT", "--rate", str(RATE_HZ), "--quiet"]
    assert (
        main(
            [
                "mix",
                *map(str, some),
                "-o",
                str(target),
                *flags,
                "--save-project",
                str(tmp_path / "p.deepbass"),
            ]
        )
        == 0
    )
    project = load(tmp_path / "p.deepbass")
    plan = plan_mix(project, analyze_tracks(some, music=True))
    assert soundfile.info(target).frames == plan.n_frames
    assert any(fade.join is not None for fade in plan.fades)
    assert any(track.warp.gain != 1.0 for track in plan.tracks)
    with soundfile.SoundFile(target) as mix:
        for body in (s for s in plan.segments if isinstance(s, Body)):
            path, warp = music[body.track], plan.tracks[body.track].warp
            first = max(body.track_frame, warp.head_end if warp.head else 0)
            stop = body.track_frame + body.n_frames
            stop = min(stop, warp.tail_start) if warp.tail else stop
            mix.seek(body.start_frame + first - body.track_frame)
            heard = mix.read(stop - first, dtype="float32")
            source = decoded(path)[first:stop] * np.float32(warp.gain)
            np.testing.assert_allclose(heard, source, atol=1e-6)
