"""Suffixes of a SKU in a file name: a number, a view, and marks of copies and editing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

NUMBER, VIEW, WORD = "number", "view", "word"


def words(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


# Main and front, preferred among several images of one product.
FRONT_VIEWS = words(
    "main front hero cover primary frnt"
    " vorne vorderseite haupt hauptbild titelbild"
    " avant devant face principal principale couverture"
    " frente frontal delantera portada fronte davanti copertina voor voorkant voorzijde"
)
_OTHER_VIEWS = words(
    "back rear side left right top bottom inside detail closeup rght topp bott swch"
    " hinten rückseite rueckseite seite links rechts oben unten innen detailansicht nahaufnahme"
    " arrière arriere dos côté cote gauche droite haut dessus bas dessous intérieur interieur"
    " détail"
    " atrás atras trasera lado lateral izquierda derecha arriba abajo interior detalle"
    " retro dietro lato sinistra destra sopra sotto interno dettaglio"
    " achter achterkant zijkant boven onder binnen"
)
# Amazon's numbered codes, and those of GS1, where A1C1 is the front.
_NUMBERED_CODE = re.compile("(?:pt|in|ps)([0-9]{2})")
_GS1_CODE = re.compile("[a-e][0-9][clrn][0-9a-z]")
_GS1_FRONT = re.compile("a1c[0-9a-z]")
_NUMBER = re.compile("[0-9]{1,2}|0[0-9]{2}")
_COPIES = words("copy kopie copie copia")
_MARKS = words("final edited web retouched scaled hires") | _COPIES
_VERSION = re.compile("v[0-9]{1,2}|[0-9]{3,4}px|[0-9]{3,4}x[0-9]{3,4}")
_DENSITY = re.compile("[23]x")
NUMBER_IN_PARENTHESES = re.compile(r"\s*\(([0-9]{1,3})\)$")
COPY_OF = re.compile(r"(?:copy of|kopie von)\s+", re.IGNORECASE)

# The counter of a camera is not the number of a product.
_CAMERA = re.compile(
    r"(?:(?:img|dsc|dscn|dscf|dji|gopr|mvimg|pict)[ _-]?e?[0-9]{4,}.*"
    r"|_(?:mg|dsc|img)[ _-]?[0-9]{4,}.*"
    r"|p[0-9]{7}"
    r"|(?:(?:img|pxl|vid|mvimg)[ _-]?)?(?:19|20)[0-9]{6}[ _-][0-9]{6,9}.*"
    r"|(?:pxl|whatsapp image|screenshot|screen shot|bildschirmfoto|capture d.écran)[ _-].*)",
    re.IGNORECASE,
)
_DIGITS = re.compile("[0-9]+")


@dataclass(frozen=True)
class Suffix:
    """The part of a name that follows the SKU.

    kinds: the kinds of its tokens; empty for a number in parentheses.
    """

    number: int | None = None
    view: str = ""
    is_copy: bool = False
    marks: int = 0
    kinds: frozenset[str] = frozenset()

    @property
    def is_front(self) -> bool:
        return self.view in FRONT_VIEWS or bool(_GS1_FRONT.fullmatch(self.view))

    @property
    def words(self) -> str:
        """A description for people: "number 2 and view back"."""
        said = [f"number {self.number}"] if self.number is not None else []
        said += [f"view {self.view}"] if self.view else []
        return " and ".join(said + (["a mark"] if self.marks else []))


NO_SUFFIX = Suffix()


def read_suffix(tokens: Sequence[str], text: str) -> Suffix | None:
    """Return the suffix that these tokens form; None if one of them cannot be part of a suffix.

    At most one number and one view. text: the whole name as written.
    """
    numbers = [token for token in tokens if _NUMBER.fullmatch(token)]
    views = [token for token in tokens if is_view(token)]
    marks = [token for token in tokens if _is_mark(token, text)]
    if len(numbers) + len(views) + len(marks) < len(tokens) or len(numbers) > 1 or len(views) > 1:
        return None
    view = views[0] if views else ""
    coded = _NUMBERED_CODE.fullmatch(view)
    return Suffix(
        number=int(coded[1]) if coded and not numbers else int(numbers[0]) if numbers else None,
        view=view,
        is_copy=any(mark in _COPIES for mark in marks),
        marks=len(marks),
        kinds=frozenset(map(kind, tokens)),
    )


def kind(token: str) -> str:
    """Return the kind of a token that continues a SKU: number, view or word."""
    return NUMBER if token.isdecimal() else VIEW if is_view(token) else WORD


def is_number(token: str) -> bool:
    """Return whether a token can number an image: 2, 02 or 002, but not a year or a size."""
    return _NUMBER.fullmatch(token) is not None


def is_view(token: str) -> bool:
    """Return whether a token names a side of the product."""
    is_word = token in FRONT_VIEWS or token in _OTHER_VIEWS
    return is_word or bool(_NUMBERED_CODE.fullmatch(token) or _GS1_CODE.fullmatch(token))


def is_camera_name(stem: str) -> bool:
    """Return whether the name was made by a camera, a phone or a screenshot program."""
    return _CAMERA.fullmatch(stem) is not None


def camera_number(stem: str) -> int:
    """Return all digits of a camera's file name as one number, for sorting."""
    return int("".join(_DIGITS.findall(stem))[:40] or "0")


def _is_mark(token: str, text: str) -> bool:
    if _DENSITY.fullmatch(token):
        # 2x alone may be a pack of two.
        return f"@{token}" in text.lower()
    return token in _MARKS or _VERSION.fullmatch(token) is not None
