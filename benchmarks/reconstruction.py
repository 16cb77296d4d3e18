"""How well a model reconstructs songs that it was not trained on, beside three baselines.

    python benchmarks/reconstruction.py --model NAME|FILE SONG... [--pictures FOLDER]
    python benchmarks/reconstruction.py --losses RUN/metrics.jsonl --pictures FOLDER

Clips are taken from all over each song, mono at 16 kHz as the program hears it, encoded, decoded as
one batch, and held against the original by the distance that `log_mel.py` defines. In the same run:

untrained   the model of the same configuration with the weights that a training begins with
silence     all of it at the floor, 80 dB below the original's loudest cell
noise       with the song's long-term spectrum and the clip's 50 ms envelope: `noise_like.py`
8 bits      the original in the 256 mu-law classes: the best that any such model can say

A song's figure is the mean over its clips. Ratios are of the means over songs; their 95 % intervals
are bootstrapped over songs, 10,000 times. NLL is the mean, over the samples of all clips, of what
the model is surprised by the original's next class, given those before it.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

import log_mel
import numpy as np
import reconstruction_pictures
from noise_like import average_magnitudes, noise_like
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from deepbass_engine.audio.decode import Decoding, probe
from deepbass_engine.errors import DeepBassError, InputError
from deepbass_engine.nsynth.audio_16k import mono_blocks
from deepbass_engine.nsynth.autoencoder import Autoencoder
from deepbass_engine.nsynth.config import SAMPLE_RATE_HZ
from deepbass_engine.nsynth.models import load_model
from deepbass_engine.nsynth.mulaw import model_classes, samples_of_model_classes
from deepbass_engine.training.initial import initial_weights

BASELINES = ("untrained", "silence", "noise")
COLUMNS = ("model", *BASELINES, "8 bits")

_QUIETEST_DB = -20.0
_NLL_STREAMS = 4  # clips followed at a time; each takes a kilobyte a sample
_N_BOOTSTRAP = 10_000

Audio = NDArray[np.float32]
Figures = dict[str, float]
"""Distances in dB, by column."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of a song, and what was made of it, by column."""

    song: str
    start_s: float
    original: Audio
    others: dict[str, Audio]


