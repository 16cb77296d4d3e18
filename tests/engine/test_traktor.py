from __future__ import annotations

from pathlib import Path

import pytest
from dj_libraries_writer import (
    element,
    grid_marker,
    traktor,
    traktor_folder,
    traktor_list,
    traktor_track,
)

from deepbass_engine.analysis.key import Key, key_from_text
from deepbass_engine.errors import InputError
from deepbass_engine.library_tracks import CueMark, LibraryTrack, TempoMark
from deepbass_engine.traktor import read

EXPORT = """\
<?xml version="1.0" encoding="UTF-8" standalone="no" ?>
<NML VERSION="19"><HEAD COMPANY="www.native-instruments.com" PROGRAM="Traktor"></HEAD>
<MUSICFOLDERS></MUSICFOLDERS>
<COLLECTION ENTRIES="2"><ENTRY MODIFIED_DATE="2024/3/1" MODIFIED_TIME="41233" AUDIO_ID="AQIAAAA" \
TITLE="Tom &amp; Jérôme" ARTIST="Duo"><LOCATION DIR="/:Users/:dj/:Music/:" FILE="Tom &amp; J.wav" \
VOLUME="Macintosh HD" VOLUMEID="Macintosh HD"></LOCATION>
<ALBUM TRACK="1" TITLE="One"></ALBUM>
<MODIFICATION_INFO AUTHOR_TYPE="user"></MODIFICATION_INFO>
<INFO BITRATE="1411200" GENRE="House" KEY="1m" PLAYTIME="180" PLAYTIME_FLOAT="180.013"></INFO>
<TEMPO BPM="124.000008" BPM_QUALITY="100.000000"></TEMPO>
<LOUDNESS PEAK_DB="-0.1" PERCEIVED_DB="-1.2" ANALYZED_DB="-1.2"></LOUDNESS>
<MUSICAL_KEY VALUE="20"></MUSICAL_KEY>
<CUE_V2 NAME="AutoGrid" DISPL_ORDER="0" TYPE="4" START="85.250000" LEN="0.000000" REPEATS="-1" \
HOTCUE="0"></CUE_V2>
<CUE_V2 NAME="n.n." DISPL_ORDER="0" TYPE="0" START="31021.5" LEN="0.000000" REPEATS="-1" \
HOTCUE="1"></CUE_V2>
<CUE_V2 NAME="Outro" DISPL_ORDER="0" TYPE="5" START="150500.0" LEN="7742.0" REPEATS="-1" \
HOTCUE="2"></CUE_V2>
</ENTRY>
<ENTRY TITLE="Plain"><LOCATION DIR="/:Sets/:" FILE="Plain.wav" VOLUME="D:" VOLUMEID="1a"></LOCATION>
<INFO KEY="8A"></INFO>
</ENTRY>
</COLLECTION>
<SETS ENTRIES="0"></SETS>
<PLAYLISTS><NODE TYPE="FOLDER" NAME="$ROOT"><SUBNODES COUNT="3">
<NODE TYPE="PLAYLIST" NAME="_LOOPS"><PLAYLIST ENTRIES="0" TYPE="LIST" UUID="1"></PLAYLIST></NODE>
<NODE TYPE="FOLDER" NAME="Summer"><SUBNODES COUNT="2">
<NODE TYPE="SMARTLIST" NAME="Fast"><SMARTLIST UUID="2"><SEARCH_EXPRESSION VERSION="1" QUERY="$BPM \
&gt; 130"></SEARCH_EXPRESSION></SMARTLIST></NODE>
<NODE TYPE="PLAYLIST" NAME="Warm up"><PLAYLIST ENTRIES="3" TYPE="LIST" UUID="3">
<ENTRY><PRIMARYKEY TYPE="TRACK" KEY="D:/:Sets/:Plain.wav"></PRIMARYKEY></ENTRY>
<ENTRY><PRIMARYKEY TYPE="TRACK" KEY="Macintosh HD/:Users/:dj/:Music/:Tom &amp; J.wav"></PRIMARYKEY>
</ENTRY>
<ENTRY><PRIMARYKEY TYPE="TRACK" KEY="D:/:Sets/:Plain.wav"></PRIMARYKEY></ENTRY>
</PLAYLIST></NODE></SUBNODES></NODE></SUBNODES></NODE></PLAYLISTS>
<INDEXING></INDEXING>
</NML>
"""


def library(folder: Path, content: str) -> Path:
    path = folder / "collection.nml"
    path.write_text(content, encoding="utf-8")
    return path


def only_track(folder: Path, *parts: str) -> LibraryTrack:
    content = traktor(
        [traktor_track("D:", "/:", "a.wav", *parts)], [traktor_list("L", "D:/:a.wav")]
    )
    ((track,),) = [playlist.tracks for playlist in read(library(folder, content))]
    return track


def test_playlists_have_their_folders_and_their_order(tmp_path: Path) -> None:
    loops, warm_up = read(library(tmp_path, EXPORT))
    assert (loops.name, warm_up.name) == ("_LOOPS", "Summer / Warm up")
    assert [track.title for track in warm_up.tracks] == ["Plain", "Tom & Jérôme", "Plain"]
    assert loops.tracks == ()
    assert warm_up.problems == ()


