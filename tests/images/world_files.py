"""Some 450 generated files, as cameras, programs and the web write them, odd ones among them."""

import struct
import zlib
from collections.abc import Iterable, Iterator
from functools import cache
from io import BytesIO
from itertools import product

from PIL import Image

from tests.images import image_files
from tests.images.image_files import png_chunk

WIDTH, HEIGHT = 48, 32
GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6
_CHANNELS = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGBA: 4}
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))  # fmt: skip  # noqa: E501
P3_CHROMATICITIES = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
WIDE_CHROMATICITIES = struct.pack(">8I", 31270, 32900, 70800, 29200, 17000, 79700, 13100, 4600)


def scene(width: int = WIDTH, height: int = HEIGHT, mode: str = "RGB") -> Image.Image:
    """Ramps of several colors from dark to light, soft enough for every coder."""
    image = Image.new("RGBA", (width, height))
    image.putdata([_color(x / (width - 1), y / (height - 1)) for y in range(height) for x in range(width)])  # fmt: skip  # noqa: E501
    return image.convert(mode) if mode != "RGBA" else image


_HUES = ((1.0, 1.0, 1.0), (1.0, 0.6, 0.4), (0.5, 0.9, 0.5), (0.4, 0.5, 0.9))


def _color(x: float, y: float) -> tuple[int, int, int, int]:
    place = min(y * 3, 2.999)
    share = place - int(place)
    hues = zip(_HUES[int(place)], _HUES[int(place) + 1], strict=True)
    strength = [one * (1 - share) + other * share for one, other in hues]
    red, green, blue = (round(255 * x * part) for part in strength)
    return red, green, blue, round(255 * min(1.0, 0.2 + y))


