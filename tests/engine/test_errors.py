"""Errors carry their facts and say them on one line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepbass_engine import errors
from deepbass_engine.errors import Cancelled, DeepBassError, InputError, shown


def test_an_error_says_where_what_and_what_to_do():
    error = InputError("is empty", path="a.wav", line=3, hint="copy it again")
    assert str(error) == "a.wav, line 3: is empty (copy it again)"
    assert (error.what, error.path, error.line) == ("is empty", Path("a.wav"), 3)
    assert error.hint == "copy it again"


@pytest.mark.parametrize(
    ("facts", "text"),
    [({}, "is wrong"), ({"path": "a"}, "a: is wrong"), ({"hint": "mend it"}, "is wrong (mend it)"),
     ({"line": 3}, "is wrong")],
)  # fmt: skip
def test_facts_that_are_not_known_leave_no_trace(facts, text):
    assert str(DeepBassError("is wrong", **facts)) == text


def test_every_error_of_the_engine_has_one_root_and_cancelled_stands_outside():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    outside = [kind for kind in kinds if not issubclass(kind, DeepBassError) and kind is not Path]
    assert outside == [Cancelled]


@pytest.mark.parametrize(
    ("name", "text"),
    [("two\nlines", r"two\nlines"), ("bell\a", r"bell\x07"), ("Ünïcödé 🎧", "Ünïcödé 🎧"),
     ("right\u202eleft", r"right\u202eleft"), ("plain name.wav", "plain name.wav")],
)  # fmt: skip
def test_a_path_is_shown_on_one_printable_line(name, text):
    assert shown(name) == text


@given(st.binary(max_size=30).filter(lambda name: b"\0" not in name))
def test_any_file_name_is_shown_printably(name):
    text = shown(os.fsdecode(name))
    assert text.isprintable()
    text.encode()


def test_paths_in_errors_are_shown_printably_too():
    assert str(InputError("is wrong", path="a\nb")) == r"a\nb: is wrong"
