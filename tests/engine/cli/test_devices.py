"""`deepbass devices`: the document's keys are a contract."""

from __future__ import annotations

import json

from commands import called

from deepbass_engine import nsynth
from deepbass_engine.nsynth.backends import choose


def test_the_document_has_the_keys_of_its_schema_and_every_device():
    outcome = called("devices", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    document = json.loads(outcome.out)
    assert list(document) == ["schema", "default", "devices"]
    assert document["schema"] == "deepbass.devices/1"
    assert document["default"] == {"device": choose().device, "precision": choose().precision}
    assert [tuple(row) for row in document["devices"]] == [
        ("device", "name", "precisions", "reasons")
    ] * 2
    for row, facts in zip(document["devices"], nsynth.devices(), strict=True):
        assert row["device"] == facts.device
        assert tuple(row["precisions"]) == facts.precisions
        assert tuple(row["reasons"]) == facts.reasons


def test_a_person_is_told_every_precision_and_every_reason():
    outcome = called("devices")
    assert (outcome.code, outcome.err) == (0, "")
    for facts in nsynth.devices():
        usable = ", ".join(facts.precisions) or "can't be used"
        assert f"{facts.device}: {usable}\n" in outcome.out
        for reason in facts.reasons:
            assert reason in outcome.out
    assert outcome.out.endswith(f"Without a choice: {choose().device} in {choose().precision}\n")


def test_what_can_not_be_used_has_a_reason():
    for row in json.loads(called("devices", "--json").out)["devices"]:
        assert row["precisions"] or row["reasons"]
