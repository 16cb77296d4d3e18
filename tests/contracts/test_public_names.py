import ast
from pathlib import Path

import pytest

import deepbass_engine


def test_every_public_name_can_be_had():
    assert deepbass_engine.__all__
    for name in deepbass_engine.__all__:
        assert getattr(deepbass_engine, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        _ = deepbass_engine.nonsense


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(deepbass_engine.__file__).read_text())
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    imported = {alias.asname for node in guarded.body for alias in node.names}
    assert imported == set(deepbass_engine.__all__)
