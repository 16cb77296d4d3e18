"""Our clips in TensorFlow's and Magenta's readers, and TensorFlow's in ours."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
import warnings
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from deepbass_engine.training.tfrecords import ClipFile, encode_example, record

pytestmark = pytest.mark.slow

N_SAMPLES = 64_000


@pytest.fixture(scope="module")
def tf() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module: ModuleType = pytest.importorskip("tensorflow")
    return module


@pytest.fixture(scope="module")
def clips() -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    return [generator.uniform(-1, 1, N_SAMPLES).astype(np.float32) for _ in range(3)]


@pytest.fixture(scope="module")
def ours(clips: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ours") / "clips.tfrecord"
    records = [record(encode_example(clip, f"song-{i:04d}")) for i, clip in enumerate(clips)]
    path.write_bytes(b"".join(records))
    return path


def test_tensorflow_reads_ours(tf: ModuleType, clips: list[np.ndarray], ours: Path) -> None:
    schema = {
        "note_str": tf.io.FixedLenFeature([], tf.string),
        "audio": tf.io.FixedLenFeature([N_SAMPLES], tf.float32),
        "qualities": tf.io.FixedLenFeature([10], tf.int64),
        **{
            name: tf.io.FixedLenFeature([1], tf.int64)
            for name in ("pitch", "velocity", "instrument_source", "instrument_family")
        },
    }
    found = [
        tf.io.parse_single_example(each, schema) for each in tf.data.TFRecordDataset(str(ours))
    ]
    assert len(found) == 3
    for i, (example, clip) in enumerate(zip(found, clips, strict=True)):
        np.testing.assert_array_equal(example["audio"].numpy(), clip)
        assert example["note_str"].numpy() == b"song-%04d" % i
        assert example["qualities"].numpy().tolist() == [0] * 10
        assert example["pitch"].numpy().tolist() == [0]


def test_we_read_tensorflow_s(tf: ModuleType, clips: list[np.ndarray], tmp_path: Path) -> None:
    path = tmp_path / "theirs.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for clip in clips:
            floats = tf.train.FloatList(value=clip)
            feature = {
                "zz": tf.train.Feature(int64_list=tf.train.Int64List(value=[-1, 300])),
                "audio": tf.train.Feature(float_list=floats),
                "aa": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"x" * 200])),
            }
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write(example.SerializeToString())
    file = ClipFile(path)
    file.check()
    for i, clip in enumerate(clips):
        np.testing.assert_array_equal(file.clip(i), clip)


@pytest.fixture
def magenta_reader(tf: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of Magenta's distribution, without what it imports for spectrograms."""
    try:
        files = importlib.metadata.files("magenta") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("magenta is not installed: pip install --no-deps magenta==2.1.4")
    (path,) = (file.locate() for file in files if str(file) == "magenta/models/nsynth/reader.py")
    for name in ("magenta", "magenta.models", "magenta.models.nsynth"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules["magenta.models.nsynth"].utils = ModuleType("utils")  # type: ignore[attr-defined]
    spec = importlib.util.spec_from_file_location("magenta_reader", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_magenta_s_reader_reads_ours(
    tf: ModuleType, magenta_reader: ModuleType, clips: list[np.ndarray], ours: Path
) -> None:
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        example = magenta_reader.NSynthDataset(str(ours), is_training=False).get_example(1)
        session.run([v1.local_variables_initializer(), v1.global_variables_initializer()])
        coordinator = v1.train.Coordinator()
        threads = v1.train.start_queue_runners(session, coordinator)
        found = [session.run(example) for _ in clips]
        coordinator.request_stop()
        coordinator.join(threads)
    for each, clip in zip(found, clips, strict=True):
        np.testing.assert_array_equal(each["audio"], clip)
    assert [each["note_str"] for each in found] == [b"song-0000", b"song-0001", b"song-0002"]
