"""Loudness, its range and true peak of a folder of music, against ffmpeg's ebur128 in the same run.

Every file is decoded once to 32-bit WAV in a temporary folder, so that neither program's decoder
counts; both read that WAV, taking turns, each on one core. Import and the first call of the
compiled kernels are left out of our times, ffmpeg's start (0.1 s) is in its own. What is shorter
than 30 s is no music and is left out.

    python benchmarks/loudness.py FOLDER --rounds 3
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from deepbass_engine.analysis.loudness import LoudnessMeter, integrated_lufs, loudness_range_lu
from deepbass_engine.analysis.true_peak import TruePeakMeter
from deepbass_engine.audio.decode import Decoding, probe
from deepbass_engine.units import db_from_gain

SUFFIXES = {".flac", ".mp3", ".ogg", ".opus", ".wav"}
SHORTEST_S = 30.0
NAMES = ("integrated, LU", "range, LU", "true peak, dB")

Measured = tuple[float, float, float]


def by_this(path: Path) -> Measured:
    """Integrated loudness, loudness range and true peak."""
    source = probe(path)
    loudness = LoudnessMeter(source.sample_rate_hz, source.layout)
    peak = TruePeakMeter(source.sample_rate_hz, source.channels)
    for block in Decoding(source):
        loudness.push(block)
        peak.push(block)
    blocks = loudness.finish()
    return integrated_lufs(blocks), loudness_range_lu(blocks), db_from_gain(peak.finish())


def by_ffmpeg(path: Path) -> Measured:
    """The same, by ffmpeg's filter with one thread."""
    command = ["ffmpeg", "-nostats", "-threads", "1", "-filter_threads", "1", "-i", str(path),
               "-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"]  # fmt: skip
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    patterns = (r"I: +(-?[\d.]+) LUFS", r"LRA: +(-?[\d.]+) LU", r"Peak: +(-?[\d.]+) dBFS")
    loudness, loudness_range, peak = (float(re.findall(each, said)[-1]) for each in patterns)
    return loudness, loudness_range, peak


def main() -> None:
    """Measure every file with both, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=None, help="only so many")
    args = parser.parse_args()
    paths = [each for each in sorted(args.folder.rglob("*")) if each.suffix in SUFFIXES]
    paths = [each for each in paths if soundfile.info(each).duration >= SHORTEST_S]
    differences, speeds = [], {by_this: [], by_ffmpeg: []}
    with tempfile.TemporaryDirectory(prefix="deepbass-benchmark-") as name:
        for path in paths[: args.files]:
            wav = Path(name) / "one.wav"
            samples, rate_hz = soundfile.read(path, dtype="float32")
            soundfile.write(wav, samples, rate_hz, subtype="FLOAT")
            if not differences:
                by_this(wav)  # loads the kernels
            taken_s = {by_this: [], by_ffmpeg: []}
            found = {}
            for _ in range(args.rounds):
                for program, taken in taken_s.items():
                    started_s = time.perf_counter()
                    found[program] = program(wav)
                    taken.append(time.perf_counter() - started_s)
            for program, taken in taken_s.items():
                speeds[program].append(len(samples) / rate_hz / statistics.median(taken))
            differences.append(np.subtract(found[by_this], found[by_ffmpeg]))
    print(f"{len(differences)} files; medians of {args.rounds} rounds for each\n")
    print("| program | x real time, median (min-max) |\n|---|---|")
    for label, program in (("ffmpeg ebur128=peak=true", by_ffmpeg), ("this", by_this)):
        each = speeds[program]
        print(f"| {label} | {statistics.median(each):.0f} ({min(each):.0f}-{max(each):.0f}) |")
    print("\n| this less ffmpeg | median | lowest | highest |\n|---|---|---|---|")
    for name, column in zip(NAMES, np.transpose(differences), strict=True):
        print(f"| {name} | {np.median(column):+.2f} | {min(column):+.2f} | {max(column):+.2f} |")


if __name__ == "__main__":
    main()
