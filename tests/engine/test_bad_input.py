"""Everything that is wrong with files, through the real command line.

Each message names the file, the cause and what to do; the rest is mixed; and the exit code is 1
exactly where some input was left out, in whole or in part.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import encoders
import numpy as np
import pytest
import signals
import soundfile
from commands import Outcome, called, deepbass
from mixes import samples_of

from deepbass_engine.cli.main import main

RATE_HZ = 16_000


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A folder with two sound tracks of three seconds, "a.wav" and "z.wav"."""
    folder = tmp_path / "music"
    folder.mkdir()
    for name in ("a.wav", "z.wav"):
        signals.write(folder / name, signals.music(3, RATE_HZ), RATE_HZ)
    return folder


def mix(folder: Path, *more: str | bytes | Path) -> Outcome:
    """Mix a folder, with fades of half a second, into ``mix.wav`` beside it."""
    return called(
        "mix", folder, "-o", folder.parent / "mix.wav", "--duration", "0.5",
        "--report", folder.parent / "report.json", *more,
    )  # fmt: skip


def report_of(folder: Path) -> dict[str, object]:
    document = json.loads((folder.parent / "report.json").read_text())
    assert isinstance(document, dict)
    return document


def mixed_names(folder: Path) -> list[str]:
    tracks = report_of(folder)["tracks"]
    assert isinstance(tracks, list)
    return [Path(track["path"]).name for track in tracks]


# Files that are left out ------------------------------------------------------------------------


def zero_bytes(path: Path) -> None:
    path.write_bytes(b"")


def text_named_mp3(path: Path) -> None:
    path.write_text("Dear diary, today there was no music.\n" * 50)


def no_frames(path: Path) -> None:
    soundfile.write(path, np.zeros((0, 2), np.float32), RATE_HZ)


def silent(path: Path) -> None:
    signals.write(path, signals.silence(3, RATE_HZ), RATE_HZ)


def only_a_header(path: Path) -> None:
    signals.write(path, signals.music(1, RATE_HZ), RATE_HZ)
    path.write_bytes(path.read_bytes()[:20])


def picture(path: Path) -> None:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(5000))


def random_bytes(path: Path) -> None:
    path.write_bytes(np.random.default_rng(3).bytes(100_000))


def video_without_sound(path: Path) -> None:
    encoders.run(
        "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=size=32x32:duration=1", path
    )  # fmt: skip


LEFT_OUT: list[tuple[str, Callable[[Path], None], str]] = [
    ("m.wav", zero_bytes, "is empty (0 bytes) (copy it again)"),
    ("m.flac", zero_bytes, "is empty (0 bytes) (copy it again)"),
    ("m.mp3", text_named_mp3, "is no audio file that can be read (convert it to WAV or FLAC, or "),
    ("m.wav", no_frames, "opens, but holds no sound (0 frames) (copy or export it again, or "),
    ("m.wav", silent, "is silent throughout (take it out of the playlist, or keep silence with"),
    ("m.wav", only_a_header, "(convert it to WAV or FLAC, or take it out of the playlist)"),
    ("m.ogg", picture, "holds no sound (convert it to WAV or FLAC, or "),
    ("m.mp3", random_bytes, "no sound can be decoded from it (convert it to WAV or FLAC, or "),
    ("m.m4a", video_without_sound, "holds no sound (convert it to WAV or FLAC, or take it out"),
]


@pytest.mark.parametrize(
    ("name", "make", "message"), LEFT_OUT, ids=[f"{make.__name__}-{n}" for n, make, _ in LEFT_OUT]
)
def test_a_file_that_can_not_be_used_is_named_and_the_rest_is_mixed(
    good: Path, name: str, make: Callable[[Path], None], message: str
) -> None:
    make(good / name)
    outcome = mix(good)
    assert outcome.code == 1
    (line,) = outcome.err.splitlines()
    assert line.startswith(f"deepbass: {good / name}: ")
    assert message in line
    assert mixed_names(good) == ["a.wav", "z.wav"]
    assert soundfile.info(good.parent / "mix.wav").duration == 5.5
    problems = report_of(good)["problems"]
    assert isinstance(problems, list)
    assert [problem["path"] for problem in problems] == [str(good / name)]


def test_silence_is_mixed_where_it_is_asked_for(good: Path) -> None:
    silent(good / "m.wav")
    outcome = mix(good, "--no-trim")
    assert (outcome.code, outcome.err) == (0, "")
    assert mixed_names(good) == ["a.wav", "m.wav", "z.wav"]


