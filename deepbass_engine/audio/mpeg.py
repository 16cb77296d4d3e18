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
_HAS_FRAME_COUNT = 1
_LEAST_FRAMES = 2
"""Frames in a row that make a file an MP3 and not chance."""


@dataclass(frozen=True, slots=True)
class MpegScan:
    """What a walk over the frames of an MP3 found.

    Attributes
    ----------
    n_frames
        MPEG frames that hold sound (a Xing/Info frame holds none).
    declared_frames
        MPEG frames the Xing/Info header claims, or None where it claims nothing.
    """

    n_frames: int
    declared_frames: int | None

    @property
    def confirmed(self) -> bool:
        """Whether the header's count is the true one."""
        return self.declared_frames == self.n_frames


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
        is_info, declared = _info_frame(data[start : start + first_length])
        return MpegScan(count - is_info, declared)


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


def _info_frame(frame: bytes) -> tuple[bool, int | None]:
    """Whether the first frame is a Xing/Info frame, and the number of frames it claims."""
    is_mpeg1, is_mono = frame[1] >> 3 & 3 == 3, frame[3] >> 6 == 3
    side_info = (17 if is_mono else 32) if is_mpeg1 else (9 if is_mono else 17)
    tag = 4 + side_info
    if frame[tag : tag + 4] not in (b"Xing", b"Info"):
        return False, None
    flags = int.from_bytes(frame[tag + 4 : tag + 8], "big")
    if not flags & _HAS_FRAME_COUNT:
        return True, None
    return True, int.from_bytes(frame[tag + 8 : tag + 12], "big")
