"""Memory of one decoding job: the worst legal image of each format and kind, by its budget.

Run from the checkout: python tests/bench/memory.py [all | FORMAT ...]; without an argument only
the kinds that are drawn in seconds. Each job has a child of its own; what counts is its peak of
resident memory, libraries and upload included, against what job_bytes() keeps free for it. The
limit of CPU seconds is the real one. Ends with an error where a budget is exceeded. Then how
long hostile files take to be refused.
"""

import io
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from PIL import Image

from distribu.images.decoding.job_memory import job_bytes
from distribu.images.decoding.policies import PUBLISHED, InvalidImage
from distribu.images.decoding.probe import probe
from distribu.images.decoding.sandbox import Sandbox
from tests.images.image_files import gif_with_large_frame, jpeg_with_scans, png_claiming

MB = 1024 * 1024
CEILING_MB = 1200
SIDE = 7740
# The largest that no reduced decode of a JPEG makes smaller.
UNREDUCED_SIDE = 5520
SITE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "distribu/bench/site"


def canvas(mode: str = "RGB", side: int = SIDE) -> Image.Image:
    """Soft shapes under a grain, and edges for alpha: nothing that a format writes in one run."""
    shape = Image.linear_gradient("L").resize((side, side))
    grain = Image.effect_noise((512, 512), 12)
    for x in range(0, side, 512):
        for y in range(0, side, 512):
            shape.paste(Image.blend(shape.crop((x, y, x + 512, y + 512)), grain, 0.3), (x, y))
    if mode == "L":
        return shape
    turned = shape.transpose(Image.Transpose.ROTATE_90)
    image = Image.merge("RGB", (shape, turned, shape.transpose(Image.Transpose.ROTATE_180)))
    if mode == "RGBA":
        image.putalpha(turned)
        return image
    return image if mode == "RGB" else image.convert(mode)


def saved(image: Image.Image, format: str, **options) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file


def oriented(side: int, **options) -> io.BytesIO:
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(canvas(side=side), "JPEG", quality=75, exif=exif, **options)


def palette(**options) -> io.BytesIO:
    return saved(canvas().quantize(255, Image.Quantize.FASTOCTREE), **options)


def animation(format: str, frames: int, side: int, mode: str = "RGB", **options) -> io.BytesIO:
    first = canvas(mode, side)
    if format == "GIF":
        first = first.quantize(255, Image.Quantize.FASTOCTREE)
    else:
        # Few levels: without them the file itself would be too large.
        first = first.point(lambda level: level & 0xE0)
    # Each is another one, or the writer would merge them.
    others = [first.rotate(90 * (number % 4)) for number in range(1, frames)]
    options |= {"save_all": True, "append_images": others, "duration": 80}
    return saved(first, format, **options)


def avif_10_bit() -> io.BytesIO:
    sys.path.append(str(SITE))
    import pyvips

    flat = canvas("RGBA")
    image = pyvips.Image.new_from_memory(flat.tobytes(), *flat.size, 4, "uchar")
    image = (image.cast("ushort") * 257).cast("ushort").copy(interpretation="rgb16")
    options = {"compression": "av1", "bitdepth": 10, "effort": 0, "subsample_mode": "off"}
    return io.BytesIO(image.heifsave_buffer(Q=50, **options))


