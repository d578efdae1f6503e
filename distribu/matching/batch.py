"""Match all files of one drop, and return an outcome for each."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .catalog import Catalog, Sku
from .filenames import JUNK, OTHER, OTHER_IMAGE, FileName, read_path
from .readings import Reading, bare_suffix, read_folders, read_name
from .suffixes import camera_number, is_camera_name, is_number
from .texts import tokens

MATCHED, SECOND, AMBIGUOUS, UNMATCHED = "matched", "second", "ambiguous", "unmatched"


@dataclass(frozen=True)
class Outcome:
    """The outcome of a file.

    kind: matched, second, ambiguous, unmatched; or, for a file that is
    ignored: other image, other, junk. product_ids: the product that it
    belongs to, or all that it could belong to. taken: for a second file,
    the index of the file that becomes its product's image. type: the file
    extension, such as "heic".
    """

    kind: str
    product_ids: tuple[str, ...] = ()
    why: str = ""
    taken: int | None = None
    type: str = ""


def match(paths: Sequence[str], skus: Iterable[tuple[str, str]] | Catalog) -> list[Outcome]:
    """Return the outcome of each path of a drop, in the order of paths.

    paths: inside the drop, with "/" between folders. skus: id and SKU of
    every product of the company that has a SKU, including inactive ones.

    >>> [one.kind for one in match(["AB-1.jpg", "AB-10.jpg"], [("1", "AB-1")])]
    ['matched', 'unmatched']
    """
    catalog = skus if isinstance(skus, Catalog) else Catalog(skus)
    names = [read_path(path, catalog.types) for path in paths]
    rows = _Rows(names, catalog)
    outcomes: list[Outcome] = []
    taken: dict[str, list[tuple[tuple, int]]] = defaultdict(list)
    for index, name in enumerate(names):
        if name.kind in (JUNK, OTHER, OTHER_IMAGE):
            outcomes.append(Outcome(name.kind, type=name.type))
            continue
        reading = _read(name, catalog, rows)
        outcomes.append(_outcome(reading))
        if reading.sku:
            taken[reading.sku.product_id].append((_rank(name, reading), index))
    for files in taken.values():
        # Equal paths are ordered by index.
        (_, first), *others = sorted(files)
        for _, index in others:
            outcomes[index] = replace(outcomes[index], kind=SECOND, taken=first)
    return outcomes


class _Rows:
    """File names in a folder that differ only in their last number."""

    def __init__(self, names: Sequence[FileName], catalog: Catalog):
        self._numbers: dict[tuple, set[str]] = defaultdict(set)
        self._catalog = catalog
        for name in names:
            found = tokens(name.stem) if name.kind not in (JUNK, OTHER, OTHER_IMAGE) else ()
            if found and is_number(found[-1]):
                self._numbers[(name.folders, found[:-1])].add(found[-1])

    def has(self, folders: tuple[str, ...], found: Sequence[str]) -> bool:
        """Return whether the folder has other names that differ only in the number, none a SKU."""
        stem = tuple(found[:-1])
        others = self._numbers.get((folders, stem), set()) - {found[-1]}
        return bool(others) and not any(
            self._catalog.with_tokens((*stem, number)) for number in others
        )


def _read(name: FileName, catalog: Catalog, rows: _Rows) -> Reading:
    """Return the products that name and folder refer to; if they disagree, both."""
    by_name = read_name(name.stem, catalog, lambda found: rows.has(name.folders, found))
    by_folder = read_folders(name.folders, name.stem, catalog)
    if by_name.skus:
        is_same = by_folder.skus in ((), by_name.skus)
        return by_name if is_same else by_name.doubting(by_folder.skus, is_sure=False)
    suffix = bare_suffix(name.stem) if by_folder.skus else None
    if suffix is None:
        return Reading()
    held = [] if is_camera_name(name.stem) else _held(name.stem, catalog)
    return replace(by_folder, suffix=suffix).doubting(held)


def _held(stem: str, catalog: Catalog) -> list[Sku]:
    """Return the products whose SKU occurs anywhere in the name, such as 7 in front-7."""
    found = tokens(stem)
    windows = catalog.windows(found)
    return [sku for start, end in windows for sku in catalog.with_tokens(found[start:end])]


def _outcome(reading: Reading) -> Outcome:
    product_ids = tuple(sku.product_id for sku in reading.skus)
    if reading.sku:
        return Outcome(MATCHED, product_ids, reading.why)
    return Outcome(AMBIGUOUS, product_ids) if product_ids else Outcome(UNMATCHED)


def _rank(name: FileName, reading: Reading) -> tuple:
    """Return a sort key for the files of a product; the lowest becomes its image."""
    suffix = reading.suffix
    number = suffix.number or 0
    if suffix.is_copy:
        order = 5
    elif reading.is_of_folder and is_camera_name(name.stem):
        order, number = 4, camera_number(name.stem)
    elif suffix.view:
        order = 1 if suffix.is_front else 3
    else:
        order = 0 if suffix.number is None else 2
    return (order, number, suffix.marks, len(name.folders), name.path)
