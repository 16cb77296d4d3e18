from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

import pytest
from dj_libraries_writer import (
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

from deepbass_engine.errors import OutputError, PlaylistError
from deepbass_engine.playlists import (
    DEEPEST_NESTING,
    LARGEST_PLAYLIST_BYTES,
    collect,
    natural_key,
    read_playlist,
    write_playlist,
)
from deepbass_engine.project import GivenBeats

Form = Literal["NFC", "NFD"]
FORMATS = ("m3u", "m3u8", "pls", "xspf")


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def playlist(folder: Path, content: bytes | str, name: str = "list.m3u") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def xspf(*locations: str) -> str:
    tracks = "\n".join(f"<track><location>{place}</location></track>" for place in locations)
    return f'<playlist xmlns="http://xspf.org/ns/0/"><trackList>\n{tracks}\n</trackList></playlist>'


def names_in(path: Path) -> list[str]:
    """Names of what a playlist leads to, given that nothing in it leads nowhere."""
    read = read_playlist(path)
    assert read.problems == ()
    return [entry.path.name for entry in read.entries]


# Files and folders ------------------------------------------------------------------------------


def test_files_come_back_absolute_in_the_order_given_and_as_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "b.wav", tmp_path / "a.wav")
    monkeypatch.chdir(tmp_path)
    got = collect([Path("b.wav"), Path("x/../a.wav"), Path("b.wav")])
    assert got.files == (tmp_path / "b.wav", tmp_path / "a.wav", tmp_path / "b.wav")
    assert got.problems == ()


def test_a_file_named_by_itself_is_taken_whatever_its_extension(tmp_path: Path) -> None:
    touch(tmp_path / "tape.xyz", tmp_path / ".hidden")
    paths = [tmp_path / "tape.xyz", tmp_path / ".hidden"]
    assert collect(paths).files == tuple(paths)


def test_a_folder_is_ordered_as_a_person_counts_with_its_folders_in_place(tmp_path: Path) -> None:
    wanted = [
        "1 x.flac",
        "2 x.MP3",
        "3 CD/2.wav",
        "3 CD/10.wav",
        "10 x.ogg",
        "Alpha.wav",
        "beta.wav",
    ]
    shuffled = random.Random(1).sample(wanted, len(wanted))
    touch(*(tmp_path / name for name in shuffled))
    got = collect([tmp_path])
    assert [str(path.relative_to(tmp_path)) for path in got.files] == wanted
    assert got.problems == ()


def test_a_folder_gives_no_hidden_files_no_playlists_and_nothing_that_is_not_audio(
    tmp_path: Path,
) -> None:
    touch(*(tmp_path / n for n in ("a.wav", "._a.wav", ".trash/b.wav", "cover.jpg", "notes.txt")))
    playlist(tmp_path, "a.wav\n")
    got = collect([tmp_path])
    assert got.files == (tmp_path / "a.wav",)
    assert got.problems == ()


def test_a_folder_linked_into_itself_is_walked_once(tmp_path: Path) -> None:
    touch(tmp_path / "a" / "x.wav")
    (tmp_path / "a" / "again").symlink_to(tmp_path, target_is_directory=True)
    assert collect([tmp_path]).files == (tmp_path / "a" / "x.wav",)


def test_a_folder_reached_by_a_link_gives_paths_through_the_link(tmp_path: Path) -> None:
    touch(tmp_path / "real" / "x.wav")
    (tmp_path / "link").symlink_to("real")
    assert collect([tmp_path / "link"]).files == (tmp_path / "link" / "x.wav",)


def test_folders_nested_deeper_than_the_call_stack_are_walked(tmp_path: Path) -> None:
    deepest = tmp_path
    for _ in range(sys.getrecursionlimit() + 100):
        deepest = deepest / "d"
    subprocess.run(["mkdir", "-p", str(deepest)], check=True)  # Python's mkdir and rmtree recurse
    (deepest / "x.wav").touch()
    try:
        assert collect([tmp_path]).files == (deepest / "x.wav",)
    finally:
        subprocess.run(["rm", "-r", str(tmp_path / "d")], check=True)


