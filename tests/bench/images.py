"""Images: against sharp and libvips, in time, bytes, quality and memory.

Run from the checkout: python tests/bench/images.py [PHOTOGRAPH ...]; without one it draws
two. sharp, libvips and the SSIMULACRA2 metric are installed once into ~/.cache/distribu/bench
and stay out of the environment. Times against sharp and libvips are CPU seconds on one thread,
so that a busy machine changes them little.
"""

import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import prod
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from PIL import Image, ImageFilter, ImageOps

from distribu.images.decoding.encoding import avif_still
from distribu.images.decoding.policies import PUBLISHED
from distribu.images.decoding.probe import probe
from distribu.images.decoding.sandbox import Sandbox

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "distribu" / "bench"
SHOWN_WIDTH = 1000
ROUNDS = 5
MB = 1024 * 1024


@dataclass(frozen=True)
class Row:
    """One line of the table; higher_is_better turns the goal round."""

    name: str
    value: float
    goal: float | None = None
    higher_is_better: bool = False
    note: str = ""

    def __str__(self):
        line = f"  {self.name:66} {self.value:8.2f}"
        if self.goal is not None:
            is_met = self.value >= self.goal if self.higher_is_better else self.value <= self.goal
            line += f"  goal {'>=' if self.higher_is_better else '<='} {self.goal:g}: "
            line += "met" if is_met else "MISSED"
        return f"{line}  {self.note}"


