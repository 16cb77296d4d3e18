"""The CUDA decoder's kernels on an emulated GPU against the reference.

No GPU is needed: the same source is compiled by g++, its threads run in a random order, and
ThreadSanitizer watches that something orders every access. Where there is a GPU, it is tried too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cuda_on_cpu.emulated_gpu import EmulatedGpu
from hypothesis import given, settings
from hypothesis import strategies as st
from nsynth_models import PUBLISHED, golden_weights, random_weights, small_config

from deepbass_engine.errors import DeviceError, DeviceMemoryError
from deepbass_engine.nsynth.config import WaveNetConfig
from deepbass_engine.nsynth.cuda.device import Device
from deepbass_engine.nsynth.cuda.gpu import Gpu
from deepbass_engine.nsynth.cuda.program import Precision
from deepbass_engine.nsynth.decoder_cuda import CudaDecoder, CudaDecoding, cuda_facts, rounded_up
from deepbass_engine.nsynth.reference import ReferenceDecoder

N_FRAMES = 6
STREAMS = st.sampled_from([1, 5, 8, 17, 19])  # two numbers of stream tiles, to compile for
CONFIGS = st.builds(
    small_config,
    width=st.integers(1, 40),
    skip_width=st.integers(1, 40),
    layers=st.integers(1, 12),
    filter_length=st.integers(1, 3),
    n_classes=st.integers(2, 256),
    n_z=st.integers(1, 5),
    hop=st.integers(2, 6),
    dilation_cycle=st.integers(1, 4),
)
MACHINES = st.fixed_dictionaries(
    {
        "n_processors": st.integers(1, 12),
        "n_shared_bytes": st.sampled_from([1 << 13, 1 << 15, 1 << 17]),
        "seed": st.integers(0, 99),
    }
)
BOTH_PRECISIONS = pytest.mark.parametrize("precision", ["float32", "float16"])


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where kernels compiled for the emulated GPU are kept for all tests."""
    if shutil.which("g++") is None or not sys.platform.startswith("linux"):
        pytest.skip("the emulated GPU is compiled by g++, for Linux")
    return tmp_path_factory.mktemp("kernels")


def encodings_of(config: WaveNetConfig, n_streams: int, n_frames: int = N_FRAMES) -> np.ndarray:
    generator = np.random.default_rng(3)
    return generator.standard_normal((n_streams, n_frames, config.n_z)).astype(np.float32)


def classes_of(config: WaveNetConfig, n_streams: int, n_samples: int) -> np.ndarray:
    generator = np.random.default_rng(4)
    return generator.integers(0, config.n_classes, (n_streams, n_samples)).astype(np.uint8)


def decoding(
    config: WaveNetConfig, encodings: np.ndarray, device: Device, precision: Precision
) -> CudaDecoding:
    return CudaDecoder(config, random_weights(config), precision, device).start(encodings)


def followed(one: CudaDecoding, classes: np.ndarray, chunk: int) -> np.ndarray:
    """Probabilities, asked for in chunks."""
    ends = range(0, classes.shape[1], chunk)
    return np.concatenate([one.follow(classes[:, i : i + chunk]) for i in ends], axis=1)


def check_probabilities(found: np.ndarray, expected: np.ndarray, precision: Precision) -> None:
    """Within what the decoders promise: rounding, or for float16 a mean divergence in nats."""
    if precision == "float32":
        np.testing.assert_allclose(found, expected, rtol=0, atol=5e-6)
    else:
        exact = expected.astype(np.float64)
        assert (exact * np.log(exact / found)).sum(axis=2).mean() < 1e-5


@pytest.mark.slow
@BOTH_PRECISIONS
@settings(max_examples=3, deadline=None)
@given(CONFIGS, STREAMS, MACHINES, st.integers(1, 40))
def test_probabilities_are_the_references(
    folder: Path,
    precision: Precision,
    config: WaveNetConfig,
    n_streams: int,
    machine: dict[str, int],
    chunk: int,
) -> None:
    encodings = encodings_of(config, n_streams)
    classes = classes_of(config, n_streams, N_FRAMES * config.hop)
    one = decoding(config, encodings, EmulatedGpu(folder, **machine), precision)
    expected = ReferenceDecoder(config, random_weights(config)).start(encodings).follow(classes)
    check_probabilities(followed(one, classes, chunk), expected, precision)


