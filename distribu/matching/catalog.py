"""The SKUs of a company, found by either form of text."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .filenames import type_at_end
from .suffixes import kind
from .texts import UNWRITABLE, tokens, verbatim

# Boundary between digits and letters inside a token: 990b, 20x30.
_BORDER = re.compile(r"(?<=[0-9])(?=[^0-9])|(?<=[^0-9])(?=[0-9])")


@dataclass(frozen=True)
class Sku:
    """A product's SKU, in the forms that matching needs."""

    product_id: str
    text: str
    key: str
    tokens: tuple[str, ...]

    @property
    def is_unwritable(self) -> bool:
        """Whether some systems cannot store a file with this name."""
        return not UNWRITABLE.isdisjoint(self.text)


class Catalog:
    """Every SKU of a company, including inactive products, so that a similar SKU is in doubt."""

    def __init__(self, skus: Iterable[tuple[str, str]]):
        """skus: id and SKU of each product that has a SKU."""
        self._by_key: dict[str, list[Sku]] = defaultdict(list)
        self._by_lower: dict[str, list[Sku]] = defaultdict(list)
        self._by_tokens: dict[tuple[str, ...], list[Sku]] = defaultdict(list)
        self._next_kinds: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self.longest = 0
        self.types: set[str] = set()
        for product_id, text in sorted(skus, key=lambda one: (one[1], one[0])):
            self._add(Sku(product_id, text, verbatim(text), tokens(text)))

    def _add(self, sku: Sku) -> None:
        self._by_key[sku.key].append(sku)
        self._by_lower[sku.key.lower()].append(sku)
        if type := type_at_end(sku.text):
            self.types.add(type)
        if not sku.tokens:
            return
        self._by_tokens[sku.tokens].append(sku)
        self.longest = max(self.longest, len(sku.tokens))
        for beginning, following in _beginnings(sku.tokens):
            self._next_kinds[beginning].add(kind(following))

    def with_key(self, key: str) -> Sequence[Sku]:
        """Return the SKUs with this verbatim form."""
        return self._by_key.get(key, ())

    def with_lower_key(self, key: str) -> Sequence[Sku]:
        """Return the SKUs with this verbatim form, ignoring case."""
        return self._by_lower.get(key.lower(), ())

    def with_tokens(self, found: Sequence[str]) -> Sequence[Sku]:
        """Return the SKUs with exactly these tokens."""
        return self._by_tokens.get(tuple(found), ())

    def next_kinds(self, beginning: Sequence[str]) -> set[str]:
        """Return the kinds of tokens that follow these in longer SKUs."""
        return self._next_kinds.get(tuple(beginning), set())

    def windows(self, found: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Yield the start and end of each SKU among the tokens of a name."""
        for start in range(len(found)):
            for end in range(start + 1, min(start + self.longest, len(found)) + 1):
                if tuple(found[start:end]) in self._by_tokens:
                    yield start, end

    def __iter__(self) -> Iterator[Sku]:
        for skus in self._by_key.values():
            yield from skus


def _beginnings(found: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each beginning of a SKU with what follows it: 990b continues 990, as 990-b does."""
    for index, token in enumerate(found):
        if index:
            yield found[:index], token
        pieces = _BORDER.split(token)
        for count in range(1, len(pieces)):
            yield (*found[:index], "".join(pieces[:count])), pieces[count]
