"""ICC profiles for colors that a file describes by code points or numbers.

The precedence and the curves are those of browsers: cICP before an ICC profile before sRGB before
gAMA in a PNG, and an ICC profile before nclx in an AVIF.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from .headers.png import png_chunks

_MAX_PROFILE_BYTES = 4 * 1024 * 1024
PQ, HLG = 16, 18
_D65, _D50 = (0.3127, 0.3290), (0.9642, 1.0, 0.8249)
_SRGB_PRIMARIES = (0.640, 0.330, 0.300, 0.600, 0.150, 0.060)
# By CICP: x and y of red, green and blue, and of white (ITU-T H.273, table 2).
PRIMARIES = {
    1: (_SRGB_PRIMARIES, _D65),
    4: ((0.67, 0.33, 0.21, 0.71, 0.14, 0.08), (0.310, 0.316)),
    5: ((0.64, 0.33, 0.29, 0.60, 0.15, 0.06), _D65),
    6: ((0.630, 0.340, 0.310, 0.595, 0.155, 0.070), _D65),
    7: ((0.630, 0.340, 0.310, 0.595, 0.155, 0.070), _D65),
    8: ((0.681, 0.319, 0.243, 0.692, 0.145, 0.049), (0.310, 0.316)),
    9: ((0.708, 0.292, 0.170, 0.797, 0.131, 0.046), _D65),
    11: ((0.680, 0.320, 0.265, 0.690, 0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320, 0.265, 0.690, 0.150, 0.060), _D65),
    22: ((0.630, 0.340, 0.295, 0.605, 0.155, 0.077), _D65),
}
_NAMES = {1: "BT.709", 9: "BT.2020", 11: "DCI-P3", 12: "Display P3"}
_TRANSFER_NAMES = {PQ: " PQ", HLG: " HLG", 8: " linear"}
# Parametric curves (g, a, b, c, d) as ICC has them: ((a x + b) ^ g), or c x below d.
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
_VIDEO_TRANSFERS = (1, 6, 14, 15)
_BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_GAMMA_OF_SRGB = 45_455


Row = Sequence[float]
Matrix = Sequence[Row]


@dataclass(frozen=True)
class ToldProfile:
    """An ICC profile and the name of its color space; "" to use the profile's own description.

    is_embedded: the file contains the profile itself. hdr_code: instead of icc, the CICP primaries
    and transfer of HDR colors, which no profile can convert for a screen without HDR.
    """

    icc: bytes
    name: str = ""
    is_embedded: bool = True
    hdr_code: tuple[int, int] | None = None


def png_profile(data: bytes) -> ToldProfile | None:
    """Return the color profile that a PNG describes by numbers; None for sRGB or no description."""
    told = {}
    for kind, start, length in png_chunks(data):
        if kind == b"IDAT":
            break
        if kind in (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM") and kind not in told:
            content = data[start : start + length]
            if data[start + length : start + length + 4] == _checksum(kind, content):
                told[kind] = content
    return _by_precedence(told)


def _checksum(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(kind + content))


def _by_precedence(told: dict[bytes, bytes]) -> ToldProfile | None:
    code = told.get(b"cICP", b"")
    if len(code) == 4 and code[2:] == b"\0\1" and code[0] in PRIMARIES:
        return code_profile(code[0], code[1], video_gamma=2.4)
    if b"iCCP" in told and (icc := _inflated(told[b"iCCP"])):
        return ToldProfile(icc)
    if b"sRGB" in told or len(told.get(b"gAMA", b"")) != 4:
        return None
    value = int.from_bytes(told[b"gAMA"])
    primaries = _chromaticities(told.get(b"cHRM", b""))
    # Writers of sRGB files put this number there for old readers, so it alone means sRGB.
    is_srgb = value == _GAMMA_OF_SRGB and primaries is None
    gamma = value / 100_000
    if is_srgb or not 0.1 <= gamma <= 10:
        return None
    corners, white = primaries or PRIMARIES[1]
    icc = matrix_profile(corners, white, parametric(1 / gamma))
    return ToldProfile(icc, f"gamma {1 / gamma:.2g}", is_embedded=False) if icc else None


def _inflated(content: bytes) -> bytes | None:
    """Return the ICC profile in an iCCP chunk, or None if it is broken or too large."""
    name, _, compressed = content.partition(b"\0")
    inflater = zlib.decompressobj()
    try:
        icc = inflater.decompress(compressed[1:], _MAX_PROFILE_BYTES)
    except zlib.error:
        return None
    return icc if len(name) <= 79 and inflater.eof else None


def _chromaticities(content: bytes) -> tuple[Row, tuple[float, float]] | None:
    if len(content) != 32:
        return None
    white_x, white_y, *primaries = (part / 100_000 for part in struct.unpack(">8I", content))
    return tuple(primaries), (white_x, white_y)


@cache
def code_profile(
    primaries: int, transfer: int, video_gamma: float | None = None
) -> ToldProfile | None:
    """Return the profile for CICP code points; None for sRGB and for what browsers treat as sRGB.

    video_gamma: the gamma for video transfer curves, which browsers read as sRGB's in an AVIF.
    """
    name = _NAMES.get(primaries, "BT.709") + _TRANSFER_NAMES.get(transfer, "")
    if transfer in (PQ, HLG):
        return ToldProfile(b"", name, is_embedded=False, hdr_code=(primaries, transfer))
    place = PRIMARIES.get(primaries, PRIMARIES[1])
    if transfer in _VIDEO_TRANSFERS:
        curve = parametric(video_gamma) if video_gamma else parametric(*_SRGB_CURVE)
    elif transfer in _GAMMAS:
        curve = parametric(_GAMMAS[transfer])
    else:
        curve = parametric(*_SRGB_CURVE)
    if place == PRIMARIES[1] and curve == parametric(*_SRGB_CURVE):
        return None
    icc = matrix_profile(*place, curve)
    return ToldProfile(icc, name, is_embedded=False) if icc else None


def parametric(gamma: float, *more: float) -> bytes:
    """Return an ICC parametric curve: x ^ gamma, or sRGB's form with five numbers."""
    numbers = (gamma, *more)
    kind = 3 if more else 0
    return struct.pack(">4s4xH2x", b"para", kind) + b"".join(map(_fixed, numbers))