def test_a_track_has_its_beats_key_and_cues(tmp_path: Path) -> None:
    track = read(library(tmp_path, EXPORT))[1].tracks[1]
    assert (track.title, track.artist, track.key) == ("Tom & Jérôme", "Duo", "Abm")
    assert track.tempos == (TempoMark(0.08525, 124.000008, 1, "4/4"),)
    assert track.cues == (
        CueMark("", 31.0215, "cue"),
        CueMark("Outro", 150.5, "loop", 158.242),
    )
    assert track.problem is None


def test_a_track_that_was_never_analysed_has_the_key_of_its_tag_alone(tmp_path: Path) -> None:
    track = read(library(tmp_path, EXPORT))[1].tracks[0]
    assert (track.key, track.tempos, track.cues, track.problem) == ("8A", (), (), None)


def test_a_location_is_read_for_windows_and_for_macos_and_knows_its_line(tmp_path: Path) -> None:
    plain, tom, _ = read(library(tmp_path, EXPORT))[1].tracks
    assert plain.listed.spellings[0] == "D:/Sets/Plain.wav"
    assert tom.listed.spellings[:2] == (
        "/Volumes/Macintosh HD/Users/dj/Music/Tom & J.wav",
        "/Users/dj/Music/Tom & J.wav",
    )
    assert tom.listed.spellings[-1] == "Tom & J.wav"
    lines = EXPORT.splitlines()
    assert 'TITLE="Tom' in lines[tom.listed.line - 1]
    assert 'TITLE="Plain"' in lines[plain.listed.line - 1]


@pytest.mark.parametrize("value", range(24))
def test_every_number_of_a_key_is_the_text_of_that_key(tmp_path: Path, value: int) -> None:
    track = only_track(tmp_path, element("MUSICAL_KEY", {"VALUE": str(value)}))
    assert key_from_text(track.key) == Key(value % 12, "major" if value < 12 else "minor")


def test_a_grid_marker_has_a_tempo_of_its_own_or_that_of_the_track(tmp_path: Path) -> None:
    track = only_track(
        tmp_path,
        grid_marker("100.0"),
        grid_marker("8000.0", bpm="125.5"),
        element("CUE_V2", {"TYPE": "0", "START": "9000.0"}, element("GRID", {"BPM": "99"})),
        element("TEMPO", {"BPM": "124.0"}),
    )
    assert [(mark.start_s, mark.bpm) for mark in track.tempos] == [(0.1, 124.0), (8.0, 125.5)]


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([grid_marker("100.0")], "BPM is absent"),
        ([grid_marker("100.0", bpm="-1")], "BPM is -1, not between 1 and 1000"),
        ([grid_marker("1e10", bpm="120")], "START is 1e10, not between -1000000000 and"),
        ([grid_marker("1 000", bpm="120")], 'START is "1 000", which is no number'),
        ([element("CUE_V2", {"TYPE": "0"})], "START is absent"),
        ([element("CUE_V2", {"TYPE": "8", "START": "1"})], 'TYPE is "8", not one of 0, 1, 2, 3, 5'),
        ([element("CUE_V2", {"TYPE": "5", "START": "1", "LEN": "-2"})], "LEN is -2, not between"),
    ],
)
def test_a_mark_that_cannot_be_read_is_left_out_and_told(
    tmp_path: Path, parts: list[str], why: str
) -> None:
    track = only_track(tmp_path, *parts)
    assert (track.tempos, track.cues) == ((), ())
    assert track.problem is not None
    assert track.problem.what.startswith('a mark of "Title of a.wav" is left out: ' + why)
    lines = (tmp_path / "collection.nml").read_text().splitlines()
    assert lines[(track.problem.line or 0) - 1] == parts[0].splitlines()[0]


def test_an_entry_the_collection_has_lost_still_says_where_its_file_is(tmp_path: Path) -> None:
    path = library(tmp_path, traktor([], [traktor_list("L", "D:/:Sets/:a.wav", "nothing")]))
    (playlist,) = read(path)
    assert [track.listed.spellings[0] for track in playlist.tracks] == ["D:/Sets/a.wav"]
    (problem,) = playlist.problems
    assert 'KEY="nothing"' in path.read_text().splitlines()[(problem.line or 0) - 1]


def test_folders_that_close_no_longer_name_what_follows(tmp_path: Path) -> None:
    nodes = [
        traktor_folder("A", traktor_folder("B", traktor_list("1")), traktor_list("2")),
        traktor_list("3"),
    ]
    names = [playlist.name for playlist in read(library(tmp_path, traktor([], nodes)))]
    assert names == ["A / B / 1", "A / 2", "3"]


def test_another_program_s_xml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not a library of Traktor.*<DJ_PLAYLISTS> and not"):
        read(library(tmp_path, "<DJ_PLAYLISTS></DJ_PLAYLISTS>"))
