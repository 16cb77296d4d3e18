"""The original program's configuration file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepbass_engine import legacy_ini
from deepbass_engine.errors import OutputError, SettingError
from deepbass_engine.legacy_ini import LegacyConfig
from deepbass_engine.legacy_keys import KEYS
from deepbass_engine.settings import MixSettings, TransitionSpec

SONGS = """\
[IO]
firstsong = one.mp3
secondsong = two.mp3
load directory = music
save directory = out
save name = Exp6
"""

WHOLE = """\
[DEFAULT]
samplingrate = 44100

[NSynth XFade Settings]
Style = HannFade
time = 2.5

[Simple XFade Settings]
Style = Random_Linear
time = 7

[Preprocess]
SR window duration = 20

[IO]
firstsong = one.mp3
secondsong = two.mp3
load directory = music
save directory = out
save name = Exp6
model weights = nsynth/model.ckpt-320000

[Plot]
Flag = True
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "config.ini"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def loaded(folder: Path, text: str | bytes) -> LegacyConfig:
    return legacy_ini.load(written(folder, text))


def refusal(folder: Path, text: str | bytes) -> SettingError:
    path = written(folder, text)
    with pytest.raises(SettingError) as caught:
        legacy_ini.load(path)
    assert caught.value.path == path
    return caught.value


def test_every_key_is_read(tmp_path: Path) -> None:
    config = loaded(tmp_path, WHOLE)
    assert config == LegacyConfig(
        folder=tmp_path,
        sample_rate_hz=44_100,
        nsynth_style="HannFade",
        nsynth_time_s=2.5,
        simple_style="Random_Linear",
        simple_time_s=7.0,
        search_s=20.0,
        first_song=tmp_path / "music" / "one.mp3",
        second_song=tmp_path / "music" / "two.mp3",
        load_directory=tmp_path / "music",
        save_directory=tmp_path / "out",
        save_name="Exp6",
        model_weights=str(tmp_path / "nsynth" / "model.ckpt-320000"),
        draws_pictures=True,
        given=frozenset(key.field for key in KEYS),
    )


def test_only_the_songs_and_their_places_must_be_given(tmp_path: Path) -> None:
    config = loaded(tmp_path, SONGS)
    assert (config.sample_rate_hz, config.simple_style, config.simple_time_s) == (
        16_000,
        "Linear",
        4.0,
    )
    assert (config.nsynth_style, config.nsynth_time_s, config.search_s) == ("LinearFade", 4.0, 30.0)
    assert config.model_weights == ""
    assert config.draws_pictures is False


@pytest.mark.parametrize("change", [str.upper, str.lower, str.title])
def test_letter_case_of_sections_keys_and_names_does_not_count(tmp_path: Path, change) -> None:
    text = WHOLE.replace("one.mp3", "1").replace("two.mp3", "2").replace("Exp6", "6")
    plain, changed = loaded(tmp_path, text), loaded(tmp_path, change(text))
    assert changed.simple_style == "Random_Linear"
    assert changed.nsynth_style == "HannFade"
    assert changed.given == plain.given
    assert (changed.sample_rate_hz, changed.save_name) == (plain.sample_rate_hz, "6")


@pytest.mark.parametrize(
    ("name", "encode"),
    [
        ("byte-order mark", lambda text: b"\xef\xbb\xbf" + text.encode()),
        ("UTF-16", lambda text: text.encode("utf-16")),
        ("Windows' line ends", lambda text: text.replace("\n", "\r\n").encode()),
        ("CP1252", lambda text: text.encode("cp1252")),
        ("colons, comments, indents", lambda text: indented(text).encode()),
    ],
)
def test_whatever_wrote_the_file_it_reads_the_same(tmp_path: Path, name: str, encode) -> None:
    text = WHOLE.replace("one.mp3", "Über café.mp3")
    expected = loaded(tmp_path, text)
    assert loaded(tmp_path, encode(text)) == expected, name


def indented(text: str) -> str:
    lines = [f"  {line.replace(' = ', ': ')}  " for line in text.splitlines()]
    return "# a comment\n; another\n" + "\n".join(lines).replace("[IO]", "[IO] ; songs")


def test_percent_and_comment_signs_within_a_path_are_part_of_it(tmp_path: Path) -> None:
    text = SONGS.replace("one.mp3", "100%(x)s #1 = 2; 3:4.mp3")
    assert loaded(tmp_path, text).first_song == tmp_path / "music" / "100%(x)s #1 = 2; 3:4.mp3"


