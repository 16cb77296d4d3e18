"""How the benchmark of reconstructions takes clips, makes baselines and computes its figures."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path

import log_mel
import noise_like
import numpy as np
import pytest
import reconstruction
import reconstruction_pictures
import soundfile
from nsynth_models import random_weights, small_config

from deepbass_engine.errors import InputError
from deepbass_engine.nsynth import weights
from deepbass_engine.nsynth.autoencoder import Autoencoder
from deepbass_engine.nsynth.mulaw import model_classes
from deepbass_engine.nsynth.reference import ReferenceDecoder

pytestmark = pytest.mark.slow  # a whole song is made or measured

RATE_HZ = 16_000
CONFIG = small_config(layers=1)
"""So little work that it is not shared among threads, which would wait for each other."""


def white(seed: int, n: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(n)).astype(np.float32)


def coloured(seed: int, n: int) -> np.ndarray:
    """Noise whose spectrum falls by 20 dB towards the top."""
    noise = white(seed, n + 1)
    return (noise[1:] + 0.8 * noise[:-1]).astype(np.float32)


def written(path: Path, samples: np.ndarray, rate_hz: int = RATE_HZ) -> Path:
    soundfile.write(path, samples, rate_hz, subtype="FLOAT")
    return path


class TestClips:
    def test_are_stretches_of_the_song_in_order_and_none_of_them_silent(self, tmp_path):
        song = white(0, 40 * RATE_HZ)
        song[5 * RATE_HZ : 30 * RATE_HZ] *= 10 ** (-30 / 20)
        clips = reconstruction.clips_of(written(tmp_path / "s.wav", song), RATE_HZ, 12, seed=0)
        starts = [clip.start_s for clip in clips]
        assert starts == sorted(set(starts))
        assert all(start < 5 or start >= 30 for start in starts)
        for clip in clips:
            first = int(clip.start_s * RATE_HZ)
            np.testing.assert_array_equal(clip.original, song[first : first + RATE_HZ])

    def test_a_seed_chooses_the_same_clips_and_the_same_noise_again(self, tmp_path):
        song = written(tmp_path / "s.wav", white(0, 60 * RATE_HZ))
        one, again, other = (reconstruction.clips_of(song, RATE_HZ, 5, seed) for seed in (1, 1, 2))
        assert [clip.start_s for clip in one] == [clip.start_s for clip in again]
        assert [clip.start_s for clip in one] != [clip.start_s for clip in other]
        np.testing.assert_array_equal(one[0].others["noise"], again[0].others["noise"])

    def test_are_heard_mono_at_16_khz(self, tmp_path):
        t = np.arange(4 * 44_100) / 44_100
        stereo = np.stack([0.5 * np.sin(2 * np.pi * 440 * t), np.zeros(len(t))], axis=1)
        heard = reconstruction.heard(written(tmp_path / "s.wav", stereo, 44_100))
        assert heard.shape == (4 * RATE_HZ,)
        wanted = 0.25 * np.sin(2 * np.pi * 440 * np.arange(4 * RATE_HZ) / RATE_HZ)
        np.testing.assert_allclose(heard[800:-800], wanted[800:-800], atol=1e-3)

    @pytest.mark.parametrize("n_seconds", [0, 3])
    def test_a_song_with_too_little_sound_is_refused_by_name(self, tmp_path, n_seconds):
        song = np.concatenate([white(0, n_seconds * RATE_HZ), np.zeros(60 * RATE_HZ, np.float32)])
        with pytest.raises(InputError, match=f"has {n_seconds} clips with sound, not 4") as error:
            reconstruction.clips_of(written(tmp_path / "s.wav", song), RATE_HZ, 4, seed=0)
        assert error.value.path == tmp_path / "s.wav"


class TestNoise:
    def test_has_the_songs_long_term_spectrum(self):
        song = coloured(0, 60 * RATE_HZ)
        noise = noise_like.noise_like(song, noise_like.average_magnitudes(song), seed=1)
        wanted, found = (log_mel.mel_powers(each).mean(axis=0) for each in (song, noise))
        assert wanted.max() > 30 * wanted.min()
        assert np.abs(10 * np.log10(found / wanted)).max() < 1

    def test_has_the_clips_envelope(self):
        t = np.arange(4 * RATE_HZ) / RATE_HZ
        clip = white(0, len(t)) * (0.5 + 0.45 * np.sin(2 * np.pi * t)).astype(np.float32)
        noise = noise_like.noise_like(clip, np.ones(1025), seed=1)
        wanted, found = noise_like.envelope(clip), noise_like.envelope(noise)
        assert np.abs(20 * np.log10(found / wanted)).max() < 1.5

    def test_is_silent_where_the_clip_is(self):
        clip = white(0, 2 * RATE_HZ)
        clip[RATE_HZ:] = 0
        noise = noise_like.noise_like(clip, np.ones(1025), seed=1)
        assert np.abs(noise[RATE_HZ + 400 :]).max() == 0
        assert np.abs(noise[:RATE_HZ]).max() > 0.1

    def test_its_samples_are_not_the_clips(self):
        clip = white(0, 4 * RATE_HZ)
        noise = noise_like.noise_like(clip, np.ones(1025), seed=1)
        assert abs(np.corrcoef(clip, noise)[0, 1]) < 0.05

    def test_the_spectrum_of_a_song_of_minutes_is_that_of_all_its_frames(self):
        song = np.concatenate([white(0, 70 * RATE_HZ), coloured(0, 73 * RATE_HZ + 123)])
        at_once = np.sqrt(log_mel.powers(song).mean(axis=0))
        np.testing.assert_allclose(noise_like.average_magnitudes(song), at_once, rtol=1e-9)


def test_a_songs_figure_is_the_mean_over_its_clips():
    of_clips = [{"model": 1.0, "noise": 4.0}, {"model": 7.0, "noise": 8.0}]
    of_clips.append({"model": 2.0, "noise": 6.0})
    assert reconstruction.song_means(["b", "a", "b"], of_clips) == {
        "b": {"model": 1.5, "noise": 5.0},
        "a": {"model": 7.0, "noise": 8.0},
    }


class TestRatio:
    def test_where_every_song_is_halved_it_is_a_half_for_certain(self):
        songs = {str(i): {"model": i / 2, "noise": float(i)} for i in range(1, 6)}
        found = reconstruction.ratio(songs, "noise", seed=0)
        assert (found.ratio, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))

    def test_is_of_the_means_and_its_interval_goes_from_one_song_to_the_other(self):
        songs = {"a": {"model": 1.0, "noise": 4.0}, "b": {"model": 5.0, "noise": 4.0}}
        found = reconstruction.ratio(songs, "noise", seed=0)
        assert (found.ratio, found.low, found.high) == pytest.approx((0.75, 0.25, 1.25))

    def test_its_interval_holds_the_truth_as_often_as_it_says(self):
        generator = np.random.default_rng(0)
        hits = 0
        for seed in range(100):
            models = generator.normal(5, 1, 30)
            songs = {str(i): {"model": model, "noise": 10.0} for i, model in enumerate(models)}
            found = reconstruction.ratio(songs, "noise", seed)
            hits += found.low < 0.5 < found.high
        assert 85 <= hits <= 99


def test_the_likelihood_is_that_which_the_specification_gives(monkeypatch):
    monkeypatch.setattr(reconstruction, "_NLL_STREAMS", 2)
    config = CONFIG
    model = Autoencoder(config, random_weights(config))
    audio = np.stack([white(seed, 5 * config.hop) for seed in range(3)])
    encodings = model.encode(audio)
    found = reconstruction.nll_nats(model, audio, encodings, "float32")
    classes = model_classes(audio)
    expected = ReferenceDecoder(config, model.weights).start(encodings).follow(classes)
    likely = np.take_along_axis(expected, classes[:, :, np.newaxis].astype(np.intp), axis=2)
    assert found == pytest.approx(-np.log(likely, dtype=np.float64).mean(), rel=1e-4)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The program over two songs and a model that knows nothing, and a training's log."""
    folder = tmp_path_factory.mktemp("run")
    config = CONFIG
    model = folder / "model.safetensors"
    weights.save(model, config, random_weights(config), origin="a test")
    songs = [written(folder / f"{i}.wav", coloured(i, 6 * RATE_HZ)) for i in range(2)]
    log = folder / "metrics.jsonl"
    lines = [{"step": i, "train_loss": 6 - i / 10} for i in range(1, 11)]
    lines[4]["valid_loss"], lines[9]["valid_loss"] = 5.6, 5.2
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    command = [
        "reconstruction.py", *songs, "--model", model, "--seconds", "0.25",
        "--clips-per-song", "1", "--precision", "float32", "--json", folder / "found.json",
        "--pictures", folder / "pictures", "--losses", log,
    ]  # fmt: skip
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setattr(sys, "argv", [str(word) for word in command])
        assert reconstruction.main() == 0
    found = json.loads((folder / "found.json").read_text())
    return printed.getvalue(), found, folder / "pictures"


