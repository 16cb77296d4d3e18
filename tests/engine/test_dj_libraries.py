from __future__ import annotations

import copy
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from dj_libraries_writer import (
    grid_marker,
    rekordbox,
    rekordbox_folder,
    rekordbox_list,
    rekordbox_track,
    tempo,
    traktor,
    traktor_list,
    traktor_track,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepbass_engine import library_xml
from deepbass_engine.dj_libraries import Library, read_library
from deepbass_engine.errors import Cancelled, InputError
from deepbass_engine.library_tracks import LibraryPlaylist, grid_of
from deepbass_engine.library_xml import DEEPEST_ELEMENT
from deepbass_engine.progress import CancelToken
from deepbass_engine.project import GivenBeats

REKORDBOX = rekordbox(
    [
        rekordbox_track(1, "file://localhost/Music/a%20b.wav", tempo("0.1", "124.00")),
        rekordbox_track(2, "file://localhost/Music/c.wav", Tonality="Am"),
    ],
    [rekordbox_folder("Summer", rekordbox_list("Warm up", "2", "1")), rekordbox_list("Late", "1")],
)
TRAKTOR = traktor(
    [traktor_track("D:", "/:Music/:", "a.wav", grid_marker("100.0", bpm="124.0"))],
    [traktor_list("Warm up", "D:/:Music/:a.wav"), traktor_list("Late")],
)


def library(folder: Path, content: str | bytes, name: str = "dj.xml") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def with_lists(folder: Path, *nodes: str) -> Library:
    return read_library(library(folder, rekordbox([], list(nodes))))


# Which playlist ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name"), [(REKORDBOX, "x.xml"), (REKORDBOX, "X.XML"), (TRAKTOR, "x.nml")]
)
def test_the_extension_says_whose_library_it_is(tmp_path: Path, content: str, name: str) -> None:
    playlists = read_library(library(tmp_path, content, name)).playlists
    assert [p.name.rpartition(" / ")[2] for p in playlists] == ["Warm up", "Late"]


def test_the_only_playlist_needs_no_name(tmp_path: Path) -> None:
    assert with_lists(tmp_path, rekordbox_list("L")).playlist().name == "L"


@pytest.mark.parametrize(
    "name",
    ["Summer / Warm up", "Warm up", "summer/warm UP", "Summer /Warm up", "/Summer//Warm up/"],
)
def test_a_playlist_is_found_by_its_whole_name_or_its_end(tmp_path: Path, name: str) -> None:
    found = read_library(library(tmp_path, REKORDBOX)).playlist(name)
    assert found.name == "Summer / Warm up"


def test_accents_fit_composed_or_not(tmp_path: Path) -> None:
    assert (
        with_lists(tmp_path, rekordbox_list("Café"), rekordbox_list("B"))
        .playlist("Cafe\u0301")
        .name
        == "Café"
    )


def test_the_better_fit_wins(tmp_path: Path) -> None:
    found = with_lists(
        tmp_path,
        rekordbox_folder("A", rekordbox_list("late")),
        rekordbox_list("late"),
        rekordbox_list("Late"),
    )
    assert found.playlist("Late").name == "Late"
    assert found.playlist("late").name == "late"
    assert found.playlist("a/Late").name == "A / late"


def test_several_playlists_are_an_error_that_names_them_and_how_to_choose(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_library(library(tmp_path, REKORDBOX)).playlist()
    assert str(caught.value) == (
        f"{tmp_path / 'dj.xml'}: this library holds 2 playlists: Summer / Warm up, Late "
        '(choose one by "PATH#Folder / Name", as in "dj.xml#Summer / Warm up")'
    )


def test_more_than_twelve_playlists_are_counted(tmp_path: Path) -> None:
    found = with_lists(tmp_path, *(rekordbox_list(f"<{n}>") for n in range(15)))
    with pytest.raises(InputError, match=r"holds 15 playlists: <0>, .*, <11> and 3 more \("):
        found.playlist()


def test_an_unknown_name_is_told_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'no playlist "Early" but Summer / Warm up, Late \('):
        read_library(library(tmp_path, REKORDBOX)).playlist("Early")


@pytest.mark.parametrize("name", ["Late", "late"])
def test_a_name_that_fits_several_is_told(tmp_path: Path, name: str) -> None:
    folders = [rekordbox_folder(f, rekordbox_list("Late")) for f in "AB"]
    with pytest.raises(InputError, match=r"is the name of 2 playlists: A / Late, B / Late \("):
        with_lists(tmp_path, *folders).playlist(name)


@pytest.mark.parametrize("name", [None, "L"])
def test_a_library_without_playlists_is_told(tmp_path: Path, name: str | None) -> None:
    with pytest.raises(InputError, match="holds no playlist"):
        with_lists(tmp_path).playlist(name)


