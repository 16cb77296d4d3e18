from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine import project_file
from deepbass_engine.errors import OutputError, ProjectFileError
from deepbass_engine.project import Project, Span, Track, Transition
from deepbass_engine.project_file import load, save
from deepbass_engine.settings import (
    CURVES,
    MixSettings,
    QualityLimits,
    TransitionSpec,
    described,
)

PROJECT = Project(
    tracks=(
        Track(path=Path("/m/set/one.wav"), id="a", content_hash="ab12", span=Span(10, 500)),
        Track(path=Path("/m/two.wav"), id="b"),
        Track(path=Path("/media/three.wav"), id="c"),
    ),
    default=TransitionSpec(curve="tri:qsin", duration_s=4.5, seed=3),
    mix=MixSettings(trim="none", sample_rate_hz=48_000),
    limits=QualityLimits(click=7.5),
    transitions=(Transition(out_track="a", in_track="b", duration_s=0.0, because="search: x"),),
)


def saved(tmp_path: Path, project: Project = PROJECT) -> dict[str, Any]:
    save(project, tmp_path / "set.deepbass")
    document = json.loads((tmp_path / "set.deepbass").read_text())
    assert isinstance(document, dict)
    return document


def refusal(tmp_path: Path, content: object) -> ProjectFileError:
    """The error for a file with this content (text, bytes, or a document)."""
    path = tmp_path / "bad.deepbass"
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ProjectFileError) as caught:
        load(path)
    assert caught.value.path == path
    assert caught.value.hint
    return caught.value


# There and back ---------------------------------------------------------------------------------

# Names as a disk may hold them: any bytes but NUL and the slash.
NAMES = st.binary(min_size=1, max_size=20).map(
    lambda raw: os.fsdecode(b"x" + raw.replace(b"\0", b"\n").replace(b"/", b"\xe9"))
)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
IDS = st.text(max_size=8) | NAMES
SPANS = st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)).map(
    lambda ends: Span(min(ends), max(ends))
)
CURVE_PAIRS = st.sampled_from(CURVES) | st.tuples(
    st.sampled_from(CURVES), st.sampled_from(CURVES)
).map(":".join)
DURATIONS = st.floats(0, 600)
SEEDS = st.integers(0, 2**63 - 1)
METHODS, MORPHS, EMBEDDING_FADES, PACES = (
    st.sampled_from(setting.choices)
    for name in ("method", "morph", "embedding_fade", "morph_pace")
    for setting in described(TransitionSpec)
    if setting.name == name
)


@st.composite
def projects(draw: st.DrawFn, folder: Path) -> Project:
    roots = st.sampled_from([folder, folder.parent, Path("/"), Path("/elsewhere/..")])
    ids = draw(st.lists(IDS, max_size=5, unique=True))
    tracks = tuple(
        Track(
            path=draw(roots) / draw(PATHS),
            id=each,
            content_hash=draw(st.sampled_from(["", "0f" * 32])),
            span=draw(st.none() | SPANS),
        )
        for each in ids
    )
    transitions = tuple(
        Transition(
            out_track=out_track,
            in_track=in_track,
            method=draw(st.none() | METHODS),
            curve=draw(st.none() | CURVE_PAIRS),
            duration_s=draw(st.none() | DURATIONS),
            seed=draw(st.none() | SEEDS),
            morph=draw(st.none() | MORPHS),
            embedding_fade=draw(st.none() | EMBEDDING_FADES),
            morph_pace=draw(st.none() | PACES),
        )
        for out_track, in_track in draw(st.lists(st.tuples(IDS, IDS), max_size=3, unique=True))
    )
    default = TransitionSpec(
        method=draw(METHODS),
        curve=draw(CURVE_PAIRS),
        duration_s=draw(DURATIONS),
        seed=draw(SEEDS),
        morph=draw(MORPHS),
        embedding_fade=draw(EMBEDDING_FADES),
        morph_pace=draw(PACES),
    )
    mix = MixSettings(
        trim=draw(st.sampled_from(["loudness", "rms", "none"])),
        sample_rate_hz=draw(st.none() | st.integers(8_000, 192_000)),
        model=draw(st.text(max_size=8)),
    )
    # The message of a project's own check joins the ids; two pairs may not read the same.
    if len({f"{t.out_track} > {t.in_track}" for t in transitions}) < len(transitions):
        transitions = ()
    return Project(tracks=tracks, default=default, mix=mix, transitions=transitions)


