from __future__ import annotations

from pathlib import Path

import pytest
from dj_libraries_writer import (
    element,
    rekordbox,
    rekordbox_folder,
    rekordbox_list,
    rekordbox_track,
    tempo,
)

from deepbass_engine.errors import InputError
from deepbass_engine.library_tracks import CueMark, LibraryPlaylist, LibraryTrack, TempoMark
from deepbass_engine.rekordbox import read

EXPORT = """\
<?xml version="1.0" encoding="UTF-8"?>

<DJ_PLAYLISTS Version="1.0.0">
  <PRODUCT Name="rekordbox" Version="6.8.5" Company="AlphaTheta"/>
  <COLLECTION Entries="2">
    <TRACK TrackID="190155337" Name="Tom &amp; J&#233;r&#244;me" Artist="Duo" Composer="" Album=""
           Grouping="" Genre="House" Kind="WAV File" Size="31752044" TotalTime="180" DiscNumber="0"
           TrackNumber="1" Year="2021" AverageBpm="124.00" DateAdded="2024-03-01" BitRate="1411"
           SampleRate="44100" Comments="" PlayCount="3" Rating="0"
           Location="file://localhost/Users/dj/Music/Tom%20%26%20J%c3%a9r%c3%b4me.wav" Remixer=""
           Tonality="Abm" Label="" Mix="">
      <TEMPO Inizio="0.085" Bpm="124.00" Metro="4/4" Battito="3"/>
      <TEMPO Inizio="60.569" Bpm="124.01" Metro="4/4" Battito="4"/>
      <POSITION_MARK Name="" Type="0" Start="1.053" Num="-1"/>
      <POSITION_MARK Name="Drop" Type="0" Start="31.021" Num="0" Red="40" Green="226" Blue="20"/>
      <POSITION_MARK Name="Outro" Type="4" Start="150.5" End="158.242" Num="1"/>
    </TRACK>
    <TRACK TrackID="22" Name="Plain" Artist="" TotalTime="12" AverageBpm="0.00" Tonality=""
           Location="file://localhost/C:/Users/dj/Plain%2520.wav"/>
  </COLLECTION>
  <PLAYLISTS>
    <NODE Type="0" Name="ROOT" Count="2">
      <NODE Name="Summer" Type="0" Count="1">
        <NODE Name="Warm up" Type="1" KeyType="0" Entries="3">
          <TRACK Key="22"/>
          <TRACK Key="190155337"/>
          <TRACK Key="22"/>
        </NODE>
      </NODE>
      <NODE Name="Empty" Type="1" KeyType="0" Entries="0"/>
    </NODE>
  </PLAYLISTS>
</DJ_PLAYLISTS>
"""


def library(folder: Path, content: str) -> Path:
    path = folder / "rekordbox.xml"
    path.write_text(content, encoding="utf-8")
    return path


def only_playlist(folder: Path, content: str) -> LibraryPlaylist:
    (playlist,) = read(library(folder, content))
    return playlist


def only_track(folder: Path, *marks: str, location: str = "file://localhost/a.wav") -> LibraryTrack:
    content = rekordbox([rekordbox_track(1, location, *marks)], [rekordbox_list("L", "1")])
    (track,) = only_playlist(folder, content).tracks
    return track


def test_playlists_have_their_folders_and_their_order(tmp_path: Path) -> None:
    warm_up, empty = read(library(tmp_path, EXPORT))
    assert (warm_up.name, empty.name) == ("Summer / Warm up", "Empty")
    assert [track.title for track in warm_up.tracks] == ["Plain", "Tom & Jérôme", "Plain"]
    assert empty.tracks == ()
    assert warm_up.problems == empty.problems == ()


def test_a_track_has_its_beats_key_and_cues(tmp_path: Path) -> None:
    track = read(library(tmp_path, EXPORT))[0].tracks[1]
    assert (track.title, track.artist, track.key) == ("Tom & Jérôme", "Duo", "Abm")
    assert track.tempos == (
        TempoMark(0.085, 124.0, 3, "4/4"),
        TempoMark(60.569, 124.01, 4, "4/4"),
    )
    assert track.cues == (
        CueMark("", 1.053, "cue"),
        CueMark("Drop", 31.021, "cue"),
        CueMark("Outro", 150.5, "loop", 158.242),
    )
    assert track.problem is None


def test_a_track_that_was_never_analysed_has_nothing_and_no_problem(tmp_path: Path) -> None:
    track = read(library(tmp_path, EXPORT))[0].tracks[0]
    assert (track.key, track.tempos, track.cues, track.problem) == ("", (), (), None)


def test_a_location_is_percent_decoded_once_and_knows_its_line(tmp_path: Path) -> None:
    plain, tom, _ = read(library(tmp_path, EXPORT))[0].tracks
    assert tom.listed.spellings[0] == "/Users/dj/Music/Tom & Jérôme.wav"
    assert plain.listed.spellings[0].endswith("C:/Users/dj/Plain%20.wav")
    lines = EXPORT.splitlines()
    assert 'TrackID="190155337"' in lines[tom.listed.line - 1]
    assert 'TrackID="22"' in lines[plain.listed.line - 1]


