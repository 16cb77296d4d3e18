"""Tempo, beats and key of songs against those that essentia finds, in the same run.

    python benchmarks/tempo_and_key.py MUSIC_FOLDER --essentia-python PYTHON

PYTHON is an environment with essentia (2.1b6): `RhythmExtractor2013`, method multifeature, and
`KeyExtractor`. Both get the same mono samples at 44.1 kHz, and CPU time is counted, decoding left
out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import soundfile
import soxr

from deepbass_engine.analysis.beats import BeatGrid, beat_grid
from deepbass_engine.analysis.chroma import ChromaMeter
from deepbass_engine.analysis.key import Key, camelot_distance, key_from_text, key_of
from deepbass_engine.analysis.onsets import OnsetMeter

RATE_HZ = 44_100
SHORTEST_S = 60.0
BLOCK_FRAMES = 65_536
SAME = 0.005

_ESSENTIA = """
import json, sys, time
import numpy, essentia
essentia.log.infoActive = essentia.log.warningActive = False
import essentia.standard as standard
for line in sys.stdin:
    samples = numpy.fromfile(line.strip(), numpy.float32)
    start = time.process_time()
    bpm, ticks, confidence, _, _ = standard.RhythmExtractor2013(method="multifeature")(samples)
    beats_s = time.process_time() - start
    start = time.process_time()
    key, scale, strength = standard.KeyExtractor()(samples)
    keys_s = time.process_time() - start
    print(json.dumps([bpm, ticks.tolist(), confidence, key + " " + scale, beats_s, keys_s]),
          flush=True)
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One song by both."""

    name: str
    length_s: float
    grid: BeatGrid | None
    key: Key | None
    other_bpm: float
    other_beats_s: list[float]
    other_confidence: float
    other_key: Key | None
    cpu_s: tuple[float, float, float, float]

    @property
    def ratio(self) -> float:
        """Our tempo to the other's."""
        return 0.0 if self.grid is None else self.grid.tempo_bpm / self.other_bpm

    @property
    def apart_ms(self) -> float:
        """Median distance of the other's beats from ours; no number where tempi differ."""
        level = 2.0 if abs(2.0 * self.ratio - 1.0) < 4 * SAME else 1.0
        if self.grid is None or abs(level * self.ratio - 1.0) > 4 * SAME:
            return float("nan")
        beat_s = self.grid.beat_s / level
        places = (np.array(self.other_beats_s) - self.grid.first_beat_s) / beat_s
        return float(1000.0 * beat_s * np.median(np.abs(places - np.rint(places))))


def _songs(folder: Path) -> list[Path]:
    files = sorted(p for p in folder.rglob("*") if p.suffix in (".ogg", ".mp3", ".flac", ".wav"))
    return [p for p in files if soundfile.info(p).duration >= SHORTEST_S]


def _row(path: Path, essentia: subprocess.Popen[str], raw: Path) -> Row:
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    mono = soxr.resample(samples.mean(axis=1), rate_hz, RATE_HZ, "HQ").astype(np.float32)
    mono.tofile(raw)
    assert essentia.stdin is not None
    assert essentia.stdout is not None
    essentia.stdin.write(f"{raw}\n")
    essentia.stdin.flush()
    bpm, ticks, confidence, key, beats_s, keys_s = json.loads(essentia.stdout.readline())
    blocks = [mono[i : i + BLOCK_FRAMES] for i in range(0, len(mono), BLOCK_FRAMES)]
    start = time.process_time()
    onsets = OnsetMeter(RATE_HZ)
    for block in blocks:
        onsets.push(block)
    grid = beat_grid(onsets.finish())
    middle = time.process_time()
    chroma = ChromaMeter(RATE_HZ)
    for block in blocks:
        chroma.push(block)
    own_key = key_of(chroma.finish())
    end = time.process_time()
    cpu_s = (middle - start, end - middle, beats_s, keys_s)
    length_s = len(mono) / RATE_HZ
    return Row(
        path.stem, length_s, grid, own_key, bpm, ticks, confidence, key_from_text(key), cpu_s
    )


def main() -> None:
    """Hear every song twice and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("music", type=Path)
    parser.add_argument("--essentia-python", required=True)
    args = parser.parse_args()
    command = [args.essentia_python, "-W", "ignore", "-c", _ESSENTIA]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as essentia,
    ):
        raw = Path(folder) / "samples.raw"
        rows = [_row(path, essentia, raw) for path in _songs(args.music)]
    print(table(rows))


def _keys(row: Row) -> str:
    if row.key is None or row.other_key is None:
        return "-"
    apart = camelot_distance(row.key, row.other_key)
    return ("same", "neighbours")[apart] if apart < 2 else f"{apart} apart"


def table(rows: list[Row]) -> str:
    """What both found, and what came of it, in Markdown."""
    lines = [
        "| song | BPM (sure, steady) | essentia | ratio | beats apart, ms | key | essentia | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        ours = "-"
        if row.grid is not None:
            steady = "" if row.grid.is_steady else ", drifts"
            ours = f"{row.grid.tempo_bpm:.2f} ({row.grid.confidence:.0%}{steady})"
        keys = [key.camelot if key else "-" for key in (row.key, row.other_key)]
        lines.append(
            f"| {row.name} | {ours} | {row.other_bpm:.2f} ({row.other_confidence:.1f}) "
            f"| {row.ratio:.3f} | {row.apart_ms:.0f} | {keys[0]} | {keys[1]} | {_keys(row)} |"
        )
    ratios = np.array([row.ratio for row in rows])

    def near(*wanted: float) -> int:
        return int(sum(any(abs(r / w - 1.0) <= SAME for w in wanted) for r in ratios))

    same = [row.apart_ms for row in rows if abs(row.ratio - 1.0) <= SAME]
    speeds = [
        sum(row.length_s for row in rows) / sum(row.cpu_s[i] for row in rows) for i in range(4)
    ]
    kinds = [_keys(row) for row in rows]
    lines += [
        "",
        f"{len(rows)} songs. Tempo: {near(1.0)} the same within {SAME:.1%}, "
        f"{near(0.5, 2.0)} twice or half, {near(2 / 3, 1.5, 0.75, 4 / 3)} 2:3 or 3:4; "
        f"of the same, beats {median(same):.0f} ms apart (median song). "
        f"Key: {kinds.count('same')} the same, {kinds.count('neighbours')} neighbours on the "
        f"wheel. Speed on one core, times real time: beats {speeds[0]:.0f} (essentia "
        f"{speeds[2]:.0f}), key {speeds[1]:.0f} (essentia {speeds[3]:.0f}).",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
