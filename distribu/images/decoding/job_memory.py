"""The peak memory of a decoding job, and the limits that enforce it."""

import os
import resource
from math import ceil, prod
from pathlib import Path

from .ladder import PUBLISHED_MAX_PX, fitted
from .probe import ImageInfo

_MB = 1024 * 1024

# Peak memory of publish() or derive() for the worst image under 60 megapixels, in
# resident MB of the whole child, its libraries and the upload included (Pillow 13, 2026-11;
# tests/bench/memory.py measures it):
#
#   JPEG  one scan 168    too small for a reduced decode, and turned 249, of 30 megapixels
#         progressive 4:4:4 436    progressive CMYK 563
#   PNG   palette with alpha 656    true color with alpha 629    16-bit gray 312
#   WebP  lossy 938    lossless 1,014    lossless with alpha 1,184    lossy with alpha 1,203
#   AVIF  4:2:0 551    4:4:4 648    4:4:4 with alpha 876    the same at 10 bits 1,132
#   GIF   485
#   two frames of 50 megapixels: GIF 779    PNG 765    WebP 954
#   15 frames of 6.6 megapixels: GIF 720    WebP 743    PNG 979
#
# These bytes per pixel are therefore a little generous; no image exceeds 1.2 GB. The WebP images
# with alpha were files of 46 and 52 MB, and no door takes one above 20.
_BYTES_PER_PIXEL = {"JPEG": 7, "PNG": 11, "WEBP": 19, "AVIF": 19, "GIF": 8}
_BYTES_PER_PIXEL_MULTISCAN = 12
_BYTES_PER_PIXEL_ANIMATED = 19
# Every frame of an animation is held at its published size, once decoded and once encoded;
# PNG takes a little more.
_BYTES_PER_FRAME_PIXEL = 9
_BASE_BYTES = 60 * _MB
# Memory beyond the pixels: untouched reserves of libraries, thread stacks, encoder tables.
_SLACK_BYTES = 192 * _MB


def job_bytes(info: ImageInfo) -> int:
    """Return the most memory that a child will need for this image."""
    is_animation = info.frames > 1 and info.format != "AVIF"
    per_pixel = _BYTES_PER_PIXEL[info.format]
    if is_animation:
        per_pixel = _BYTES_PER_PIXEL_ANIMATED
    elif info.format == "JPEG" and info.is_multiscan:
        per_pixel = _BYTES_PER_PIXEL_MULTISCAN
    size = (info.width_px, info.height_px)
    frame_bytes = prod(fitted(size, PUBLISHED_MAX_PX)) * _BYTES_PER_FRAME_PIXEL
    frames_bytes = info.frames * frame_bytes if is_animation else 0
    return _BASE_BYTES + info.byte_size + prod(size) * per_pixel + frames_bytes


def allow(pid: int, memory_bytes: int, cpu_seconds: int) -> None:
    """Limit a process to this much more memory and CPU time; it cannot lift the limit itself.

    Exceeding the memory fails in the decoder; exceeding the time ends the process. Raises OSError
    and IndexError if the process is gone.
    """
    reserved_pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    used = ceil(sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"))
    most_bytes = reserved_pages * resource.getpagesize() + memory_bytes + _SLACK_BYTES
    resource.prlimit(pid, resource.RLIMIT_AS, (most_bytes, resource.RLIM_INFINITY))
    resource.prlimit(pid, resource.RLIMIT_CPU, (used + cpu_seconds, resource.RLIM_INFINITY))