@pytest.mark.slow
@settings(max_examples=3, deadline=None)
@given(CONFIGS, STREAMS, MACHINES)
def test_a_class_is_where_the_references_cumulative_probability_passes_the_number(
    folder: Path, config: WaveNetConfig, n_streams: int, machine: dict[str, int]
) -> None:
    encodings = encodings_of(config, n_streams)
    uniforms = np.random.default_rng(5).random((n_streams, N_FRAMES * config.hop))
    one = decoding(config, encodings, EmulatedGpu(folder, **machine), "float32")
    classes = one.advance(uniforms)
    probabilities = (
        ReferenceDecoder(config, random_weights(config)).start(encodings).follow(classes)
    )
    upper = np.take_along_axis(np.cumsum(probabilities, axis=2), classes[..., None], 2)[..., 0]
    lower = upper - np.take_along_axis(probabilities, classes[..., None], 2)[..., 0]
    rounding = 1e-5
    assert (lower - rounding < uniforms).all()
    assert (uniforms < upper + rounding).all()


@pytest.mark.slow
@BOTH_PRECISIONS
@settings(max_examples=3, deadline=None)
@given(CONFIGS, MACHINES, MACHINES, st.integers(1, 40), st.integers(1, 40))
def test_bits_depend_on_neither_processors_nor_chunks_nor_who_comes_first(
    folder: Path,
    precision: Precision,
    config: WaveNetConfig,
    machine: dict[str, int],
    other_machine: dict[str, int],
    chunk: int,
    other_chunk: int,
) -> None:
    encodings, classes = encodings_of(config, 5), classes_of(config, 5, N_FRAMES * config.hop)
    one = decoding(config, encodings, EmulatedGpu(folder, **machine), precision)
    other = decoding(config, encodings, EmulatedGpu(folder, **other_machine), precision)
    np.testing.assert_array_equal(
        followed(one, classes, chunk), followed(other, classes, other_chunk)
    )


@pytest.mark.slow
@BOTH_PRECISIONS
def test_a_streams_bits_are_those_it_has_alone(folder: Path, precision: Precision) -> None:
    config = small_config(width=20, skip_width=24, hop=5)
    encodings = encodings_of(config, 19)
    uniforms = np.random.default_rng(5).random((19, 30))
    device = EmulatedGpu(folder)
    together = decoding(config, encodings, device, precision).advance(uniforms)
    for stream in (0, 7, 18):
        alone = decoding(config, encodings[[stream]], device, precision)
        np.testing.assert_array_equal(alone.advance(uniforms[[stream]])[0], together[stream])


@pytest.mark.slow
def test_streams_that_are_kept_go_on_as_if_nothing_had_been(folder: Path) -> None:
    config = small_config(width=20, skip_width=24, hop=5)
    encodings, classes = encodings_of(config, 19), classes_of(config, 19, 30)
    whole = decoding(config, encodings, EmulatedGpu(folder), "float32").follow(classes)
    one = decoding(config, encodings, EmulatedGpu(folder), "float32")
    one.follow(classes[:, :11])
    one.keep([18, 2, 9])
    kept = classes[[18, 2, 9]]
    np.testing.assert_array_equal(one.follow(kept[:, 11:23]), whole[[18, 2, 9], 11:23])
    one.keep([2])
    np.testing.assert_array_equal(one.follow(kept[2:, 23:]), whole[[9], 23:])


@pytest.mark.slow
def test_forty_layers(folder: Path) -> None:
    config = small_config(layers=40, dilation_cycle=10, hop=16)
    encodings, classes = encodings_of(config, 2), classes_of(config, 2, 96)
    one = decoding(config, encodings, EmulatedGpu(folder), "float32")
    expected = ReferenceDecoder(config, random_weights(config)).start(encodings).follow(classes)
    check_probabilities(one.follow(classes), expected, "float32")


def test_more_samples_than_the_encodings_hold_are_refused(folder: Path) -> None:
    config = small_config(hop=4)
    one = decoding(config, encodings_of(config, 1, 2), EmulatedGpu(folder), "float32")
    one.advance(np.zeros((1, 7)))
    with pytest.raises(ValueError, match="2 samples are asked for; the encodings hold 1 more"):
        one.advance(np.zeros((1, 2)))


def test_a_gpu_without_room_for_the_model_says_how_much_is_needed(folder: Path) -> None:
    config = small_config(width=40)
    device = EmulatedGpu(folder, n_bytes=100_000)
    with pytest.raises(DeviceMemoryError, match=r"the model needs 0\.\d MB on the GPU; 0\.\d are"):
        CudaDecoder(config, random_weights(config), "float32", device)


