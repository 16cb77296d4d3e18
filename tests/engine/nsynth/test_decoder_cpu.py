"""The CPU decoder against the plain NumPy one."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from nsynth_models import PUBLISHED, random_weights, small_config
from numpy.typing import NDArray

from deepbass_engine.nsynth.config import WaveNetConfig
from deepbass_engine.nsynth.decoder_cpu import CpuDecoder, cpu_facts
from deepbass_engine.nsynth.mulaw import mu_law
from deepbass_engine.nsynth.reference import ReferenceDecoder

PRECISIONS = cpu_facts().precisions
needs_int8 = pytest.mark.skipif("int8" not in PRECISIONS, reason="no byte products here")

configs = st.builds(
    small_config,
    width=st.integers(1, 70),
    skip_width=st.integers(1, 70),
    layers=st.integers(1, 12),
    n_z=st.integers(1, 9),
    filter_length=st.sampled_from([1, 2, 3, 4]),
    hop=st.sampled_from([1, 12, 32, 100]),
    dilation_cycle=st.integers(1, 6),
    n_classes=st.sampled_from([2, 200, 256]),
)


def mean_divergence(exact: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    """Mean Kullback-Leibler divergence in nats."""
    p, q = (np.maximum(values.astype(np.float64), 1e-30) for values in (exact, found))
    return float((p * np.log(p / q)).sum(axis=-1).mean())


def encodings_for(config: WaveNetConfig, n_streams: int, n_steps: int) -> NDArray[np.float32]:
    n_frames = -(-n_steps // config.hop)
    generator = np.random.default_rng(3)
    return generator.standard_normal((n_streams, n_frames, config.n_z)).astype(np.float32)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(configs, st.integers(1, 19), st.integers(1, 2), st.integers(0, 2**32))
@example(small_config(layers=40, dilation_cycle=10, hop=100), 2, 2, 0)
@example(small_config(width=130, skip_width=66), 19, 2, 1)
def test_equals_the_reference_for_any_shape_batch_and_threads(config, n_streams, n_threads, seed):
    n_steps = 40
    weights = random_weights(config, seed)
    encodings = encodings_for(config, n_streams, n_steps)
    given_classes = np.random.default_rng(seed).integers(
        0, config.n_classes, (n_streams, n_steps), np.uint8
    )
    expected = ReferenceDecoder(config, weights).start(encodings).follow(given_classes)
    decoder = CpuDecoder(config, weights, "float32", n_threads=n_threads)
    found = decoder.start(encodings).follow(given_classes)
    np.testing.assert_allclose(found, expected, rtol=0, atol=5e-6)


@pytest.mark.slow
@pytest.mark.parametrize("precision", PRECISIONS)
@settings(max_examples=10, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 60), max_size=12),
    n_streams=st.integers(2, 19),
    alone=st.integers(0, 18),
)
def test_neither_chunks_nor_threads_nor_the_batch_change_a_sample(
    precision, cuts, n_streams, alone
):
    config = small_config(width=70, skip_width=33, filter_length=3, layers=7, hop=32)
    weights = random_weights(config)
    n_steps = 192
    encodings = encodings_for(config, n_streams, n_steps)
    uniforms = np.random.default_rng(1).random((n_streams, n_steps))
    whole = CpuDecoder(config, weights, precision, n_threads=1).start(encodings).advance(uniforms)

    decoding = CpuDecoder(config, weights, precision, n_threads=2).start(encodings)
    edges = [0, *np.minimum(np.cumsum(cuts), n_steps), n_steps]
    pieces = [decoding.advance(uniforms[:, a:b]) for a, b in pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), whole)

    stream = alone % n_streams
    one = CpuDecoder(config, weights, precision).start(encodings[[stream]])
    np.testing.assert_array_equal(one.advance(uniforms[[stream]])[0], whole[stream])


@pytest.mark.parametrize("precision", PRECISIONS)
def test_streams_that_are_kept_go_on_as_if_the_others_were_there(precision):
    config = small_config(layers=7, dilation_cycle=5, hop=32)
    weights = random_weights(config)
    encodings, uniforms = encodings_for(config, 5, 160), np.random.default_rng(2).random((5, 160))
    decoder = CpuDecoder(config, weights, precision)
    whole = decoder.start(encodings).advance(uniforms)
    decoding = decoder.start(encodings)
    first = decoding.advance(uniforms[:, :77])
    decoding.keep([3, 1])
    rest = decoding.advance(uniforms[[3, 1], 77:])
    np.testing.assert_array_equal(np.concatenate([first[[3, 1]], rest], axis=1), whole[[3, 1]])


def test_a_decoded_class_is_that_of_the_reference_step_for_step():
    config = small_config(layers=6)
    weights = random_weights(config, 5)
    encodings, uniforms = encodings_for(config, 3, 192), np.random.default_rng(6).random((3, 192))
    expected = ReferenceDecoder(config, weights).start(encodings).advance(uniforms)
    found = CpuDecoder(config, weights, "float32").start(encodings).advance(uniforms)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.skipif("float16" not in PRECISIONS, reason="no 16-bit floats here")
def test_half_precision_is_float32_with_rounded_matrices():
    config = small_config(width=40, skip_width=50, layers=6)
    weights = random_weights(config)
    stepped = ("dilatedconv", "res", "skip", "out1", "logits")
    rounded = {
        name: values.astype(np.float16).astype(np.float32)
        if name.startswith(stepped) and name.endswith("/W")
        else values
        for name, values in weights.items()
    }
    encodings = encodings_for(config, 4, 64)
    classes = np.random.default_rng(0).integers(0, 256, (4, 64), np.uint8)
    expected = ReferenceDecoder(config, rounded).start(encodings).follow(classes)
    found = CpuDecoder(config, weights, "float16").start(encodings).follow(classes)
    np.testing.assert_allclose(found, expected, rtol=0, atol=5e-6)


@needs_int8
def test_bytes_stay_close_to_float32():
    config = small_config(width=64, skip_width=64, layers=10)
    weights = random_weights(config)
    encodings = encodings_for(config, 4, 192)
    classes = np.random.default_rng(0).integers(0, 256, (4, 192), np.uint8)
    exact = ReferenceDecoder(config, weights).start(encodings).follow(classes)
    found = CpuDecoder(config, weights, "int8").start(encodings).follow(classes)
    assert 0 < mean_divergence(exact, found) < 2e-3


@pytest.mark.slow
def test_float32_decodes_the_classes_of_the_published_code(golden, golden_model):
    decoder = CpuDecoder(PUBLISHED, golden_model, "float32")
    found = decoder.start(golden["encodings"]).advance(golden["uniforms"])
    np.testing.assert_array_equal(found, golden["classes"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("precision", "most_nats"), [("float32", 1e-8), ("float16", 1e-5), ("int8", 2e-3)]
)
def test_probabilities_of_the_published_code(golden, golden_model, precision, most_nats):
    if precision not in PRECISIONS:
        pytest.skip(f"no {precision} here")
    classes = (mu_law(golden["audio"][:, :512]) + 128).astype(np.uint8)
    decoder = CpuDecoder(PUBLISHED, golden_model, precision)
    found = decoder.start(golden["teacher_encodings"]).follow(classes)
    assert mean_divergence(golden["teacher_pmf"], found) < most_nats
    if precision == "float32":
        np.testing.assert_allclose(found, golden["teacher_pmf"], rtol=0, atol=5e-6)


PLAIN_PROCESSOR = """
import numpy as np
from deepbass_engine.nsynth.cpu.target import target
from deepbass_engine.nsynth.decoder_cpu import CpuDecoder, cpu_facts
from deepbass_engine.nsynth.reference import ReferenceDecoder
from nsynth_models import random_weights, small_config
print(target().lanes, cpu_facts().precisions)
config = small_config(width=70, layers=6)
weights = random_weights(config)
generator = np.random.default_rng(0)
encodings = generator.standard_normal((7, 1, config.n_z)).astype(np.float32)
classes = generator.integers(0, 256, (7, 64), np.uint8)
expected = ReferenceDecoder(config, weights).start(encodings).follow(classes)
for precision in cpu_facts().precisions:
    found = CpuDecoder(config, weights, precision).start(encodings).follow(classes)
    print(precision, np.abs(found - expected).max() < (5e-6 if precision == "float32" else 5e-3))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "features", "says"),
    [
        ("generic", "", "4 ('float32',)\nfloat32 True\n"),
        (
            "haswell",
            "+avx,+avx2,+fma,+f16c,+sse4.1",
            "8 ('float16', 'float32')\nfloat16 True\nfloat32 True\n",
        ),
    ],
)
def test_a_plainer_processor_decodes_the_same(name, features, says, tmp_path):
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        pytest.skip("names processors of another family")
    environment = os.environ | {
        "NUMBA_CPU_NAME": name,
        "NUMBA_CPU_FEATURES": features,
        "NUMBA_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(str(Path(__file__).parents[n]) for n in (2, 3)),
    }
    done = subprocess.run(
        [sys.executable, "-c", PLAIN_PROCESSOR],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (says, "")