class TestProgram:
    def test_keeps_the_figures_of_clips_and_songs(self, run):
        _, found, _ = run
        assert list(found["songs"]) == ["0.wav", "1.wav"]
        for clip in found["clips"]:
            assert {name: clip[name] for name in reconstruction.COLUMNS} == pytest.approx(
                found["songs"][clip["song"]]
            )

    def test_what_the_classes_can_hold_is_the_best_and_noise_like_a_noise_is_near(self, run):
        _, found, _ = run
        for figures in found["songs"].values():
            assert figures["8 bits"] < 1 < figures["noise"] < 5
            assert figures["8 bits"] == min(figures.values())
            assert figures["model"] > figures["noise"]

    def test_prints_the_figures(self, run):
        printed, found, _ = run
        means = [np.mean([each[name] for each in found["songs"].values()])
                 for name in reconstruction.COLUMNS]  # fmt: skip
        assert f"| mean | {' | '.join(f'{mean:.2f}' for mean in means)} |" in printed
        assert f"| noise | {found['ratios']['noise']['ratio']:.3f} |" in printed
        nats = found["nll_nats"]
        assert f"NLL: {nats:.3f} nats ({nats / np.log(2):.3f} bits) a sample" in printed

    def test_draws_a_picture_of_each_song_and_the_losses(self, run):
        printed, _, folder = run
        names = {"0.png", "1.png", "loss.png"}
        assert {file.name for file in folder.iterdir()} == names
        for name in names:
            assert str(folder / name) in printed
            assert (folder / name).read_bytes().startswith(b"\x89PNG")
            assert (folder / name).stat().st_size < 150_000