@pytest.mark.slow
def test_fewer_streams_can_be_tried_when_there_is_no_room_for_all(folder: Path) -> None:
    config = small_config(dilation_cycle=12, layers=12)
    device = EmulatedGpu(folder)
    decoder = CudaDecoder(config, random_weights(config), "float32", device)
    without = device.n_left_bytes
    eight = decoder.start(encodings_of(config, 8))
    n_bytes = without - device.n_left_bytes
    del eight
    device.n_left_bytes = 2 * n_bytes - 20_000  # all but the last of what 16 streams need
    needed = r"16 streams need \d\.\d MB on the GPU; \d\.\d are free"
    with pytest.raises(DeviceMemoryError, match=needed) as failed:
        decoder.start(encodings_of(config, 16))
    decoder.start(encodings_of(config, 8)).advance(np.zeros((8, 2)))
    assert failed.value.hint == "decode fewer together"  # and it has been kept until here


def test_more_streams_than_the_kernels_have_room_for_are_refused(folder: Path) -> None:
    config = small_config()
    decoder = CudaDecoder(config, random_weights(config), "float32", EmulatedGpu(folder))
    with pytest.raises(DeviceMemoryError, match="65 streams"):
        decoder.start(encodings_of(config, 65))


def test_int8_is_refused(folder: Path) -> None:
    config = small_config()
    with pytest.raises(DeviceError, match="int8"):
        CudaDecoder(config, random_weights(config), "int8", EmulatedGpu(folder))


@given(
    st.floats(0, 1, exclude_max=True, allow_subnormal=False),
    st.floats(0, 2, width=32, allow_subnormal=False),
)
def test_a_float32_is_below_a_number_when_it_is_below_the_number_rounded_up(
    number: float, cumulative: float
) -> None:
    threshold = rounded_up(np.array([number]))[0]
    near = np.nextafter(threshold, np.float32([-1, 2]))
    for one in (np.float32(cumulative), threshold, *near):
        assert (float(one) < number) == bool(one < threshold)


def test_without_cupy_the_reason_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    facts = cuda_facts()
    assert facts.precisions == ()
    assert facts.reasons == ("CuPy is not installed; pip install 'deepbass[cuda]' brings it",)
    with pytest.raises(DeviceError, match="CuPy is not installed"):
        Gpu()


@pytest.fixture
def gpu() -> Gpu:
    facts = cuda_facts()
    if not facts.precisions:
        pytest.skip("; ".join(facts.reasons))
    return Gpu()


@BOTH_PRECISIONS
def test_a_real_gpu_decodes_as_the_reference(gpu: Gpu, precision: Precision) -> None:
    config = small_config(width=40, skip_width=24, layers=7, hop=32)
    encodings = encodings_of(config, 19)
    uniforms = np.random.default_rng(5).random((19, 100))
    reference = ReferenceDecoder(config, random_weights(config)).start(encodings)
    one = decoding(config, encodings, gpu, precision)
    classes = one.advance(uniforms)
    if precision == "float32":
        np.testing.assert_array_equal(classes, reference.advance(uniforms))
    else:
        reference.follow(classes)
    kept = [18, 2, 9]
    one.keep(kept)
    reference.keep(kept)
    given_classes = classes_of(config, 3, 64)
    check_probabilities(one.follow(given_classes), reference.follow(given_classes), precision)


@BOTH_PRECISIONS
def test_a_real_gpu_decodes_the_published_width(gpu: Gpu, precision: Precision) -> None:
    check_published_width(gpu, precision, 40)


@pytest.mark.slow
@BOTH_PRECISIONS
def test_nothing_is_read_or_written_that_barriers_and_counters_leave_unordered(
    folder: Path, precision: Precision
) -> None:
    sanitizer = subprocess.run(
        ["g++", "-print-file-name=libtsan.so"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if not Path(sanitizer).is_absolute():
        pytest.skip("g++ has no ThreadSanitizer")
    run = Path(__file__).parent / "cuda_on_cpu" / "watched_run.py"
    watched = subprocess.run(
        [sys.executable, run, folder, precision],
        env={
            **os.environ,
            "LD_PRELOAD": sanitizer,
            "TSAN_OPTIONS": "halt_on_error=1",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        capture_output=True,
        text=True,
    )
    assert watched.returncode == 0, watched.stderr
    assert watched.stdout == "went through\n"


@pytest.mark.slow
@BOTH_PRECISIONS
def test_the_published_width(folder: Path, precision: Precision) -> None:
    """With as many warps as on a GPU."""
    device = EmulatedGpu(folder, n_processors=16, n_shared_bytes=1 << 17, n_warps=8)
    check_published_width(device, precision, 3)


def check_published_width(device: Device, precision: Precision, n_samples: int) -> None:
    weights = golden_weights()
    encodings, classes = encodings_of(PUBLISHED, 2, 1), classes_of(PUBLISHED, 2, n_samples)
    decoder = CudaDecoder(PUBLISHED, weights, precision, device)
    expected = ReferenceDecoder(PUBLISHED, weights).start(encodings).follow(classes)
    check_probabilities(decoder.start(encodings).follow(classes), expected, precision)