QUICK: dict[str, Callable[[], io.BytesIO]] = {
    "JPEG baseline": lambda: saved(canvas(), "JPEG", quality=75),
    "JPEG of one scan, unreduced, oriented": lambda: oriented(UNREDUCED_SIDE, subsampling=0),
    "JPEG progressive 4:4:4": lambda: saved(canvas(), "JPEG", progressive=True, subsampling=0),
    "JPEG progressive 4:4:4, oriented": lambda: oriented(SIDE, progressive=True, subsampling=0),
    "JPEG progressive CMYK": lambda: saved(canvas("CMYK"), "JPEG", progressive=True, subsampling=0),
    "GIF": lambda: palette(format="GIF"),
    "GIF animated, 2 of 49.9 megapixels": lambda: animation("GIF", 2, 7065),
    "GIF animated, 15 of 6.6 megapixels": lambda: animation("GIF", 15, 2560),
}
SLOW: dict[str, Callable[[], io.BytesIO]] = {
    "PNG RGBA": lambda: saved(canvas("RGBA"), "PNG", compress_level=1),
    "PNG palette with alpha": lambda: palette(
        format="PNG", compress_level=1, transparency=bytes(range(255))
    ),
    "PNG 16-bit gray": lambda: saved(canvas("L").convert("I;16"), "PNG", compress_level=1),
    "PNG animated RGBA, 15 of 6.6 megapixels": lambda: animation("PNG", 15, 2560, "RGBA"),
    "PNG animated RGBA, 2 of 49.9 megapixels": lambda: animation("PNG", 2, 7065, "RGBA"),
    "WebP lossy": lambda: saved(canvas(), "WEBP", quality=75, method=0),
    "WebP lossy with alpha": lambda: saved(canvas("RGBA"), "WEBP", quality=75, method=0),
    "WebP lossless": lambda: saved(canvas(), "WEBP", lossless=True, quality=0, method=0),
    "WebP lossless with alpha": lambda: saved(
        canvas("RGBA"), "WEBP", lossless=True, quality=0, method=0
    ),
    "WebP animated with alpha, 15 of 6.6 megapixels": lambda: animation(
        "WEBP", 15, 2560, "RGBA", method=0
    ),
    "WebP animated with alpha, 2 of 49.9 megapixels": lambda: animation(
        "WEBP", 2, 7065, "RGBA", method=0
    ),
    "AVIF 4:2:0": lambda: saved(canvas(), "AVIF", quality=50, speed=10),
    "AVIF 4:4:4": lambda: saved(canvas(), "AVIF", quality=50, speed=10, subsampling="4:4:4"),
    "AVIF 4:4:4 with alpha": lambda: saved(
        canvas("RGBA"), "AVIF", quality=50, speed=10, subsampling="4:4:4"
    ),
    "AVIF 10 bit 4:4:4 with alpha": avif_10_bit,
}
HOSTILE = {
    "progressive JPEG of 5,000 scans": lambda: jpeg_with_scans(5000),
    "GIF whose frame exceeds its header": gif_with_large_frame,
    "PNG that claims 3.6 gigapixels": lambda: png_claiming(60_000, 60_000),
}


def main(asked: list[str]) -> None:
    kinds = QUICK | SLOW if asked else QUICK
    if asked and asked != ["all"]:
        kinds = {name: make for name, make in kinds.items() if name.split()[0] in asked}
    print(f"\nMemory of one job ({len(kinds)} kinds): MB, the budget, seconds of each step")
    exceeded = [name for name, make in kinds.items() if not is_within(name, make)]
    print("\nMilliseconds until a hostile file is refused")
    for name, make in HOSTILE.items():
        print(f"  {name:52} {refused(make()) * 1000:6.2f}", flush=True)
    if exceeded:
        raise SystemExit(f"over budget: {', '.join(exceeded)}")


def is_within(name: str, make: Callable[[], io.BytesIO]) -> bool:
    try:
        file = make()
    except ImportError:
        print(f"  {name:52} skipped: tests/bench/images.py gets what writes it")
        return True
    info = probe(file, PUBLISHED)
    budget_mb = job_bytes(info) / MB
    peaks, times = zip(*(measured(step, file) for step in ("publish", "derive")), strict=True)
    is_kept = max(peaks) <= budget_mb <= CEILING_MB
    steps = ", ".join(
        f"{step} {peak:.0f} MB {seconds:.1f} s"
        for step, peak, seconds in zip(("publish", "derive"), peaks, times, strict=True)
    )
    told = "kept" if is_kept else "EXCEEDED"
    print(
        f"  {name:52} {max(peaks):6.0f} of {budget_mb:5.0f}: {told}  ({steps}; upload "
        f"{info.byte_size / MB:.1f} MB)",
        flush=True,
    )
    return is_kept


def measured(step: str, file: io.BytesIO) -> tuple[float, float]:
    """The peak MB of a fresh child, and the seconds that the step took."""
    # A busy machine stretches seconds, not CPU seconds.
    sandbox = Sandbox(processes=1, memory_bytes=4096 * MB, job_seconds=600)
    peak_mb, is_over = 0.0, threading.Event()

    def watch() -> None:
        nonlocal peak_mb
        while not is_over.wait(0.002):
            for pid in sandbox.pids():
                peak_mb = max(peak_mb, high_water_mb(pid))

    with ThreadPoolExecutor(1) as thread:
        watching = thread.submit(watch)
        started = time.perf_counter()
        try:
            made = getattr(sandbox, step)(file, PUBLISHED)
        finally:
            seconds = time.perf_counter() - started
            is_over.set()
            watching.result()
            sandbox.close()
    for one in made if step == "derive" else (made.stable, made.thumbnail):
        one.file.close()
    return peak_mb, seconds


def high_water_mb(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0


def refused(file: io.BytesIO) -> float:
    """Seconds from the file to its refusal, a child's start not counted."""
    started = time.perf_counter()
    try:
        probe(file, PUBLISHED)
    except InvalidImage:
        return time.perf_counter() - started
    raise SystemExit("a hostile file was not refused")


if __name__ == "__main__":
    main(sys.argv[1:])