def test_what_leads_nowhere_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    touch(tmp_path / "a.wav")
    (tmp_path / "empty").mkdir()
    (tmp_path / "pipe.wav").unlink(missing_ok=True)
    os.mkfifo(tmp_path / "pipe.wav")
    names = ["gone.wav", "empty", "pipe.wav", "x" * 300, "nul\0.wav"]
    got = collect([*(tmp_path / name for name in names), tmp_path / "a.wav"])
    assert got.files == (tmp_path / "a.wav",)
    assert [(p.path, p.line) for p in got.problems] == [(tmp_path / n, None) for n in names]
    whats = [problem.what for problem in got.problems]
    assert whats[:3] == [
        "there is no such file or folder",
        "there is no audio file in this folder",
        "is a device or pipe, not a file",
    ]
    assert all(what.startswith("can't be reached: ") for what in whats[3:])
    assert all(problem.hint for problem in got.problems)


def test_a_broken_link_in_a_folder_does_not_vanish(tmp_path: Path) -> None:
    touch(tmp_path / "a.wav")
    (tmp_path / "b.wav").symlink_to("gone.wav")
    got = collect([tmp_path])
    assert got.files == (tmp_path / "a.wav",)
    assert [problem.path for problem in got.problems] == [tmp_path / "b.wav"]