def raw_png(
    color_type: int,
    depth: int,
    *,
    is_interlaced: bool = False,
    before: Iterable[tuple[bytes, bytes]] = (),
    after: Iterable[tuple[bytes, bytes]] = (),
    palette: bytes | None = None,
    rows: int = HEIGHT,
) -> bytes:
    """A PNG of any kind of sample, written without Pillow. before, after: chunks around IDAT."""
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, color_type, 0, 0, is_interlaced)
    coded = zlib.compress(b"".join(_lines(color_type, depth, is_interlaced, rows)))
    chunks = [(b"IHDR", header)]
    if color_type == PALETTE:
        chunks.append((b"PLTE", palette or _palette(depth)))
    chunks += [*before, (b"IDAT", coded), *after, (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def _lines(color_type: int, depth: int, is_interlaced: bool, rows: int) -> Iterator[bytes]:
    for x0, y0, step_x, step_y in _PASSES if is_interlaced else ((0, 0, 1, 1),):
        for y in range(y0, rows, step_y):
            samples = [_sample(x, y, color_type, depth) for x in range(x0, WIDTH, step_x)]
            if samples:
                yield b"\0" + _packed([part for one in samples for part in one], depth)


def _sample(x: int, y: int, color_type: int, depth: int) -> tuple[int, ...]:
    top = (1 << depth) - 1
    if color_type == PALETTE:
        return (x * top // (WIDTH - 1),)
    red, green, blue, alpha = _color(x / (WIDTH - 1), y / (HEIGHT - 1))
    kinds = {
        GRAY: (x * 255 // (WIDTH - 1),),
        RGB: (red, green, blue),
        GRAY_ALPHA: (x * 255 // (WIDTH - 1), alpha),
        RGBA: (red, green, blue, alpha),
    }
    return tuple(part * top // 255 for part in kinds[color_type])


def _packed(samples: list[int], depth: int) -> bytes:
    if depth == 16:
        return struct.pack(f">{len(samples)}H", *samples)
    bits = "".join(format(sample, f"0{depth}b") for sample in samples)
    bits = bits.ljust(-(-len(bits) // 8) * 8, "0")
    return int(bits, 2).to_bytes(len(bits) // 8)


def _palette(depth: int) -> bytes:
    top = (1 << depth) - 1
    return b"".join(bytes([i * 255 // top, 255 - i * 200 // top, 90]) for i in range(top + 1))


def _png_modes() -> Iterator[tuple[str, bytes]]:
    keys = {GRAY: b"\0\1", RGB: struct.pack(">3H", 0, 0, 0)}
    depths = {GRAY: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), GRAY_ALPHA: (8, 16), RGBA: (8, 16)}  # fmt: skip  # noqa: E501
    for color_type, is_interlaced in product(depths, (False, True)):
        for depth in depths[color_type]:
            name = f"{color_type}-{depth}-{'adam7' if is_interlaced else 'plain'}"
            yield name, raw_png(color_type, depth, is_interlaced=is_interlaced)
            if color_type == PALETTE:
                half = bytes(range(0, 256, 16))[: 1 << depth]
                chunk = (b"tRNS", half)
            elif color_type in keys:
                black = struct.pack(">H", 0)
                chunk = (b"tRNS", keys[color_type] if color_type == RGB else black)
            else:
                continue
            yield (
                f"{name}-trns",
                raw_png(color_type, depth, is_interlaced=is_interlaced, before=[chunk]),
            )
    for depth in (2, 4, 8, 16):
        key = struct.pack(">H", ((1 << depth) - 1) * 2 // 3)
        yield f"0-{depth}-trns-inner", raw_png(GRAY, depth, before=[(b"tRNS", key)])
    yield "trns-long", raw_png(GRAY, 8, before=[(b"tRNS", bytes(9))])
    yield "trns-on-rgba", raw_png(RGBA, 8, before=[(b"tRNS", bytes(6))])


_TAGGED = {"rgb": (RGB, 8), "rgba": (RGBA, 8), "gray": (GRAY, 8), "deep": (RGB, 16)}
CODES = {
    "p3": (12, 13), "wide": (9, 13), "dci": (11, 13), "linear": (1, 8), "gamma22": (1, 4),
    "gamma28": (1, 5), "video": (1, 1), "wide-video": (9, 14), "srgb": (1, 13),
    "p3-gamma22": (12, 4), "ntsc": (6, 13), "pq": (9, 16), "hlg": (9, 18), "unknown": (2, 2),
}  # fmt: skip


def _png_codes() -> Iterator[tuple[str, bytes]]:
    for (name, code), (mode, kind) in product(CODES.items(), _TAGGED.items()):
        yield f"{name}-{mode}", raw_png(*kind, before=[(b"cICP", bytes([*code, 0, 1]))])
    for name, more in {"matrix": (9, 1), "narrow": (0, 0)}.items():
        yield name, raw_png(RGB, 8, before=[(b"cICP", bytes([12, 13, *more]))])
    yield "short", raw_png(RGB, 8, before=[(b"cICP", bytes([12, 13, 0]))])


def _png_gammas() -> Iterator[tuple[str, bytes]]:
    gammas = {"1": 100_000, "0.45": 45_455, "0.55": 55_556, "0.3": 30_000}
    places = {"": None, "-p3": P3_CHROMATICITIES, "-wide": WIDE_CHROMATICITIES}
    for (gamma, value), (place, numbers) in product(gammas.items(), places.items()):
        chunks = [(b"gAMA", struct.pack(">I", value))]
        chunks += [(b"cHRM", numbers)] if numbers else []
        for mode, kind in _TAGGED.items():
            yield f"{gamma}{place}-{mode}", raw_png(*kind, before=chunks)
    yield "chrm-alone", raw_png(RGB, 8, before=[(b"cHRM", P3_CHROMATICITIES)])
    yield "srgb-first", raw_png(RGB, 8, before=[(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 100_000))])  # fmt: skip  # noqa: E501


def _iccp(icc: bytes) -> tuple[bytes, bytes]:
    return b"iCCP", b"screen\0\0" + zlib.compress(icc)


@cache
def gray_profile() -> bytes:
    """A gray ICC profile with a gamma of 1.8."""
    curve = struct.pack(">4s4xIH2x", b"curv", 1, round(1.8 * 256))
    white = b"XYZ \0\0\0\0" + struct.pack(">3I", 63190, 65536, 54061)
    start = 128 + 4 + 24
    table = struct.pack(">I4sII4sII", 2, b"wtpt", start, 20, b"kTRC", start + 20, 16)
    size = start + 36
    head = struct.pack(">I4xI4s4s4s12x4s", size, 0x02400000, b"mntr", b"GRAY", b"XYZ ", b"acsp")
    head = head.ljust(68, b"\0") + struct.pack(">3I", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + white + curve


def _png_profiles() -> Iterator[tuple[str, bytes]]:
    profiles = {
        "p3": image_files.DISPLAY_P3,
        "exchanged": image_files.EXCHANGED,
        "srgb": image_files.srgb_profile(),
        "broken": b"no profile",
        "gray": gray_profile(),
    }
    for (name, icc), (mode, kind) in product(profiles.items(), _TAGGED.items()):
        yield f"{name}-{mode}", raw_png(*kind, before=[_iccp(icc)])
    yield "gray-beside-alpha", raw_png(GRAY_ALPHA, 8, before=[_iccp(gray_profile())])
    yield (
        "code-first",
        raw_png(RGB, 8, before=[_iccp(image_files.EXCHANGED), (b"cICP", bytes([12, 13, 0, 1]))]),
    )
    yield "palette", raw_png(PALETTE, 8, before=[_iccp(image_files.DISPLAY_P3)])


def _exif(orientation: int, head: bytes = b"", count: int = 1) -> bytes:
    return (
        head + b"MM\0*\0\0\0\x08\0\1" + struct.pack(">HHIHHI", 0x112, 3, count, orientation, 0, 0)
    )


def _png_framing() -> Iterator[tuple[str, bytes]]:
    side = {
        "tEXt": b"Comment\0hello", "zTXt": b"a\0\0" + zlib.compress(bytes(3_000_000)),
        "iTXt": b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(2_000_000)),
        "pHYs": bytes(9), "tIME": bytes(7), "gAMA": struct.pack(">I", 100_000), "bKGD": bytes(6),
        "sBIT": b"\x08\x08\x08", "hIST": bytes(4), "sPLT": b"a\0\x08", "vpAg": bytes(9),
        "caBX": bytes(40), "eXIf": b"junk",
    }  # fmt: skip
    for name, content in side.items():
        chunk = png_chunk(name.encode(), content)
        plain = raw_png(RGB, 8)
        if name != "gAMA":
            yield name, plain[:33] + chunk + plain[33:]
        yield f"{name}-checksum", plain[:33] + chunk[:-1] + bytes([chunk[-1] ^ 1]) + plain[33:]
        short = png_chunk(name.encode(), content[:2])
        yield f"{name}-short", plain[:33] + short + plain[33:]
    yield "no-end", raw_png(RGB, 8)[:-12]
    yield "trailer", raw_png(RGB, 8) + b"trailing bytes"
    yield "rows-missing", raw_png(RGB, 8, rows=HEIGHT - 10)
    yield "rows-missing-adam7", raw_png(RGB, 8, rows=HEIGHT - 10, is_interlaced=True)
    for orientation in range(1, 9):
        yield f"exif-{orientation}", raw_png(RGB, 8, before=[(b"eXIf", _exif(orientation))])
    yield "exif-after", raw_png(RGB, 8, after=[(b"eXIf", _exif(6))])
    yield "exif-twice", raw_png(RGB, 8, before=[(b"eXIf", _exif(6)), (b"eXIf", _exif(1))])


def _saved(image: Image.Image, format: str, **options) -> bytes:
    return image_files.saved(image, format, **options).getvalue()


def _jpeg(mode: str = "RGB", **options) -> bytes:
    return _saved(scene(mode=mode), "JPEG", **{"quality": 92} | options)


def _jpegs() -> Iterator[tuple[str, bytes]]:
    for mode, sampling, is_progressive in product(("RGB", "CMYK"), (0, 1, 2), (False, True)):
        name = f"{mode}-{sampling}-{'progressive' if is_progressive else 'baseline'}"
        yield name, _jpeg(mode, subsampling=sampling, progressive=is_progressive)
    for is_progressive in (False, True):
        yield f"L-{is_progressive}", _jpeg("L", progressive=is_progressive)
    for blocks in (1, 3):
        yield f"restart-{blocks}", _jpeg(restart_marker_blocks=blocks)
    for name, icc in {"p3": image_files.DISPLAY_P3, "exchanged": image_files.EXCHANGED}.items():
        yield f"icc-{name}", _jpeg(icc_profile=icc)
    yield "icc-gray", _jpeg("L", icc_profile=gray_profile())
    second = Image.new("RGB", (WIDTH // 2, HEIGHT // 2), "black")
    yield "mpo", _saved(scene(), "MPO", save_all=True, append_images=[second])
    yield "rgb-ids", _jpeg(keep_rgb=True)


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _jpeg_framing() -> Iterator[tuple[str, bytes]]:
    for is_progressive in (False, True):
        data = _jpeg(progressive=is_progressive)
        kind = "progressive" if is_progressive else "baseline"
        places = [at for at in range(2, len(data) - 1) if data[at] == 0xFF and data[at + 1] in (0xDB, 0xC0, 0xC2, 0xC4)]  # fmt: skip  # noqa: E501
        for number, at in enumerate(places[:4]):
            odd = {"zero": b"\0", "seven": b"1234567", "marker01": b"\xff\1", "fill": b"\xff" * 5,
                   "app-length-1": b"\xff\xe5\0\1", "app-length-0": b"\xff\xe5\0\0"}  # fmt: skip
            for name, junk in odd.items():
                yield f"{kind}-{name}-{number}", data[:at] + junk + data[at:]
        for missing in (1, 2, 3, 4, 5, 8):
            yield f"{kind}-cut-{missing}", data[:-missing]
        yield f"{kind}-trailer", data + b"trailer" * 9
        yield f"{kind}-comment", data[:2] + _segment(0xFE, bytes(40)) + data[2:]
        yield f"{kind}-half", data[: len(data) * 3 // 5]
    data = _jpeg()
    yield "half-with-end", data[: (data.index(b"\xff\xda") + len(data)) // 2] + b"\xff\xd9"
    yield "adobe-short", data[:2] + _segment(0xEE, b"Adobe\0\x64\0\0\0\0") + data[2:]


def _jpeg_exif() -> Iterator[tuple[str, bytes]]:
    data = _jpeg()
    for orientation in range(1, 9):
        block = _segment(0xE1, _exif(orientation, b"Exif\0\0"))
        yield f"exif-{orientation}", data[:2] + block + data[2:]
    turned = _segment(0xE1, _exif(6, b"Exif\0\0"))
    first = {
        "upright": _segment(0xE1, _exif(1, b"Exif\0\0")),
        "junk": _segment(0xE1, b"Exif\0\0junk of no use at all"),
        "xmp": _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>"),
    }
    for name, block in first.items():
        yield f"exif-behind-{name}", data[:2] + block + turned + data[2:]
    for name, head, count in (("count-2", b"Exif\0\0", 2), ("padded", b"Exif\0\1", 1)):
        yield f"exif-{name}", data[:2] + _segment(0xE1, _exif(6, head, count)) + data[2:]


def _gif(colors: int = 64, **options) -> bytes:
    return _saved(scene().quantize(colors, dither=Image.Dither.NONE), "GIF", **options)


def _gifs() -> Iterator[tuple[str, bytes]]:
    for colors, is_interlaced in product((2, 4, 16, 64, 256), (0, 1)):
        yield f"{colors}-{is_interlaced}", _gif(colors, interlace=is_interlaced)
        for place in (0, colors // 2, colors - 1):
            yield (
                f"{colors}-{is_interlaced}-t{place}",
                _gif(colors, interlace=is_interlaced, transparency=place),
            )
    for frames in (2, 3):
        yield f"animated-{frames}", image_files.animated("GIF", WIDTH, HEIGHT, frames).getvalue()


def _gif_framing() -> Iterator[tuple[str, bytes]]:
    data = _gif(16, transparency=3)
    screens = {"0x0": (0, 0), "0-wide": (0, HEIGHT), "small": (20, 20), "large": (70, 50)}
    for name, size in screens.items():
        yield f"screen-{name}", data[:6] + struct.pack("<HH", *size) + data[10:]
    yield "padding", data[:-1] + b"\0\0;"
    yield "no-end", data[:-1]
    yield "comment", data[:-1] + b"!\xfe\5hello\0;"
    yield "trailer", data + b"trailer"
    at = data.index(b",", 13 + 48)
    yield "offset", (
        data[:6] + struct.pack("<HH", 70, 50) + data[10 : at + 1]
        + struct.pack("<HH", 11, 9) + data[at + 5 :]
    )  # fmt: skip
    yield "opaque-offset", _offset(_gif(16))


def _offset(data: bytes) -> bytes:
    at = data.index(b",", 13 + 48)
    start = data[:6] + struct.pack("<HH", 70, 50) + data[10 : at + 1]
    return start + struct.pack("<HH", 11, 9) + data[at + 5 :]


def _webps() -> Iterator[tuple[str, bytes]]:
    for mode, is_lossless, quality in product(("RGB", "RGBA"), (False, True), (60, 90)):
        yield (
            f"{mode}-{is_lossless}-{quality}",
            _saved(scene(mode=mode), "WEBP", lossless=is_lossless, quality=quality),
        )
    yield "icc", _saved(scene(), "WEBP", quality=95, icc_profile=image_files.DISPLAY_P3)
    yield "xmp", _saved(scene(), "WEBP", quality=95, xmp=b"<x/>")
    plain = _saved(scene(), "WEBP", quality=95)
    yield "trailer", plain + b"trailing bytes"
    yield "odd-chunk", plain + b"JUNK\3\0\0\0abc\0"
    yield "exif-6", _saved(scene(), "WEBP", quality=95, exif=b"Exif\0\0" + _exif(6))
    yield (
        "animated",
        _saved(scene(), "WEBP", quality=95, save_all=True, append_images=[scene().rotate(180)]),
    )


def _avif(mode: str = "RGB", **options) -> bytes:
    return _saved(scene(mode=mode), "AVIF", **{"quality": 95, "speed": 8} | options)


def _avifs() -> Iterator[tuple[str, bytes]]:
    for mode, sampling in product(("RGB", "RGBA"), ("4:2:0", "4:4:4")):
        yield f"{mode}-{sampling}", _avif(mode, subsampling=sampling)
    plain = _avif(subsampling="4:4:4")
    at = plain.index(b"colrnclx") + 8
    for name, code in CODES.items():
        yield f"nclx-{name}", plain[:at] + struct.pack(">HH", *code) + plain[at + 4 :]
    yield "icc", _avif(icc_profile=image_files.DISPLAY_P3)
    for orientation in (3, 6):
        yield f"turned-{orientation}", _avif(exif=_exif(orientation))


def _animated_png() -> Iterator[tuple[str, bytes]]:
    yield "animated", image_files.animated("PNG", WIDTH, HEIGHT, 3).getvalue()
    file = BytesIO()
    frames = [scene(), Image.new("RGB", (WIDTH, HEIGHT), "red")]
    still = Image.new("RGB", (WIDTH, HEIGHT), "blue")
    still.save(file, "PNG", save_all=True, append_images=frames, default_image=True, duration=90)
    yield "animated-own-still", file.getvalue()


GROUPS = {
    "png": _png_modes,
    "png-code": _png_codes,
    "png-gamma": _png_gammas,
    "png-profile": _png_profiles,
    "png-framing": _png_framing,
    "png-animated": _animated_png,
    "jpeg": _jpegs,
    "jpeg-framing": _jpeg_framing,
    "jpeg-exif": _jpeg_exif,
    "gif": _gifs,
    "gif-framing": _gif_framing,
    "webp": _webps,
    "avif": _avifs,
}


@cache
def world_files() -> dict[str, bytes]:
    """Every file by its name, which begins with its group."""
    return {f"{group}/{name}": data for group, make in GROUPS.items() for name, data in make()}