def test_an_unreadable_file_is_named_with_what_to_do(good: Path) -> None:
    path = signals.write(good / "m.wav", signals.music(1, RATE_HZ), RATE_HZ)
    path.chmod(0)
    outcome = deepbass(
        "mix", good, "-o", good.parent / "mix.wav", "--duration", "0.5", without_privileges=True
    )
    assert outcome.code == 1
    assert outcome.err == f"deepbass: {path}: may not be read (change the file's permissions)\n"
    assert soundfile.info(good.parent / "mix.wav").duration == 5.5


# Files that are used in part --------------------------------------------------------------------


def cut(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


@pytest.mark.parametrize("trim", ["loudness", "none"])
@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3"])
def test_a_truncated_file_is_used_as_far_as_it_goes_and_said_to_be_cut_short(
    good: Path, suffix: str, trim: str
) -> None:
    whole = signals.write(good.parent / "whole.wav", signals.music(6, RATE_HZ), RATE_HZ)
    path = good / f"m{suffix}"
    if suffix == ".wav":
        shutil.copy(whole, path)
    else:
        encoders.encode(whole, path)
    expected = samples_of(path)
    cut(path, 0.6)
    outcome = mix(good, "--subtype", "FLOAT", "--trim", trim)
    assert outcome.code == 1
    (line,) = outcome.err.splitlines()
    assert line.startswith(f"deepbass: {path}: is cut short: 0:06.")
    assert " could be read and is used (copy or download it again)" in line
    assert mixed_names(good) == ["a.wav", f"m{suffix}", "z.wav"]
    tracks = report_of(good)["tracks"]
    assert isinstance(tracks, list)
    n_frames = tracks[1]["end_frame"] - tracks[1]["start_frame"]
    assert 0.5 * len(expected) < n_frames < 0.65 * len(expected)
    first, last = tracks[1]["start_frame"] + RATE_HZ // 2, tracks[1]["end_frame"] - RATE_HZ // 2
    heard = samples_of(good.parent / "mix.wav")[first:last]
    own = expected[RATE_HZ // 2 : RATE_HZ // 2 + len(heard)]
    assert np.abs(heard - own).max() <= (1e-6 if suffix == ".mp3" else 0)


def test_samples_that_are_no_numbers_are_silent_and_counted(good: Path) -> None:
    samples = signals.music(3, RATE_HZ)
    samples[20_000:20_010] = np.nan
    samples[20_100, 0] = -np.inf
    path = signals.write(good / "m.wav", samples, RATE_HZ, "FLOAT")
    outcome = mix(good, "--subtype", "FLOAT")
    assert outcome.code == 1
    assert outcome.err == (
        f"deepbass: {path}: holds 21 samples that are no finite numbers or absurdly large; "
        "they play as silence (export it again)\n"
    )
    heard = samples_of(good.parent / "mix.wav")
    assert np.isfinite(heard).all()
    start = 5 * RATE_HZ // 2
    assert not heard[start + 20_000 : start + 20_010].any()
    assert heard[start + 20_100].tolist() == [0.0, samples[20_100, 1]]


# Files that are used in whole -------------------------------------------------------------------


def test_a_short_track_between_long_ones_shares_its_half_second(good: Path) -> None:
    signals.write(good / "m.wav", signals.sine(440, 0.5, RATE_HZ), RATE_HZ)
    outcome = mix(good, "--duration", "4")
    assert outcome.code == 0
    reason = "track 2 (m.wav) has 0:00.5 of sound for its two transitions"
    assert outcome.err.splitlines() == [
        f"deepbass: transition {n} is 0.25 s long instead of 4.00 s: {reason}" for n in (1, 2)
    ]
    assert soundfile.info(good.parent / "mix.wav").duration == 6.0


def test_a_track_shorter_than_its_fade_is_all_fade(good: Path) -> None:
    (good / "z.wav").unlink()
    signals.write(good / "m.wav", signals.sine(440, 1, RATE_HZ), RATE_HZ)
    outcome = mix(good, "--duration", "2")
    assert outcome.code == 0
    assert outcome.err == (
        "deepbass: transition 1 is 1.00 s long instead of 2.00 s: "
        "track 2 (m.wav) has 0:01.0 of sound\n"
    )


def test_one_usable_track_is_the_mix_and_that_is_said(good: Path) -> None:
    zero_bytes(good / "z.wav")
    outcome = mix(good, "--subtype", "PCM_16")
    assert outcome.code == 1
    assert outcome.err.splitlines() == [
        f"deepbass: {good}/z.wav: is empty (0 bytes) (copy it again)",
        "deepbass: only one track could be used: the mix is that track",
    ]
    expected = samples_of(good / "a.wav", "int16")
    np.testing.assert_array_equal(samples_of(good.parent / "mix.wav", "int16"), expected)


def test_a_real_process_says_the_same(good: Path) -> None:
    """The other tests here call the program in this process, which is quicker."""
    zero_bytes(good / "m.wav")
    words = ["mix", good, "-o", good.parent / "mix.wav", "--duration", "30", "--overwrite"]
    assert deepbass(*words) == called(*words)


def test_the_same_file_twice_is_two_tracks(good: Path) -> None:
    path = good / "a.wav"
    outcome = called("mix", path, path, "-o", good.parent / "mix.wav", "--duration", "0.5")
    assert (outcome.code, outcome.err) == (0, "")
    assert soundfile.info(good.parent / "mix.wav").duration == 5.5


@pytest.mark.parametrize(
    "name",
    [
        "Sigur Rós – Ágætis 日本 العربية.wav".encode(),
        "🎧 party 🎉.wav".encode(),
        b"two\nlines\tand a tab.wav",
        b"caf\xe9 latin-1.wav",
        b"-o --overwrite.wav",
        b"100%d %s {}.wav",
        b" leading and trailing .wav",
        b"m.WAV",
        "é composed.wav".encode(),
        "e\u0301 decomposed.wav".encode(),
    ],
)
def test_a_name_may_hold_anything(good: Path, name: bytes) -> None:
    shutil.copy(good / "a.wav", os.fsencode(good) + b"/" + name)
    outcome = mix(good)
    assert (outcome.code, outcome.err) == (0, "")
    assert os.fsdecode(name) in mixed_names(good)
    assert len(outcome.out.splitlines()) == 3 + 3 + 2

    track = os.fsencode(good) + b"/" + name
    target = good.parent / os.fsdecode(b"mix " + name.replace(b"WAV", b"wav"))
    outcome = called("mix", track, track, "-o", target, "--cue", "--tracklist")
    assert outcome.code == 0
    assert target.stat().st_size > 44
    assert Path(f"{target}.cue").read_text("utf-8").count("\n") == 1 + 3 * 2


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        (b"bad\nline.mp3", "utf-8"),
        pytest.param(b"bad\xff\xfe.mp3", "utf-8", marks=pytest.mark.slow),
        pytest.param("💥.mp3".encode(), "utf-8", marks=pytest.mark.slow),
        pytest.param(b"bad\nline.mp3", "ascii", marks=pytest.mark.slow),
        (b"bad\xff\xfe.mp3", "ascii"),
        pytest.param("💥.mp3".encode(), "ascii", marks=pytest.mark.slow),
    ],
)
def test_an_odd_name_in_a_message_stays_on_one_line(good: Path, name: bytes, encoding: str) -> None:
    Path(os.fsdecode(os.fsencode(good) + b"/" + name)).write_text("no music")
    outcome = deepbass(
        "mix", good, "-o", good.parent / "mix.wav", "--duration", "0.5", PYTHONIOENCODING=encoding
    )
    assert outcome.code == 1
    (line,) = outcome.err.splitlines()
    assert line.isprintable()
    assert line.startswith(f"deepbass: {good}/")
    assert ".mp3: is no audio file that can be read" in line