@pytest.fixture
def place_for_anyone() -> Iterator[Path]:
    """A folder that a person without root's rights may enter; pytest's own is private."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        user = os.geteuid()
        yield folder
        os.seteuid(user)
        for path in folder.rglob("*"):
            if path.is_dir():
                path.chmod(0o755)


def test_a_closed_folder_is_told_and_its_neighbours_are_taken(place_for_anyone: Path) -> None:
    top = place_for_anyone
    touch(top / "open.wav", top / "shut" / "x.wav", top / "listed only" / "y.wav")
    playlist(top, "shut/x.wav\n").chmod(0)
    (top / "shut").chmod(0)
    (top / "listed only").chmod(0o444)
    if os.geteuid() == 0:
        os.seteuid(65534)
    got = collect([top, top / "list.m3u"])
    assert got.files == (top / "open.wav",)
    assert [(problem.path, problem.what) for problem in got.problems] == [
        (top / "listed only" / "y.wav", "can't be reached: Permission denied"),
        (top / "shut", "can't be looked into: Permission denied"),
        (top / "list.m3u", "can't be read: Permission denied"),
    ]


def test_composed_and_decomposed_names_sort_together() -> None:
    names = ["ét 2", unicodedata.normalize("NFD", "ét 1"), "ét 10"]
    assert [unicodedata.normalize("NFC", n) for n in sorted(names, key=natural_key)] == [
        "ét 1",
        "ét 2",
        "ét 10",
    ]


@given(st.lists(st.text()))
def test_any_names_can_be_ordered_and_the_order_does_not_depend_on_the_start(
    names: list[str],
) -> None:
    turned = names[::-1]
    assert sorted(names, key=natural_key) == sorted(turned, key=natural_key)


# Encodings and spellings ------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_comments_and_blank_lines_are_passed_over_with_any_line_ending(
    tmp_path: Path, end: str
) -> None:
    touch(tmp_path / "a.wav", tmp_path / "b.wav")
    lines = ["#EXTM3U", "", "#EXTINF:12,Some, one", "a.wav", "   ", "b.wav"]
    read = read_playlist(playlist(tmp_path, end.join(lines)))
    assert [(e.line, e.path.name) for e in read.entries] == [(4, "a.wav"), (6, "b.wav")]
    assert read.problems == ()


@pytest.mark.parametrize(
    "content",
    [
        "café ☕.wav\n".encode(),
        b"\xef\xbb\xbf" + "café ☕.wav\n".encode(),
        "\ufeffcafé ☕.wav\r\n".encode("utf-16-le"),
        "\ufeffcafé ☕.wav\r\n".encode("utf-16-be"),
    ],
    ids=["UTF-8", "UTF-8 BOM", "UTF-16 LE", "UTF-16 BE"],
)
@pytest.mark.parametrize("extension", ["m3u", "m3u8"])
def test_unicode_playlists_are_read(tmp_path: Path, content: bytes, extension: str) -> None:
    touch(tmp_path / "café ☕.wav")
    assert names_in(playlist(tmp_path, content, f"l.{extension}")) == ["café ☕.wav"]


def test_a_playlist_that_is_no_utf8_is_taken_for_cp1252(tmp_path: Path) -> None:
    touch(tmp_path / "Café – 5 €.wav")
    content = "Café – 5 €.wav\n".encode("cp1252")
    assert names_in(playlist(tmp_path, content)) == ["Café – 5 €.wav"]
    assert names_in(playlist(tmp_path, b"[playlist]\nFile1=" + content, "l.pls")) == [
        "Café – 5 €.wav"
    ]


def test_the_declared_encoding_comes_before_the_guesses(tmp_path: Path) -> None:
    touch(tmp_path / "Пісня.wav", tmp_path / "\u040f.wav", tmp_path / "\u0178.wav")
    content = b"#EXTM3U\n#extenc: windows-1251\n" + "Пісня.wav\n".encode("cp1251") + b"\x8f.wav\n"
    assert names_in(playlist(tmp_path, content)) == ["Пісня.wav", "\u040f.wav"]


@pytest.mark.parametrize("name", ["no-such-code", "rot13", "undefined", "UTF-16", "\\x00"])
def test_an_untrue_declaration_loses_no_entry(tmp_path: Path, name: str) -> None:
    touch(tmp_path / "café.wav")
    assert names_in(playlist(tmp_path, f"#EXTENC: {name}\ncafé.wav\n")) == ["café.wav"]


def test_a_name_that_is_no_unicode_is_found_by_its_bytes(tmp_path: Path) -> None:
    wanted = tmp_path / os.fsdecode(b"caf\xe9.wav")
    touch(wanted)
    assert collect([playlist(tmp_path, b"caf\xe9.wav\n")]).files == (wanted,)


@pytest.mark.parametrize(("on_disk", "other"), [("NFC", "NFD"), ("NFD", "NFC")])
@pytest.mark.parametrize("written", ["NFC", "NFD"])
def test_composed_and_decomposed_accents_meet_in_folders_and_files(
    tmp_path: Path, on_disk: Form, other: Form, written: Form
) -> None:
    name = "Åsa/Ünder.wav"
    folder, file = name.split("/")
    # The folder in one form and the file in the other: each has to be found by itself.
    wanted = tmp_path / unicodedata.normalize(on_disk, folder) / unicodedata.normalize(other, file)
    touch(wanted)
    read = read_playlist(playlist(tmp_path, unicodedata.normalize(written, name)))
    assert [entry.path for entry in read.entries] == [wanted]


def test_the_literal_form_wins_where_both_forms_are_there(tmp_path: Path) -> None:
    forms = [unicodedata.normalize("NFC", "é.wav"), unicodedata.normalize("NFD", "é.wav")]
    touch(*(tmp_path / form for form in forms))
    assert names_in(playlist(tmp_path, "\n".join(forms))) == forms


def test_letter_case_is_kept(tmp_path: Path) -> None:
    touch(tmp_path / "Song.wav", tmp_path / "song.wav")
    assert names_in(playlist(tmp_path, "song.wav\nSong.wav")) == ["song.wav", "Song.wav"]


def test_windows_backslashes_lead_to_the_file(tmp_path: Path) -> None:
    touch(tmp_path / "CD 1" / "x.wav")
    lists = tmp_path / "lists"
    lists.mkdir()
    for content in ("..\\CD 1\\x.wav", "..\\CD%201\\x.wav"):
        read = read_playlist(playlist(lists, content))
        assert [entry.path for entry in read.entries] == [tmp_path / "CD 1" / "x.wav"]


def test_a_name_that_really_has_a_backslash_is_found_first(tmp_path: Path) -> None:
    touch(tmp_path / "AC\\DC.wav", tmp_path / "AC" / "DC.wav")
    assert names_in(playlist(tmp_path, "AC\\DC.wav")) == ["AC\\DC.wav"]


def test_in_text_playlists_a_percent_sign_is_itself_where_such_a_file_exists(
    tmp_path: Path,
) -> None:
    touch(tmp_path / "a%20b.wav", tmp_path / "a b.wav", tmp_path / "c d.wav")
    assert names_in(playlist(tmp_path, "a%20b.wav\nc%20d.wav")) == ["a%20b.wav", "c d.wav"]


def test_file_uris_and_xspf_locations_are_always_percent_decoded(tmp_path: Path) -> None:
    touch(tmp_path / "a%20b.wav", tmp_path / "a b.wav")
    uris = [f"{start}{tmp_path}/a%20b.wav" for start in ("file://", "FILE://localhost", "file:")]
    assert names_in(playlist(tmp_path, "\n".join(uris))) == ["a b.wav"] * 3
    assert names_in(playlist(tmp_path, xspf("a%20b.wav", uris[0]), "l.xspf")) == ["a b.wav"] * 2


def test_a_uri_in_an_older_encoding_leads_to_the_file(tmp_path: Path) -> None:
    touch(tmp_path / "café.wav")
    assert names_in(playlist(tmp_path, f"file://{tmp_path}/caf%E9.wav")) == ["café.wav"]


def test_spaces_around_an_entry_matter_only_where_such_a_file_exists(tmp_path: Path) -> None:
    touch(tmp_path / " a.wav ", tmp_path / "a.wav", tmp_path / "b.wav")
    assert names_in(playlist(tmp_path, " a.wav \n\tb.wav \n")) == [" a.wav ", "b.wav"]


# PLS and XSPF -----------------------------------------------------------------------------------


def test_pls_entries_play_in_the_order_of_their_numbers_in_any_letter_case(tmp_path: Path) -> None:
    touch(*(tmp_path / f"{n}.wav" for n in (1, 2, 10)))
    content = "[PlayList]\nFILE10=10.wav\nTitle1=File3=x\nfile2 = 2.wav\nFile1=1.wav\nVersion=2\n"
    read = read_playlist(playlist(tmp_path, content, "l.PLS"))
    assert [(e.line, e.path.name) for e in read.entries] == [
        (5, "1.wav"),
        (4, "2.wav"),
        (2, "10.wav"),
    ]


@pytest.mark.parametrize(
    "head",
    [
        '<playlist version="1" xmlns="http://xspf.org/ns/0/">',
        '<playlist version="1">',
        '<x:playlist xmlns:x="http://xspf.org/ns/0/">',
    ],
    ids=["namespaced", "bare", "prefixed"],
)
def test_xspf_is_read_with_or_without_its_namespace(tmp_path: Path, head: str) -> None:
    touch(tmp_path / "R&B ☕.wav")
    p = "x:" if head.startswith("<x:") else ""
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{head}\n<{p}location>me.wav</{p}location>'
        f"<{p}trackList>\n<{p}track>\n<{p}title>t</{p}title>\n"
        f"<{p}location>\n R&amp;B%20☕.wav </{p}location></{p}track></{p}trackList></{p}playlist>"
    )
    read = read_playlist(playlist(tmp_path, content, "l.xspf"))
    assert [(e.line, e.path.name) for e in read.entries] == [(6, "R&B ☕.wav")]
    assert read.problems == ()


def test_of_several_locations_the_first_that_exists_is_taken(tmp_path: Path) -> None:
    touch(tmp_path / "b.wav")
    content = xspf("a.wav</location><location>http://x/b</location><location>b.wav")
    assert names_in(playlist(tmp_path, content, "l.xspf")) == ["b.wav"]


def test_an_xspf_track_without_a_location_is_told(tmp_path: Path) -> None:
    content = "<playlist><trackList>\n<track><title>t</title></track></trackList></playlist>"
    (problem,) = read_playlist(playlist(tmp_path, content, "l.xspf")).problems
    assert (problem.line, problem.what) == (2, "this entry names no file")


def test_malformed_xml_is_told_with_its_line(tmp_path: Path) -> None:
    path = playlist(tmp_path, "<playlist>\n<trackList>\n<track></oops>\n", "l.xspf")
    (problem,) = collect([path]).problems
    assert (problem.path, problem.line) == (path, 3)
    assert "not well-formed XML" in problem.what
    assert "mend that line" in problem.hint


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE p [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>',
        '<!DOCTYPE p SYSTEM "file:///etc/passwd">',
    ],
)
def test_a_doctype_is_refused_before_any_entity_is_expanded(tmp_path: Path, doctype: str) -> None:
    path = playlist(tmp_path, f"<?xml version='1.0'?>\n{doctype}\n{xspf('&b;')}", "l.xspf")
    with pytest.raises(PlaylistError, match="DOCTYPE") as caught:
        read_playlist(path)
    assert caught.value.line == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\1\2\xff", b"<?xml version='1.0' encoding='no-such'?><playlist/>", b"<html></html>"],
    ids=["empty", "binary", "unknown encoding", "another kind of XML"],
)
def test_what_is_no_xspf_is_a_playlist_error(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(PlaylistError) as caught:
        read_playlist(playlist(tmp_path, content, "l.xspf"))
    assert caught.value.hint


# What can be wrong in a playlist ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("extension", "content", "lines"),
    [
        ("m3u", "#EXTM3U\na.wav\ngone.wav\nhttp://radio/x.mp3\na.wav", (3, 4)),
        (
            "pls",
            "[playlist]\nFile1=a.wav\nFile2=gone.wav\nFile3=HTTPS://radio/x\nFile4=a.wav",
            (3, 4),
        ),
        ("xspf", xspf("a.wav", "gone.wav", "http://radio/x.mp3", "a.wav"), (3, 4)),
    ],
)
def test_missing_entries_and_streams_are_told_with_their_line_and_the_rest_is_taken(
    tmp_path: Path, extension: str, content: str, lines: tuple[int, int]
) -> None:
    touch(tmp_path / "a.wav")
    path = playlist(tmp_path, content, f"l.{extension}")
    got = collect([path])
    assert got.files == (tmp_path / "a.wav",) * 2
    assert [(problem.path, problem.line) for problem in got.problems] == [(path, n) for n in lines]
    assert got.problems[0].what == "there is no file gone.wav"
    assert "streams can't be mixed" in got.problems[1].what


def test_a_missing_entry_is_shown_as_it_reads_whatever_its_encoding(tmp_path: Path) -> None:
    content = b"caf\xe9 1.wav\nbad\0name.wav\n" + b"x" * 9000 + b"\n"
    problems = read_playlist(playlist(tmp_path, content.replace(b"\0", b"%00"))).problems
    assert problems[0].what == "there is no file café 1.wav"
    assert len(problems[2].what) < 150


def test_names_with_a_nul_are_told_and_the_rest_is_taken(tmp_path: Path) -> None:
    touch(tmp_path / "a.wav")
    got = collect([playlist(tmp_path, "bad\0.wav\nbad%00.wav\nfile:///bad%00\na.wav\n")])
    assert got.files == (tmp_path / "a.wav",)
    assert [problem.line for problem in got.problems] == [1, 2, 3]
    assert got.problems[0].what == r"there is no file bad\x00.wav"


@pytest.mark.parametrize("extension", ["m3u", "m3u8", "pls"])
def test_binary_data_under_a_playlist_s_name_is_told_once(tmp_path: Path, extension: str) -> None:
    path = playlist(tmp_path, random.Random(2).randbytes(200_000), f"l.{extension}")
    (problem,) = collect([path]).problems
    assert problem.path == path
    assert "not a playlist" in problem.what


def test_broken_utf16_is_told(tmp_path: Path) -> None:
    (problem,) = collect([playlist(tmp_path, b"\xff\xfea\0.\0w")]).problems
    assert "not a playlist" in problem.what


@pytest.mark.parametrize("extension", FORMATS)
def test_a_huge_file_is_told_without_being_read_whole(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"l.{extension}"
    with path.open("wb") as file:
        file.truncate(LARGEST_PLAYLIST_BYTES * 100)
    (problem,) = collect([path]).problems
    assert "larger than 32 MiB" in problem.what


@pytest.mark.parametrize(
    ("extension", "content"), [("m3u", "#EXTM3U\n"), ("pls", "[playlist]\n"), ("xspf", xspf())]
)
def test_a_playlist_without_entries_is_told(tmp_path: Path, extension: str, content: str) -> None:
    (problem,) = collect([playlist(tmp_path, content, f"l.{extension}")]).problems
    assert problem.what == "this playlist has no entries"


def test_an_unknown_extension_is_refused_both_ways(tmp_path: Path) -> None:
    touch(tmp_path / "l.txt")
    with pytest.raises(PlaylistError, match=r"known formats: \.m3u8"):
        read_playlist(tmp_path / "l.txt")
    with pytest.raises(OutputError, match=r"known formats: \.m3u8"):
        write_playlist(tmp_path / "new", [])
    assert [p.name for p in tmp_path.iterdir()] == ["l.txt"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.binary(), extension=st.sampled_from(FORMATS))
def test_no_bytes_bring_anything_but_entries_and_problems(
    tmp_path: Path, content: bytes, extension: str
) -> None:
    path = playlist(tmp_path, content, f"l.{extension}")
    got = collect([path])
    assert got.files or got.problems
    assert all(problem.what and problem.hint for problem in got.problems)


# Playlists and folders inside playlists ---------------------------------------------------------


def test_entries_that_are_folders_and_playlists_are_expanded_in_place(tmp_path: Path) -> None:
    touch(*(tmp_path / n for n in ("a.wav", "cd/2.wav", "cd/10.wav", "sub/s.wav", "z.wav")))
    playlist(tmp_path / "sub", "s.wav\ngone.wav\n", "inner.m3u")
    got = collect([playlist(tmp_path, "a.wav\ncd\nsub/inner.m3u\nsub/inner.m3u\nz.wav")])
    assert [p.name for p in got.files] == ["a.wav", "2.wav", "10.wav", "s.wav", "s.wav", "z.wav"]
    assert [(p.path, p.line) for p in got.problems] == [(tmp_path / "sub/inner.m3u", 2)] * 2


def test_playlists_that_lead_back_to_themselves_end_with_a_problem(tmp_path: Path) -> None:
    touch(tmp_path / "a.wav", tmp_path / "b.wav")
    one = playlist(tmp_path, "a.wav\ntwo.m3u\na.wav", "one.m3u")
    two = playlist(tmp_path, "b.wav\nlink.m3u\n", "two.m3u")
    (tmp_path / "link.m3u").symlink_to(one)
    got = collect([one])
    assert [path.name for path in got.files] == ["a.wav", "b.wav", "a.wav"]
    (problem,) = got.problems
    assert (problem.path, problem.line) == (two, 2)
    assert "leads back" in problem.what


def test_an_entry_that_would_take_in_all_above_the_playlist_is_a_problem(tmp_path: Path) -> None:
    touch(tmp_path / "other" / "b.wav", tmp_path / "own" / "a.wav")
    path = playlist(tmp_path / "own", "/\n..\n.\n../other")
    got = collect([path])
    assert [file.name for file in got.files] == ["a.wav", "b.wav"]
    assert [(problem.path, problem.line) for problem in got.problems] == [(path, 1), (path, 2)]


def test_a_long_chain_of_playlists_ends_with_a_problem_and_keeps_its_files(tmp_path: Path) -> None:
    touch(tmp_path / "a.wav")
    for n in range(DEEPEST_NESTING + 5):
        playlist(tmp_path, f"a.wav\n{n + 1}.m3u\n", f"{n}.m3u")
    got = collect([tmp_path / "0.m3u"])
    assert len(got.files) == DEEPEST_NESTING
    (problem,) = got.problems
    assert "nested more than" in problem.what


def test_a_linked_playlist_reads_from_where_it_really_lies(tmp_path: Path) -> None:
    touch(tmp_path / "music" / "a.wav")
    playlist(tmp_path / "music", "a.wav\n")
    (tmp_path / "desk.m3u").symlink_to("music/list.m3u")
    assert collect([tmp_path / "desk.m3u"]).files == (tmp_path / "music" / "a.wav",)


# DJ libraries -----------------------------------------------------------------------------------


def dj_library(
    folder: Path, *lists: str, files: Sequence[Path] = (), beat_s: str = "0.250"
) -> Path:
    """A rekordbox library with `files` as tracks 0, 1, and so on."""
    mark = tempo(beat_s, "120.00", battito="2")
    tracks = [rekordbox_track(n, file.as_uri(), mark) for n, file in enumerate(files)]
    return playlist(folder, rekordbox(tracks, list(lists)), "dj.xml")


def test_a_dj_library_with_one_playlist_gives_its_tracks_in_order(tmp_path: Path) -> None:
    files = [tmp_path / "music" / name for name in ("é a.wav", "b.wav")]
    touch(*files)
    got = collect([dj_library(tmp_path, rekordbox_list("L", "1", "0", "1"), files=files)])
    assert got.files == (files[1], files[0], files[1])
    assert got.problems == ()


def test_a_traktor_collection_is_a_playlist_too(tmp_path: Path) -> None:
    touch(tmp_path / "music" / "a.wav")
    folders = "/:".join([*(tmp_path / "music").parts[1:], ""])
    track = traktor_track("Macintosh HD", f"/:{folders}", "a.wav")
    listing = traktor_list("L", f"Macintosh HD/:{folders}a.wav")
    path = playlist(tmp_path, traktor([track], [listing]), "collection.nml")
    assert collect([path]).files == (tmp_path / "music" / "a.wav",)


def test_what_a_dj_library_says_of_a_track_stands_beside_its_file(tmp_path: Path) -> None:
    files = [tmp_path / "a.wav", tmp_path / "b.wav"]
    touch(*files)
    got = collect([files[0], dj_library(tmp_path, rekordbox_list("L", "1"), files=files), files[1]])
    assert got.files == (files[0], files[1], files[1])
    before, known, after = got.library_tracks
    assert (before, after) == (None, None)
    assert known is not None
    assert known.title == "Song 1"
    beats = GivenBeats(tempo_bpm=120.0, first_beat_s=0.25, first_downbeat=3, is_rough=True)
    assert [each.beats for each in got.given] == [None, beats, None]


def test_one_of_several_playlists_is_chosen_behind_a_hash_sign(tmp_path: Path) -> None:
    files = [tmp_path / "a.wav", tmp_path / "b.wav"]
    touch(*files)
    late = rekordbox_folder("Summer", rekordbox_list("#1 / Late", "1"))
    path = dj_library(tmp_path, rekordbox_list("Early", "0"), late, files=files)
    assert collect([Path(f"{path}#Early")]).files == (files[0],)
    assert collect([Path(f"{path}#Summer / #1 / Late")]).files == (files[1],)
    long_name = collect([Path(f"{path}#{'x' * 300}")])
    assert f'no playlist "{"x" * 59}…"' in long_name.problems[0].what


def test_without_a_choice_among_several_playlists_the_rest_goes_on(tmp_path: Path) -> None:
    touch(tmp_path / "a.wav")
    path = dj_library(tmp_path, rekordbox_list("Early"), rekordbox_list("Late"))
    got = collect([path, tmp_path / "a.wav"])
    assert got.files == (tmp_path / "a.wav",)
    (problem,) = got.problems
    assert problem.path == path
    assert "2 playlists: Early, Late" in problem.what
    assert 'PATH#Folder / Name", as in "dj.xml#Early"' in problem.hint


def test_a_real_path_with_a_hash_sign_is_itself(tmp_path: Path) -> None:
    path = dj_library(tmp_path, rekordbox_list("Early"), rekordbox_list("Late"))
    touch(tmp_path / "dj.xml#Early", tmp_path / "in # out.xml#x" / "a.wav")
    assert collect([Path(f"{path}#Early")]).files == (tmp_path / "dj.xml#Early",)
    folder = tmp_path / "in # out.xml#x"
    assert collect([folder]).files == (folder / "a.wav",)


@pytest.mark.parametrize("name", ["gone.xml#L", "list.m3u#L", "folder.xml#L"])
def test_a_hash_sign_behind_anything_but_a_dj_library_leads_nowhere(
    tmp_path: Path, name: str
) -> None:
    playlist(tmp_path, "a.wav")
    (tmp_path / "folder.xml").mkdir()
    got = collect([tmp_path / name])
    assert [problem.what for problem in got.problems] == ["there is no such file or folder"]


def test_tracks_that_moved_together_with_their_dj_library_are_found(tmp_path: Path) -> None:
    touch(tmp_path / "stick" / "Sets" / "a.wav", tmp_path / "stick" / "b.wav")
    there = [Path("/Volumes/STICK/Sets/a.wav"), Path("/Users/dj/Desktop/b.wav")]
    path = dj_library(tmp_path / "stick", rekordbox_list("L", "0", "1"), files=there)
    got = collect([path])
    assert got.files == (tmp_path / "stick" / "Sets" / "a.wav", tmp_path / "stick" / "b.wav")


def test_what_a_dj_library_cannot_give_is_told_and_the_rest_is_taken(tmp_path: Path) -> None:
    files = [tmp_path / "a.wav", tmp_path / "gone" / "b.wav"]
    touch(files[0])
    listing = rekordbox_list("L", "0", "1", "7", "0")
    path = dj_library(tmp_path, listing, files=files, beat_s="0,250")
    got = collect([path])
    assert got.files == (files[0], files[0])
    assert [problem.what for problem in got.problems] == [
        "this entry names no track of the library",
        'a mark of "Song 0" is left out: Inizio is "0,250", which is no number',
        'a mark of "Song 1" is left out: Inizio is "0,250", which is no number',
        f"there is no file {files[1]}",
    ]
    assert all(problem.path == path and problem.line for problem in got.problems)


def test_an_unreadable_dj_library_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    touch(tmp_path / "a.wav")
    got = collect([playlist(tmp_path, "<plist/>", "itunes.xml"), tmp_path / "a.wav"])
    assert got.files == (tmp_path / "a.wav",)
    (problem,) = got.problems
    assert "not a library of rekordbox" in problem.what


def test_a_dj_library_may_stand_in_a_playlist_but_not_in_itself(tmp_path: Path) -> None:
    touch(tmp_path / "a.wav")
    files = [tmp_path / "a.wav", tmp_path / "dj.xml"]
    dj_library(tmp_path, rekordbox_list("L", "0", "1"), files=files)
    got = collect([playlist(tmp_path, "a.wav\ndj.xml\n")])
    assert got.files == (files[0], files[0])
    (problem,) = got.problems
    assert "leads back to the playlist" in problem.what


def test_a_dj_library_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"known formats: \.m3u8, \.m3u, \.pls, \.xspf\)"):
        write_playlist(tmp_path / "dj.xml", [])


# Writing ----------------------------------------------------------------------------------------

NAMES = st.binary(min_size=1, max_size=60).map(
    lambda b: b.replace(b"\0", b"_").replace(b"/", b"\\")
)
AWKWARD = (
    "#1 hit.wav", "a b.wav", "100%25.wav", "file:x.wav", "http:", " edge ", "two\nlines.wav",
    "cr\rhere.wav", "AC\\DC.wav", "é.wav", "e\u0301.wav", "R&B <1>.wav", "'q'\".wav", "🎵.wav",
    "nbsp\xa0", "\u2028.wav", "\x85.wav", "\x01.wav", "~x.wav", "?q=1#f.wav", "\ufeffbom.wav",
    "File1=x.wav", "[playlist]", "-x.wav", "Cafe\u0301/é.wav", os.fsdecode(b"caf\xe9.wav"),
    os.fsdecode(b"\xff\xfe/\xe9\xa0.wav"),
)  # fmt: skip


@pytest.mark.parametrize("extension", FORMATS)
def test_what_is_written_is_read_back_whatever_the_names(tmp_path: Path, extension: str) -> None:
    files = [tmp_path / "music" / name for name in AWKWARD]
    touch(*files)
    for folder in (tmp_path / "music", tmp_path / "lists", tmp_path / "music" / "sub"):
        folder.mkdir(exist_ok=True)
        path = folder / f"l.{extension}"
        write_playlist(path, files)
        read = read_playlist(path)
        assert [entry.path for entry in read.entries] == files
        assert read.problems == ()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(names=st.lists(NAMES, max_size=5), extension=st.sampled_from(FORMATS))
def test_any_names_survive_writing_and_reading(
    tmp_path: Path, names: list[bytes], extension: str
) -> None:
    with tempfile.TemporaryDirectory(dir=tmp_path) as name:
        folder = Path(name)
        files = [folder / os.fsdecode(b"x" + each) for each in names]
        touch(*files)
        write_playlist(folder / f"list.{extension}", files)
        assert [
            entry.path for entry in read_playlist(folder / f"list.{extension}").entries
        ] == files


@pytest.mark.parametrize("extension", FORMATS)
def test_a_folder_of_music_moves_with_its_playlist(tmp_path: Path, extension: str) -> None:
    touch(tmp_path / "old" / "CD é" / "1.wav")
    (tmp_path / "old" / "lists").mkdir()
    path = tmp_path / "old" / "lists" / f"l.{extension}"
    write_playlist(path, [tmp_path / "old" / "CD é" / "1.wav"])
    (tmp_path / "old").rename(tmp_path / "new")
    read = read_playlist(tmp_path / "new" / "lists" / f"l.{extension}")
    assert [entry.path for entry in read.entries] == [tmp_path / "new" / "CD é" / "1.wav"]


def test_the_written_formats_stand_as_other_players_expect_them(tmp_path: Path) -> None:
    files = [tmp_path / "é 1.wav", Path("/elsewhere/b.wav")]
    texts = {}
    for extension in FORMATS:
        write_playlist(tmp_path / f"l.{extension}", files)
        texts[extension] = (tmp_path / f"l.{extension}").read_text(encoding="utf-8")
    assert texts["m3u8"] == "#EXTM3U\né 1.wav\n/elsewhere/b.wav\n"
    assert texts["m3u"] == "#EXTM3U\n#EXTENC:UTF-8\né 1.wav\n/elsewhere/b.wav\n"
    assert texts["pls"] == textwrap.dedent(
        """\
        [playlist]
        File1=é 1.wav
        File2=/elsewhere/b.wav
        NumberOfEntries=2
        Version=2
        """
    )
    root = ElementTree.fromstring(texts["xspf"])
    places = [e.text for e in root.iterfind(".//{http://xspf.org/ns/0/}location")]
    assert places == ["%C3%A9%201.wav", "file:///elsewhere/b.wav"]


def test_a_playlist_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file"):
        write_playlist(tmp_path / "none" / "l.m3u", [])
    assert list(tmp_path.iterdir()) == []


def test_looking_for_music_can_be_cancelled(tmp_path: Path) -> None:
    from deepbass_engine.errors import Cancelled
    from deepbass_engine.progress import CancelToken

    (tmp_path / "deep" / "er").mkdir(parents=True)
    cancel = CancelToken()
    assert collect([tmp_path], cancel=cancel).files == ()
    cancel.cancel()
    with pytest.raises(Cancelled):
        collect([tmp_path], cancel=cancel)