def matrix_profile(primaries: Row, white: tuple[float, float], curve: bytes) -> bytes | None:
    """Return an ICC v4 display profile of three primaries, a white point and a curve.

    None if the primaries cannot form a profile.
    """
    try:
        columns = primaries_under_d50(primaries, white)
    except ZeroDivisionError:
        return None
    tags = {b"wtpt": _xyz(_D50)}
    tags |= dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(_xyz, columns), strict=True))
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    places: dict[bytes, int] = {}
    table, body = b"", b""
    start = 132 + 12 * len(tags)
    for name, content in tags.items():
        if content not in places:
            places[content] = start + len(body)
            body += content.ljust(-(-len(content) // 4) * 4, b"\0")
        table += struct.pack(">4sII", name, places[content], len(content))
    size = start + len(body)
    head = struct.pack(">I4xI4s4s4s12x4s", size, 0x04400000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    head = head.ljust(68, b"\0") + b"".join(map(_fixed, _D50))
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def primaries_under_d50(primaries: Row, white: tuple[float, float]) -> list[Row]:
    """Return the XYZ of red, green and blue, adapted to a D50 white point."""
    xyz = [_from_xy(*primaries[at : at + 2]) for at in (0, 2, 4)]
    white_xyz = _from_xy(*white)
    amounts = times(inverse(transposed(xyz)), white_xyz)
    colors = [[amount * part for part in one] for amount, one in zip(amounts, xyz, strict=True)]
    seen, wanted = times(_BRADFORD, white_xyz), times(_BRADFORD, _D50)
    scales = [one / other for one, other in zip(wanted, seen, strict=True)]
    back = inverse(_BRADFORD)
    return [
        times(
            back, [scale * part for scale, part in zip(scales, times(_BRADFORD, one), strict=True)]
        )
        for one in colors
    ]


def _from_xy(x: float, y: float) -> tuple[float, float, float]:
    return x / y, 1.0, (1 - x - y) / y


def times(matrix: Matrix, vector: Row) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def transposed(rows: Matrix) -> list[Row]:
    return list(zip(*rows, strict=True))


def inverse(rows: Matrix) -> list[Row]:
    (a, b, c), (d, e, f), (g, h, i) = rows
    cofactors = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    determinant = a * cofactors[0][0] + b * cofactors[1][0] + c * cofactors[2][0]
    return [tuple(part / determinant for part in row) for row in cofactors]


def _xyz(value: Row) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, value))


def _fixed(value: float) -> bytes:
    """Encode an ICC number: 16 bits before the point and 16 after it."""
    return struct.pack(">i", max(-(1 << 31), min((1 << 31) - 1, round(value * 65536))))
