"""Where each track begins in the mix: a list for people, and a cue sheet for players.

Source of the cue format: CDRWIN user's guide, appendix A; times are minutes, seconds and frames of
1/75 s.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deepbass_engine.atomic import replacing
from deepbass_engine.audio.tags import read_tags
from deepbass_engine.errors import shown
from deepbass_engine.mix.report import MixReport
from deepbass_engine.units import clock_text, rescale_frames, seconds_from_frames

CUE_FRAMES_PER_SECOND = 75


@dataclass(frozen=True, slots=True)
class ListedTrack:
    """One line: when a track begins, who plays it, what it is called."""

    start_frame: int
    performer: str
    title: str


def save_tracklist(report: MixReport, path: Path) -> None:
    """Write one line a track: time, performer, title.

    Raises
    ------
    OutputError
        If it can't be written.
    """
    lines = [
        f"{clock_text(seconds_from_frames(track.start_frame, report.sample_rate_hz)):>10}  "
        + (f"{track.performer} - {track.title}" if track.performer else track.title)
        for track in _listed(report)
    ]
    _save(path, lines)


def save_cue(report: MixReport, path: Path) -> None:
    """Write a cue sheet beside the mix.

    Raises
    ------
    OutputError
        If it can't be written.
    """
    output = Path(report.output)
    kind = "WAVE"  # players read FLAC under this word too; the format knows no other
    lines = [f'FILE "{_quotable(output.name)}" {kind}']
    for number, track in enumerate(_listed(report), start=1):
        count = rescale_frames(track.start_frame, report.sample_rate_hz, CUE_FRAMES_PER_SECOND)
        minutes, count = divmod(count, 60 * CUE_FRAMES_PER_SECOND)
        seconds, frames = divmod(count, CUE_FRAMES_PER_SECOND)
        lines += [
            f"  TRACK {number:02d} AUDIO",
            f'    TITLE "{_quotable(track.title)}"',
            *([f'    PERFORMER "{_quotable(track.performer)}"'] if track.performer else []),
            f"    INDEX 01 {minutes:02d}:{seconds:02d}:{frames:02d}",
        ]
    _save(path, lines)


def _listed(report: MixReport) -> list[ListedTrack]:
    """Tracks with their tags; a track without a title goes by its file's name."""
    listed = []
    for track in report.tracks:
        path = Path(track.path)
        tags = read_tags(path)
        listed.append(
            ListedTrack(track.start_frame, shown(tags.artist), shown(tags.title or path.stem))
        )
    return listed


def _quotable(text: str) -> str:
    """Text for a quoted field; the format has no escape for a quote."""
    return shown(text).replace('"', "'")


def _save(path: Path, lines: list[str]) -> None:
    with replacing(path) as temporary:
        text = "\n".join(lines) + "\n"
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