# Nothing to mix ---------------------------------------------------------------------------------


def test_no_usable_track_writes_nothing_and_says_why_for_each(good: Path) -> None:
    zero_bytes(good / "a.wav")
    text_named_mp3(good / "z.wav")
    outcome = mix(good, "--cue")
    assert (outcome.code, outcome.out) == (2, "")
    assert f"{good}/a.wav: is empty (0 bytes)" in outcome.err
    assert f"{good}/z.wav: is no audio file that can be read" in outcome.err
    assert [path.name for path in good.parent.iterdir()] == ["music"]


@pytest.mark.parametrize("name", ["empty", "missing.wav", "list.m3u8"])
def test_what_leads_to_no_track_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "list.m3u8").write_text("gone.mp3\n")
    why = {
        "empty": f"deepbass: {tmp_path}/empty: there is no audio file in this folder (name ",
        "missing.wav": f"deepbass: {tmp_path}/missing.wav: there is no such file or folder (check",
        "list.m3u8": f"deepbass: {tmp_path}/list.m3u8, line 1: there is no file gone.mp3 (relati",
    }
    outcome = called("mix", tmp_path / name, "-o", tmp_path / "mix.wav")
    assert (outcome.code, outcome.out) == (2, "")
    lines = outcome.err.splitlines()
    assert lines[0].startswith(why[name])
    assert lines[1:] == [
        "deepbass: there is nothing to mix: no tracks were given "
        "(give audio files, folders or playlists)"
    ]
    assert not (tmp_path / "mix.wav").exists()


def test_an_empty_folder_among_others_is_named_and_the_rest_is_mixed(good: Path) -> None:
    empty = good.parent / "empty"
    empty.mkdir()
    outcome = mix(good, empty)
    assert outcome.code == 1
    assert outcome.err.startswith(f"deepbass: {empty}: there is no audio file in this folder (")
    assert mixed_names(good) == ["a.wav", "z.wav"]


# Where it can't be written ----------------------------------------------------------------------


