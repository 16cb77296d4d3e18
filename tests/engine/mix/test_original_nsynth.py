"""The original program's job through NSynth: small models, real files held against the model.

What is decoded is short: 0.02 s is 5 hops of the model.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from checkpoint_writer import pack, part, tiny_weights, write_checkpoint
from nsynth_models import random_weights, small_config
from signals import music, noise, silence, sine, write

from deepbass_engine.analysis.roughness import timbral_roughness
from deepbass_engine.errors import Cancelled, InputError, ModelError, OutputError, SettingError
from deepbass_engine.fades.embedding import faded
from deepbass_engine.legacy_ini import LegacyConfig, load
from deepbass_engine.mix import pictures
from deepbass_engine.mix.original_job import OriginalResult, run_original_nsynth
from deepbass_engine.mix.original_nsynth import NSynthCrossfade, crossfade_encodings, model_asked
from deepbass_engine.nsynth import weights
from deepbass_engine.nsynth.autoencoder import Autoencoder
from deepbass_engine.nsynth.backends import Choice
from deepbass_engine.nsynth.models import load_model
from deepbass_engine.nsynth.mulaw import inverse_mu_law
from deepbass_engine.progress import CancelToken, Progress
from deepbass_engine.project import Span

RATE_HZ, HOP = 16_000, 64
STEP_FRAMES = RATE_HZ // 8
EXACT = Choice("cpu", "float32")
FILES = [
    "end.wav", "begin.wav", "end_enc.npy", "begin_enc.npy", "Exp_NSynth.wav",
    "Exp_nsynth_roughness.txt",
]  # fmt: skip
PICTURES = [
    "Audio_trim.pdf", "Audio_trim.png", "NSynth_enc.pdf", "NSynth_enc.png", "NSynth_xfade.pdf",
    "NSynth_xfade.png",
]  # fmt: skip

Configure = Callable[..., LegacyConfig]


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    """Write two songs and a configuration for them, and load it."""

    def configure(
        *,
        first: np.ndarray | None = None,
        second: np.ndarray | None = None,
        rate_hz: int = RATE_HZ,
        style: str = "LinearFade",
        time_s: float = 0.02,
        model: str = "",
        flag: bool = False,
    ) -> LegacyConfig:
        first = music(1.0, RATE_HZ) if first is None else first
        second = noise(1.0, RATE_HZ, channels=1) if second is None else second
        write(tmp_path / "first.wav", first, RATE_HZ, "FLOAT")
        write(tmp_path / "second.wav", second, RATE_HZ, "FLOAT")
        path = tmp_path / "config.ini"
        path.write_text(
            f"[DEFAULT]\nsamplingrate = {rate_hz}\n"
            f"[NSynth XFade Settings]\nStyle = {style}\ntime = {time_s}\n"
            "[IO]\nfirstsong = first.wav\nsecondsong = second.wav\nload directory = .\n"
            f"save directory = out\nsave name = Exp\nmodel weights = {model}\n"
            f"[Plot]\nFlag = {flag}\n"
        )
        return load(path)

    return configure


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    """A small model; its decoder is made once."""
    config = small_config(hop=HOP)
    return Autoencoder(config, random_weights(config))


def read(path: Path) -> np.ndarray:
    """Samples of a 16 kHz file as a model takes them, shape (1, frames)."""
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    assert rate_hz == RATE_HZ
    return samples.T


def run(config: LegacyConfig, model: Autoencoder, **changes: object) -> OriginalResult:
    return run_original_nsynth(config, model, EXACT, **changes)


# Files


@pytest.mark.parametrize("style", ["LinearFade", "HannFade", "Extend"])
def test_the_wav_is_what_the_model_decodes_of_the_faded_encodings(
    configure: Configure, model: Autoencoder, style: str
) -> None:
    result = run(configure(style=style), model, seed=7)
    folder = result.files[0].parent
    end, begin = np.load(folder / "end_enc.npy"), np.load(folder / "begin_enc.npy")
    between = faded(end[0], begin[0], style)[np.newaxis]
    classes = model.decode(between, seed=7, device="cpu", precision="float32")
    expected = inverse_mu_law(classes.astype(np.int16) - 128)
    np.testing.assert_array_equal(read(folder / "Exp_NSynth.wav"), expected)


@pytest.mark.parametrize("name", ["end", "begin"])
def test_each_encoding_is_that_of_the_wav_of_its_own_name(
    configure: Configure, model: Autoencoder, name: str
) -> None:
    folder = run(configure(), model).files[0].parent
    encodings = np.load(folder / f"{name}_enc.npy")
    assert encodings.dtype == np.float32
    assert encodings.shape == (1, 5, model.config.n_z)
    np.testing.assert_array_equal(encodings, model.encode(read(folder / f"{name}.wav")))


def test_end_is_of_the_first_song_and_begin_of_the_second(
    configure: Configure, model: Autoencoder
) -> None:
    first, second = music(1.0, RATE_HZ), noise(1.0, RATE_HZ, channels=1)
    folder = run(configure(first=first, second=second), model).files[0].parent
    mono = first.mean(axis=1)
    np.testing.assert_array_equal(read(folder / "end.wav")[0], mono[-320:])
    np.testing.assert_array_equal(read(folder / "begin.wav")[0], second[:320, 0])


def test_the_files_are_the_originals_and_those_of_sound_are_mono_floats(
    configure: Configure, model: Autoencoder
) -> None:
    result = run(configure(), model)
    assert [path.name for path in result.files] == FILES
    assert sorted(path.name for path in result.files[0].parent.iterdir()) == sorted(FILES)
    for path in result.files:
        if path.suffix == ".wav":
            info = soundfile.info(path)
            assert (info.format, info.subtype, info.channels) == ("WAV", "FLOAT", 1)


def test_the_same_seed_gives_the_same_bytes_and_another_one_another_sound(
    configure: Configure, model: Autoencoder
) -> None:
    config = configure()
    before, after, other = (
        {path.name: path.read_bytes() for path in run(config, model, seed=seed).files}
        for seed in (1, 1, 2)
    )
    assert before == after
    differing = {name for name in before if before[name] != other[name]}
    assert "Exp_NSynth.wav" in differing <= {"Exp_NSynth.wav", "Exp_nsynth_roughness.txt"}


def test_the_roughness_is_that_of_the_wav_and_written_as_a_number_alone(
    configure: Configure, model: Autoencoder
) -> None:
    result = run(configure(time_s=0.2), model)
    folder = result.files[0].parent
    expected = timbral_roughness(read(folder / "Exp_NSynth.wav").T, RATE_HZ).published
    assert result.roughness == expected > 0
    text = (folder / "Exp_nsynth_roughness.txt").read_bytes()
    assert text == f"{expected:.6f}".encode()


# What is read


def test_silence_at_the_join_is_not_encoded(configure: Configure, model: Autoencoder) -> None:
    pause = silence(1.0, RATE_HZ, channels=1)
    tone = sine(440.0, 1.0, RATE_HZ, channels=1)
    config = configure(first=np.concatenate([tone, pause]), second=np.concatenate([pause, tone]))
    done = crossfade_encodings(config, model, EXACT)
    assert done.first.silence == Span(9 * STEP_FRAMES, 2 * RATE_HZ)
    assert done.second.silence == Span(0, 7 * STEP_FRAMES)
    assert done.first.used.end_frame == 9 * STEP_FRAMES
    assert done.second.used.start_frame == 7 * STEP_FRAMES


def test_stretches_are_cut_to_whole_hops_away_from_the_join(
    configure: Configure, model: Autoencoder
) -> None:
    done = crossfade_encodings(configure(time_s=0.015), model, EXACT)
    assert done.asked_frames == 240
    assert done.n_frames == len(done.mix) == 192
    assert done.first.used == Span(RATE_HZ - 192, RATE_HZ)
    assert done.second.used == Span(0, 192)
    assert not done.shortened_because


def test_the_rate_is_that_of_the_model_whatever_is_configured(
    configure: Configure, model: Autoencoder
) -> None:
    at_16k = crossfade_encodings(configure(rate_hz=RATE_HZ), model, EXACT)
    at_44k = crossfade_encodings(configure(rate_hz=44_100), model, EXACT)
    assert at_44k.sample_rate_hz == RATE_HZ
    np.testing.assert_array_equal(at_44k.end_enc, at_16k.end_enc)
    np.testing.assert_array_equal(at_44k.mix, at_16k.mix)


def test_a_song_shorter_than_the_fade_shortens_it(configure: Configure, model: Autoencoder) -> None:
    short = noise(0.015, RATE_HZ, channels=1)
    done = crossfade_encodings(configure(second=short), model, EXACT)
    assert (done.asked_frames, done.n_frames) == (320, 192)
    assert done.shortened_because == "second.wav is only 0.01 s long"


def test_a_song_shorter_than_a_hop_is_refused_by_name(
    configure: Configure, model: Autoencoder
) -> None:
    config = configure(first=noise((HOP - 1) / RATE_HZ, RATE_HZ, channels=1))
    with pytest.raises(InputError, match=r"hears no less than 0\.004 s") as caught:
        run(config, model)
    assert caught.value.path == config.first_song
    assert not config.save_directory.exists()


@pytest.mark.parametrize("time_s", [0.0039, 60.1])
def test_a_length_that_no_model_takes_is_refused_before_a_song_is_read(
    configure: Configure, model: Autoencoder, time_s: float
) -> None:
    config = configure(time_s=time_s)
    config.first_song.unlink()
    with pytest.raises(SettingError, match="time in") as caught:
        run(config, model)
    assert caught.value.hint == "this model takes from 0.004 to 60 s"


# The model


def test_a_model_is_named_by_path_or_by_name(
    configure: Configure, tmp_path: Path, model_name: str
) -> None:
    config = small_config()
    for name in ("beside.safetensors", model_name):
        weights.save(tmp_path / name, config, random_weights(config, 5), origin="a test")
    assert model_asked(configure(model="")) == ""
    assert model_asked(configure(model=model_name)) == model_name
    beside = tmp_path / "beside.safetensors"
    for text in ("beside.safetensors", "./beside.safetensors", str(beside)):
        asked = model_asked(configure(model=text))
        assert Path(asked) == beside
        assert load_model(asked).name == "beside"


@pytest.mark.parametrize("text", ["missing", "missing/model.ckpt-200000"])
def test_a_missing_model_is_refused(configure: Configure, model_name: str, text: str) -> None:
    with pytest.raises(ModelError, match=r"model weights in .* no such file"):
        model_asked(configure(model=text))


@pytest.mark.parametrize("form", ["prefix", "index", "folder", "tar"])
def test_a_checkpoint_is_taken_in_any_form(configure: Configure, tmp_path: Path, form: str) -> None:
    folder = tmp_path / "wavenet-ckpt"
    folder.mkdir()
    variables = tiny_weights(seed=3)
    prefix = write_checkpoint(folder / "model.ckpt-200000", variables)
    files = (part(prefix, "index"), part(prefix, "data-00000-of-00001"))
    pack(tmp_path / "wavenet-ckpt.tar", *files)
    texts = {
        "prefix": "wavenet-ckpt/model.ckpt-200000",
        "index": "wavenet-ckpt/model.ckpt-200000.index",
        "folder": "wavenet-ckpt",
        "tar": "wavenet-ckpt.tar",
    }
    loaded = load_model(model_asked(configure(model=texts[form])))
    assert loaded.weights.keys() == variables.keys()
    for name, values in variables.items():
        np.testing.assert_array_equal(loaded.weights[name], values)


# Before, meanwhile and after


def test_how_long_decoding_will_take_is_told_before_it_begins(
    configure: Configure, model: Autoencoder
) -> None:
    told: list[float | Progress] = []
    run(configure(), model, on_estimate=told.append, on_progress=told.append)
    stages = [each.stage if isinstance(each, Progress) else "estimate" for each in told]
    assert stages.index("estimate") < stages.index("decoding")
    assert [stage for stage in stages if stage == "estimate"] == ["estimate"]
    (seconds,) = (each for each in told if isinstance(each, float))
    assert seconds > 0


def test_progress_goes_through_its_stages_and_counts_up(
    configure: Configure, model: Autoencoder
) -> None:
    told: list[Progress] = []
    run(configure(), model, on_progress=told.append)
    told = [progress for progress in told if progress.stage != "compiling once"]
    stages = list(dict.fromkeys(progress.stage for progress in told))
    assert stages == ["reading", "encoding", "decoding"]
    for stage in stages:
        of_stage = [progress for progress in told if progress.stage == stage]
        assert [p.done for p in of_stage] == sorted(p.done for p in of_stage)
        assert of_stage[-1].done == of_stage[-1].total


@pytest.mark.parametrize("at", ["reading", "encoding", "decoding", "drawing"])
def test_cancelling_leaves_nothing(configure: Configure, model: Autoencoder, at: str) -> None:
    config = msgspec.structs.replace(
        configure(flag=True), save_directory=configure().save_directory / "a" / "b"
    )
    cancel = CancelToken()

    def cancel_then(progress: Progress) -> None:
        if progress.stage == at:
            cancel.cancel()

    with pytest.raises(Cancelled):
        run(config, model, on_progress=cancel_then, cancel=cancel)
    assert not config.save_directory.parents[1].exists()


@pytest.mark.parametrize("name", ["begin_enc.npy", "NSynth_enc.png"])
def test_what_can_not_be_written_is_found_out_before_a_song_is_read(
    configure: Configure, model: Autoencoder, name: str
) -> None:
    config = configure(flag=True)
    in_the_way = config.save_directory / name
    in_the_way.mkdir(parents=True)
    told: list[Progress] = []
    with pytest.raises(OutputError, match=name):
        run(config, model, on_progress=told.append)
    assert not told
    assert list(config.save_directory.iterdir()) == [in_the_way]


def test_a_song_is_never_replaced(configure: Configure, model: Autoencoder) -> None:
    config = configure()
    song = config.first_song.with_name("end.wav")
    config.first_song.rename(song)
    before = song.read_bytes()
    config = msgspec.structs.replace(config, first_song=song, save_directory=song.parent)
    with pytest.raises(OutputError, match="one of the two songs"):
        run(config, model)
    assert song.read_bytes() == before


# Pictures


@pytest.mark.slow
def test_with_the_flag_pictures_stand_beside_the_files_the_same_bytes_every_time(
    configure: Configure, model: Autoencoder
) -> None:
    result = run(configure(flag=True), model)
    assert [path.name for path in result.files] == FILES + PICTURES
    assert isinstance(result.crossfade, NSynthCrossfade)
    for picture in pictures.drawn(result.crossfade):
        assert (result.files[0].parent / picture.name).read_bytes() == picture.content


@pytest.fixture
def joined(configure: Configure, model: Autoencoder) -> NSynthCrossfade:
    return crossfade_encodings(configure(), model, EXACT)


def test_the_encodings_are_drawn_value_for_value_on_one_scale(joined: NSynthCrossfade) -> None:
    *rows, scale = pictures.encodings_figure(joined).axes
    shown = [joined.end_enc, joined.begin_enc, joined.faded_enc]
    furthest = max(np.abs(encodings).max() for encodings in shown)
    for axes, encodings in zip(rows, shown, strict=True):
        (image,) = axes.images
        np.testing.assert_array_equal(image.get_array(), encodings.T)
        assert image.get_clim() == (-furthest, furthest)
        assert image.get_extent() == [0, 0.02, 0.5, joined.end_enc.shape[1] + 0.5]
        assert axes.get_ylabel() == "Channel"
    assert [axes.get_title(loc="left") for axes in rows] == [
        "End of the first song: first.wav",
        "Beginning of the second song: second.wav",
        "Faded by LinearFade",
    ]
    assert rows[-1].get_xlabel() == "Time from the start of the fade (s)"
    assert scale.get_ylabel() == "Value"


def test_the_mix_is_drawn_as_it_was_decoded(joined: NSynthCrossfade) -> None:
    (axes,) = pictures.mix_figure(joined).axes
    (wave,) = axes.collections
    heights = np.concatenate([path.vertices for path in wave.get_paths()])[:, 1]
    assert (heights.min(), heights.max()) == (joined.mix.min(), joined.mix.max())
    assert "LinearFade, 0.02 s at 16000 Hz" in axes.get_title(loc="left")
