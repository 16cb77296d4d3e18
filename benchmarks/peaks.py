"""How quickly a window's tracks are surveyed: peaks, loudness and audible span in one pass.

A hundred MP3 tracks of three minutes (192 kbit/s, 44.1 kHz stereo) on two threads, with an empty
cache ("cold") and again ("warm"), against a plain peaks pass in the same run, also on two threads:
soundfile reads the whole track, NumPy takes the extremes of 256 frames, and nothing else is found.
The tracks are few sounds under many titles, so that each is a file of its own to the cache.

    python benchmarks/peaks.py --rounds 5
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from mutagen.id3 import ID3, TIT2
from numpy.typing import NDArray

from deepbass_engine.analysis.survey import survey

RATE_HZ, TRACK_S, N_SOUNDS, N_THREADS, BUCKET_FRAMES = 44_100, 180, 5, 2, 256


def make_tracks(folder: Path, n_tracks: int) -> list[Path]:
    """Write chords with noise bursts on the beat, each sound under many titles."""
    t = np.arange(TRACK_S * RATE_HZ) / RATE_HZ
    paths = []
    for number in range(n_tracks):
        path = folder / f"{number:03}.mp3"
        if number < N_SOUNDS:
            random = np.random.default_rng(number)
            sound = np.zeros((len(t), 2))
            for hz in random.uniform(60, 2000, 6):
                sound += 0.07 * np.sin(2 * np.pi * hz * t)[:, None]
            beat = np.exp(-(t % (60 / random.uniform(90, 140))) * 20)
            sound += 0.2 * beat[:, None] * random.standard_normal(sound.shape)
            soundfile.write(path, sound, RATE_HZ, bitrate_mode="CONSTANT", compression_level=0.4)
        else:
            shutil.copyfile(paths[number % N_SOUNDS], path)
        tags = ID3()
        tags.add(TIT2(text=f"Track {number}"))
        tags.save(path)
        paths.append(path)
    return paths


def plain_peaks(path: Path) -> NDArray[np.float32]:
    """Lowest and highest sample of every bucket, the way one would write it first."""
    samples, _ = soundfile.read(path, dtype="float32", always_2d=True)
    whole = samples[: len(samples) // BUCKET_FRAMES * BUCKET_FRAMES]
    buckets = whole.reshape(-1, BUCKET_FRAMES * samples.shape[1])
    return np.stack([buckets.min(axis=1), buckets.max(axis=1)], axis=1)


def seconds_for(work: Callable[[Path], Any], paths: list[Path]) -> float:
    """Time to do it for all tracks; what is found is dropped, as only the time is asked for."""
    started_s = time.perf_counter()
    with ThreadPoolExecutor(N_THREADS) as pool:
        for future in [pool.submit(work, path) for path in paths]:
            future.result()
    return time.perf_counter() - started_s


def main() -> None:
    """Make the tracks, take turns, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tracks", type=int, default=100)
    args = parser.parse_args()
    taken: dict[str, list[float]] = {"plain peaks": [], "survey, cold": [], "survey, warm": []}
    with tempfile.TemporaryDirectory(prefix="deepbass-benchmark-") as name:
        folder = Path(name)
        os.environ["DEEPBASS_CACHE_DIR"] = str(folder / "cache")
        paths = make_tracks(folder, args.tracks)
        for _ in range(args.rounds):
            shutil.rmtree(folder / "cache", ignore_errors=True)
            taken["plain peaks"].append(seconds_for(plain_peaks, paths))
            taken["survey, cold"].append(seconds_for(survey, paths))
            taken["survey, warm"].append(seconds_for(survey, paths))
    music_s = args.tracks * TRACK_S
    peer_s = statistics.median(taken["plain peaks"])
    print(f"{args.tracks} x {TRACK_S} s of MP3, {N_THREADS} threads, {args.rounds} rounds\n")
    print("| program | wall s (min-max) | x real time | plain peaks' time / this |")
    print("|---|---|---|---|")
    for program, walls in taken.items():
        wall_s = statistics.median(walls)
        print(
            f"| {program} | {wall_s:.2f} ({min(walls):.2f}-{max(walls):.2f}) "
            f"| {music_s / wall_s:.0f} | {peer_s / wall_s:.2f} |"
        )


if __name__ == "__main__":
    main()