@settings(deadline=None)
@given(data=st.data())
def test_what_is_saved_is_loaded_whatever_the_project(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        project = data.draw(projects(Path(name)))
        path = Path(name) / "set.deepbass"
        save(project, path)
        assert load(path) == project


@pytest.mark.parametrize("name", ["two\nlines.wav", "🎵 é.wav", os.fsdecode(b"caf\xe9.wav"), "\\"])
def test_odd_names_survive_in_the_track_and_in_the_project_file_itself(
    tmp_path: Path, name: str
) -> None:
    project = Project(tracks=(Track(path=tmp_path / name, id=name),))
    save(project, tmp_path / f"{name}.deepbass")
    assert load(tmp_path / f"{name}.deepbass") == project


def test_a_project_moves_with_its_music(tmp_path: Path) -> None:
    (tmp_path / "old" / "sets").mkdir(parents=True)
    one = Project(tracks=(Track(path=tmp_path / "old" / "cd" / "1.wav", id="a"),))
    save(one, tmp_path / "old" / "sets" / "x.deepbass")
    (tmp_path / "old").rename(tmp_path / "new")
    (track,) = load(tmp_path / "new" / "sets" / "x.deepbass").tracks
    assert track.path == tmp_path / "new" / "cd" / "1.wav"


def test_a_linked_project_finds_its_music_from_where_it_really_lies(tmp_path: Path) -> None:
    (tmp_path / "sets").mkdir()
    one = Project(tracks=(Track(path=tmp_path / "sets" / "1.wav", id="a"),))
    save(one, tmp_path / "sets" / "x.deepbass")
    (tmp_path / "desk.deepbass").symlink_to("sets/x.deepbass")
    assert load(tmp_path / "desk.deepbass") == one


def test_a_relative_path_saves_as_the_file_it_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sets").mkdir()
    monkeypatch.chdir(tmp_path)
    save(Project(tracks=(Track(path=Path("a.wav"), id="a"),)), Path("sets/x.deepbass"))
    (track,) = load(Path("sets/x.deepbass")).tracks
    assert track.path == tmp_path / "a.wav"


# The file itself --------------------------------------------------------------------------------


def test_the_file_is_json_that_a_person_can_read_and_is_the_same_each_time(tmp_path: Path) -> None:
    project = Project(
        tracks=(Track(path=tmp_path / "é.wav", id="a", span=Span(1, 2)),),
        transitions=(Transition(out_track="a", in_track="b", seed=1),),
    )
    save(project, tmp_path / "one.deepbass")
    save(project, tmp_path / "two.deepbass")
    text = (tmp_path / "one.deepbass").read_bytes()
    assert text == (tmp_path / "two.deepbass").read_bytes()
    assert text.decode("ascii") == (
        """\
{
  "schema": "deepbass.project/4",
  "tracks": [
    {
      "path": "\\u00e9.wav",
      "id": "a",
      "content_hash": "",
      "span": {
        "start_frame": 1,
        "end_frame": 2
      },
      "beats": null,
      "key": "",
      "is_pinned": false
    }
  ],
  "default": {
    "method": "simple",
    "curve": "equal_power",
    "duration_s": 8.0,
    "seed": 0,
    "morph": "hybrid",
    "embedding_fade": "LinearFade",
    "morph_pace": "curve",
    "style": "plain",
    "bars": 0
  },
  "mix": {
    "trim": "loudness",
    "sample_rate_hz": null,
    "model": "",
    "target_lufs": 0.0
  },
  "limits": {
    "roughness": 6.0,
    "dissonance": 60.0,
    "loudness_dip": 2.0,
    "loudness_jump": 5.0,
    "bass_overlap": 3.0,
    "kicks": 40.0,
    "click": 12.0,
    "flux": 35.0,
    "discarded": 12.0
  },
  "transitions": [
    {
      "out_track": "a",
      "in_track": "b",
      "method": null,
      "curve": null,
      "duration_s": null,
      "seed": 1,
      "morph": null,
      "embedding_fade": null,
      "morph_pace": null,
      "style": null,
      "bars": null,
      "because": ""
    }
  ]
}
"""
    )


def test_what_a_hand_written_file_leaves_out_has_its_default(tmp_path: Path) -> None:
    path = tmp_path / "x.deepbass"
    path.write_bytes(
        b'\xef\xbb\xbf{"schema": "deepbass.project/1", "default": {"duration_s": 4},\r\n'
        b'"tracks": [{"path": "caf\xc3\xa9.wav", "id": "a"}]}'
    )
    assert load(path) == Project(
        tracks=(Track(path=tmp_path / "café.wav", id="a"),), default=TransitionSpec(duration_s=4)
    )


def test_a_save_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    before = saved(tmp_path)
    with pytest.raises(OutputError, match="too long"):
        save(PROJECT, tmp_path / ("x" * 300))
    refused = Project(transitions=(Transition(out_track="a", in_track="b", seed=-1),))
    with pytest.raises(ProjectFileError, match=r"\$\.transitions\[0\]\.seed"):
        save(refused, tmp_path / "set.deepbass")
    assert json.loads((tmp_path / "set.deepbass").read_text()) == before
    assert [path.name for path in tmp_path.iterdir()] == ["set.deepbass"]


# Versions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [5, 10, 999_999_999])
def test_a_newer_version_is_refused_before_anything_in_it_is_judged(
    tmp_path: Path, version: int
) -> None:
    error = refusal(tmp_path, {"schema": f"deepbass.project/{version}", "tracks": "no list"})
    assert f"made by a newer DeepBass: it is version {version}" in error.what
    assert error.hint == "update DeepBass to open it"


@pytest.mark.parametrize(
    "schema",
    [
        *[None, 1, "", "deepbass.report/1"],
        *[f"deepbass.project/{number}" for number in ("", "0", "01", "1 ", "-1", "١")],
    ],
)
def test_another_schema_is_not_taken_for_a_project(tmp_path: Path, schema: object) -> None:
    assert 'its "schema" is not' in refusal(tmp_path, {"schema": schema}).what


def test_an_older_version_is_brought_up_step_by_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rename_songs(document: project_file.Document) -> project_file.Document:
        return {"tracks": document["songs"]}

    def give_ids(document: project_file.Document) -> project_file.Document:
        rows = [row | {"id": f"track-{n}"} for n, row in enumerate(document["tracks"], start=1)]
        return document | {"tracks": rows}

    monkeypatch.setattr(project_file, "VERSION", 3)
    monkeypatch.setattr(project_file, "MIGRATIONS", {1: rename_songs, 2: give_ids})
    path = tmp_path / "old.deepbass"
    path.write_text('{"schema": "deepbass.project/1", "songs": [{"path": "a.wav"}]}')
    assert load(path) == Project(tracks=(Track(path=tmp_path / "a.wav", id="track-1"),))
    save(load(path), path)
    assert json.loads(path.read_text())["schema"] == "deepbass.project/3"


def test_a_project_of_version_1_keeps_its_meaning_and_gets_the_defaults_of_what_came_later(
    tmp_path: Path,
) -> None:
    path = tmp_path / "old.deepbass"
    default = {"method": "simple", "curve": "tri:qsin", "duration_s": 4.5, "seed": 3}
    own = {"out_track": "a", "in_track": "b", "method": None, "curve": None, "seed": None}
    document = {
        "schema": "deepbass.project/1",
        "tracks": [{"path": "1.wav", "id": "a", "content_hash": "", "span": None}],
        "default": default,
        "mix": {"trim": "rms", "sample_rate_hz": 44_100},
        "transitions": [own | {"duration_s": 0.0}],
    }
    path.write_text(json.dumps(document))
    assert load(path) == Project(
        tracks=(Track(path=tmp_path / "1.wav", id="a"),),
        default=TransitionSpec(curve="tri:qsin", duration_s=4.5, seed=3),
        mix=MixSettings(trim="rms", sample_rate_hz=44_100),
        transitions=(Transition(out_track="a", in_track="b", duration_s=0.0),),
    )


def test_every_older_version_has_its_migration() -> None:
    assert sorted(project_file.MIGRATIONS) == list(range(1, project_file.VERSION))


# Wrong content ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        (["extra"], 1, "$"),
        (["tracks"], {}, "$.tracks"),
        (["tracks", 2], "a.wav", "$.tracks[2]"),
        (["tracks", 2, "path"], 5, "$.tracks[2].path"),
        (["tracks", 2, "path"], "", "$.tracks[2].path"),
        (["tracks", 2, "path"], "nul\0.wav", "$.tracks[2].path"),
        (["tracks", 1, "id"], None, "$.tracks[1].id"),
        (["tracks", 2, "span"], "all", "$.tracks[2].span"),
        (["tracks", 2, "span"], {"start_frame": 1}, "$.tracks[2].span"),
        (["tracks", 0, "span", "end_frame"], "x", "$.tracks[0].span.end_frame"),
        (["tracks", 0, "span", "start_frame"], 1.5, "$.tracks[0].span.start_frame"),
        (["tracks", 0, "span", "start_frame"], -1, "$.tracks[0].span"),
        (["tracks", 0, "span", "end_frame"], 9, "$.tracks[0].span"),
        (["default", "curve"], "wavy", "$.default"),
        (["default", "method"], "magic", "$.default.method"),
        (["default", "duration"], 3, "$.default"),
        (["mix", "sample_rate_hz"], 7, "$.mix.sample_rate_hz"),
        (["mix", "trim"], True, "$.mix.trim"),
        (["transitions", 0, "duration_s"], -1, "$.transitions[0].duration_s"),
        (["transitions", 0, "duration_s"], "8", "$.transitions[0].duration_s"),
        (["transitions", 0, "curve"], "tri:wavy", "$.transitions[0]"),
        (["transitions", 0, "in_track"], 2, "$.transitions[0].in_track"),
    ],
)
def test_a_wrong_value_is_named_by_its_place(
    tmp_path: Path, place: list[Any], value: object, named: str
) -> None:
    document: Any = saved(tmp_path)
    inner = document
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    assert refusal(tmp_path, document).what.startswith(f"{named}: ")


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    document = saved(tmp_path)
    del document["tracks"][1]["id"]
    assert refusal(tmp_path, document).what == ("$.tracks[1]: Object missing required field `id`")