def test_a_moved_track_is_looked_for_by_ever_shorter_ends_of_its_path(tmp_path: Path) -> None:
    track = only_track(tmp_path, location="file://localhost/Volumes/STICK/Sets/a.wav")
    assert track.listed.spellings == (
        "/Volumes/STICK/Sets/a.wav",
        "Volumes/STICK/Sets/a.wav",
        "STICK/Sets/a.wav",
        "Sets/a.wav",
        "a.wav",
    )


def test_a_drive_may_follow_the_host_without_a_slash(tmp_path: Path) -> None:
    with_slash = only_track(tmp_path, location="file://localhost/C:/Music/a.wav")
    without = only_track(tmp_path, location="file://localhostC:/Music/a.wav")
    assert without.listed == with_slash.listed


@pytest.mark.parametrize(
    "location",
    ["file://localhosttidal:tracks:14532", "file://localhost/spotify:track:6rq", "https://a/b.mp3"],
)
def test_a_track_of_a_streaming_service_is_a_stream(tmp_path: Path, location: str) -> None:
    listed = only_track(tmp_path, location=location).listed
    assert listed.is_stream
    assert listed.spellings == (location,)


def test_playlists_may_name_tracks_by_their_location(tmp_path: Path) -> None:
    places = ["file://localhost/a%20b.wav", "file://localhost/c.wav"]
    content = rekordbox(
        [rekordbox_track(number, place) for number, place in enumerate(places)],
        [rekordbox_list("L", *reversed(places), key_type="1")],
    )
    assert [t.title for t in only_playlist(tmp_path, content).tracks] == ["Song 1", "Song 0"]


def test_an_entry_for_a_track_that_is_not_there_is_told_with_its_line(tmp_path: Path) -> None:
    tracks = [rekordbox_track(1, "file://localhost/a.wav")]
    path = library(tmp_path, rekordbox(tracks, [rekordbox_list("L", "1", "7", "1")]))
    (playlist,) = read(path)
    assert len(playlist.tracks) == 2
    (problem,) = playlist.problems
    lines = path.read_text().splitlines()
    assert lines[(problem.line or 0) - 1] == '<TRACK Key="7"/>'


def test_folders_that_close_no_longer_name_what_follows(tmp_path: Path) -> None:
    nodes = [
        rekordbox_folder("A", rekordbox_folder("B", rekordbox_list("1")), rekordbox_list("2")),
        rekordbox_list("3"),
    ]
    names = [playlist.name for playlist in read(library(tmp_path, rekordbox([], nodes)))]
    assert names == ["A / B / 1", "A / 2", "3"]


@pytest.mark.parametrize(
    ("mark", "why"),
    [
        (tempo("0,085", "124.00"), 'Inizio is "0,085", which is no number'),
        (tempo("0.085", "124,00"), 'Bpm is "124,00", which is no number'),
        (tempo("nan", "124.00"), 'Inizio is "nan", which is no number'),
        (tempo("0.085", "inf"), 'Bpm is "inf", which is no number'),
        (tempo("0.085", "1_2"), 'Bpm is "1_2", which is no number'),
        (tempo("0.085", "-124.00"), "Bpm is -124.00, not between 1 and 1000"),
        (tempo("0.085", "0.00"), "Bpm is 0.00, not between 1 and 1000"),
        (tempo("9999999", "124.00"), "Inizio is 9999999, not between -1000000 and 1000000"),
        (tempo("0.085", "124.00", battito="5"), "Battito is 5, not between 1 and 4"),
        (tempo("0.085", "124.00", battito="1.5"), "Battito is 1.5, not a beat"),
        (tempo("0.085", "124.00", metro="4"), 'Metro is "4", not a metre such as 4/4'),
        (element("TEMPO", {"Metro": "4/4", "Battito": "1", "Bpm": "124"}), "Inizio is absent"),
        (element("POSITION_MARK", {"Type": "0"}), "Start is absent"),
        (element("POSITION_MARK", {"Type": "9", "Start": "1"}), 'Type is "9", not one of 0, 1'),
        (
            element("POSITION_MARK", {"Type": "4", "Start": "2", "End": "1"}),
            "End is 1, not between 2 and 1000000",
        ),
    ],
)
def test_a_mark_that_cannot_be_read_is_left_out_and_told(
    tmp_path: Path, mark: str, why: str
) -> None:
    track = only_track(tmp_path, tempo("1.000", "124.00"), mark)
    assert track.tempos == (TempoMark(1.0, 124.0, 1, "4/4"),)
    assert track.cues == ()
    assert track.problem is not None
    assert track.problem.what.startswith('a mark of "Song 1" is left out: ')
    assert why in track.problem.what
    lines = (tmp_path / "rekordbox.xml").read_text().splitlines()
    assert lines[(track.problem.line or 0) - 1] == mark


def test_many_marks_that_cannot_be_read_are_one_problem_of_the_track(tmp_path: Path) -> None:
    problem = only_track(tmp_path, tempo("0,1", "124"), tempo("0,5", "124")).problem
    assert problem is not None
    assert problem.what == (
        '2 marks of "Song 1" are left out; for the first, Inizio is "0,1", which is no number'
    )


def test_another_program_s_xml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not a library of rekordbox.*<NML> and not"):
        read(library(tmp_path, '<NML VERSION="20"></NML>'))