@dataclass(frozen=True, slots=True)
class Ratio:
    """The model's mean distance over a baseline's, and its 95 % interval over songs."""

    ratio: float
    low: float
    high: float


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("songs", nargs="*", type=Path, metavar="SONG")
    parser.add_argument("--model", help="a name or a file")
    parser.add_argument(
        "--untrained", metavar="FILE", help="a model; else random weights by --seed"
    )
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--clips-per-song", type=int, default=4, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", default="auto", help="that models decode in")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all figures")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="one for each song")
    parser.add_argument("--losses", type=Path, metavar="FILE", help="a training's metrics.jsonl")
    args = parser.parse_args()
    if bool(args.songs) != bool(args.model) or not (args.songs or args.losses):
        parser.error("give --model and songs, or --losses, or all of them")
    if len({path.name for path in args.songs}) < len(args.songs):
        parser.error("two songs have one name: rename one, for figures and pictures go by it")
    if not 0.1 <= args.seconds <= 60 or args.clips_per_song < 1 or args.seed < 0:
        parser.error("give 0.1 to 60 seconds, one clip at least, and no negative seed")
    if args.losses and not args.pictures:
        parser.error("--losses makes a picture: say by --pictures where to put it")
    if args.pictures:
        args.pictures.mkdir(parents=True, exist_ok=True)
    try:
        if args.songs:
            measure(args)
        if args.losses:
            print(reconstruction_pictures.losses(args.losses, args.pictures / "loss.png"))
    except (DeepBassError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def measure(args: argparse.Namespace) -> None:
    """Print the tables, and write what else was asked for."""
    model = load_model(args.model)
    config = model.config
    untrained = (
        load_model(args.untrained)
        if args.untrained
        else Autoencoder(config, initial_weights(config, args.seed), "untrained")
    )
    n_samples = max(1, round(args.seconds * SAMPLE_RATE_HZ) // config.hop) * config.hop
    clips = [
        clip
        for path in args.songs
        for clip in clips_of(path, n_samples, args.clips_per_song, args.seed)
    ]
    originals = np.stack([clip.original for clip in clips])
    encodings = model.encode(originals)
    said = {
        "model": model.decode(encodings, seed=args.seed, precision=args.precision),
        "untrained": untrained.decode(
            untrained.encode(originals), seed=args.seed, precision=args.precision
        ),
        "8 bits": model_classes(originals),
    }
    for name, classes in said.items():
        for clip, samples in zip(clips, samples_of_model_classes(classes), strict=True):
            clip.others[name] = samples
    of_clips = [
        {name: log_mel.distance_db(clip.original, clip.others[name]) for name in COLUMNS}
        for clip in clips
    ]
    of_songs = song_means([clip.song for clip in clips], of_clips)
    ratios = {name: ratio(of_songs, name, args.seed) for name in BASELINES}
    nats = nll_nats(model, originals, encodings, args.precision)
    print(
        f"Model {model.name} ({model.content_hash}), {len(of_songs)} songs, {len(clips)} clips of "
        f"{n_samples / SAMPLE_RATE_HZ:g} s, seed {args.seed}, precision {args.precision}. "
        "Log-mel L1, 80 bands, 50 ms, level matched, in dB:\n"
    )
    print_tables(of_songs, ratios, nats)
    if args.json:
        found = {
            "model": model.name, "content_hash": model.content_hash, "seed": args.seed,
            "clips": [
                {"song": clip.song, "start_s": clip.start_s} | distances_db
                for clip, distances_db in zip(clips, of_clips, strict=True)
            ],
            "songs": of_songs,
            "ratios": {name: asdict(each) for name, each in ratios.items()},
            "nll_nats": nats,
        }  # fmt: skip
        args.json.write_text(json.dumps(found, indent=2) + "\n")
    if args.pictures:
        first_of = {clip.song: clip for clip in reversed(clips)}
        for song, clip in first_of.items():
            target = args.pictures / f"{Path(song).stem}.png"
            title = f"{song}, from {clip.start_s:.0f} s"
            reconstruction_pictures.pair(title, clip.original, clip.others["model"], target)
            print(target)


def clips_of(path: Path, n_samples: int, n_clips: int, seed: int) -> list[Clip]:
    """Clips of a song, in order, with silence and noise beside them.

    They lie on a grid of their own length; those 20 dB quieter than the song as a whole count as
    silence and are left out. Seed and name of the file choose among the rest.
    """
    song = heard(path)
    grid = song[: len(song) // n_samples * n_samples].reshape(-1, n_samples)
    quietest = log_mel.rms(song) * 10 ** (_QUIETEST_DB / 20) if len(song) else 0.0
    audible = [i for i, clip in enumerate(grid) if log_mel.rms(clip) > quietest]
    if len(audible) < n_clips:
        raise InputError(
            f"has {len(audible)} clips with sound, not {n_clips}",
            path=path,
            hint="ask for fewer or shorter clips, or give a longer song",
        )
    generator = np.random.default_rng([seed, zlib.crc32(path.name.encode())])
    chosen = sorted(generator.choice(audible, n_clips, replace=False).tolist())
    magnitudes = average_magnitudes(song)
    return [
        Clip(
            path.name,
            i * n_samples / SAMPLE_RATE_HZ,
            grid[i].copy(),
            {
                "silence": np.zeros(n_samples, np.float32),
                "noise": noise_like(grid[i], magnitudes, seed=int(generator.integers(1 << 32))),
            },
        )
        for i in chosen
    ]


def heard(path: Path) -> Audio:
    """A song as a model hears it: mono, 16 kHz, within full scale."""
    source = probe(path)
    blocks = mono_blocks(Decoding(source), source.layout, source.sample_rate_hz)
    return np.concatenate([np.zeros(0, np.float32), *blocks]).clip(-1, 1)


def song_means(songs: list[str], of_clips: list[Figures]) -> dict[str, Figures]:
    """Means over the clips of each song, given the song and the figures of each clip."""
    return {
        song: {
            name: float(
                np.mean([f[name] for s, f in zip(songs, of_clips, strict=True) if s == song])
            )
            for name in of_clips[0]
        }
        for song in dict.fromkeys(songs)
    }


def ratio(of_songs: dict[str, Figures], baseline: str, seed: int) -> Ratio:
    """The model against a baseline, by song: means over songs, and over songs drawn again."""
    pairs = np.array([[each["model"], each[baseline]] for each in of_songs.values()])
    drawn = np.random.default_rng(seed).integers(len(pairs), size=(_N_BOOTSTRAP, len(pairs)))
    means = pairs[drawn].mean(axis=1)
    low, high = np.percentile(means[:, 0] / means[:, 1], (2.5, 97.5))
    model, other = pairs.mean(axis=0)
    return Ratio(float(model / other), float(low), float(high))


def nll_nats(
    model: Autoencoder, originals: Audio, encodings: NDArray[np.float32], precision: str
) -> float:
    """Mean negative log-likelihood of the originals' classes, a sample."""
    total = 0.0
    for i in range(0, len(originals), _NLL_STREAMS):
        some = slice(i, i + _NLL_STREAMS)
        expected = model.probabilities(originals[some], encodings[some], precision=precision)
        classes = model_classes(originals[some])[:, :, np.newaxis]
        likely = np.take_along_axis(expected, classes.astype(np.intp), axis=2)
        total -= np.log(np.maximum(likely, np.finfo(np.float32).tiny), dtype=np.float64).sum()
    return float(total / originals.size)


def print_tables(of_songs: dict[str, Figures], ratios: dict[str, Ratio], nats: float) -> None:
    """The figures as Markdown."""
    print(f"| song | {' | '.join(COLUMNS)} |")
    print("|---" * (1 + len(COLUMNS)) + "|")
    values = np.array([[each[name] for name in COLUMNS] for each in of_songs.values()])
    rows = dict(zip(of_songs, values, strict=True))
    rows |= {"mean": values.mean(axis=0), "median": np.median(values, axis=0)}
    for name, row in rows.items():
        print(f"| {name} | {' | '.join(f'{value:.2f}' for value in row)} |")
    print("\n| model's distance over that of | ratio | 95 % over songs |")
    print("|---|---|---|")
    for name, each in ratios.items():
        print(f"| {name} | {each.ratio:.3f} | {each.low:.3f} to {each.high:.3f} |")
    print(f"\nNLL: {nats:.3f} nats ({nats / np.log(2):.3f} bits) a sample")


if __name__ == "__main__":
    sys.exit(main())
