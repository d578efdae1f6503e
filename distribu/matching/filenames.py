"""Split the path of a dropped file: whether to consider it, and the name without its type."""

import re
from collections.abc import Set
from dataclasses import dataclass

TAKEN, OTHER_IMAGE, OTHER, JUNK = "taken", "other image", "other", "junk"

TAKEN_TYPES = frozenset({"jpg", "jpeg", "jpe", "jfif", "png", "webp", "avif"})
_RAW = "3fr arw cr2 cr3 crw dng erf kdc mef mos mrw nef nrw orf pef raf raw rw2 rwl sr2 srf srw x3f"
# Images that have to be exported in another format first.
OTHER_IMAGE_TYPES = frozenset(
    {"heic", "heif", "tif", "tiff", "psd", "psb", "gif", "bmp", "svg", "jxl", "jp2", *_RAW.split()}
)
_IMAGE_TYPES = TAKEN_TYPES | OTHER_IMAGE_TYPES
_SYSTEM_NAMES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir"})
_UNFINISHED = (".part", ".crdownload")
# A type contains a letter: in 12.345.6 the last dot belongs to the SKU.
_TYPE = re.compile("(?=[0-9]*[a-z])[a-z0-9]{1,10}")


@dataclass(frozen=True)
class FileName:
    """A path in parts. folders: outermost first. stem: the name without its type."""

    path: str
    kind: str
    folders: tuple[str, ...]
    stem: str
    type: str = ""


def read_path(path: str, types_of_skus: Set[str] = frozenset()) -> FileName:
    """Split a path inside a drop into its parts.

    types_of_skus: file types with which some SKU ends, such as ".tif"; in a
    name, such an ending may belong to the SKU.
    """
    parts = path.split("/")
    folders, name = tuple(part for part in parts[:-1] if part), parts[-1]
    if not name or any(_is_junk(part) for part in (*folders, name)):
        return FileName(path, JUNK, folders, name)
    stem, dot, ending = name.rpartition(".")
    type = ending.lower()
    if not dot or not _TYPE.fullmatch(type):
        # Without a type its content decides, when it is uploaded.
        return FileName(path, TAKEN, folders, name)
    if type not in TAKEN_TYPES:
        kind = OTHER_IMAGE if type in OTHER_IMAGE_TYPES else OTHER
        return FileName(path, kind, folders, stem, type)
    return FileName(path, TAKEN, folders, _without_second_type(stem, types_of_skus), type)


def _without_second_type(stem: str, types_of_skus: Set[str]) -> str:
    """Remove a second type, as in AB-1.tif.jpg, unless some SKU ends with it."""
    shorter, _, second = stem.rpartition(".")
    is_type = second.lower() in _IMAGE_TYPES
    return shorter if shorter and is_type and f".{second.lower()}" not in types_of_skus else stem


def type_at_end(sku: str) -> str:
    """Return the file type with which a SKU ends, such as ".tif"; usually ""."""
    _, dot, ending = sku.rpartition(".")
    return f".{ending.lower()}" if dot and ending.lower() in _IMAGE_TYPES else ""


def _is_junk(part: str) -> bool:
    """Return whether a file or folder with this name was made by software, not by a person."""
    lowered = part.lower()
    return part.startswith((".", "~$")) or lowered in _SYSTEM_NAMES or lowered.endswith(_UNFINISHED)