def test_tilde_is_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/dj")
    monkeypatch.setenv("USERPROFILE", "/home/dj")
    text = SONGS.replace("= music", "= ~/music").replace("= out", "= ~/out")
    text = text.replace("two.mp3", "~/two.mp3") + "model weights = ~/model.ckpt"
    config = loaded(tmp_path, text)
    assert config.first_song == Path("/home/dj/music/one.mp3")
    assert config.second_song == Path("/home/dj/two.mp3")
    assert config.save_directory == Path("/home/dj/out")
    assert Path(config.model_weights) == Path("/home/dj/model.ckpt")


def test_relative_directories_start_at_the_files_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs, elsewhere = tmp_path / "configs", tmp_path / "elsewhere"
    configs.mkdir()
    elsewhere.mkdir()
    written(configs, SONGS.replace("= music", "= ../data/raw").replace("two.mp3", "/abs/two.mp3"))
    monkeypatch.chdir(elsewhere)
    config = legacy_ini.load(Path("../configs/config.ini"))
    assert config.first_song == tmp_path / "data" / "raw" / "one.mp3"
    assert config.second_song == Path("/abs/two.mp3")
    assert config.save_directory == configs / "out"


def test_a_model_of_one_word_stays_one_for_it_may_be_a_name(tmp_path: Path) -> None:
    config = loaded(tmp_path, f"{SONGS}model weights = model.ckpt-320000")
    assert (config.model_weights, config.folder) == ("model.ckpt-320000", tmp_path)
    relative = loaded(tmp_path, f"{SONGS}model weights = ./model.ckpt-320000")
    assert Path(relative.model_weights) == tmp_path / "model.ckpt-320000"


@pytest.mark.parametrize("text", ["True", "true", "yes", "on", "1"])
def test_flag_is_true_by_any_word_for_it(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, f"{SONGS}[Plot]\nFlag = {text}").draws_pictures is True


@pytest.mark.parametrize(
    ("text", "line", "what", "hint"),
    [
        ("[IO]\nfirstsng = a", 2, "no key 'firstsng' in [IO]", "did you mean firstsong?"),
        ("[IO]\nbanana = a", 2, "no key 'banana' in [IO]", "load directory, save directory"),
        ("\n[Plots]", 2, "no section [Plots]", "did you mean [Plot]?"),
        ("[Simple XFade Settings", 1, "no section [Simple", "did you mean [Simple XFade Settings]"),
        ("time = 4", 1, "'time' stands before the first section", "[DEFAULT]"),
        ("[DEFAULT]\ntime = 4", 2, "no key 'time' in [DEFAULT]", "[Simple XFade Settings]"),
        ("[IO]\nsomething", 2, "'something'", "key = value"),
        ("[IO]\n= something", 2, "'= something'", "key = value"),
        ("[DEFAULT]\nsamplingrate = 44.1k", 2, "samplingrate in [DEFAULT] is '44.1k'", "8000"),
        ("[DEFAULT]\nsamplingrate = 7999", 2, "'7999'", "8000 to 192000"),
        ("[DEFAULT]\nsamplingrate = 192001", 2, "'192001'", "8000 to 192000"),
        (
            "[Simple XFade Settings]\nStyle = Exponential",
            2,
            "Style in [Simple XFade Settings] is 'Exponential'",
            "Linear, Sigmoid, Random_Linear",
        ),
        (
            "[NSynth XFade Settings]\nStyle = Dilation",
            2,
            "Style in [NSynth XFade Settings] is 'Dilation'",
            "LinearFade, HannFade, Extend",
        ),
        ("[Simple XFade Settings]\ntime = 0", 2, "time in [Simple", "above 0, at most 600"),
        ("[Simple XFade Settings]\ntime = nan", 2, "is 'nan'", "above 0"),
        ("[Simple XFade Settings]\ntime = 601", 2, "is '601'", "at most 600"),
        ("[NSynth XFade Settings]\ntime = four", 2, "time in [NSynth", "a number of seconds"),
        ("[Preprocess]\nSR window duration = -1", 2, "is '-1'", "from 0"),
        ("[Preprocess]\nSR window duration = 30 # s", 2, "'30 # s'", "line of its own"),
        ("[IO]\nsave name = out/Exp6", 2, "save name in [IO] is 'out/Exp6'", "without a directory"),
        ("[IO]\nsave name =", 2, "save name in [IO] is empty", "a name"),
        ("[Plot]\nFlag = maybe", 2, "Flag in [Plot] is 'maybe'", "True or False"),
        ("[IO]\nFirstSong = a\nfirst song = b", 3, "no key 'first song'", "firstsong"),
        ("[IO]\nFirstSong = a\nfirstsong = b", 3, "twice, first in line 2", "one of them"),
        ("[IO]\n\n[io]", 3, "[IO] stands in the file twice, first in line 1", "together"),
    ],
)
def test_a_mistake_names_itself_its_line_and_what_is_allowed(
    tmp_path: Path, text: str, line: int, what: str, hint: str
) -> None:
    error = refusal(tmp_path, text)
    assert error.line == line
    assert what in error.what
    assert hint in error.hint


