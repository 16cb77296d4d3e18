"""What is to speak: settled from headers, and the same when it is loaded."""

from __future__ import annotations

import shutil

import pytest
from nsynth_mixes import EXACT, install

from deepbass_engine.errors import DeviceError, ModelError
from deepbass_engine.mix.voice import voice_for
from deepbass_engine.nsynth import models, weights


def test_without_a_name_the_default_model_speaks(model_name):
    voice = voice_for("", **EXACT)
    assert (voice.name, *voice.choice) == (model_name, "cpu", "float32")
    assert voice.load().content_hash == voice.content_hash


def test_where_nothing_was_imported_the_model_that_comes_along_speaks(bundled):
    voice = voice_for("", **EXACT)
    assert (voice.name, voice.content_hash) == ("along", models.facts("along").source.content_hash)
    assert voice.load().content_hash == voice.content_hash


def test_a_model_is_known_by_name_and_by_file_and_as_a_copy_of_another_name(model_name, tmp_path):
    file = models.folder() / f"{model_name}{weights.SUFFIX}"
    copy = shutil.copy(file, tmp_path / f"copy{weights.SUFFIX}")
    voices = [voice_for(model, **EXACT) for model in (model_name, str(file), str(copy))]
    assert [voice.name for voice in voices] == [model_name, model_name, "copy"]
    assert len({voice.decides for voice in voices}) == 1
    assert {voice.load().name for voice in voices} == {model_name, "copy"}


def test_another_model_device_or_precision_decides_other_samples(model_name):
    install("other", seed=2)
    voices = [
        voice_for(model_name, **EXACT),
        voice_for("other", **EXACT),
        voice_for(model_name, "cpu", "float16"),
    ]
    assert len({voice.decides for voice in voices}) == 3


@pytest.mark.parametrize("model", ["", "gone", "gone.safetensors", "nowhere/model.tar"])
@pytest.mark.usefixtures("nothing_bundled")
def test_a_model_that_is_not_there_is_named_with_what_to_do(monkeypatch, tmp_path, model):
    monkeypatch.setenv("DEEPBASS_DATA_DIR", str(tmp_path))
    with pytest.raises(ModelError) as refused:
        voice_for(model, **EXACT)
    assert model in str(refused.value)
    assert refused.value.hint


def test_a_checkpoint_is_to_be_imported_first(model_name, tmp_path):
    (tmp_path / "wavenet-ckpt.tar").write_bytes(b"a checkpoint")
    for place in (tmp_path, tmp_path / "wavenet-ckpt.tar"):
        with pytest.raises(ModelError, match="import it") as refused:
            voice_for(str(place), **EXACT)
        assert refused.value.path == place


def test_a_precision_that_is_none_is_refused(model_name):
    with pytest.raises(DeviceError):
        voice_for(model_name, "cpu", "float8")


def test_a_model_that_was_replaced_meanwhile_does_not_speak_in_its_place(model_name):
    voice = voice_for(model_name, **EXACT)
    install(model_name, seed=2)
    with pytest.raises(ModelError, match="has changed"):
        voice.load()
