"""Clips are the songs' own samples, a song is in one split, and only what must be made is made."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import signals
from commands import command, environment

from deepbass_engine.analysis.track import analyze_track
from deepbass_engine.errors import Cancelled, InputError, OutputError
from deepbass_engine.progress import CancelToken, Progress
from deepbass_engine.training import manifest
from deepbass_engine.training.manifest import Manifest
from deepbass_engine.training.prepare import prepare
from deepbass_engine.training.settings import MODEL_RATE_HZ, PrepareSettings
from deepbass_engine.training.tfrecords import ClipFile
from deepbass_engine.units import rescale_frames

RATE_HZ = 16_000
N = RATE_HZ // 2
HALF = PrepareSettings(seconds=0.5, n_shards=3, valid_share=0.2)


def write_songs(folder: Path, *songs: np.ndarray, rate_hz: int = RATE_HZ) -> Path:
    """Songs named by their number."""
    folder.mkdir()
    for i, samples in enumerate(songs):
        signals.write(folder / f"{i}.wav", samples, rate_hz, "FLOAT")
    return folder


def song(seed: int, duration_s: float = 4.0) -> np.ndarray:
    return signals.noise(duration_s, RATE_HZ, amplitude=0.4, channels=1, seed=seed)


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    """Eight songs, some in a folder of their own."""
    folder = tmp_path / "songs"
    (folder / "more").mkdir(parents=True)
    for i in range(8):
        where = folder / "more" if i % 2 else folder
        signals.write(where / f"{i}.wav", song(i), RATE_HZ, "FLOAT")
    return folder


def clips_of(folder: Path, made: Manifest) -> dict[str, list[np.ndarray]]:
    """All clips by split, in the order of the songs."""
    found: dict[str, list[np.ndarray]] = {"train": [], "valid": []}
    for shard in made.shards:
        file = ClipFile(folder / shard.name)
        file.check()
        assert len(file) == shard.n_clips
        found[shard.split] += [np.array(file.clip(i)) for i in range(len(file))]
    return found


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.tfrecord")}


def test_the_model_s_rate_is_told_right() -> None:
    from deepbass_engine.nsynth.config import SAMPLE_RATE_HZ

    assert MODEL_RATE_HZ == SAMPLE_RATE_HZ


def test_the_first_and_the_last_clip_are_the_song_s_own_samples(
    songs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    made = prepare(songs, out, HALF)
    found = [clip for split in clips_of(out, made).values() for clip in split]
    sources = [song(i)[:, 0] for i in range(8)]
    wanted = {s.tobytes() for samples in sources for s in (samples[:N], samples[-N:])}
    assert {clip.tobytes() for clip in found} == wanted
    assert len(found) == 16


def test_all_takes_every_whole_clip(songs: Path, tmp_path: Path) -> None:
    settings = PrepareSettings(seconds=0.7, crop="all", valid_share=0.2)
    made = prepare(songs, tmp_path / "out", settings)
    found = [clip for split in clips_of(tmp_path / "out", made).values() for clip in split]
    n = round(0.7 * RATE_HZ)
    wanted = {song(i)[k * n : (k + 1) * n, 0].tobytes() for i in range(8) for k in range(5)}
    assert {clip.tobytes() for clip in found} == wanted


def test_random_clips_are_the_same_each_time_and_lie_in_the_song(
    songs: Path, tmp_path: Path
) -> None:
    settings = PrepareSettings(seconds=0.5, crop="random", valid_share=0.2)
    one, other = tmp_path / "one", tmp_path / "other"
    made = prepare(songs, one, settings)
    prepare(songs, other, settings)
    assert content(one) == content(other)
    found = [clip for split in clips_of(one, made).values() for clip in split]
    whole = b"|".join(song(i)[:, 0].tobytes() for i in range(8))
    assert len(found) == 16
    assert all(clip.tobytes() in whole for clip in found)


def test_silent_ends_are_left_out(tmp_path: Path) -> None:
    pause = signals.silence(2.0, RATE_HZ, channels=1)
    songs = (np.concatenate((pause, song(i), pause)) for i in range(2))
    write_songs(tmp_path / "songs", *songs)
    made = prepare(tmp_path / "songs", tmp_path / "out", HALF)
    for clips in clips_of(tmp_path / "out", made).values():
        assert all(np.abs(clip).mean() > 0.15 for clip in clips)  # of noise to 0.4, all of it


def test_stereo_at_another_rate_becomes_mono_at_the_model_s(tmp_path: Path) -> None:
    tones = (signals.sine(frequency_hz, 4.0) for frequency_hz in (440.0, 550.0))
    write_songs(tmp_path / "songs", *tones, rate_hz=signals.RATE_HZ)
    made = prepare(tmp_path / "songs", tmp_path / "out", HALF)
    peaks = []
    for clips in clips_of(tmp_path / "out", made).values():
        for clip in clips:
            assert len(clip) == N
            spectrum = np.abs(np.fft.rfft(clip * np.hanning(N)))
            peaks.append(float(np.argmax(spectrum) * RATE_HZ / N))
    assert sorted(peaks) == [440, 440, 550, 550]


def chirp(t: np.ndarray) -> np.ndarray:
    """Unlike itself at any other time; in it from 1.5 s to 6.5 s, and out of it, softly."""
    swell = np.clip(np.minimum(t - 1.5, 6.5 - t) / 0.05, 0, 1)
    return 0.5 * np.sin(np.pi / 2 * swell) ** 2 * np.sin(2 * np.pi * (300 + 50 * t) * t)


def test_clips_of_a_song_at_another_rate_stand_where_they_stood_in_it(tmp_path: Path) -> None:
    times = np.arange(8 * signals.RATE_HZ) / signals.RATE_HZ
    samples = chirp(times)[:, np.newaxis].astype(np.float32)
    songs = write_songs(tmp_path / "songs", samples, rate_hz=signals.RATE_HZ)
    span = analyze_track(songs / "0.wav").span
    assert abs(span.start_frame / signals.RATE_HZ - 1.5) < 0.11  # it is found in steps of 0.1 s
    assert abs(span.end_frame / signals.RATE_HZ - 6.5) < 0.11
    made = prepare(songs, tmp_path / "out", HALF)
    first, last = clips_of(tmp_path / "out", made)["train"]
    start = rescale_frames(span.start_frame, signals.RATE_HZ, RATE_HZ)
    end = rescale_frames(span.end_frame, signals.RATE_HZ, RATE_HZ)
    for clip, frame in ((first, start), (last, end - N)):
        wanted = chirp((frame + np.arange(N)) / RATE_HZ)
        np.testing.assert_allclose(clip, wanted, atol=1e-4)


def test_random_clips_are_a_matter_of_the_song_s_content_alone(tmp_path: Path) -> None:
    settings = PrepareSettings(seconds=0.5, crop="random", valid_share=0)
    alone = write_songs(tmp_path / "alone", song(0))
    among = write_songs(tmp_path / "among", song(1), song(2), song(0))
    prepare(alone, tmp_path / "one", settings)
    prepare(among, tmp_path / "three", settings)
    one, three = (
        {clip.tobytes() for clip in clips_of(out, manifest.read(out))["train"]}
        for out in (tmp_path / "one", tmp_path / "three")
    )
    assert len(one) == 2
    assert one < three


def test_a_song_is_in_one_split_and_stays_there_when_others_are_added(
    songs: Path, tmp_path: Path
) -> None:
    made = prepare(songs, tmp_path / "out", HALF)
    splits = {each.content_hash: each.split for each in made.songs}
    assert len(splits) == 8
    assert sorted(splits.values()).count("valid") == 2
    signals.write(songs / "new.wav", song(99), RATE_HZ, "FLOAT")
    again = prepare(songs, tmp_path / "out", HALF)
    moved = [s for s in again.songs if splits.get(s.content_hash, s.split) != s.split]
    assert len(moved) <= 1  # the share may now be another song's


def test_two_songs_are_enough_for_both_splits(tmp_path: Path) -> None:
    write_songs(tmp_path / "songs", song(0), song(1))
    made = prepare(tmp_path / "songs", tmp_path / "out", PrepareSettings(seconds=0.5))
    assert {each.split for each in made.songs} == {"train", "valid"}


def test_a_song_by_itself_is_trained_on_whatever_the_share(tmp_path: Path) -> None:
    write_songs(tmp_path / "songs", song(0))
    settings = PrepareSettings(seconds=0.5, valid_share=0.9)
    made = prepare(tmp_path / "songs", tmp_path / "out", settings)
    assert [each.split for each in made.songs] == ["train"]


def test_any_number_of_jobs_gives_the_same_bytes(songs: Path, tmp_path: Path) -> None:
    prepare(songs, tmp_path / "one", HALF, jobs=1)
    prepare(songs, tmp_path / "four", HALF, jobs=4)
    assert content(tmp_path / "one") == content(tmp_path / "four")
    assert manifest.read(tmp_path / "one") == manifest.read(tmp_path / "four")


def test_the_manifest_tells_what_is_there(songs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = prepare(songs, out, HALF)
    assert manifest.read(out) == made
    assert {shard.name for shard in made.shards} == set(content(out))
    for shard in made.shards:
        written = (out / shard.name).read_bytes()
        assert (len(written), hashlib.sha256(written).hexdigest()) == (shard.n_bytes, shard.sha256)


def times(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.tfrecord")}


def test_what_stands_is_not_made_again(songs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    prepare(songs, out, HALF)
    before = times(out)
    missing = min(before)
    (out / missing).unlink()
    prepare(songs, out, HALF)
    after = times(out)
    assert after.pop(missing) != before.pop(missing)
    assert after == before


def test_another_setting_makes_all_anew_and_removes_what_is_no_longer_there(
    songs: Path, tmp_path: Path
) -> None:
    out, fresh = tmp_path / "out", tmp_path / "fresh"
    prepare(songs, out, HALF)
    (out / "mine.txt").write_text("kept")
    other = PrepareSettings(seconds=0.25, n_shards=2, valid_share=0.2)
    prepare(songs, out, other)
    prepare(songs, fresh, other)
    assert content(out) == content(fresh)
    assert (out / "mine.txt").read_text() == "kept"


def test_a_shard_that_is_damaged_in_size_is_made_again(songs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    prepare(songs, out, HALF)
    whole = content(out)
    name = min(whole)
    (out / name).write_bytes(whole[name][:-1])
    prepare(songs, out, HALF)
    assert content(out) == whole


def test_a_shard_that_is_damaged_within_is_made_again(songs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    prepare(songs, out, HALF)
    whole = content(out)
    name = min(whole)
    (out / name).write_bytes(bytes(byte ^ 1 for byte in whole[name]))
    prepare(songs, out, HALF)
    assert content(out) == whole


def test_a_song_with_another_name_gives_what_it_gives_in_a_new_folder(
    songs: Path, tmp_path: Path
) -> None:
    out, fresh = tmp_path / "out", tmp_path / "fresh"
    prepare(songs, out, HALF)
    (songs / "0.wav").rename(songs / "zero.wav")
    prepare(songs, out, HALF)
    prepare(songs, fresh, HALF)
    assert content(out) == content(fresh)


def test_what_a_killed_run_left_half_done_is_removed_and_nothing_else(
    songs: Path, tmp_path: Path
) -> None:
    out, fresh = tmp_path / "out", tmp_path / "fresh"
    for folder in (out, fresh):
        prepare(songs, folder, HALF)
    left = [
        "train-00003-of-00004.tfrecord",  # killed between the shard and its note
        ".train-00001-of-00003.tfrecord.0123456789ab.part",
        ".manifest.json.0123456789ab.part",
        ".made/.train-00001-of-00003.tfrecord.json.0123456789ab.part",
    ]
    mine = ["mine.tfrecord", ".mine.0123456789ab.part", "train.txt"]
    for name in left + mine:
        (out / name).write_text("x")
    prepare(songs, out, HALF)
    in_fresh = {path.relative_to(fresh) for path in fresh.rglob("*")}
    assert {path.relative_to(out) for path in out.rglob("*")} == in_fresh | set(map(Path, mine))


def test_a_song_that_is_written_to_meanwhile_is_named(songs: Path, tmp_path: Path) -> None:
    def write_over(progress) -> None:
        if progress.stage == "checking":
            signals.write(songs / "0.wav", song(70, 5.0), RATE_HZ, "FLOAT")

    with pytest.raises(InputError, match="changed") as caught:
        prepare(songs, tmp_path / "out", HALF, on_progress=write_over)
    assert caught.value.path == songs / "0.wav"
    assert not (tmp_path / "out" / manifest.NAME).exists()
    assert len(prepare(songs, tmp_path / "out", HALF).songs) == 8


def test_clips_in_the_folder_of_songs_are_not_taken_for_songs(songs: Path) -> None:
    out = songs / "clips"
    first = prepare(songs, out, HALF)
    signals.write(out / "not a song.wav", song(50), RATE_HZ)
    assert prepare(songs, out, HALF) == first


def test_what_can_t_be_used_is_left_out_with_the_reason(songs: Path, tmp_path: Path) -> None:
    signals.write(songs / "short.wav", song(20, 1.4), RATE_HZ)
    signals.write(songs / "long.wav", song(21, 12.0), RATE_HZ)
    signals.write(songs / "silent.wav", signals.silence(4.0, RATE_HZ), RATE_HZ)
    (songs / "zz twin.wav").write_bytes((songs / "0.wav").read_bytes())
    (songs / "text.wav").write_text("no audio")
    whole = signals.write(songs / "cut.wav", song(23), RATE_HZ).read_bytes()
    (songs / "cut.wav").write_bytes(whole[: len(whole) // 2])
    holed = song(22)
    holed[1000] = np.nan
    signals.write(songs / "holed.wav", holed, RATE_HZ, "FLOAT")
    settings = PrepareSettings(seconds=0.5, max_duration_s=10.0)
    made = prepare(songs, tmp_path / "out", settings)
    reasons = {Path(each.path).name: each.what for each in made.left_out}
    assert len(made.songs) == 8
    assert reasons.keys() == {
        "short.wav", "long.wav", "silent.wav", "zz twin.wav", "text.wav", "cut.wav",
        "holed.wav",
    }  # fmt: skip
    assert "too short: 1.4 s" in reasons["short.wav"]
    assert "too long: 0:12" in reasons["long.wav"]
    assert "silent" in reasons["silent.wav"]
    assert f"the same as {songs / '0.wav'}" in reasons["zz twin.wav"]
    assert reasons["cut.wav"] == "is cut short: 0:04.0 declared, 0:02.0 could be read"
    assert reasons["holed.wav"] == "holds 1 samples that are no finite numbers"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems' names are always text")
def test_names_that_are_no_unicode_are_written_down_escaped(tmp_path: Path) -> None:
    songs = write_songs(tmp_path / "songs", song(0), song(1))
    (songs / "0.wav").rename(songs / os.fsdecode(b"caf\xe9.wav"))
    (songs / os.fsdecode(b"no\xe9.wav")).write_text("no audio")
    made = prepare(songs, tmp_path / "out", HALF)
    assert manifest.read(tmp_path / "out") == made
    assert {Path(each.path).name for each in made.songs} == {"caf\\udce9.wav", "1.wav"}
    assert [Path(each.path).name for each in made.left_out] == ["no\\udce9.wav"]
    assert sum(len(clips) for clips in clips_of(tmp_path / "out", made).values()) == 4


def test_a_folder_without_audio_is_refused(tmp_path: Path) -> None:
    (tmp_path / "songs").mkdir()
    with pytest.raises(InputError, match="no audio file in this folder"):
        prepare(tmp_path / "songs", tmp_path / "out", HALF)
    assert not (tmp_path / "out").exists()


def test_a_folder_without_a_song_that_can_be_used_is_refused_with_a_reason(tmp_path: Path) -> None:
    write_songs(tmp_path / "songs", song(0, 0.5), song(1, 0.5))
    with pytest.raises(InputError, match=r"none of its 2 files .*0\.wav is too short"):
        prepare(tmp_path / "songs", tmp_path / "out", HALF)


def test_a_folder_of_which_all_songs_are_among_the_clips_is_refused(
    songs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    prepare(songs, out, HALF)
    songs.rename(out / "songs")
    with pytest.raises(InputError, match="holds no songs beside those in the folder of clips"):
        prepare(out / "songs", out, HALF)


def test_the_folder_of_songs_is_not_taken_for_the_clips(songs: Path) -> None:
    before = sorted(songs.rglob("*"))
    with pytest.raises(OutputError, match="something else"):
        prepare(songs, songs, HALF)
    assert sorted(songs.rglob("*")) == before


def test_a_folder_of_something_else_is_not_written_into(songs: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter.txt").write_text("dear")
    told: list[Progress] = []
    with pytest.raises(OutputError, match="something else"):
        prepare(songs, tmp_path / "out", HALF, on_progress=told.append)
    assert not told  # nothing was listened to in vain
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["letter.txt"]


def test_cancelled_it_keeps_what_is_done_and_is_not_finished(songs: Path, tmp_path: Path) -> None:
    out, cancel = tmp_path / "out", CancelToken()

    def cancel_after_one(progress) -> None:
        if progress.stage == "cutting":
            cancel.cancel()

    with pytest.raises(Cancelled):
        prepare(songs, out, HALF, jobs=1, on_progress=cancel_after_one, cancel=cancel)
    assert not (out / manifest.NAME).exists()
    done = times(out)
    assert done
    assert not list(out.glob("*.part"))
    prepare(songs, out, HALF)
    assert done.items() <= times(out).items()


def test_killed_it_goes_on_with_the_rest(songs: Path, tmp_path: Path) -> None:
    """Killed as it finishes its second shard: the two that stand are not made again."""
    out, fresh = tmp_path / "out", tmp_path / "fresh"
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from deepbass_engine.training.prepare import prepare\n"
        "from deepbass_engine.training.settings import PrepareSettings\n"
        "made = []\n"
        "def die(progress):\n"
        "    made.extend([progress.stage] * (progress.stage == 'cutting'))\n"
        "    if len(made) == 2:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "settings = PrepareSettings(seconds=0.5, n_shards=3, valid_share=0.2)\n"
        "prepare(Path(sys.argv[1]), Path(sys.argv[2]), settings, jobs=1, on_progress=die)\n"
    )
    python, *_ = command()
    ended = subprocess.run([python, "-c", script, songs, out], env=environment())
    assert ended.returncode == -9
    done = times(out)
    assert len(done) >= 2
    prepare(songs, out, HALF)
    prepare(songs, fresh, HALF)
    assert done.items() <= times(out).items()
    assert content(out) == content(fresh)


def test_a_disk_that_is_full_is_said_and_leaves_no_half_file(songs: Path, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    out = tmp_path / "out"

    def limited() -> None:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    ended = subprocess.run(
        [*command("data", "prepare"), songs, "-o", out, "--seconds", "0.5"],
        env=environment(),
        preexec_fn=limited,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2
    assert "can't be written" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert all(path.suffix != ".part" for path in out.rglob("*"))
    assert not (out / manifest.NAME).exists()
