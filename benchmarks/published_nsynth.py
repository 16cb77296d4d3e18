"""How fast the published NSynth code decodes and encodes: the peer of `nsynth_decode.py`.

Runs Magenta's own ``fastgen``, its graphs and its loop of one session call for each sample, as
``fastgen.synthesize`` does but for the writing of files. It needs an environment of its own:

    python3.11 -m venv ENV
    ENV/bin/pip install tensorflow-cpu tensorflow-probability tf_keras librosa \
        bokeh ipython pandas pydub pretty_midi
    ENV/bin/pip install --no-deps magenta==2.1.4 tf_slim note_seq
    ENV/bin/python benchmarks/published_nsynth.py --checkpoint PREFIX --batch 1 --steps 60

Prints one JSON document on the last line of stdout: steps a second (a step makes a sample of every
stream), and seconds to encode; building the graphs, loading the checkpoint and the first calls are
left out of both.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf
from magenta.models.nsynth.wavenet import fastgen

WARM_UP_STEPS = 5
SAMPLE_RATE_HZ = 16_000
HOP = 512
N_Z = 16


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--checkpoint", required=True, metavar="PREFIX")
    parser.add_argument("--batch", type=int, default=1, help="streams side by side")
    parser.add_argument("--steps", type=int, default=60, help="samples of each stream to decode")
    parser.add_argument("--encode-seconds", type=int, default=0, help="audio to encode; 0 for none")
    args = parser.parse_args()
    found: dict[str, object] = {
        "tensorflow": tf.__version__,
        "batch": args.batch,
        "steps_per_s": steps_per_s(args.checkpoint, args.batch, args.steps),
    }
    if args.encode_seconds:
        found["encode_s"] = encoding_s(args.checkpoint, args.encode_seconds)
    print(json.dumps(found))


def steps_per_s(checkpoint: str, n_streams: int, n_steps: int) -> float:
    """Steps a second of decoding."""
    encodings = np.random.default_rng(0).standard_normal((n_streams, N_Z)).astype(np.float32)
    with session() as running:
        net = fastgen.load_fastgen_nsynth(batch_size=n_streams)
        tf.train.Saver().restore(running, checkpoint)
        running.run(net["init_ops"])
        audio: Any = np.zeros((n_streams, 1))
        started_s = 0.0
        for step in range(-WARM_UP_STEPS, n_steps):
            if step == 0:
                started_s = time.perf_counter()
            audio = fastgen.generate_audio_sample(running, net, audio, encodings)
        return n_steps / (time.perf_counter() - started_s)


def encoding_s(checkpoint: str, seconds: int) -> float:
    """Seconds it takes to encode so many seconds of audio, the second time."""
    n_samples = seconds * SAMPLE_RATE_HZ // HOP * HOP
    audio = np.random.default_rng(0).uniform(-0.5, 0.5, (1, n_samples))
    with session() as running:
        net = fastgen.load_nsynth(batch_size=1, sample_length=n_samples)
        tf.train.Saver().restore(running, checkpoint)
        running.run(net["encoding"], feed_dict={net["X"]: audio})
        started_s = time.perf_counter()
        running.run(net["encoding"], feed_dict={net["X"]: audio})
        return time.perf_counter() - started_s


@contextmanager
def session() -> Iterator[Any]:
    """A session as fastgen opens one, on a graph of its own."""
    config = tf.ConfigProto(allow_soft_placement=True)
    with tf.Graph().as_default(), tf.Session(config=config) as running:
        yield running


if __name__ == "__main__":
    main()
