"""The rules for sitemaps and structured data, as their publishers define them.

The facts of three publications, of what a store uses, in our own form:
sitemap.xsd and siteindex.xsd of www.sitemaps.org/schemas/sitemap/0.9,
sitemap-image.xsd of www.google.com/schemas/sitemap-image/1.1, and the
vocabulary of schema.org (compared with schema-dts 2.1.0, which is made
from it). Each problems_... returns sentences, none where all is well.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

NAMESPACES = {
    "map": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "image": "http://www.google.com/schemas/sitemap-image/1.1",
}
# The children of an element in their order, each name with a space behind it.
CONTENT = {
    "map:urlset": "(map:url ){1,50000}",
    "map:url": "map:loc (map:lastmod )?(map:changefreq )?(map:priority )?(image:image ){0,1000}",
    "image:image": "image:loc (image:caption )?(image:geo_location )?(image:title )?"
    "(image:license )?",
    "map:sitemapindex": "(map:sitemap ){1,50000}",
    "map:sitemap": "map:loc (map:lastmod )?",
}
LOCATION_MIN, LOCATION_MAX = 12, 2048

# The properties of each type with the types of their values; Thing's belong to all of them.
THING = {
    "name": {"Text"},
    "description": {"Text", "TextObject"},
    "image": {"URL", "ImageObject"},
    "url": {"URL"},
}
VOCABULARY = {
    "Product": THING
    | {
        "sku": {"Text"},
        "category": {"Text", "URL", "Thing"},
        "brand": {"Brand", "Organization"},
        "offers": {"Offer", "Demand"},
    },
    "Offer": THING
    | {
        "price": {"Number", "Text"},
        "priceCurrency": {"Text"},
        "availability": {"ItemAvailability"},
        "seller": {"Organization", "Person"},
    },
    "Organization": THING,
}
MEMBERS = {
    "ItemAvailability": {
        f"https://schema.org/{name}"
        for name in (
            *("BackOrder", "Discontinued", "InStock", "InStoreOnly", "LimitedAvailability"),
            *("MadeToOrder", "OnlineOnly", "OutOfStock", "PreOrder", "PreSale", "Reserved"),
            "SoldOut",
        )
    }
}
# Required besides for a result in a search engine:
# developers.google.com/search/docs/appearance/structured-data/product-snippet
NEEDED = {"Product": {"name", "offers"}, "Offer": {"price", "priceCurrency"}}
# In what way a text has to be written: schema.org/price, schema.org/priceCurrency (ISO 4217).
WRITTEN = {"price": r"\d+(\.\d+)?", "priceCurrency": "[A-Z]{3}"}


def problems_of_sitemap(element: Element) -> Iterator[str]:
    """Tell what an element of a sitemap or its index, and all within it, does not keep to."""
    name = _prefixed(element)
    if name not in CONTENT:
        yield from _problems_of_text(name, element.text or "")
        return
    children = "".join(f"{_prefixed(child)} " for child in element)
    if not re.fullmatch(CONTENT[name], children):
        yield f"{name} has {children or 'nothing'}"
    for child in element:
        yield from problems_of_sitemap(child)


def _problems_of_text(name: str, text: str) -> Iterator[str]:
    if name.endswith(":loc"):
        if not _is_url(text) or not LOCATION_MIN <= len(text) <= LOCATION_MAX:
            yield f"{name} is {text!r}"
    elif name == "map:lastmod":
        if datetime.fromisoformat(text).tzinfo is None:
            yield f"{name} is {text!r}, without a zone"
    else:
        yield f"{name} is in neither schema as it is used here"


def problems_of_node(node: dict) -> Iterator[str]:
    """Tell what a node of JSON-LD, and each node within it, does not keep to."""
    known = VOCABULARY.get(node["@type"], {})
    missing = NEEDED.get(node["@type"], set()) - node.keys()
    yield from (f"{node['@type']} lacks {name}" for name in missing)
    for name, value in node.items():
        if name in ("@type", "@context"):
            continue
        for one in value if isinstance(value, list) else [value]:
            if not _is_one_of(one, known.get(name, set())):
                yield f"{node['@type']} has {name}: {one!r}"
            if name in WRITTEN and not re.fullmatch(WRITTEN[name], str(one)):
                yield f"{name} is written {one!r}"
            if isinstance(one, dict):
                yield from problems_of_node(one)


def _is_one_of(value: object, types: set[str]) -> bool:
    if isinstance(value, dict):
        return value["@type"] in types
    if isinstance(value, str):
        members = set().union(*(MEMBERS.get(name, set()) for name in types))
        return value in members or "Text" in types or ("URL" in types and _is_url(value))
    return "Number" in types and not isinstance(value, bool) and isinstance(value, int | float)


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not re.search(r"\s", text)


def _prefixed(element: Element) -> str:
    namespace, _, name = element.tag.removeprefix("{").partition("}")
    prefix = next((key for key, value in NAMESPACES.items() if value == namespace), namespace)
    return f"{prefix}:{name}"
