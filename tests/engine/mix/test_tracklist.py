"""Tracklists and cue sheets."""

from __future__ import annotations

import os
from pathlib import Path

import mutagen
import pytest
import signals
from mutagen.flac import FLAC
from mutagen.id3 import ID3, TIT2, TPE1

from deepbass_engine.errors import OutputError
from deepbass_engine.mix.report import MixReport, ReportedTrack
from deepbass_engine.mix.tracklist import save_cue, save_tracklist

RATE_HZ = 44_100


def report_of(starts_s: dict[Path, float], *, output: str = "/mixes/set.wav") -> MixReport:
    """A report with tracks that begin at these times."""
    return MixReport(
        output=output,
        subtype="PCM_24",
        sample_rate_hz=RATE_HZ,
        frames=0,
        channels=2,
        tracks=tuple(
            ReportedTrack(
                path=str(path),
                span_s=(0, 1),
                start_frame=round(start_s * RATE_HZ),
                end_frame=0,
                gain_db=0,
            )
            for path, start_s in starts_s.items()
        ),
        transitions=(),
        peak_dbfs=None,
        clipped_frames=0,
        problems=(),
        timing_s={},
        versions={},
    )


def tagged_flac(path: Path, **tags: str) -> Path:
    signals.write(path, signals.sine(440, 0.1))
    file = FLAC(path)
    file.update({name: [text] for name, text in tags.items()})
    file.save()
    return path


def tracklist(report: MixReport, tmp_path: Path) -> list[str]:
    save_tracklist(report, tmp_path / "list.txt")
    return (tmp_path / "list.txt").read_text("utf-8").splitlines()


def cue(report: MixReport, tmp_path: Path) -> list[str]:
    save_cue(report, tmp_path / "set.cue")
    return (tmp_path / "set.cue").read_text("utf-8").splitlines()


def test_titles_and_performers_come_from_tags_else_from_the_name(tmp_path: Path) -> None:
    paths = [
        tagged_flac(tmp_path / "a.flac", title="Überall", artist="Ada 🎧"),
        tagged_flac(tmp_path / "b.flac", title="Alone"),
        signals.write(tmp_path / "03 plain.name.wav", signals.sine(440, 0.1)),
    ]
    tags = ID3()
    tags.add(TIT2(text="Third"))
    tags.add(TPE1(text="Bob"))
    mp3 = tmp_path / "c.mp3"
    mp3.write_bytes(b"\xff\xfb\x90\x64" + bytes(413) + b"\xff\xfb\x90\x64" + bytes(413))
    tags.save(mp3)
    assert mutagen.File(mp3) is not None
    report = report_of(dict(zip([*paths, mp3], [0, 61.25, 3725, 36_000], strict=True)))
    assert tracklist(report, tmp_path) == [
        "    0:00.0  Ada 🎧 - Überall",
        "    1:01.3  Alone",
        " 1:02:05.0  03 plain.name",
        "10:00:00.0  Bob - Third",
    ]


def test_a_cue_sheet_says_where_each_track_begins(tmp_path: Path) -> None:
    first = tagged_flac(tmp_path / "a.flac", title='The "Best" \\ Mix', artist="A\nB")
    second = signals.write(tmp_path / "two.wav", signals.sine(440, 0.1))
    report = report_of({first: 0, second: 61.5}, output='/mixes/my "set".flac')
    assert cue(report, tmp_path) == [
        "FILE \"my 'set'.flac\" WAVE",
        "  TRACK 01 AUDIO",
        "    TITLE \"The 'Best' \\ Mix\"",
        '    PERFORMER "A B"',
        "    INDEX 01 00:00:00",
        "  TRACK 02 AUDIO",
        '    TITLE "two"',
        "    INDEX 01 01:01:38",  # half a second is 37.5 frames of 1/75 s
    ]


@pytest.mark.parametrize(
    ("start_s", "index"),
    [
        (1 / 75, "00:00:01"),
        (59.999, "01:00:00"),  # rounds up into the next minute, never to 00:60:00
        (5999.0, "99:59:00"),
        (6000.0, "100:00:00"),  # past the format's two digits, players read on
        (9000.0, "150:00:00"),
    ],
)
def test_cue_times(tmp_path: Path, start_s: float, index: str) -> None:
    path = signals.write(tmp_path / "a.wav", signals.sine(440, 0.1))
    assert cue(report_of({path: start_s}), tmp_path)[-1] == f"    INDEX 01 {index}"


def test_names_that_are_no_text_are_escaped(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9\n1.wav")
    signals.write(tmp_path / "a.wav", signals.sine(440, 0.1)).rename(path)
    assert tracklist(report_of({path: 0}), tmp_path) == ["    0:00.0  caf\\udce9\\n1"]
    assert cue(report_of({path: 0}), tmp_path)[2] == '    TITLE "caf\\udce9\\n1"'


def test_a_track_that_is_gone_is_listed_by_its_name(tmp_path: Path) -> None:
    assert tracklist(report_of({tmp_path / "gone.mp3": 0}), tmp_path) == ["    0:00.0  gone"]


@pytest.mark.parametrize("save", [save_cue, save_tracklist])
def test_a_list_that_can_not_be_written_says_so(tmp_path: Path, save: object) -> None:
    with pytest.raises(OutputError, match="No such file"):
        save(report_of({}), tmp_path / "missing" / "list")  # type: ignore[operator]