def main(photographs: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        photographs = photographs or [drawn(folder, seed) for seed in (1, 2)]
        print(f"\nImages ({', '.join(Path(path).name for path in photographs)})")
        for rows in (against_others, avif_against_webp, preview, two_at_once, eight_large):
            for row in rows(photographs, Path(folder)):
                print(row, flush=True)


def drawn(folder: str, seed: int) -> str:
    """A 12-megapixel JPEG with the noise of a sensor, soft and sharp edges, and large areas."""
    chance = random.Random(seed)
    size = (4000, 3000)
    image = Image.effect_mandelbrot(size, (-2.2, -1.3, 0.8, 1.3), 60 + seed * 20)
    hues = [image.rotate(chance.randrange(0, 360, 90)).resize(size) for _ in range(3)]
    image = Image.merge("RGB", hues).filter(ImageFilter.GaussianBlur(2))
    for _ in range(300):
        x, y = chance.randrange(size[0]), chance.randrange(size[1])
        color = tuple(chance.randrange(256) for _ in range(3))
        image.paste(color, (x, y, x + chance.randrange(20, 300), y + chance.randrange(20, 300)))
    grain = Image.merge("RGB", [Image.effect_noise(size, 40) for _ in range(3)])
    image = Image.blend(image, grain.filter(ImageFilter.GaussianBlur(1)), 0.15)
    path = f"{folder}/drawn-{seed}.jpg"
    image.save(path, quality=92)
    return path


def against_others(photographs: list[str], folder: Path) -> list[Row]:
    sharp, site = installed_sharp(), installed_site()
    commands = {
        "distribu": [sys.executable, HERE / "_ladder.py", "distribu"],
        "sharp": ["node", HERE / "sharp_ladder.mjs", sharp],
        "vips": [sys.executable, HERE / "_ladder.py", "vips"],
    }
    taken = {name: [] for name in commands}
    quality = {name: [] for name in commands}
    byte_sizes = dict.fromkeys(commands, 0)
    for photograph in photographs:
        reference = upright(photograph, SHOWN_WIDTH)
        for name, command in commands.items():
            output = folder / f"{name}.webp"
            path = f"{ROOT}{os.pathsep}{site}" if name == "vips" else str(ROOT)
            answer = subprocess.run(
                [*map(str, command), photograph, str(output), str(ROUNDS)],
                env=os.environ | {"PYTHONPATH": path, "VIPS_CONCURRENCY": "1"},
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            taken[name].append(json.loads(answer.stdout))
            quality[name].append(ssimulacra2(reference, Image.open(output)))
            byte_sizes[name] += output.stat().st_size
    score = {name: sum(scores) / len(scores) for name, scores in quality.items()}
    note = f"SSIMULACRA2 {score['distribu']:.1f}, sharp {score['sharp']:.1f}"
    peak_mb = {name: max(one["peak_kb"] for one in taken[name]) / 1024 for name in taken}
    idle_mb = {name: taken[name][0]["baseline_kb"] / 1024 for name in taken}
    memory = " against ".join(
        f"{peak_mb[name]:.0f} MB ({idle_mb[name]:.0f} idle)" for name in ("distribu", "sharp")
    )
    return [
        Row("WebP ladder, CPU, of sharp decoding once", ratio(taken, "sharp"), 1.0, note=note),
        Row(
            "its SSIMULACRA2 above sharp's",
            score["distribu"] - score["sharp"],
            0.0,
            True,
            note=f"at {byte_sizes['distribu'] / byte_sizes['sharp']:.3f} of its bytes",
        ),
        Row("WebP ladder, CPU, of libvips", ratio(taken, "vips"), note=f"{score['vips']:.1f}"),
        Row(
            "peak memory of the process, of sharp's",
            ratio(taken, "sharp", "peak_kb"),
            0.6,
            note=memory,
        ),
    ]


def ratio(taken: dict[str, list[dict]], other: str, what: str = "cpu_seconds") -> float:
    """Geometric mean over the photographs."""
    pairs = zip(taken["distribu"], taken[other], strict=True)
    ratios = [ours[what] / theirs[what] for ours, theirs in pairs]
    return prod(ratios) ** (1 / len(ratios))


def avif_against_webp(photographs: list[str], folder: Path) -> list[Row]:
    byte_sizes, scores = {"avif": [], "webp": []}, {"avif": [], "webp": []}
    for photograph in photographs:
        still = upright(photograph, SHOWN_WIDTH)
        with avif_still(still).file as file:
            avif = io.BytesIO(file.read())
        webp = io.BytesIO()
        still.save(webp, "WEBP", quality=80, method=4)
        for name, made in (("avif", avif), ("webp", webp)):
            byte_sizes[name].append(len(made.getvalue()))
            scores[name].append(ssimulacra2(still, Image.open(made)))
    pairs = zip(byte_sizes["avif"], byte_sizes["webp"], strict=True)
    ratios = [avif / webp for avif, webp in pairs]
    gain = (sum(scores["avif"]) - sum(scores["webp"])) / len(photographs)
    return [
        Row("AVIF, bytes of WebP q80 method 4", prod(ratios) ** (1 / len(ratios)), 0.88),
        Row("its SSIMULACRA2 above that WebP's", gain, 0.0, higher_is_better=True),
    ]


def preview(photographs: list[str], folder: Path) -> list[Row]:
    """From a whole upload to what READY needs, beside the least that anyone could do in-process:
    decode the photograph and encode it again as it is, with no scaling and no thumbnail.
    """
    photograph = photographs[0]
    sandbox = Sandbox(processes=1)
    with open(photograph, "rb") as file:
        info = probe(file, PUBLISHED)

        def upload():
            publication = sandbox.publish(file, PUBLISHED)
            publication.stable.file.close()
            publication.thumbnail.file.close()

        def bare():
            with Image.open(photograph) as image:
                image.convert("RGB").save(io.BytesIO(), "JPEG", quality=90)

        ours, theirs = interleaved(upload, bare, rounds=15)
    sandbox.close()
    megapixels = info.width_px * info.height_px / 1e6
    note = f"{megapixels:.0f} megapixels, {ours * 1000:.0f} against {theirs * 1000:.0f} ms"
    return [
        Row("upload to preview, of a bare decode and one encode", ours / theirs, 1.3, note=note)
    ]


def two_at_once(photographs: list[str], folder: Path) -> list[Row]:
    if (os.cpu_count() or 1) < 2:
        return []
    sandbox = Sandbox(processes=2)

    def derive(_):
        with open(photographs[0], "rb") as file:
            for made in sandbox.derive(file, PUBLISHED):
                made.file.close()

    with ThreadPoolExecutor(2) as threads:

        def together():
            list(threads.map(derive, range(2)))

        def in_turn():
            derive(0)
            derive(1)

        together()
        fast, slow = interleaved(together, in_turn, rounds=5)
    sandbox.close()
    return [Row("whole ladders a second, two at once of one", slow / fast, 1.9, True)]


def eight_large(photographs: list[str], folder: Path) -> list[Row]:
    """Memory of all children at their peaks, eight uploads of 59.9 megapixels at once."""
    path = folder / "large.jpg"
    with Image.open(photographs[0]) as image:
        large = image.convert("RGB").resize((9485, 6320))
    large.save(path, quality=75, subsampling=0, progressive=True)
    sandbox = Sandbox(processes=2, memory_bytes=1200 * MB)

    def publish(_):
        with open(path, "rb") as file:
            publication = sandbox.publish(file, PUBLISHED)
        publication.stable.file.close()
        publication.thumbnail.file.close()

    peak_mb, started = 0.0, time.perf_counter()
    with ThreadPoolExecutor(8) as threads:
        uploads = [threads.submit(publish, number) for number in range(8)]
        while not all(upload.done() for upload in uploads):
            peak_mb = max(peak_mb, sum(map(resident_mb, sandbox.pids())))
            time.sleep(0.01)
    seconds = time.perf_counter() - started
    sandbox.close()
    note = f"MB in all children, {seconds:.1f} s for all"
    return [Row("eight 60-megapixel progressive JPEGs at once", peak_mb, 1200, note=note)]


def resident_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except FileNotFoundError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / MB


def interleaved(one: Callable, other: Callable, rounds: int) -> tuple[float, float]:
    """The least seconds of each, taken in turns so that the machine treats both alike."""
    taken = ([], [])
    for _ in range(rounds):
        for times, act in zip(taken, (one, other), strict=True):
            started = time.perf_counter()
            act()
            times.append(time.perf_counter() - started)
    return min(taken[0]), min(taken[1])


def upright(photograph: str, width: int) -> Image.Image:
    """The image decoded in full and scaled by the best filter there is."""
    with Image.open(photograph) as image:
        whole = ImageOps.exif_transpose(image).convert("RGB")
    size = (width, round(whole.height * width / whole.width))
    return whole.resize(size, Image.Resampling.LANCZOS)


def ssimulacra2(reference: Image.Image, made: Image.Image) -> float:
    script = "import sys, ssimulacra2 as s; print(s.compute_ssimulacra2_with_alpha(*sys.argv[1:]))"
    with tempfile.TemporaryDirectory() as folder:
        paths = [f"{folder}/reference.png", f"{folder}/made.png"]
        reference.save(paths[0], compress_level=1)
        made.convert("RGB").resize(reference.size).save(paths[1], compress_level=1)
        answer = subprocess.run(
            [sys.executable, "-c", script, *paths],
            env=os.environ | {"PYTHONPATH": str(installed_site())},
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    return float(answer.stdout)


def installed_sharp() -> Path:
    folder = CACHE / "sharp"
    if not (folder / "node_modules" / "sharp").exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--prefix", folder, "sharp@0.35"], check=True)
    return folder


def installed_site() -> Path:
    folder = CACHE / "site"
    if not (folder / "ssimulacra2").exists():
        packages = ["pyvips", "pyvips-binary", "ssimulacra2", "numpy", "scipy"]
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder)]
        subprocess.run([*pip, *packages], check=True)
    return folder


if __name__ == "__main__":
    main(sys.argv[1:])
