"""Counting the frames of an MP3 by walking over their headers, without decoding.

The Xing header's frame count is a claim: of a truncated, joined or hand-edited file it is wrong,
and where there is none a decoder can only guess from the bit rate. The walk takes about 5 ms for
three minutes and gives the true number.

Source: ISO/IEC 11172-3 and 13818-3 (frame header), the Xing/Info tag as LAME documents it.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

EXTENSIONS = (".mp1", ".mp2", ".mp3", ".mpa", ".mpga")

_BIT_RATES_KBPS = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # MPEG-1
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # MPEG-2
    0: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # MPEG-2.5
}
_SAMPLE_RATES_HZ = {
    3: (44_100, 48_000, 32_000),
    2: (22_050, 24_000, 16_000),
    0: (11_025, 12_000, 8_000),
}
_XING_FIELDS = ((1, 4), (2, 4), (4, 100), (8, 4))
"""Flag and length of the frame count, the byte count, the table of contents and the quality."""
_LEAST_FRAMES = 2
"""Frames in a row that make a file an MP3 and not chance."""


@dataclass(frozen=True, slots=True)
class InfoFrame:
    """What a Xing/Info frame claims; None where it makes no claim.

    Attributes
    ----------
    n_frames
        MPEG frames behind it.
    n_bytes
        Bytes, itself included.
    n_added
        Audio frames of the encoder's delay and padding together (LAME's extension).
    """

    n_frames: int | None
    n_bytes: int | None
    n_added: int | None


@dataclass(frozen=True, slots=True)
class MpegScan:
    """What a walk over the frames of an MP3 found.

    Attributes
    ----------
    n_frames
        MPEG frames that hold sound (a Xing/Info frame holds none).
    n_bytes
        Bytes from the first frame to the end of the file, tags at the end included.
    info
        What the Xing/Info frame claims, or None where there is none.
    samples_per_frame
        Audio frames that an MPEG frame holds.
    """

    n_frames: int
    n_bytes: int
    info: InfoFrame | None
    samples_per_frame: int

    @property
    def counted_right(self) -> bool:
        """Whether the header's count of frames is the true one."""
        return self.info is not None and self.info.n_frames == self.n_frames

    @property
    def ends_early(self) -> bool:
        """Whether the header claims more frames than there are."""
        return self.info is not None and (self.info.n_frames or 0) > self.n_frames

    @property
    def confirmed(self) -> bool:
        """Whether the header's claims are true: its frames exactly, its bytes within 1 %.

        Of more bytes, such as an APE tag with a picture, libmpg123 complains on stderr.
        """
        if self.info is None or not self.counted_right:
            return False
        declared = self.n_bytes if self.info.n_bytes is None else self.info.n_bytes
        return 100 * abs(self.n_bytes - declared) <= min(self.n_bytes, declared)

    @property
    def music_frames(self) -> int | None:
        """Audio frames without the encoder's delay and padding, or None where that is not known."""
        if self.info is None or self.info.n_added is None or not self.counted_right:
            return None
        return self.n_frames * self.samples_per_frame - self.info.n_added


def scan(path: Path) -> MpegScan | None:
    """Walk over the frames of an MPEG layer III file; None if it is none.

    The walk ends at the first bytes that are no frame of the same kind: the tags at the end, or
    damage. A last frame that is cut off is not counted.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start = _after_id3(data)
        if len(data) < start + 4 or data[start] != 0xFF:
            return None
        lengths = _frame_lengths(data[start + 1], data[start + 2])
        position, count, end = start, 0, len(data)
        while position + 3 < end and data[position] == 0xFF:
            length = lengths.get(data[position + 1] << 8 | data[position + 2])
            if length is None or position + length > end:
                break
            position += length
            count += 1
        if count < _LEAST_FRAMES:
            return None
        first_length = lengths[data[start + 1] << 8 | data[start + 2]]
        info = _info_frame(data[start : start + first_length])
        is_mpeg1 = data[start + 1] >> 3 & 3 == 3
        return MpegScan(
            n_frames=count - (info is not None),
            n_bytes=end - start,
            info=info,
            samples_per_frame=1152 if is_mpeg1 else 576,
        )


def _after_id3(data: mmap.mmap) -> int:
    """Position behind the ID3v2 tags at the start."""
    position = 0
    while data[position : position + 3] == b"ID3" and len(data) > position + 10:
        size = 0
        for byte in data[position + 6 : position + 10]:
            size = size << 7 | byte & 0x7F
        has_footer = data[position + 5] & 0x10
        position += 10 + size + (10 if has_footer else 0)
    return position


def _frame_lengths(second: int, third: int) -> dict[int, int]:
    """Frame length in bytes by header bytes 2 and 3, for frames of the first one's kind.

    Empty unless those bytes begin a layer III frame. Bit rate, padding, protection and the
    private bit may change from frame to frame; version, layer and sample rate may not.
    """
    version, layer, rate_index = second >> 3 & 3, second >> 1 & 3, third >> 2 & 3
    if second >> 5 != 7 or version == 1 or layer != 1 or rate_index == 3:
        return {}
    rate_hz = _SAMPLE_RATES_HZ[version][rate_index]
    factor = 144_000 if version == 3 else 72_000
    lengths = {}
    for index, kbps in enumerate(_BIT_RATES_KBPS[version]):
        for low_bits in range(4) if kbps else ():
            for protection in (0, 1):
                key = (second & 0xFE | protection) << 8 | index << 4 | rate_index << 2 | low_bits
                lengths[key] = factor * kbps // rate_hz + (low_bits >> 1)
    return lengths


def _info_frame(frame: bytes) -> InfoFrame | None:
    """Read the first frame as a Xing/Info frame; None if it is none."""
    is_mpeg1, is_mono = frame[1] >> 3 & 3 == 3, frame[3] >> 6 == 3
    side_info = (17 if is_mono else 32) if is_mpeg1 else (9 if is_mono else 17)
    tag = 4 + side_info
    if frame[tag : tag + 4] not in (b"Xing", b"Info"):
        return None
    flags = int.from_bytes(frame[tag + 4 : tag + 8], "big")
    position = tag + 8
    words: list[int | None] = []
    for bit, length in _XING_FIELDS:
        word = int.from_bytes(frame[position : position + 4], "big")
        words.append(word if flags & bit else None)
        position += length if flags & bit else 0
    n_added = None
    if frame[position : position + 1].isalpha():  # LAME, Lavc: the encoder's name
        delays = int.from_bytes(frame[position + 21 : position + 24], "big")
        n_added = (delays >> 12) + (delays & 0xFFF)
    return InfoFrame(words[0], words[1], n_added)
