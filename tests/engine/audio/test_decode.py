"""Every format, healthy and damaged: what it is, what comes out of it, and what is said of it."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import encoders
import mutagen.mp4
import numpy as np
import pytest
import signals
import soundfile
from scipy.signal import correlate

from deepbass_engine.audio.decode import BLOCK_FRAMES, Decoding, count_frames, probe, read_span
from deepbass_engine.audio.source import AudioSource
from deepbass_engine.errors import Cancelled, InputError
from deepbass_engine.progress import CancelToken
from deepbass_engine.project import Span

Recording = Callable[[str], Path]

LOSSLESS = ["plain.wav", "plain.rf64", "plain.w64", "plain.aiff", "plain.flac", "plain.alac"]
GAPLESS_LOSSY = ["plain.ogg", "plain.opus", "cbr.mp3", "vbr.mp3", "plain.m4a"]


def decoded(source: AudioSource | Path) -> np.ndarray:
    """All samples of a file by the sequential pass."""
    if isinstance(source, Path):
        source = probe(source)
    blocks = [block.copy() for block in Decoding(source)]
    return np.concatenate([np.empty((0, source.channels), np.float32), *blocks])


def counted(path: Path) -> AudioSource:
    return count_frames(probe(path))


def lag_of(heard: np.ndarray, played: np.ndarray) -> int:
    """Frames by which `heard` is late."""
    match = correlate(heard[:, 0], played[:, 0], mode="full", method="fft")
    return int(np.argmax(match)) - (len(played) - 1)


# --- healthy files ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_files_give_back_every_sample(recording: Recording, music, name):
    source = counted(recording(name))
    np.testing.assert_array_equal(decoded(source), music)
    assert (source.frames, source.missing_frames) == (len(music), 0)
    assert (source.sample_rate_hz, source.layout, source.bit_depth) == (44_100, ("FL", "FR"), 16)


@pytest.mark.parametrize("name", GAPLESS_LOSSY)
def test_lossy_files_have_the_length_and_place_of_what_was_encoded(
    recording: Recording, music, name
):
    source = counted(recording(name))
    heard = decoded(source)
    if source.sample_rate_hz == 48_000:  # Opus knows no other rate
        import soxr

        assert len(heard) == len(music) * 48_000 // 44_100
        heard = soxr.resample(heard, 48_000, 44_100)
    assert len(heard) == len(music)
    assert lag_of(heard, music) == 0
    assert np.corrcoef(heard[:, 0], music[:, 0])[0, 1] > 0.99
    assert source.bit_depth is None
    assert source.missing_frames == 0


@pytest.mark.parametrize("name", ["untagged cbr.mp3", "untagged vbr.mp3", "plain.aac", "plain.wma"])
def test_files_that_do_not_tell_their_delay_decode_as_in_ffmpeg(
    recording: Recording, tmp_path, name
):
    path = recording(name)
    source = counted(path)
    raw = tmp_path / "raw"
    encoders.run("ffmpeg", "-v", "error", "-i", path, "-f", "f32le", raw)
    expected = np.fromfile(raw, np.float32).reshape(-1, 2)
    heard = decoded(source)
    assert source.frames == len(expected)
    np.testing.assert_allclose(heard, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["untagged cbr.mp3", "untagged vbr.mp3", "plain.aac"])
def test_a_length_guessed_from_the_bit_rate_is_never_taken_for_a_claim(recording: Recording, name):
    source = probe(recording(name))
    assert (source.frames, source.declared_frames) == (None, None)


def test_an_mp3_behind_junk_claims_no_guessed_length(recording: Recording, tmp_path):
    path = tmp_path / "junk first.mp3"
    path.write_bytes(bytes(3000) + recording("untagged vbr.mp3").read_bytes())
    source = counted(path)
    assert source.declared_frames is None
    assert len(decoded(source)) == len(decoded(recording("untagged vbr.mp3")))


@pytest.mark.parametrize("name", ["plain.wav", "plain.flac", "vbr.mp3", "plain.m4a", "plain.ogg"])
def test_blocks_are_full_but_for_the_last(recording: Recording, name):
    decoding = Decoding(probe(recording(name)))
    lengths = [len(block) for block in decoding]
    assert lengths[:-1] == [BLOCK_FRAMES] * (len(lengths) - 1)
    assert 0 < lengths[-1] <= BLOCK_FRAMES
    assert decoding.n_frames == sum(lengths)


def test_16_bit_samples_are_read_without_leaving_their_grid(tmp_path):
    values = np.arange(-32768, 32768, dtype=np.int16).reshape(-1, 2)
    soundfile.write(tmp_path / "all.wav", values, 44_100)
    source = probe(tmp_path / "all.wav")
    block = next(Decoding(source, "int16"))
    assert block.dtype == np.int16
    np.testing.assert_array_equal(block, values)
    np.testing.assert_array_equal(next(Decoding(source)) * 32768, values)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_the_grid_of_a_wav_is_known(tmp_path, subtype):
    path = signals.write(tmp_path / "a.wav", signals.music(0.1), subtype=subtype)
    expected = {"PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}.get(subtype)
    assert probe(path).bit_depth == expected


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 22_050, 32_000, 48_000, 96_000, 192_000])
def test_rates_from_8_to_192_khz_are_read(tmp_path, rate_hz):
    tone = signals.sine(440.0, 0.25, rate_hz)
    source = counted(signals.write(tmp_path / "a.flac", tone, rate_hz))
    assert (source.sample_rate_hz, source.frames) == (rate_hz, len(tone))
    np.testing.assert_allclose(decoded(source), tone, rtol=0, atol=2**-16)


@pytest.mark.parametrize("rate_hz", [7_999, 192_001])
def test_other_rates_are_refused_by_number(tmp_path, rate_hz):
    path = signals.write(tmp_path / "a.wav", signals.sine(440.0, 0.1, rate_hz), rate_hz)
    with pytest.raises(InputError, match=f"sample rate of {rate_hz} Hz; 8000 to 192000"):
        probe(path)


def test_the_content_tells_the_format_and_not_the_name(recording: Recording, music, tmp_path):
    wav_as_mp3, mp3_as_wav = tmp_path / "wav.mp3", tmp_path / "mp3.wav"
    wav_as_mp3.write_bytes(recording("plain.wav").read_bytes())
    mp3_as_wav.write_bytes(recording("cbr.mp3").read_bytes())
    np.testing.assert_array_equal(decoded(wav_as_mp3), music)
    np.testing.assert_array_equal(decoded(mp3_as_wav), decoded(recording("cbr.mp3")))


@pytest.mark.parametrize("name", ["two\nlines", "Ünïcödé", "🎧🎶", "a%20b", "http:x", "tab\there"])
@pytest.mark.parametrize("format_name", ["plain.wav", "plain.m4a", "untagged cbr.mp3"])
def test_any_file_name_can_be_read(recording: Recording, tmp_path, name, format_name):
    path = tmp_path / (name + Path(format_name).suffix)
    path.write_bytes(recording(format_name).read_bytes())
    np.testing.assert_array_equal(decoded(path), decoded(recording(format_name)))


@pytest.mark.skipif(os.name == "nt", reason="Windows names are text")
@pytest.mark.parametrize("format_name", ["plain.wav", "plain.m4a"])
def test_a_file_name_that_is_no_text_can_be_read(recording: Recording, tmp_path, format_name):
    path = tmp_path / os.fsdecode(b"latin-\xe9" + Path(format_name).suffix.encode())
    path.write_bytes(recording(format_name).read_bytes())
    np.testing.assert_array_equal(decoded(path), decoded(recording(format_name)))


def test_counting_frames_can_be_cancelled(recording: Recording):
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        count_frames(probe(recording("plain.m4a")), cancel=cancel)


# --- encoder delay and padding ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("extension", "options"), [(".mp3", ("-b", "192")), (".mp3", ("-V2",)), (".flac", ())]
)
def test_a_tone_cut_in_two_and_encoded_joins_without_a_click(tmp_path, extension, options):
    whole = signals.sine(441.0, 3.0)
    cut = 61_234  # in no codec's frame grid
    halves = []
    for name, part in (("first", whole[:cut]), ("second", whole[cut:])):
        wav = signals.write(tmp_path / f"{name}.wav", part)
        halves.append(decoded(encoders.encode(wav, tmp_path / (name + extension), *options)))
    assert [len(half) for half in halves] == [cut, len(whole) - cut]
    joined = np.concatenate(halves)[:, 0].astype(np.float64)
    assert lag_of(joined[:, None], whole) == 0
    bend = np.abs(np.diff(joined, 2))
    at_joint = bend[cut - 2 : cut]  # the second differences that span the joint
    neighbourhood = np.concatenate([bend[cut - 1102 : cut - 2], bend[cut : cut + 1100]])
    assert at_joint.max() <= neighbourhood.max()


@pytest.mark.parametrize("extension", [".m4a", ".ogg"])
def test_a_tone_cut_in_two_keeps_its_length_and_phase_in_other_codecs(tmp_path, extension):
    # These encoders end a tone with a larger error than their decoders could make up for, so
    # that only place and length are held here.
    whole = signals.noise(3.0) * np.float32(0.1) + signals.sine(441.0, 3.0)
    cut = 61_234
    halves = []
    for name, part in (("first", whole[:cut]), ("second", whole[cut:])):
        wav = signals.write(tmp_path / f"{name}.wav", part)
        halves.append(decoded(encoders.encode(wav, tmp_path / (name + extension))))
    assert [len(half) for half in halves] == [cut, len(whole) - cut]
    assert [lag_of(halves[0], whole[:cut]), lag_of(halves[1], whole[cut:])] == [0, 0]


@pytest.mark.parametrize("extension", [".m4a", ".alac"])
@pytest.mark.parametrize("n_frames", [44_100, 61_234, 61_211, 99_999])
def test_mp4_is_as_long_as_what_was_encoded_to_the_frame(tmp_path, extension, n_frames):
    # FFmpeg writes the edit list in milliseconds
    wav = signals.write(tmp_path / "a.wav", signals.noise(3.0)[:n_frames])
    path = encoders.encode(wav, tmp_path / ("a" + extension))
    source = counted(path)
    assert (source.frames, source.missing_frames) == (n_frames, 0)


def itunes_gapless(path: Path, delay: int, padding: int, n_frames: int) -> None:
    """Enter an iTunSMPB tag."""
    tags = mutagen.mp4.MP4(path)
    text = f" 00000000 {delay:08X} {padding:08X} {n_frames:016X}" + " 00000000" * 8
    tags["----:com.apple.iTunes:iTunSMPB"] = mutagen.mp4.MP4FreeForm(text.encode())
    tags.save()


def test_itunes_gapless_tag_cuts_delay_and_padding_of_aac_without_an_edit_list(tmp_path, music):
    wav = signals.write(tmp_path / "a.wav", music)
    path = encoders.encode(wav, tmp_path / "a.m4a", "-use_editlist", "0")
    assert len(decoded(path)) > len(music)
    padding = -(len(music) + 1024) % 1024
    itunes_gapless(path, 1024, padding, len(music))
    heard = decoded(path)
    assert len(heard) == len(music)
    assert lag_of(heard, music) == 0


def test_itunes_gapless_tag_says_the_length_more_exactly_than_the_container(
    recording: Recording, tmp_path, music
):
    path = tmp_path / "a.m4a"
    path.write_bytes(recording("plain.m4a").read_bytes())
    itunes_gapless(path, 1024, 512, len(music) - 100)
    assert counted(path).frames == len(music) - 100


def test_a_damaged_itunes_gapless_tag_changes_nothing(recording: Recording, tmp_path, music):
    path = tmp_path / "a.m4a"
    path.write_bytes(recording("plain.m4a").read_bytes())
    tags = mutagen.mp4.MP4(path)
    tags["----:com.apple.iTunes:iTunSMPB"] = mutagen.mp4.MP4FreeForm(b" not hexadecimal at all")
    tags.save()
    assert counted(path).frames == len(music)


# --- damaged files: what decodes is kept, what is missing is counted ----------------------------


def cut_at(path: Path, share: float, target: Path) -> Path:
    content = path.read_bytes()
    target.write_bytes(content[: int(len(content) * share)])
    return target


@pytest.mark.parametrize("name", LOSSLESS[:-1])
def test_a_truncated_lossless_file_keeps_what_is_there_and_counts_what_is_not(
    recording: Recording, music, tmp_path, name
):
    path = cut_at(recording(name), 0.6, tmp_path / name)
    source = counted(path)
    heard = decoded(source)
    assert source.frames == len(heard)
    assert len(heard) > len(music) // 2
    np.testing.assert_array_equal(heard, music[: len(heard)])
    assert source.missing_frames == len(music) - len(heard)


@pytest.mark.parametrize("name", ["cbr.mp3", "vbr.mp3"])
def test_a_truncated_mp3_keeps_what_is_there_and_counts_what_is_not(
    recording: Recording, music, tmp_path, name
):
    path = cut_at(recording(name), 0.6, tmp_path / name)
    source, whole = counted(path), decoded(recording(name))
    heard = decoded(source)
    assert len(heard) > len(music) // 2
    sure = len(heard) - 1152  # the last frame may lack its other half
    np.testing.assert_allclose(heard[:sure], whole[:sure], rtol=0, atol=1e-5)
    assert source.missing_frames == len(music) - len(heard)


def test_a_truncated_ogg_keeps_what_is_there(recording: Recording, tmp_path):
    whole = decoded(recording("plain.ogg"))
    source = counted(cut_at(recording("plain.ogg"), 0.6, tmp_path / "cut.ogg"))
    heard = decoded(source)
    assert source.frames == len(heard) > len(whole) // 3
    np.testing.assert_array_equal(heard[:-2048], whole[: len(heard) - 2048])
    # an Ogg file says its length only in its last page, which is gone
    assert source.missing_frames == 0


@pytest.mark.parametrize("damage_at", [0.3, 0.6])
def test_a_flac_with_a_hole_keeps_what_precedes_it(
    recording: Recording, music, tmp_path, damage_at
):
    content = bytearray(recording("plain.flac").read_bytes())
    start = int(len(content) * damage_at)
    content[start : start + 30_000] = bytes(30_000)
    path = tmp_path / "hole.flac"
    path.write_bytes(content)
    heard = decoded(path)
    assert len(heard) > (damage_at - 0.1) * len(music)
    np.testing.assert_array_equal(heard[:-4096], music[: len(heard) - 4096])
    assert len(heard) < len(music)


def test_an_mp3_with_a_hole_plays_on_behind_it(recording: Recording, music, tmp_path):
    content = bytearray(recording("cbr.mp3").read_bytes())
    content[20_000:23_000] = bytes(3000)
    path = tmp_path / "hole.mp3"
    path.write_bytes(content)
    source = counted(path)
    heard = decoded(source)
    whole = decoded(recording("cbr.mp3"))
    assert source.missing_frames == len(music) - len(heard) > 0
    behind = heard[-60_000:-20_000]
    place = lag_of(whole, behind)
    np.testing.assert_allclose(behind, whole[place : place + 40_000], rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["cbr.mp3", "vbr.mp3", "untagged cbr.mp3"])
def test_two_joined_mp3s_play_both_to_their_ends(recording: Recording, music, tmp_path, name):
    path = tmp_path / "joined.mp3"
    path.write_bytes(2 * recording(name).read_bytes())
    source = counted(path)
    assert source.missing_frames == 0
    heard = decoded(source)
    assert 2 * len(music) <= len(heard) < 2 * len(music) + 4 * 1152
    start = lag_of(heard[len(music) :], music) + len(music)  # the second one, past its own delay
    assert np.corrcoef(heard[start : start + len(music) - 2000, 0], music[:-2000, 0])[0, 1] > 0.99


@pytest.mark.parametrize("tag_bytes", [500, 4000, 50_000])
def test_a_tag_behind_an_mp3_changes_neither_its_samples_nor_its_length(
    recording: Recording, music, tmp_path, tag_bytes
):
    path = tmp_path / "tagged.mp3"
    path.write_bytes(recording("vbr.mp3").read_bytes() + b"APETAGEX" + bytes(tag_bytes))
    source = counted(path)
    np.testing.assert_allclose(decoded(source), decoded(recording("vbr.mp3")), rtol=0, atol=1e-5)
    assert (source.frames, source.missing_frames) == (len(music), 0)


@pytest.mark.parametrize("claimed_frames", [0, 1, 50, 10_000_000])
def test_an_mp3_whose_header_lies_about_its_length_plays_whole(
    recording: Recording, music, tmp_path, claimed_frames
):
    content = bytearray(recording("cbr.mp3").read_bytes())
    field = content.index(b"Info") + 8
    content[field : field + 4] = struct.pack(">I", claimed_frames)
    path = tmp_path / "lies.mp3"
    path.write_bytes(content)
    source = counted(path)
    assert source.declared_frames is None or source.declared_frames > 0
    heard = decoded(source)
    assert len(music) <= len(heard) <= len(music) + 1152
    # FFmpeg drops the encoder's padding where the header puts the end
    assert lag_of(heard[:50_000], music[:50_000]) == 0
    assert source.frames == len(heard)


@pytest.mark.parametrize("size", [0xFFFF_FFFF, 0x7FFF_F000, 0])
def test_a_wav_from_a_pipe_is_whole_and_not_called_truncated(
    recording: Recording, music, tmp_path, size
):
    content = bytearray(recording("plain.wav").read_bytes())
    data = content.index(b"data")
    content[4:8] = content[data + 4 : data + 8] = struct.pack("<I", size)
    path = tmp_path / "piped.wav"
    path.write_bytes(content)
    source = counted(path)
    np.testing.assert_array_equal(decoded(source), music)
    assert (source.frames, source.missing_frames) == (len(music), 0)


def test_ffmpegs_own_piped_wav_is_whole(recording: Recording, music, tmp_path):
    ffmpeg = encoders.program("ffmpeg")
    command = [ffmpeg, "-v", "error", "-i", recording("plain.wav"), "-f", "wav", "-"]
    path = tmp_path / "piped.wav"
    path.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    source = counted(path)
    np.testing.assert_array_equal(decoded(source), music)
    assert source.missing_frames == 0


def no_numbers(tmp_path: Path) -> Path:
    samples = signals.music(3.0)
    samples[5, 0], samples[70_000, 1], samples[70_001] = np.nan, np.inf, -np.inf
    return signals.write(tmp_path / "broken.wav", samples, subtype="FLOAT")


def test_samples_that_are_no_numbers_become_silence_and_are_counted(tmp_path):
    path = no_numbers(tmp_path)
    decoding = Decoding(probe(path))
    heard = np.concatenate([block.copy() for block in decoding])
    expected = signals.music(3.0)
    expected[5, 0] = expected[70_000, 1] = expected[70_001] = 0.0
    np.testing.assert_array_equal(heard, expected)
    assert decoding.n_not_finite == 4


def test_samples_that_are_no_numbers_are_silent_in_a_span_too(tmp_path):
    source = probe(no_numbers(tmp_path))
    got = read_span(source, Span(69_990, 70_010)).samples
    expected = signals.music(3.0)[69_990:70_010]
    expected[10, 1] = expected[11] = 0.0
    np.testing.assert_array_equal(got, expected)


def test_large_finite_samples_stay(tmp_path):
    samples = np.full((1000, 2), 3e38, np.float32)
    decoding = Decoding(probe(signals.write(tmp_path / "a.wav", samples, subtype="FLOAT")))
    np.testing.assert_array_equal(next(decoding), samples)
    assert decoding.n_not_finite == 0


def test_damage_that_decodes_to_absurd_samples_is_silent_and_counted(tmp_path):
    path = encoders.encode(
        signals.write(tmp_path / "a.wav", signals.music(30.0)), tmp_path / "a.mp3"
    )
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(1)
    places = rng.integers(len(data) // 10, len(data), 2000)
    for place, value in zip(places, rng.integers(0, 256, 2000), strict=True):
        data[place] = value
    path.write_bytes(data)
    decoding = Decoding(probe(path))
    heard = np.concatenate([block.copy() for block in decoding])
    assert decoding.n_not_finite > 0
    assert np.abs(heard).max() <= 16.0


# --- what can't be used -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["song.mp3", "song.wav", "song.flac", "song.ogg", "song.m4a"])
def test_text_with_an_audio_name_is_refused_by_name(tmp_path, name):
    path = tmp_path / name
    path.write_text("this is no music\n" * 200)
    with pytest.raises(InputError) as refused:
        count_frames(probe(path))
    assert refused.value.path == path
    assert refused.value.hint


@pytest.mark.parametrize("name", ["empty.mp3", "empty.wav", "empty"])
def test_an_empty_file_is_called_empty(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(InputError, match=r"is empty \(0 bytes\)"):
        probe(tmp_path / name)


@pytest.mark.parametrize("name", ["head.wav", "head.aiff", "head.rf64", "head.w64"])
def test_a_file_of_no_frames_is_said_to_hold_no_sound(tmp_path, name):
    path = signals.write(tmp_path / name, np.zeros((0, 2), np.float32))
    with pytest.raises(InputError, match=r"holds no sound \(0 frames\)"):
        count_frames(probe(path))


def test_a_missing_file_is_called_missing(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        probe(tmp_path / "nowhere.wav")


def test_a_folder_is_called_a_folder(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        probe(tmp_path)


def test_a_name_no_file_can_have_is_refused(tmp_path):
    with pytest.raises(InputError, match="can't be opened"):
        probe(tmp_path / "nul\0here.wav")


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_a_file_without_permission_says_so(recording: Recording, tmp_path):
    path = tmp_path / "secret.wav"
    path.write_bytes(recording("plain.wav").read_bytes())
    path.chmod(0)
    if os.geteuid() != 0:
        with pytest.raises(InputError, match="may not be read"):
            probe(path)
        return
    # root may read everything: ask as nobody, after all is imported
    program = (
        "import os, sys; from pathlib import Path\n"
        "from deepbass_engine.audio.decode import probe\n"
        "from deepbass_engine.errors import InputError\n"
        "path = Path('secret.wav')\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "try: probe(path)\n"
        "except InputError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    assert "secret.wav: may not be read" in done.stdout


def test_nine_channels_of_unknown_meaning_are_refused(tmp_path):
    path = signals.write(tmp_path / "a.wav", signals.sine(440.0, 0.1, channels=9))
    with pytest.raises(InputError, match="has 9 channels; at most 8"):
        probe(path)


def test_bad_mp3s_print_nothing(recording: Recording, tmp_path, capfd):
    whole = recording("cbr.mp3").read_bytes()
    low = recording("quiet reservoir.mp3").read_bytes()
    bad = {
        "cut": whole[: len(whole) * 3 // 5],
        "joined": whole + recording("vbr.mp3").read_bytes(),
        "hole": whole[:20_000] + bytes(3000) + whole[23_000:],
        "middle": low[3001:],
        "text": b"this is no music\n" * 500,
        "junk first": bytes(range(200)) * 20 + whole,
        "junk last": whole + bytes(range(200)) * 20,
        "large tag last": whole + b"APETAGEX" + bytes(50_000),
        "large tag first": b"ID3\x03\0\0\0\x0f\0\0" + bytes(15 << 14) + whole,
    }
    capfd.readouterr()
    for name, content in bad.items():
        path = tmp_path / f"{name}.mp3"
        path.write_bytes(content)
        try:
            decoded(path)
        except InputError:
            assert name == "text"
    assert capfd.readouterr() == ("", "")


# --- random access ------------------------------------------------------------------------------

SEEK_TOLERANCE = {
    # Exact wherever decoding holds no state, or starts far enough ahead of the span for it to be
    # the same (Vorbis), or starts at the first frame (MP3, AAC).
    "plain.wav": 0.0,
    "plain.flac": 0.0,
    "plain.ogg": 0.0,
    "cbr.mp3": 0.0,
    "vbr.mp3": 0.0,
    "quiet reservoir.mp3": 0.0,
    "untagged vbr.mp3": 0.0,
    "plain.m4a": 0.0,
    # Its predictors forget only gradually: the decoder's state is that of a later start.
    "plain.opus": 1e-4,
}


@pytest.mark.parametrize("name", SEEK_TOLERANCE)
def test_random_access_gives_the_samples_of_the_sequential_pass(recording: Recording, name, capfd):
    source = probe(recording(name))
    whole = decoded(source)
    random = np.random.default_rng(7)
    starts = [int(start) for start in random.integers(0, len(whole) - 3000, 40)]
    forward = 100 + np.cumsum(random.integers(1, 6000, 40))  # short jumps ahead
    starts += [int(start) for start in forward[forward < len(whole) - 3000]]
    assert len(starts) == 80
    for start in starts:
        length = int(random.integers(1, 3000))
        got = read_span(source, Span(start, start + length)).samples
        np.testing.assert_allclose(
            got, whole[start : start + length], rtol=0, atol=SEEK_TOLERANCE[name]
        )
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["plain.wav", "plain.ogg", "vbr.mp3", "plain.m4a"])
def test_a_span_over_the_end_gives_what_there_is(recording: Recording, music, name):
    source = probe(recording(name))
    n_frames = len(music)
    clip = read_span(source, Span(n_frames - 10, n_frames + 10))
    assert clip.sample_rate_hz == 44_100
    np.testing.assert_array_equal(clip.samples, decoded(source)[-10:])
    assert len(read_span(source, Span(n_frames, n_frames + 10)).samples) == 0
    assert len(read_span(source, Span(n_frames + 5000, n_frames + 9000)).samples) == 0
    assert len(read_span(source, Span(50, 50)).samples) == 0


@pytest.mark.parametrize("span", [Span(-1, 5), Span(10, 9)])
def test_a_span_that_runs_backwards_or_before_the_start_is_refused(recording: Recording, span):
    with pytest.raises(ValueError, match="span is"):
        read_span(probe(recording("plain.wav")), span)
