"""Names of files in every convention that people have for the image of a product.

Each convention writes a name for any SKU, and says what has to become of
it. The same SKUs and numbers come back at each run, so that a failure can
be looked at again.
"""

import random
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# SKUs of every build, none the beginning of another one's tokens.
SHAPES: list[Callable[[random.Random], str]] = [
    lambda r: f"AB-{r.randint(100, 99999)}",
    lambda r: f"{r.randint(10**12, 10**13 - 1)}",
    lambda r: f'TX/{r.randint(100, 999)}"{r.choice("KLMN")}',
    lambda r: f"{r.randint(10, 99)}.{r.randint(100, 999)}.{r.randint(1000, 9999)}",
    lambda r: f"ROSÉ_{r.randint(100, 999)}",
    lambda r: f"chair {r.choice(['oak', 'ash', 'elm'])} {r.randint(1000, 9999)}",
    lambda r: f"Ж{r.randint(1000, 9999)}-Б",
    lambda r: f"N(-{r.choice('PQ')}){r.randint(1000, 9999)}",
]


def skus(count: int, seed: int = 1) -> list[str]:
    """Return this many SKUs of all shapes, without a common token."""
    r = random.Random(seed)
    found: dict[str, str] = {}
    while len(found) < count:
        text = SHAPES[len(found) % len(SHAPES)](r)
        found.setdefault("".join(c for c in text.lower() if c.isalnum()), text)
    return list(found.values())


def written(sku: str) -> str:
    """The SKU as a file can be named, with "_" for what no name can hold."""
    return "".join("_" if c in '<>:"/\\|?*' else c for c in sku)


@dataclass(frozen=True)
class Convention:
    """A way to name a file. write: the path for a written SKU. belongs: whether it is matched."""

    label: str
    write: Callable[[str], str]
    belongs: bool = True


def _nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


TAKEN = [
    Convention("plain", lambda s: f"{s}.jpg"),
    Convention("upper-case type", lambda s: f"{s}.JPG"),
    *(
        Convention(f"type {type}", lambda s, type=type: f"{s}.{type}")
        for type in ("jpeg", "jpe", "jfif", "png", "webp", "avif")
    ),
    Convention("two types", lambda s: f"{s}.jpg.jpg"),
    Convention("exported from TIFF", lambda s: f"{s}.tif.jpg"),
    Convention("no type", lambda s: f"{s} "),
    Convention("lower case", lambda s: f"{s.lower()}.jpg"),
    Convention("decomposed by a Mac", lambda s: f"{_nfd(s)}.jpg"),
    Convention("zero-width space", lambda s: f"\u200b{s}\u200e.jpg"),
    Convention("blanks at the ends", lambda s: f" {s} .jpg"),
    Convention("other separators", lambda s: f"{s.replace('-', '_').replace(' ', '-')}.jpg"),
    Convention("en dash", lambda s: f"{s.replace('-', '–')}.jpg"),
    *(
        Convention(f"number {n}", lambda s, n=n: f"{s}{n}.jpg")
        for n in ("_1", "-2", " 3", ".4", "_05", "_010", "#6", " - 7", "_99")
    ),
    *(
        Convention(f"view {v}", lambda s, v=v: f"{s}_{v}.jpg")
        for v in ("front", "MAIN", "Back", "rückseite", "vorne", "dos", "detail", "closeup")
    ),
    *(
        Convention(f"code {v}", lambda s, v=v: f"{s}.{v}.jpg")
        for v in ("MAIN", "FRNT", "PT01", "IN02", "PS03", "SWCH", "TOPP")
    ),
    *(
        Convention(f"GS1 {v}", lambda s, v=v: f"{s}_{v}.jpg")
        for v in ("A1C1", "A1L1", "B2R0", "C1N1")
    ),
    *(
        Convention(f"mark {m}", lambda s, m=m: f"{s}{m}.jpg")
        for m in (
            *(" copy", " - Kopie", "-edited", "_final", "-web", "-scaled", "_retouched", "-hires"),
            *("@2x", "_2000px", "-150x150", "_v2", "-final-v3"),
        )
    ),
    Convention("copy number", lambda s: f"{s} (2).jpg"),
    Convention("copy of", lambda s: f"Copy of {s}.jpg"),
    Convention("Kopie von", lambda s: f"Kopie von {s}.jpg"),
    Convention("number and view", lambda s: f"{s}_front_02.jpg"),
    Convention("view and number", lambda s: f"{s}_3-back-web.jpg"),
    Convention("in a folder that says nothing", lambda s: f"2024/05/{s}.jpg"),
    Convention("in a folder of its SKU", lambda s: f"shop/{s}/{s}_1.jpg"),
    Convention("folder and number", lambda s: f"shop/{s}/1.jpg"),
    Convention("folder and view", lambda s: f"{s}/front.jpg"),
    Convention("folder and camera", lambda s: f"{s}/IMG_1234.jpg"),
    Convention("folder passed over", lambda s: f"{s}/web/DSC01234.jpg"),
]

LEFT = [
    *(
        Convention(f"unknown word {w}", lambda s, w=w: f"{s}_{w}.jpg", belongs=False)
        for w in ("red", "XL", "1000", "2024", "Anna", "20x30", "100ml", "2x", "0101")
    ),
    Convention("word before", lambda s: f"Brand {s}.jpg", belongs=False),
    Convention("date before", lambda s: f"2024-05-01 {s}.jpg", belongs=False),
    Convention("one sign more", lambda s: f"{s}9.jpg", belongs=False),
    Convention("one letter more", lambda s: f"{s}a.jpg", belongs=False),
    Convention("zero added", lambda s: f"0{s}.jpg", belongs=False),
    Convention("two numbers", lambda s: f"{s}_1_2.jpg", belongs=False),
    Convention("two views", lambda s: f"{s}_front_back.jpg", belongs=False),
    Convention("folder and any text", lambda s: f"{s}/lamp on a table.jpg", belongs=False),
    Convention("folder with a suffix", lambda s: f"{s}_back/1.jpg", belongs=False),
    Convention("folder farther out", lambda s: f"{s}/2024/1.jpg", belongs=False),
    Convention("accent lost", lambda s: f"{_unaccented(s)}x.jpg", belongs=False),
    Convention("hidden", lambda s: f"._{s}.jpg", belongs=False),
    Convention("archive of a Mac", lambda s: f"__MACOSX/{s}.jpg", belongs=False),
    Convention("thumbnails of a NAS", lambda s: f"@eaDir/{s}/1.jpg", belongs=False),
    Convention("half a download", lambda s: f"{s}.jpg.crdownload", belongs=False),
    *(
        Convention(f"type {type}", lambda s, type=type: f"{s}.{type}", belongs=False)
        for type in ("heic", "tif", "psd", "cr2", "gif", "svg", "mp4", "pdf", "xlsx", "txt")
    ),
]

CONVENTIONS = TAKEN + LEFT


def _unaccented(text: str) -> str:
    return text.replace("É", "E")


def all_names(per_convention: int = 16) -> Iterator[tuple[Convention, str, str]]:
    """Each convention with as many SKUs: the convention, the SKU, and the path."""
    for convention in CONVENTIONS:
        for sku in skus(per_convention):
            yield convention, sku, convention.write(written(sku))