def test_an_id_that_stands_twice_is_named(tmp_path: Path) -> None:
    document = saved(tmp_path)
    document["tracks"][1]["id"] = "a"
    assert "track id 'a'" in refusal(tmp_path, document).what


def test_broken_json_is_told_with_its_line(tmp_path: Path) -> None:
    error = refusal(tmp_path, '{\n  "schema": "deepbass.project/1",\n  "tracks": [,]\n}')
    assert error.line == 3
    assert "not well-formed JSON" in error.what


@pytest.mark.parametrize(
    "content",
    [b"", b"RIFF\xff\0\0", b"[]", b"null", b"[" * 200_000, b'{"a": ' + b"9" * 5000 + b"}"],
    ids=["empty", "binary", "a list", "null", "deep brackets", "a long number"],
)
def test_what_is_no_project_is_refused(tmp_path: Path, content: bytes) -> None:
    assert "this is not" in refusal(tmp_path, content).what


def test_numbers_json_does_not_have_are_refused(tmp_path: Path) -> None:
    text = '{"schema": "deepbass.project/1", "default": {"duration_s": NaN}}'
    assert "NaN" in refusal(tmp_path, text).what


def test_a_huge_file_is_refused_without_being_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "huge.deepbass"
    with path.open("wb") as file:
        file.truncate(project_file.LARGEST_FILE_BYTES * 100)
    with pytest.raises(ProjectFileError, match="larger than 64 MiB"):
        load(path)


@pytest.mark.parametrize("name", ["gone.deepbass", "", "x" * 300, "nul\0"])
def test_a_file_that_cannot_be_opened_is_told_with_the_reason(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProjectFileError, match="can't be read: ") as caught:
        load(tmp_path / name)
    assert caught.value.path == tmp_path / name
