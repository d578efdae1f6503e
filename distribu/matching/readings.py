"""Read a file or folder name as the products that it may refer to."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from .catalog import Catalog, Sku
from .suffixes import (
    COPY_OF,
    NO_SUFFIX,
    NUMBER_IN_PARENTHESES,
    Suffix,
    is_camera_name,
    is_number,
    is_view,
    read_suffix,
    words,
)
from .texts import through_separator, tokens, verbatim

# Folder names that only describe the content.
PASSED_OVER = words(
    "web print jpg jpeg png webp avif export exports original originals final images photos"
)

# Whether the folder has names that differ only in the last number, like AB-8-1 and AB-8-2.
IsOfRow = Callable[[Sequence[str]], bool]


@dataclass(frozen=True)
class Reading:
    """The products that a text may refer to.

    is_sure: whether a single product is certain. is_of_folder: whether the
    folder names the product, and the file name only the suffix.
    """

    skus: tuple[Sku, ...] = ()
    why: str = ""
    suffix: Suffix = NO_SUFFIX
    is_sure: bool = True
    is_of_folder: bool = False

    @property
    def sku(self) -> Sku | None:
        """The only possible product, or None."""
        return self.skus[0] if self.is_sure and len(self.skus) == 1 else None

    def doubting(self, others: Iterable[Sku], is_sure: bool = True) -> "Reading":
        """Return the same reading with other possible products added."""
        return replace(
            self, skus=_distinct([*self.skus, *others]), is_sure=self.is_sure and is_sure
        )


def read_name(stem: str, catalog: Catalog, is_of_row: IsOfRow) -> Reading:
    """Return the products that a file name can refer to, as a whole SKU or as SKU and suffix."""
    reading = _read_verbatim(stem, catalog, is_of_row)
    if reading.skus or is_camera_name(stem):
        return reading
    if numbered := NUMBER_IN_PARENTHESES.search(stem):
        rest = read_name(stem[: numbered.start()], catalog, is_of_row)
        number = rest.suffix.number if rest.suffix.number is not None else int(numbered[1])
        is_copy = rest.suffix.is_copy or rest.suffix.number is not None
        suffix = replace(rest.suffix, number=number, is_copy=is_copy)
        rest = replace(rest, suffix=suffix, why=_why(suffix) if rest.skus else "")
        # A SKU may end like this in another case.
        return rest.doubting(catalog.with_lower_key(verbatim(stem)))
    if prefix := COPY_OF.match(stem):
        rest = read_name(stem[prefix.end() :], catalog, is_of_row)
        return replace(rest, suffix=replace(rest.suffix, is_copy=True))
    reading = read_whole(stem, catalog, is_of_row)
    if not reading.skus:
        reading = _read_with_suffix(stem, catalog)
    return reading if reading.skus else _read_several(stem, catalog)


def read_whole(text: str, catalog: Catalog, is_of_row: IsOfRow = lambda _: False) -> Reading:
    """Return the products whose SKU is the whole text: verbatim, ignoring case, or by tokens."""
    reading = _read_verbatim(text, catalog, is_of_row)
    if reading.skus or NUMBER_IN_PARENTHESES.search(text):
        return reading
    found = tokens(text)
    doubts = [*_stem_of_row(found, catalog, is_of_row), *_with_view_cut(found, catalog)]
    if same := catalog.with_lower_key(verbatim(text)):
        twins = [sku for sku in catalog.with_tokens(found) if sku.is_unwritable]
        return Reading(tuple(same), "the name is the SKU but for case").doubting(twins + doubts)
    if same := catalog.with_tokens(found):
        doubts += _shorter(text, found, same, catalog)
        return Reading(tuple(same), "the name is the SKU in other signs").doubting(doubts)
    return Reading()


def read_folders(folders: Sequence[str], stem: str, catalog: Catalog) -> Reading:
    """Return the products that the nearest meaningful folder names, or that folder/name names."""
    found: list[Sku] = []
    is_sure, why = True, ""
    for folder in reversed(folders):
        reading = read_whole(folder, catalog)
        found += reading.skus
        is_sure = is_sure and reading.is_sure
        why = why or (f"in the folder {folder}" if reading.skus else "")
        if not PASSED_OVER.issuperset(tokens(folder)) or not tokens(folder):
            break
    if folders:
        joined = catalog.with_tokens(tokens(folders[-1]) + tokens(stem))
        slashed = [sku for sku in joined if "/" in sku.text or "\\" in sku.text]
        # This alone is not enough, but it makes another reading doubtful.
        is_sure = is_sure and not slashed
        found += slashed if found else []
    return Reading(_distinct(found), why, is_sure=is_sure, is_of_folder=True)


def bare_suffix(stem: str) -> Suffix | None:
    """Return the suffix if the name consists of one alone, such as 2 or front; else None."""
    numbered = NUMBER_IN_PARENTHESES.search(stem)
    rest = stem[: numbered.start()] if numbered else stem
    if is_camera_name(rest):
        return NO_SUFFIX
    suffix = read_suffix(tokens(rest), rest)
    if suffix is None or (suffix.number is None and not suffix.view):
        return None
    return replace(suffix, is_copy=suffix.is_copy or numbered is not None)


def _read_verbatim(text: str, catalog: Catalog, is_of_row: IsOfRow) -> Reading:
    same = catalog.with_key(verbatim(text))
    if not same:
        return Reading()
    found = tokens(text)
    twins = [sku for sku in catalog.with_tokens(found) if sku.is_unwritable]
    cased = catalog.with_lower_key(verbatim(text))
    stems = _stem_of_row(found, catalog, is_of_row)
    return Reading(tuple(same), "the name is the SKU").doubting([*twins, *cased, *stems])


def _stem_of_row(found: Sequence[str], catalog: Catalog, is_of_row: IsOfRow) -> Sequence[Sku]:
    """Return the SKU AB-8 for AB-8-1 if the folder has AB-8-2 and others that are not SKUs."""
    if len(found) < 2 or not is_number(found[-1]) or not is_of_row(found):
        return ()
    return catalog.with_tokens(found[:-1])


def _with_view_cut(found: Sequence[str], catalog: Catalog) -> Sequence[Sku]:
    """Return the SKU AB-6 for the tokens of AB-6-back: all but a view at the end."""
    return catalog.with_tokens(found[:-1]) if len(found) > 1 and is_view(found[-1]) else ()


def _shorter(text: str, found: Sequence[str], same: Sequence[Sku], catalog: Catalog) -> list[Sku]:
    """Return SKUs like AB-1 for AB-1_2, since that may mean image 2 of AB-1 or the SKU AB-1-2."""
    name = verbatim(text).lower()
    shorter = (sku for end in range(1, len(found)) for sku in catalog.with_tokens(found[:end]))
    begun = [sku for sku in shorter if name.startswith(sku.key.lower())]
    return [
        sku
        for sku in begun
        if not all(_begins_alike(name, sku.key.lower(), one.key.lower()) for one in same)
    ]


def _begins_alike(name: str, shorter: str, longer: str) -> bool:
    return longer.startswith(through_separator(name, len(shorter)))


def _read_with_suffix(text: str, catalog: Catalog) -> Reading:
    """Read the longest SKU at the beginning whose remainder is a suffix."""
    found = tokens(text)
    for end in range(len(found) - 1, 0, -1):
        skus = catalog.with_tokens(found[:end])
        suffix = read_suffix(found[end:], text) if skus else None
        if suffix is None:
            continue
        # With AB-1 and AB-2 in the catalog, AB-3 may be a missing product, or image 3 of AB.
        is_sure = suffix.kinds.isdisjoint(catalog.next_kinds(found[:end]))
        beyond = [window for window in catalog.windows(found) if window[0] and window[1] > end]
        others = [sku for start, stop in beyond for sku in catalog.with_tokens(found[start:stop])]
        return Reading(tuple(skus), _why(suffix), suffix, is_sure).doubting(others)
    return Reading()


def _read_several(text: str, catalog: Catalog) -> Reading:
    """Return the products of a name that contains two or more SKUs; none if it has only one."""
    found = tokens(text)
    windows = list(catalog.windows(found))
    largest = [one for one in windows if not any(_is_inside(one, other) for other in windows)]
    if len({found[start:end] for start, end in largest}) < 2:
        return Reading()
    held = [sku for start, end in largest for sku in catalog.with_tokens(found[start:end])]
    return Reading(_distinct(held), is_sure=False)


def _is_inside(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one != other and other[0] <= one[0] and one[1] <= other[1]


def _why(suffix: Suffix) -> str:
    return f"SKU and {suffix.words}" if suffix.words else "the name is the SKU"


def _distinct(skus: Iterable[Sku]) -> tuple[Sku, ...]:
    by_id = {sku.product_id: sku for sku in skus}
    return tuple(sorted(by_id.values(), key=lambda sku: (sku.text, sku.product_id)))
