"""Makers of images in memory, of every kind that a merchant may send."""

import struct
import zlib
from io import BytesIO

from PIL import Image, ImageCms

RED, GREEN, BLUE, WHITE = (220, 40, 40), (40, 180, 60), (40, 80, 220), (255, 255, 255)
GPS_MARK = "secret 51.5074N"
COMMENT_MARK = b"secret comment"
XMP_MARK = b"secret-xmp"


def drawing(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Red top left, green top right, blue bottom left, white bottom right."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image.convert(mode)


def corners(image: Image.Image) -> list[str]:
    """Return the colors of the four quarters, row by row, after removing coding noise."""
    rgb = image.convert("RGB")
    names = {"red": RED, "green": GREEN, "blue": BLUE, "white": WHITE}
    at = [(x * image.width // 4, y * image.height // 4) for y in (1, 3) for x in (1, 3)]
    return [
        min(names, key=lambda name: _distance(names[name], rgb.getpixel(point))) for point in at
    ]


def _distance(one, other) -> int:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True))


UPRIGHT = ["red", "green", "blue", "white"]


def saved(image: Image.Image, format: str, **options) -> BytesIO:
    file = BytesIO()
    image.save(file, format, **options)
    file.seek(0)
    return file


def png(width: int, height: int, mode: str = "RGB", **options) -> BytesIO:
    return saved(drawing(width, height, mode), "PNG", **options)


def jpeg(width: int, height: int, mode: str = "RGB", **options) -> BytesIO:
    return saved(drawing(width, height, mode), "JPEG", **options)


def webp(width: int, height: int, **options) -> BytesIO:
    return saved(drawing(width, height), "WEBP", **options)


def avif(width: int, height: int, **options) -> BytesIO:
    return saved(drawing(width, height), "AVIF", speed=10, **options)


def gif(width: int, height: int, **options) -> BytesIO:
    return saved(drawing(width, height), "GIF", **options)


def of_format(format: str, width: int, height: int, **options) -> BytesIO:
    return saved(drawing(width, height), format, **options)


def noise(width: int, height: int) -> Image.Image:
    """Fine detail that no format can compress away, the same every time."""
    seed = b"".join(struct.pack(">I", zlib.crc32(b"%d" % number)) for number in range(4096))
    tile = Image.frombytes("RGB", (64, 64), seed[: 64 * 64 * 3].ljust(64 * 64 * 3, b"\x7f"))
    image = Image.new("RGB", (width, height))
    for x in range(0, width, 64):
        for y in range(0, height, 64):
            image.paste(tile, (x, y))
    return image


def soft(width: int, height: int) -> Image.Image:
    """Detail and color as tame as a photograph's."""
    coarse = noise(max(1, width // 8), max(1, height // 8))
    smooth = coarse.resize((width, height), Image.Resampling.BICUBIC)
    return Image.blend(smooth, Image.new("RGB", (width, height), "gray"), 0.7)


_BACK = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def turned(format: str, orientation: int, width: int, height: int) -> BytesIO:
    """An image that is width by height and UPRIGHT once its EXIF orientation is applied."""
    image = drawing(width, height)
    if _BACK[orientation] is not None:
        image = image.transpose(_BACK[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(image, format, exif=exif)


def with_secrets(format: str, width: int = 320, height: int = 240, **options) -> BytesIO:
    """An image with a place, a comment and an editing history in it."""
    exif = Image.Exif()
    exif[0x010E] = f"taken at {GPS_MARK}"
    exif.get_ifd(0x8825).update({1: "N", 2: (51.0, 30.0, 26.6), 29: GPS_MARK})
    extra = {
        "JPEG": {"comment": COMMENT_MARK, "xmp": XMP_MARK},
        "GIF": {"comment": COMMENT_MARK},
        "WEBP": {"xmp": XMP_MARK},
        "AVIF": {"xmp": XMP_MARK},
    }
    if format != "GIF":
        options["exif"] = exif
    return saved(drawing(width, height), format, **extra.get(format, {}), **options)


def profile(primaries: dict[str, tuple[float, float, float]], gamma: float) -> bytes:
    """An ICC profile of an RGB screen: its primaries in XYZ under D50, and one gamma."""
    curve = struct.pack(">4s4xIH2x", b"curv", 1, round(gamma * 256))
    tags = {name.encode(): _xyz(value) for name, value in primaries.items()}
    tags |= {b"wtpt": _xyz((0.9642, 1.0, 0.8249))}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    tags |= {b"cprt": b"text\0\0\0\0none\0\0\0\0", b"desc": _description(b"test screen")}
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(content))
        body += content.ljust(-(-len(content) // 4) * 4, b"\0")
    header = struct.pack(
        ">I4x4s4s4s4s", start + len(body), b"\2\x40\0\0", b"mntr", b"RGB ", b"XYZ "
    )
    header = header.ljust(36, b"\0") + b"acsp"
    header = header.ljust(68, b"\0") + _xyz((0.9642, 1.0, 0.8249))[8:]
    return header.ljust(128, b"\0") + table + body


def _xyz(value: tuple[float, float, float]) -> bytes:
    return struct.pack(">4s4xiii", b"XYZ ", *(round(part * 65536) for part in value))


def _description(text: bytes) -> bytes:
    return struct.pack(">4s4xI", b"desc", len(text) + 1) + text + b"\0" + bytes(78)


DISPLAY_P3 = profile(
    {"rXYZ": (0.5151, 0.2412, -0.0011), "gXYZ": (0.2919, 0.6922, 0.0419),
     "bXYZ": (0.1572, 0.0666, 0.7841)},
    2.2,
)  # fmt: skip
# An RGB screen whose red and green are exchanged: nobody can miss that it was heeded.
EXCHANGED = profile(
    {"gXYZ": (0.4361, 0.2225, 0.0139), "rXYZ": (0.3851, 0.7169, 0.0971),
     "bXYZ": (0.1431, 0.0606, 0.7141)},
    2.2,
)  # fmt: skip


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def cmyk(width: int, height: int, **options) -> BytesIO:
    return saved(drawing(width, height, "CMYK"), "JPEG", quality=95, **options)


def png_16_bit_gray(width: int, height: int, level: int) -> BytesIO:
    return saved(Image.new("I;16", (width, height), level), "PNG")


def palette_with_alpha(width: int, height: int) -> BytesIO:
    """A palette image whose first color, all over its top left quarter, is transparent."""
    image = drawing(width, height).quantize(4)
    return saved(image, "PNG", transparency=image.getpixel((1, 1)))


def cut_out(format: str, width: int, height: int, **options) -> BytesIO:
    """A blue square on full transparency, with black hidden under it."""
    image = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    image.paste((*BLUE, 255), (width // 4, height // 4, width * 3 // 4, height * 3 // 4))
    return saved(image, format, **options)


def mpo(width: int, height: int) -> BytesIO:
    """Return a multi-picture file, as many phones write it: the image, then a second one."""
    second = Image.new("RGB", (width // 2, height // 2), "black")
    return saved(drawing(width, height), "MPO", save_all=True, append_images=[second])


def animated(format: str, width: int, height: int, frames: int, **options) -> BytesIO:
    """An image whose blue quarter moves from white to blue, frame by frame."""
    images = []
    for number in range(frames):
        image = drawing(width, height)
        image.paste((number * 255 // frames, 60, 120), (0, height // 2, width // 2, height))
        images.append(image)
    first, *rest = images
    options = {"duration": 80, "loop": 0} | options
    return saved(first, format, save_all=True, append_images=rest, **options)


def truncated(file: BytesIO, share: float = 0.5) -> BytesIO:
    data = file.getvalue()
    return BytesIO(data[: int(len(data) * share)])


def with_appendix(file: BytesIO, appendix: bytes) -> BytesIO:
    return BytesIO(file.getvalue() + appendix)


def heic(brand: bytes = b"heic") -> BytesIO:
    return BytesIO(struct.pack(">I4s4sI4s4s", 24, b"ftyp", brand, 0, b"mif1", b"heic") + bytes(64))


def png_claiming(width: int, height: int) -> BytesIO:
    """A PNG of a few bytes that says to be so large."""
    start = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return BytesIO(
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", start)
        + png_chunk(b"IDAT", zlib.compress(bytes(1000)))
        + png_chunk(b"IEND", b"")
    )


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I4s", len(content), kind)
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def png_with_chunks(count: int, kind: bytes = b"tEXt", content: bytes = b"a\0b") -> BytesIO:
    data = png(40, 30).getvalue()
    return BytesIO(data[:33] + png_chunk(kind, content) * count + data[33:])


def jpeg_with_scans(count: int) -> BytesIO:
    """A progressive JPEG whose last scan is repeated until there are so many."""
    data = jpeg(64, 64, progressive=True).getvalue()
    last = data.rindex(b"\xff\xda")
    scan = data[last : data.rindex(b"\xff\xd9")]
    return BytesIO(data[:last] + scan * (count - data.count(b"\xff\xda") + 1) + b"\xff\xd9")


def gif_with_large_frame() -> BytesIO:
    """32 by 32 in its header, 4 gigapixels in its frame, 44 bytes in all."""
    return BytesIO(
        b"GIF89a" + struct.pack("<HHBBB", 32, 32, 0x80, 0, 0) + bytes(6)
        + b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\2\3\x44\x01\x05\0;"
    )  # fmt: skip