def test_a_missing_folder_is_named_with_what_to_do(good: Path) -> None:
    outcome = called("mix", good, "-o", good.parent / "no" / "mix.wav")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        f"deepbass: {good.parent}/no/mix.wav: can't be written: there is no folder "
        f"{good.parent}/no (make the folder first, or choose another)\n"
    )


def test_a_folder_that_takes_no_file_is_said_before_any_work(good: Path) -> None:
    zero_bytes(good / "m.wav")  # would be complained of, were it looked at
    closed = good.parent / "closed"
    closed.mkdir(mode=0o555)
    outcome = deepbass("mix", good, "-o", closed / "mix.wav", without_privileges=True)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        f"deepbass: {closed}/mix.wav: can't be written: nothing may be written to the folder "
        f"{closed} (check its permissions, or choose another)\n"
    )


@pytest.mark.parametrize("how", ["same", "relative", "symlink", "hard link"])
def test_a_track_is_never_written_over(good: Path, how: str) -> None:
    before = {path.name: path.read_bytes() for path in good.iterdir()}
    target = {
        "same": good / "z.wav",
        "relative": Path("..") / good.name / "z.wav",
        "symlink": good.parent / "link.wav",
        "hard link": good.parent / "hard.wav",
    }[how]
    (good.parent / "link.wav").symlink_to(good / "z.wav")
    (good.parent / "hard.wav").hardlink_to(good / "z.wav")
    outcome = deepbass("mix", good, "-o", target, "--overwrite", cwd=good)
    assert (outcome.code, outcome.out) == (2, "")
    assert "is one of the files the mix is made from (write to another name)" in outcome.err
    assert {path.name: path.read_bytes() for path in good.iterdir()} == before


def test_an_existing_mix_is_kept_before_any_work_is_done(good: Path) -> None:
    zero_bytes(good / "m.wav")  # would be complained of, were it looked at
    target = good.parent / "mix.wav"
    target.write_text("an older mix")
    outcome = mix(good)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        f"deepbass: {target}: exists already (choose another name, or use --overwrite)\n"
    )
    assert target.read_text() == "an older mix"
    assert mix(good, "--overwrite").code == 1
    assert soundfile.info(target).duration == 5.5


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mix.wav", "mix.flac"])
@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("room", [20, 400_000])
def test_a_disk_that_is_full_on_the_way_leaves_everything_as_it_was(
    good: Path, name: str, jobs: str, room: int
) -> None:
    signals.write(good / "m.wav", signals.noise(20, RATE_HZ), RATE_HZ)
    target = good.parent / name
    target.write_text("an older mix")
    outcome = deepbass(
        "mix", good, "-o", target, "--overwrite", "--jobs", jobs,
        "--report", good.parent / "report.json", largest_file_bytes=room,
    )  # fmt: skip
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        f"deepbass: {target}: can't be written: File too large (write to a disk, or under a "
        "limit, that allows a file this large)\n"
    )
    assert target.read_text() == "an older mix"
    assert sorted(path.name for path in good.parent.iterdir()) == [name, "music"]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m,mode=777", "tmpfs", folder],
        capture_output=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip("no file system may be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_with_too_little_room_is_said_before_anything_is_written(
    good: Path, tiny_disk: Path
) -> None:
    signals.write(good / "m.wav", signals.noise(60, RATE_HZ), RATE_HZ)
    outcome = deepbass("mix", good, "-o", tiny_disk / "mix.wav", "--duration", "0.5")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        f"deepbass: {tiny_disk}/mix.wav: needs 6 MB, and 2 MB are free "
        "(free some space, or write to another disk)\n"
    )
    assert list(tiny_disk.iterdir()) == []


def test_a_disk_that_another_program_fills_is_said(good: Path, tiny_disk: Path) -> None:
    """Music on FLAC is guessed at two thirds of its size; noise takes it all."""
    signals.write(good / "m.wav", signals.noise(30, RATE_HZ, amplitude=0.99), RATE_HZ)
    outcome = deepbass(
        "mix", good / "m.wav", "-o", tiny_disk / "mix.flac", "--subtype", "PCM_24", "--no-trim",
        "--rate", "16001",
    )  # fmt: skip
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        f"deepbass: {tiny_disk}/mix.flac: can't be written: No space left on device "
        "(free some space, or write to another disk)\n"
    )
    assert list(tiny_disk.iterdir()) == []


def test_a_new_mix_can_be_read_by_those_who_may_read_new_files(good: Path) -> None:
    """The temporary file's own mode must not be what stays."""
    assert main(["mix", str(good), "-o", str(good.parent / "mix.wav"), "--quiet"]) == 0
    plain = good.parent / "plain"
    plain.touch()
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (plain, good.parent / "mix.wav")]
    assert modes[0] == modes[1]