# Damage and traps -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", 1),
        ("no library", 1),
        (REKORDBOX[:-10], REKORDBOX.count("\n") + 1),
        ('<DJ_PLAYLISTS>\n<A x="1" x="2"/></DJ_PLAYLISTS>', 2),
        ("<DJ_PLAYLISTS>\n\n<A>&what;</A></DJ_PLAYLISTS>", 3),
        ('<?xml version="1.0" encoding="klingon"?>\n<DJ_PLAYLISTS/>', 1),
        (b"<DJ_PLAYLISTS>\n<A x='\xff'/></DJ_PLAYLISTS>", 2),
    ],
)
def test_damage_is_told_with_its_line(tmp_path: Path, content: str | bytes, line: int) -> None:
    path = library(tmp_path, content)
    with pytest.raises(InputError, match="not well-formed XML") as caught:
        read_library(path)
    assert (caught.value.path, caught.value.line) == (path, line)
    assert "export the library from rekordbox again" in caught.value.hint


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/x.dtd">',
    ],
)
@pytest.mark.parametrize("name", ["x.xml", "x.nml"])
def test_a_doctype_is_refused(tmp_path: Path, doctype: str, name: str) -> None:
    with pytest.raises(InputError, match="DOCTYPE") as caught:
        read_library(library(tmp_path, f'<?xml version="1.0"?>\n{doctype}<DJ_PLAYLISTS/>', name))
    assert caught.value.line == 2


def test_elements_nested_without_end_are_refused(tmp_path: Path) -> None:
    depth = DEEPEST_ELEMENT + 1
    with pytest.raises(InputError, match=f"nested more than {DEEPEST_ELEMENT} deep"):
        read_library(library(tmp_path, "<DJ_PLAYLISTS>" * depth + "</DJ_PLAYLISTS>" * depth))


def test_a_library_longer_than_any_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_xml, "LARGEST_LIBRARY_BYTES", 1 << 20)
    path = library(tmp_path, f"<DJ_PLAYLISTS>{' ' * (1 << 20)}</DJ_PLAYLISTS>")
    with pytest.raises(InputError, match="larger than 1 MiB"):
        read_library(path)


@pytest.mark.parametrize("name", ["gone.xml", "folder.xml", "nul\0.xml"])
def test_what_cannot_be_opened_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.xml").mkdir()
    with pytest.raises(InputError, match="can't be read"):
        read_library(tmp_path / name)


def test_reading_can_be_cancelled(tmp_path: Path) -> None:
    cancel = CancelToken()
    path = library(tmp_path, REKORDBOX)
    assert len(read_library(path, cancel=cancel).playlists) == 2
    cancel.cancel()
    with pytest.raises(Cancelled):
        read_library(path, cancel=cancel)


ODD = st.sampled_from(["", "-1", "0", "1", "2", "NaN", "1,5", "/:", "file://", "é\x7f"]) | st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A library with a piece cut out, doubled, or put in place of another."""
    data = draw(st.sampled_from([REKORDBOX, TRAKTOR])).encode()
    first, second, third = (draw(st.integers(0, len(data))) for _ in range(3))
    start, end = sorted((first, second))
    return data[:start] + data[start:end] * draw(st.integers(0, 2)) + data[third:]


@st.composite
def mixed_up(draw: st.DrawFn) -> bytes:
    """A library that is XML still, with attributes and elements where they don't belong."""
    root = ElementTree.fromstring(draw(st.sampled_from([REKORDBOX, TRAKTOR])))
    nodes = list(root.iter())
    names = sorted({node.tag for node in nodes})
    for _ in range(draw(st.integers(1, 6))):
        node = draw(st.sampled_from(nodes))
        match draw(st.sampled_from(["set", "drop", "rename", "copy", "empty"])):
            case "set" if node.attrib:
                node.set(draw(st.sampled_from(sorted(node.attrib))), draw(ODD))
            case "drop" if node.attrib:
                del node.attrib[draw(st.sampled_from(sorted(node.attrib)))]
            case "rename" if node is not root:
                node.tag = draw(st.sampled_from(names))
            case "copy":
                node.append(copy.deepcopy(draw(st.sampled_from(nodes[len(nodes) // 3 :]))))
            case "empty":
                node.clear()
    return ElementTree.tostring(root)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=damaged() | mixed_up())
def test_a_mangled_library_gives_playlists_or_an_error_and_nothing_else(
    tmp_path: Path, content: bytes
) -> None:
    name = "x.nml" if b"<NML" in content else "x.xml"
    error: InputError | None = None
    playlists: tuple[LibraryPlaylist, ...] = ()
    try:
        playlists = read_library(library(tmp_path, content, name)).playlists
    except InputError as caught:
        error = caught
    assert error is None or (error.line and error.hint)
    tracks = [track for playlist in playlists for track in playlist.tracks]
    problems = [problem for playlist in playlists for problem in playlist.problems]
    problems += [track.problem for track in tracks if track.problem]
    assert all(problem.line and problem.what and problem.hint for problem in problems)
    for grid in filter(None, map(grid_of, tracks)):
        assert grid == msgspec.convert(msgspec.to_builtins(grid), GivenBeats)
