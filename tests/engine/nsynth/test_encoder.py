"""The fast encoder against the plain one, and against itself however the work is cut."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
import tracemalloc
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nsynth_models import PUBLISHED, random_weights, small_config
from quickly import assert_within, best_of_three

from deepbass_engine.errors import Cancelled
from deepbass_engine.nsynth import reference
from deepbass_engine.nsynth.encoder import Encoder
from deepbass_engine.progress import CancelToken, Progress

configs = st.builds(
    small_config,
    encoder_width=st.integers(1, 140),
    encoder_layers=st.integers(1, 12),
    n_z=st.integers(1, 20),
    encoder_filter_length=st.sampled_from([1, 3, 5]),
    hop=st.sampled_from([1, 12, 64, 100]),
    encoder_dilation_cycle=st.integers(1, 8),
)
MANY_LAYERS = small_config(encoder_layers=12, encoder_dilation_cycle=7, hop=50)


def noise(n_streams: int, n_samples: int, seed: int = 0) -> np.ndarray:
    drawn = np.random.default_rng(seed).uniform(-1, 1, (n_streams, n_samples))
    return drawn.astype(np.float32)


def test_encodings_are_the_published_codes(golden, golden_model):
    found = Encoder(PUBLISHED, golden_model).encode(golden["audio"])
    np.testing.assert_allclose(found, golden["encodings"], rtol=0, atol=1e-5)


@settings(deadline=None, max_examples=30)
@given(
    config=configs,
    n_streams=st.integers(1, 3),
    n_samples=st.integers(1, 900),
    n_threads=st.integers(1, 2),
    seed=st.integers(0, 2**32),
)
@example(small_config(encoder_dilation_cycle=10, encoder_layers=10, hop=512), 2, 5000, 2, 0)
def test_equals_the_reference_for_any_shape(config, n_streams, n_samples, n_threads, seed):
    weights = random_weights(config, seed)
    audio = noise(n_streams, n_samples, seed)
    expected = reference.encode(config, weights, audio)
    found = Encoder(config, weights, n_threads=n_threads).encode(audio)
    assert (found.shape, found.dtype) == (expected.shape, np.float32)
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-6 * scale)


@settings(deadline=None, max_examples=40)
@given(
    cuts=st.lists(st.integers(0, 4000), max_size=12),
    n_threads=st.integers(1, 3),
    n_samples=st.integers(0, 4000),
    hop=st.sampled_from([50, 53, 79]),  # 158 is what the layers look ahead: also whole hops
)
def test_neither_cuts_nor_threads_change_a_bit(cuts, n_threads, n_samples, hop):
    config = small_config(encoder_layers=12, encoder_dilation_cycle=7, hop=hop)
    weights = random_weights(config)
    audio = noise(1, n_samples)
    whole = Encoder(config, weights, n_threads=1).encode(audio)[0]
    edges = [0, *sorted(min(cut, n_samples) for cut in cuts), n_samples]
    blocks = [audio[0, a:b] for a, b in pairwise(edges)]
    in_parts = Encoder(config, weights, n_threads=n_threads).encode_blocks(blocks, 0)
    np.testing.assert_array_equal(in_parts, whole)


def test_the_other_streams_change_no_bit():
    weights = random_weights(MANY_LAYERS)
    encoder, audio = Encoder(MANY_LAYERS, weights), noise(3, 700)
    together = encoder.encode(audio)
    for stream in range(3):
        np.testing.assert_array_equal(encoder.encode(audio[[stream]])[0], together[stream])


def test_an_encoder_that_was_stopped_begins_anew():
    encoder, audio = Encoder(MANY_LAYERS, random_weights(MANY_LAYERS)), noise(1, 4000)
    expected = encoder.encode(audio)
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        encoder.encode(audio, on_progress=lambda _: cancel.cancel(), cancel=cancel)
    np.testing.assert_array_equal(encoder.encode(audio), expected)


def test_progress_counts_the_samples_of_all_streams():
    told: list[Progress] = []
    Encoder(MANY_LAYERS, random_weights(MANY_LAYERS)).encode(
        noise(2, 5000), on_progress=told.append
    )
    done = [progress.done for progress in told]
    assert done == sorted(set(done))
    assert {(progress.stage, progress.total) for progress in told} == {("encoding", 10_000)}
    assert 5000 in done
    assert done[-1] == 10_000


def test_of_a_stream_of_unknown_length_what_came_is_the_total():
    told: list[Progress] = []
    Encoder(MANY_LAYERS, random_weights(MANY_LAYERS)).encode_blocks(
        [noise(1, 100)[0], noise(1, 200)[0]], 150, on_progress=told.append
    )
    assert [(progress.done, progress.total) for progress in told] == [(100, 150), (300, 300)]


@best_of_three
def test_it_stops_within_half_a_second():
    """In the midst of a minute and a half of sound, which takes many times as long."""
    config = small_config(encoder_width=128, encoder_layers=20, encoder_dilation_cycle=10, hop=512)
    encoder, cancel, asked_s = Encoder(config, random_weights(config)), CancelToken(), []

    def stop(progress: Progress) -> None:
        if progress.done > 20_000 and not asked_s:
            cancel.cancel()
            asked_s.append(time.monotonic())

    with pytest.raises(Cancelled):
        encoder.encode(noise(1, 1_500_000), on_progress=stop, cancel=cancel)
    assert_within(0.5, asked_s[0])


@pytest.mark.slow
def test_memory_does_not_grow_with_the_length():
    config = small_config(encoder_layers=2, hop=512)
    encoder = Encoder(config, random_weights(config))
    block = noise(1, 16_000)[0]

    def most_bytes(n_blocks: int) -> int:
        tracemalloc.start()
        try:
            encodings = encoder.encode_blocks((block for _ in range(n_blocks)), 0)
            return tracemalloc.get_traced_memory()[1] - encodings.nbytes
        finally:
            tracemalloc.stop()

    most_bytes(1)
    short, long = most_bytes(10), most_bytes(60)
    assert long < short + 200_000  # 60 blocks are 3.8 MB


PLAIN_PROCESSOR = """
import numpy as np
from nsynth_models import random_weights, small_config
from deepbass_engine.nsynth import reference
from deepbass_engine.nsynth.cpu.target import target
from deepbass_engine.nsynth.encoder import Encoder
config = small_config(encoder_width=70, encoder_layers=6)
weights = random_weights(config)
audio = np.random.default_rng(0).uniform(-1, 1, (2, 2000)).astype(np.float32)
expected = reference.encode(config, weights, audio)
found = Encoder(config, weights, n_threads=2).encode(audio)
print(target().lanes, np.abs(found - expected).max() < 3e-6)
"""


@pytest.mark.slow
@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="names other processors"
)
@pytest.mark.parametrize(
    ("name", "features", "says"),
    [("generic", "", "4 True\n"), ("haswell", "+avx,+avx2,+fma,+f16c,+sse4.1", "8 True\n")],
)
def test_a_plainer_processor_encodes_the_same(name, features, says, tmp_path):
    repository = Path(__file__).parents[3]
    environment = os.environ | {
        "NUMBA_CPU_NAME": name,
        "NUMBA_CPU_FEATURES": features,
        "NUMBA_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(repository), str(repository / "tests")]),
    }
    done = subprocess.run(
        [sys.executable, "-c", PLAIN_PROCESSOR],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (says, "")
