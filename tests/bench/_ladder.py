"""One WebP ladder of one image, by Distribu or by libvips, measured in a process of its own.

Run by images.py: python _ladder.py distribu|vips IMAGE OUTPUT ROUNDS, which prints JSON.
"""

import json
import sys
import time
from importlib import import_module
from pathlib import Path
from types import ModuleType

WIDTHS = (1500, 1000, 750, 500, 300, 100)
SHOWN_WIDTH = 1000


def main(name: str, image: str, output: str, rounds: str) -> None:
    ladder = {"distribu": ladder_of_distribu, "vips": ladder_of_vips}[name]
    module = {"distribu": "distribu.images.decoding.publishing", "vips": "pyvips"}[name]
    without_the_application()
    import_module(module)
    baseline_kb = peak_kb()
    ladder(image, output)
    seconds = []
    for _ in range(int(rounds)):
        started = time.process_time()
        ladder(image, output)
        seconds.append(time.process_time() - started)
    print(
        json.dumps({"cpu_seconds": min(seconds), "peak_kb": peak_kb(), "baseline_kb": baseline_kb})
    )


def peak_kb() -> int:
    # Not getrusage: its peak counts the process that started this one.
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def without_the_application() -> None:
    """distribu.images can be imported alone, as in a child of the sandbox."""
    package = ModuleType("distribu")
    package.__path__ = [str(Path(__file__).parents[2] / "distribu")]
    sys.modules["distribu"] = package


def ladder_of_distribu(image: str, output: str) -> None:
    from distribu.images.decoding.encoding import webp_still
    from distribu.images.decoding.pixels import opened, read_still, shrunk
    from distribu.images.decoding.policies import PUBLISHED
    from distribu.images.decoding.probe import probe

    with open(image, "rb") as file:
        info = probe(file, PUBLISHED)
        with opened(file, info, PUBLISHED) as source:
            largest = round(WIDTHS[0] * max(1, info.height_px / info.width_px))
            still = read_still(source, largest)
    for width in WIDTHS:
        still = shrunk(still, (width, round(still.height * width / still.width)))
        with webp_still(still).file as made:
            if width == SHOWN_WIDTH:
                Path(output).write_bytes(made.read())


def ladder_of_vips(image: str, output: str) -> None:
    import pyvips

    pyvips.cache_set_max(0)
    still = pyvips.Image.thumbnail(image, WIDTHS[0], height=10_000, size="down")
    for width in WIDTHS:
        still = still.thumbnail_image(width, height=10_000, size="down").copy_memory()
        made = still.webpsave_buffer(Q=80, effort=2, strip=True)
        if width == SHOWN_WIDTH:
            Path(output).write_bytes(made)


if __name__ == "__main__":
    main(*sys.argv[1:])
