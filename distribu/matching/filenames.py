"""The path of a file inside a drop: whether it is looked at, and what is left of its name."""

import re
from collections.abc import Set
from dataclasses import dataclass

TAKEN, OTHER_IMAGE, OTHER, JUNK = "taken", "other image", "other", "junk"

TAKEN_TYPES = frozenset({"jpg", "jpeg", "jpe", "jfif", "png", "webp", "avif"})
_RAW = "3fr arw cr2 cr3 crw dng erf kdc mef mos mrw nef nrw orf pef raf raw rw2 rwl sr2 srf srw x3f"
# Images that somebody wanted here, but that have to be exported first.
OTHER_IMAGE_TYPES = frozenset(
    {"heic", "heif", "tif", "tiff", "psd", "psb", "gif", "bmp", "svg", "jxl", "jp2", *_RAW.split()}
)
_IMAGE_TYPES = TAKEN_TYPES | OTHER_IMAGE_TYPES
_SYSTEM_NAMES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir"})
_UNFINISHED = (".part", ".crdownload")
# A type has a letter: in 12.345.6 the last dot belongs to the SKU.
_TYPE = re.compile("(?=[0-9]*[a-z])[a-z0-9]{1,10}")


@dataclass(frozen=True)
class FileName:
    """A path taken apart. folders: the outermost first. stem: the name without its type."""

    path: str
    kind: str
    folders: tuple[str, ...]
    stem: str
    type: str = ""


def read_path(path: str, types_of_skus: Set[str] = frozenset()) -> FileName:
    """Take a path inside a drop apart.

    types_of_skus: the types that some SKU ends with, as ".tif"; such an
    ending of a name may belong to its SKU.
    """
    parts = path.split("/")
    folders, name = tuple(part for part in parts[:-1] if part), parts[-1]
    if not name or any(_is_junk(part) for part in (*folders, name)):
        return FileName(path, JUNK, folders, name)
    stem, dot, ending = name.rpartition(".")
    type = ending.lower()
    if not dot or not _TYPE.fullmatch(type):
        # Without a type: its bytes decide, when it is sent.
        return FileName(path, TAKEN, folders, name)
    if type not in TAKEN_TYPES:
        kind = OTHER_IMAGE if type in OTHER_IMAGE_TYPES else OTHER
        return FileName(path, kind, folders, stem, type)
    return FileName(path, TAKEN, folders, _without_second_type(stem, types_of_skus), type)


def _without_second_type(stem: str, types_of_skus: Set[str]) -> str:
    """AB-1.tif for AB-1.tif.jpg is cut to AB-1, unless a SKU ends so."""
    shorter, _, second = stem.rpartition(".")
    is_type = second.lower() in _IMAGE_TYPES
    return shorter if shorter and is_type and f".{second.lower()}" not in types_of_skus else stem


def type_at_end(sku: str) -> str:
    """The type that a SKU ends with, as ".tif"; "" for nearly all."""
    _, dot, ending = sku.rpartition(".")
    return f".{ending.lower()}" if dot and ending.lower() in _IMAGE_TYPES else ""


def _is_junk(part: str) -> bool:
    """Return whether software, not a person, made a file or folder of this name."""
    lowered = part.lower()
    return part.startswith((".", "~$")) or lowered in _SYSTEM_NAMES or lowered.endswith(_UNFINISHED)
