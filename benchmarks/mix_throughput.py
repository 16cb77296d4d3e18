"""Speed and memory of a whole mix against ffmpeg's `acrossfade` chain and sox, in the same run.

Twenty tracks of three minutes, 44.1 kHz stereo, 4 s fades, 16-bit WAV out, from MP3 (192 kbit/s)
and from WAV; "measured" with every transition measured, for a report. The programs take turns;
medians are printed, and for each case the ratio of ffmpeg's time to ours. Peak memory is the whole
process's. Run on a quiet machine:

    python benchmarks/mix_throughput.py --rounds 5
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

RATE_HZ = 44_100
FADE_S = 4


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of one program took."""

    wall_s: float
    cpu_s: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Case:
    """A program on one set of files; `prepare` is called before each run, untimed."""

    name: str
    command: list[str]
    environment: dict[str, str]
    prepare: Callable[[], None]


def measured(case: Case) -> Run:
    """Run a command once; its peak memory comes from the kernel's account of that process."""
    case.prepare()
    os.sync()
    started_s = time.perf_counter()
    process = subprocess.Popen(
        case.command,
        env={**os.environ, **case.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    error = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started_s
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{case.name}: exit code {process.returncode}: {error.decode()}")
    return Run(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def make_tracks(folder: Path, n_tracks: int, track_s: int) -> None:
    """Write music-like tracks (chords, noise bursts on the beat) as WAV and 192 kbit/s MP3."""
    t = np.arange(track_s * RATE_HZ) / RATE_HZ
    for number in range(n_tracks):
        random = np.random.default_rng(number)
        sound = np.zeros((len(t), 2))
        for hz in random.uniform(60, 2000, 6):
            phase = random.uniform(0, 6)
            sound += 0.07 * np.sin(2 * np.pi * hz * t + phase)[:, None]
        beat = np.exp(-(t % (60 / random.uniform(90, 140))) * 20)
        sound += 0.2 * beat[:, None] * random.standard_normal(sound.shape)
        wav = folder / f"{number:03}.wav"
        soundfile.write(wav, sound, RATE_HZ, subtype="PCM_16")
        subprocess.run(
            ["ffmpeg", "-v", "error", "-y", "-i", wav, "-b:a", "192k", wav.with_suffix(".mp3")],
            check=True,
        )


def ffmpeg_command(files: list[Path], out: Path) -> list[str]:
    """A chain of `acrossfade`, as one would write it by hand."""
    inputs = [argument for file in files for argument in ("-i", str(file))]
    chain, last = "", "[0:a]"
    for number in range(1, len(files)):
        chain += f"{last}[{number}:a]acrossfade=d={FADE_S}:c1=qsin:c2=qsin[m{number}];"
        last = f"[m{number}]"
    graph = ["-filter_complex", chain.rstrip(";"), "-map", last, "-c:a", "pcm_s16le"]
    return ["ffmpeg", "-v", "error", "-y", *inputs, *graph, str(out)]


def sox_command(files: list[Path], out: Path, track_s: int) -> list[str]:
    """Concatenate and splice: each joint with 4 s of excess on either side."""
    joints, end_s = [], 0.0
    for _ in files[1:]:
        end_s += track_s - (FADE_S if joints else 0)
        joints.append(f"{end_s},{FADE_S / 2},0")
    return ["sox", *map(str, files), str(out), "splice", "-q", *joints]


def deepbass_command(files: list[Path], out: Path, *flags: str) -> list[str]:
    """Our own command line."""
    return [
        sys.executable, "-m", "deepbass_engine", "mix", *map(str, files), "-o", str(out),
        "--duration", str(FADE_S), "--subtype", "PCM_16", "--overwrite", "--quiet", *flags,
    ]  # fmt: skip


def cases(folder: Path, kind: str, track_s: int, copies: int = 1) -> list[Case]:
    """All programs on the tracks of one kind."""
    files = sorted(folder.glob(f"*.{kind}")) * copies
    out, cache = folder / "mix" / "out.wav", folder / "cache"
    out.parent.mkdir(exist_ok=True)
    environment = {"DEEPBASS_CACHE_DIR": str(cache)}
    report = ["--report", str(folder / "mix" / "report.json")]

    def nothing() -> None:
        pass

    def clear_cache() -> None:
        shutil.rmtree(cache, ignore_errors=True)

    return [
        Case("ffmpeg acrossfade", ffmpeg_command(files, out), {}, nothing),
        Case("sox splice", sox_command(files, out, track_s), {}, nothing),
        Case("deepbass --no-trim", deepbass_command(files, out, "--no-trim"), environment, nothing),
        Case("deepbass, cold", deepbass_command(files, out), environment, clear_cache),
        Case("deepbass, warm", deepbass_command(files, out), environment, nothing),
        Case(
            "deepbass, cold, measured",
            deepbass_command(files, out, *report),
            environment,
            clear_cache,
        ),
        Case(
            "deepbass, warm, measured", deepbass_command(files, out, *report), environment, nothing
        ),
    ]


def compare(folder: Path, kind: str, track_s: int, rounds: int) -> None:
    """Alternate all programs on one kind of file and print a table."""
    todo = cases(folder, kind, track_s)
    runs: dict[str, list[Run]] = {case.name: [] for case in todo}
    for _ in range(rounds):
        for case in todo:
            runs[case.name].append(measured(case))
    n_tracks = len(list(folder.glob(f"*.{kind}")))
    music_s = n_tracks * track_s
    reference_s = statistics.median(run.wall_s for run in runs["ffmpeg acrossfade"])
    print(f"\n{n_tracks} x {track_s} s from {kind.upper()}, {rounds} rounds\n")
    print("| program | wall s (min-max) | CPU s | x real time | ffmpeg's time / this | peak MB |")
    print("|---|---|---|---|---|---|")
    for name, taken in runs.items():
        walls = [run.wall_s for run in taken]
        wall_s = statistics.median(walls)
        cpu_s = statistics.median(run.cpu_s for run in taken)
        peak_mb = max(run.peak_mb for run in taken)
        print(
            f"| {name} | {wall_s:.2f} ({min(walls):.2f}-{max(walls):.2f}) | {cpu_s:.2f} "
            f"| {music_s / wall_s:.0f} | {reference_s / wall_s:.2f} | {peak_mb:.0f} |"
        )


def memory(folder: Path, track_s: int, copies: int) -> None:
    """Peak memory for ten times the tracks, in a playlist that repeats them."""
    print(f"\nPeak memory of a playlist {copies} times as long\n")
    print("| case | peak MB |")
    print("|---|---|")
    for kind in ("mp3", "wav"):
        for case in cases(folder, kind, track_s, copies)[2:]:
            print(f"| {case.name}, {kind.upper()} | {measured(case).peak_mb:.0f} |")


def main() -> None:
    """Parse, make the tracks, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tracks", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=180)
    parser.add_argument("--copies", type=int, default=10, help="for the memory of long playlists")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="deepbass-benchmark-") as name:
        folder = Path(name)
        # in a process of its own: the kernel counts a parent's memory to the programs it starts
        maker = multiprocessing.Process(
            target=make_tracks, args=(folder, args.tracks, args.seconds)
        )
        maker.start()
        maker.join()
        for kind in ("mp3", "wav"):
            compare(folder, kind, args.seconds, args.rounds)
        if args.copies > 1:
            memory(folder, args.seconds, args.copies)


if __name__ == "__main__":
    main()
