"""The model that comes with DeepBass, as it lies in the resources."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from deepbass_engine import resources
from deepbass_engine.nsynth import load_model, models, weights

MOST_BYTES = 12_000_000


def test_it_is_used_where_nothing_was_imported_and_is_small_enough_to_come_along() -> None:
    assert models.default_name() == "small"
    facts = models.facts("small")
    assert facts.bundled
    assert facts.path == resources.path("models/small.safetensors")
    assert facts.n_bytes <= MOST_BYTES


def test_it_is_whole_and_stored_as_float16() -> None:
    path = models.facts("small").path
    assert weights.load(path).source == models.facts("small").source
    assert {values.dtype for values in load_file(path).values()} == {np.dtype("float16")}


def test_it_speaks_for_as_long_as_it_heard() -> None:
    model = load_model("small")
    seconds = np.arange(4 * model.config.hop) / 16_000
    encodings = model.encode(0.5 * np.sin(2 * np.pi * 440 * seconds)[np.newaxis].astype("f4"))
    assert encodings.shape == (1, 4, model.config.n_z)
    assert np.isfinite(encodings).all()
    classes = model.decode(encodings, seed=1, device="cpu", precision="float32")
    assert classes.shape == (1, 4 * model.config.hop)
    assert len(np.unique(classes)) > 1


def test_its_page_and_the_table_of_licences_tell_of_this_very_file() -> None:
    page = resources.path("models/README.md").read_text(encoding="utf-8")
    assert models.facts("small").source.content_hash in page
    licences = Path(resources.path("LICENCES.md")).read_text(encoding="utf-8")
    assert "`models/small.safetensors`" in licences
