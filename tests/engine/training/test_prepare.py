"""Clips are the songs' own samples, a song is in one split, and only what must be made is made."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import numpy as np
import pytest
import signals
from commands import command, environment

from deepbass_engine.errors import Cancelled, InputError, OutputError
from deepbass_engine.progress import CancelToken
from deepbass_engine.training import manifest
from deepbass_engine.training.manifest import Manifest
from deepbass_engine.training.prepare import prepare
from deepbass_engine.training.settings import MODEL_RATE_HZ, PrepareSettings
from deepbass_engine.training.tfrecords import ClipFile

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
    holed = song(22)
    holed[1000] = np.nan
    signals.write(songs / "holed.wav", holed, RATE_HZ, "FLOAT")
    settings = PrepareSettings(seconds=0.5, max_duration_s=10.0)
    made = prepare(songs, tmp_path / "out", settings)
    reasons = {Path(each.path).name: each.what for each in made.left_out}
    assert len(made.songs) == 8
    assert reasons.keys() == {
        "short.wav", "long.wav", "silent.wav", "zz twin.wav", "text.wav", "holed.wav",
    }  # fmt: skip
    assert "too short: 1.4 s" in reasons["short.wav"]
    assert "too long: 0:12" in reasons["long.wav"]
    assert "silent" in reasons["silent.wav"]
    assert f"the same as {songs / '0.wav'}" in reasons["zz twin.wav"]
    assert "no finite numbers" in reasons["holed.wav"]


def test_a_folder_without_audio_is_refused(tmp_path: Path) -> None:
    (tmp_path / "songs").mkdir()
    with pytest.raises(InputError, match="no audio file in this folder"):
        prepare(tmp_path / "songs", tmp_path / "out", HALF)
    assert not (tmp_path / "out").exists()


def test_a_folder_without_a_song_that_can_be_used_is_refused_with_a_reason(tmp_path: Path) -> None:
    write_songs(tmp_path / "songs", song(0, 0.5), song(1, 0.5))
    with pytest.raises(InputError, match=r"none of its 2 files .*0\.wav is too short"):
        prepare(tmp_path / "songs", tmp_path / "out", HALF)


def test_a_folder_of_something_else_is_not_written_into(songs: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter.txt").write_text("dear")
    with pytest.raises(OutputError, match="something else"):
        prepare(songs, tmp_path / "out", HALF)
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