def test_all_that_is_missing_is_named_at_once(tmp_path: Path) -> None:
    error = refusal(tmp_path, "[IO]\nfirstsong = one.mp3\nsave name = Exp6\n")
    assert error.what == "[IO] lacks secondsong, load directory, save directory"


def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path) -> None:
    assert "is no configuration file" in refusal(tmp_path, b"RIFF\x00\x00WAVE").what
    assert "is no configuration file" in refusal(tmp_path, "#" * (2 << 20)).what


def test_a_missing_file_leads_to_a_new_one(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        legacy_ini.load(tmp_path / "config.ini")
    assert caught.value.what == "does not exist"
    assert "deepbass config new" in caught.value.hint


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="can't be read"):
        legacy_ini.load(tmp_path)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.sampled_from(WHOLE.splitlines()),
            st.text(max_size=20),
            st.builds("{} = {}".format, st.sampled_from([k.name for k in KEYS]), st.text()),
        )
    )
)
def test_any_text_is_a_configuration_or_an_error_that_names_the_file(
    tmp_path: Path, lines: list[str]
) -> None:
    path = written(tmp_path, "\n".join(lines).encode("utf-8", "surrogatepass"))
    try:
        named = legacy_ini.load(path).first_song.parent.is_absolute()
    except SettingError as error:
        named = error.path == path
    assert named


def test_a_project_has_both_songs_the_ramp_and_the_originals_trim(tmp_path: Path) -> None:
    project = legacy_ini.to_project(loaded(tmp_path, WHOLE))
    assert [track.path for track in project.tracks] == [
        tmp_path / "music" / "one.mp3",
        tmp_path / "music" / "two.mp3",
    ]
    assert project.default == TransitionSpec(curve="Random_Linear", duration_s=7.0)
    assert project.mix == MixSettings(trim="rms", sample_rate_hz=44_100)
    assert not project.transitions


def test_a_project_keeps_silence_where_none_is_searched(tmp_path: Path) -> None:
    config = loaded(tmp_path, f"{SONGS}[Preprocess]\nSR window duration = 0")
    assert legacy_ini.to_project(config).mix.trim == "none"


def test_a_new_file_reads_as_the_defaults_and_comments_every_key(tmp_path: Path) -> None:
    path = tmp_path / "new.ini"
    legacy_ini.write_new(path)
    config, plain = legacy_ini.load(path), loaded(tmp_path, SONGS)
    for key in KEYS:
        if not key.required:
            assert getattr(config, key.field) == getattr(plain, key.field), key
    lines = path.read_text(encoding="utf-8").splitlines()
    for key in KEYS:
        place = next(n for n, line in enumerate(lines) if line.lstrip("# ").startswith(key.name))
        assert lines[place - 1].startswith("# "), key


def test_a_new_file_replaces_another_only_when_told(tmp_path: Path) -> None:
    path = written(tmp_path, SONGS)
    with pytest.raises(OutputError, match="exists already"):
        legacy_ini.write_new(path)
    assert path.read_text() == SONGS
    legacy_ini.write_new(path, overwrite=True)
    assert path.read_text() == legacy_ini.new_text()


def test_a_new_file_in_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="folder"):
        legacy_ini.write_new(tmp_path / "missing" / "config.ini")


def test_what_holds_is_told_with_what_is_a_default(tmp_path: Path) -> None:
    rows = legacy_ini.effective(loaded(tmp_path, SONGS))
    told = {(row.section, row.name): (row.value, row.is_default) for row in rows}
    assert len(told) == len(KEYS)
    assert told["DEFAULT", "samplingrate"] == ("16000", True)
    assert told["Simple XFade Settings", "time"] == ("4", True)
    assert told["IO", "firstsong"] == (str(tmp_path / "music" / "one.mp3"), False)
    assert told["IO", "model weights"] == ("(none)", True)


def test_without_a_file_the_defaults_are_told() -> None:
    rows = {row.name: row.value for row in legacy_ini.effective()}
    assert rows["SR window duration"] == "30"
    assert rows["firstsong"] == "(must be given)"
