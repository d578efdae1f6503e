"""Comparison of a file in Chromium with the image that is published of it."""

import base64
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Page

from distribu.images.decoding.policies import CONTENT_TYPES, PUBLISHED, InvalidImage
from distribu.images.decoding.publishing import publish
from tests.images.world_files import world_files

# Of 255. An AVIF is coded anew, at a speed that nobody has to wait for.
TOLERANCE, TOLERANCE_AVIF = 2.5, 3.2
GROUNDS = ("black", "white")

# Where Distribu knowingly does not publish what Chromium shows, and why.
EXCEPTIONS = {
    "jpeg-framing/half-with-end": "rows are missing: half an image is refused",
    "png-framing/rows-missing": "rows are missing",
    "png-framing/rows-missing-adam7": "rows are missing",
    **{
        f"jpeg-framing/baseline-cut-{missing}": "only the end is missing: Chromium drops a row"
        for missing in (1, 2, 3)
    },
    **{
        f"jpeg-framing/baseline-cut-{missing}": "pixels of the last row are missing"
        for missing in (4, 5, 8)
    },
    **{
        f"jpeg-framing/progressive-{name}": "a part of the last scan is missing"
        for name in ("cut-3", "cut-4", "cut-5", "cut-8", "half")
    },
    "webp/exif-6": "the turn is obeyed, as by image tools; the form shows it before Save",
}

_DRAW = """async ([address, grounds]) => {
    const image = new Image();
    const loaded = new Promise(resolve => {
        image.onload = () => resolve(true);
        image.onerror = () => resolve(false);
    });
    image.src = address;
    if (!await loaded || !image.naturalWidth) return null;
    const [width, height] = [image.naturalWidth, image.naturalHeight];
    const pixels = [];
    for (const ground of grounds) {
        const canvas = new OffscreenCanvas(width, height);
        const context = canvas.getContext("2d");
        context.fillStyle = ground;
        context.fillRect(0, 0, width, height);
        context.drawImage(image, 0, 0);
        const data = context.getImageData(0, 0, width, height).data;
        let text = "";
        for (let at = 0; at < data.length; at += 8192)
            text += String.fromCharCode(...data.subarray(at, at + 8192));
        pixels.push(btoa(text));
    }
    return [width, height, pixels];
}"""


@dataclass(frozen=True)
class Drawing:
    """Pixels on each of the grounds."""

    size: tuple[int, int]
    on_grounds: list[Image.Image]


def draw(page: Page, data: bytes, content_type: str) -> Drawing | None:
    """Return the pixels that the browser shows of data, or None."""
    address = f"data:{content_type};base64,{base64.b64encode(data).decode()}"
    drawn = page.evaluate(_DRAW, [address, GROUNDS])
    if drawn is None:
        return None
    width, height, pixels = drawn
    grounds = [Image.frombytes("RGBA", (width, height), base64.b64decode(one)) for one in pixels]
    return Drawing((width, height), [one.convert("RGB") for one in grounds])


def published_bytes(data: bytes) -> tuple[bytes, str] | None:
    """The stable image that is made of a file, with its content type; None for a refusal."""
    with suppress(InvalidImage):
        publication = publish(BytesIO(data), PUBLISHED)
        publication.thumbnail.file.close()
        with publication.stable.file as file:
            return file.read(), publication.stable.content_type
    return None


def content_type_of(name: str) -> str:
    return CONTENT_TYPES[name.split("/")[0].split("-")[0].upper()]


def disagreement(page: Page, name: str) -> str:
    """Return the difference between Chromium and Distribu for a file; "" where they agree."""
    data = world_files()[name]
    shown = draw(page, data, content_type_of(name))
    if shown is None:
        return ""
    made = published_bytes(data)
    if made is None:
        return "refused, though it is shown"
    published = draw(page, *made)
    if published is None or published.size != shown.size:
        return f"another size: {published and published.size}, shown {shown.size}"
    difference = max(map(mean_difference, shown.on_grounds, published.on_grounds))
    limit = TOLERANCE_AVIF if made[1] == "image/avif" else TOLERANCE
    return f"pixels differ by {difference:.1f}" if difference > limit else ""


def mean_difference(one: Image.Image, other: Image.Image) -> float:
    bands = ImageStat.Stat(ImageChops.difference(one, other)).mean
    return sum(bands) / len(bands)