def test_the_losses_drawn_are_those_of_the_log(tmp_path):
    log = tmp_path / "metrics.jsonl"
    log.write_text(
        '{"step": 1, "train_loss": 5.5}\n{"step": 2, "train_loss": 5, "valid_loss": 4.5}\n'
    )
    assert reconstruction_pictures.points(log) == {
        "training": [(1, 5.5), (2, 5.0)],
        "validation": [(2, 4.5)],
    }


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ([], "--model"),
        (["--model", "small"], "--model and songs"),
        (["song.ogg"], "--model and songs"),
        (["--losses", "metrics.jsonl"], "--pictures"),
        (["a/x.ogg", "b/x.ogg", "--model", "small"], "one name"),
        (["x.ogg", "--model", "small", "--seconds", "nan"], "0.1 to 60 seconds"),
        (["x.ogg", "--model", "small", "--clips-per-song", "0"], "one clip at least"),
    ],
)
def test_a_wrong_command_is_refused(monkeypatch, capsys, wrong, what):
    monkeypatch.setattr(sys, "argv", ["reconstruction.py", *wrong])
    with pytest.raises(SystemExit, match="2"):
        reconstruction.main()
    assert what in capsys.readouterr().err


@pytest.mark.parametrize("absent", ["model.safetensors", "gone.ogg", "metrics.jsonl"])
def test_a_file_that_is_not_there_is_named(monkeypatch, capsys, tmp_path, absent):
    model, song, log = (
        tmp_path / name for name in ("model.safetensors", "gone.ogg", "metrics.jsonl")
    )
    if absent == "metrics.jsonl":
        words = ["--losses", log, "--pictures", tmp_path]
    else:
        words = [song, "--model", model]
    if absent == "gone.ogg":
        weights.save(model, CONFIG, random_weights(CONFIG), origin="a test")
    monkeypatch.setattr(sys, "argv", ["reconstruction.py", *map(str, words)])
    assert reconstruction.main() == 2
    assert absent in capsys.readouterr().err
