"""Addresses for shoppers and search engines: missing pages, sitemap, canonical addresses."""

import json
import re
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from werkzeug.exceptions import ServiceUnavailable

from distribu.extensions import db
from distribu.models import READY, Product
from distribu.storefront import sitemap
from tests.conftest import add_product
from tests.images.life import add_accepted

SITEMAP = "/store/acme/sitemap.xml"
NAMESPACES = {
    "map": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "image": "http://www.google.com/schemas/sitemap-image/1.1",
}
MADE = {"format": "PNG", "path": "", "width_px": 40, "height_px": 30, "byte_size": 9}
# What schema.org defines, of the properties that a page of ours may use: schema.org/Product,
# /Offer, /Organization. Google needs name, and of an offer price and priceCurrency:
# developers.google.com/search/docs/appearance/structured-data/product-snippet
VOCABULARY = {
    "Product": {"name", "sku", "description", "category", "image", "url", "offers"},
    "Offer": {"url", "price", "priceCurrency", "availability", "seller"},
    "Organization": {"name"},
}


@pytest.fixture
def widget(app, cast) -> str:
    """The id of a product with two images whose names need escaping in XML."""
    with app.app_context():
        product = add_product(cast.acme, name="Nuts & <Bolts>", stock=3, description="A&B")
        for position, name in enumerate(("a&b.png", "second.png")):
            add_accepted(
                cast.acme,
                product,
                status=READY,
                public_name=name,
                position=position,
                derivatives=[MADE],
            )
        return product.id


def locations(response, tag="map:url") -> list[str]:
    assert response.mimetype == "application/xml"
    root = ElementTree.fromstring(response.data)
    return [one.findtext("map:loc", namespaces=NAMESPACES) for one in root.findall(tag, NAMESPACES)]


@pytest.mark.parametrize(
    "path", ["nonsense", "products/nonsense", "products/nonsense/image", "sitemap-2.xml", "a/b/c"]
)
def test_what_a_store_does_not_have_leads_to_its_catalog(nobody, cast, path):
    answer = nobody.get(f"/store/acme/{path}")
    assert (answer.status_code, "<h1>Page not found</h1>" in answer.text) == (404, True)
    links = set(re.findall(r'<a [^>]*href="([^"]+)"', answer.text)) - {"#main"}
    assert links == {"/store/acme/catalog", "/"}
    assert '<a href="/">Dashboard</a>' in answer.text


@pytest.mark.parametrize("path", ["", "/catalog", "/sitemap.xml", "/products/x", "/x"])
def test_a_store_that_does_not_exist_leads_nowhere(nobody, cast, path):
    answer = nobody.get(f"/store/nobody{path}")
    assert (answer.status_code, "<h1>Store not found</h1>" in answer.text) == (404, True)
    assert set(re.findall(r'<a [^>]*href="([^"]+)"', answer.text)) == {"#main"}


def test_an_outage_does_not_lead_a_shopper_to_the_sign_in(app, nobody, cast):
    def fail():
        raise ServiceUnavailable

    app.before_request(fail)
    answer = nobody.get("/store/acme/catalog")
    assert answer.status_code == 503
    assert set(re.findall(r'<a [^>]*href="([^"]+)"', answer.text)) == {"#main"}


@pytest.mark.parametrize("path", ["catalog", "products/{}", "nonsense"])
def test_the_footer_is_the_same_for_everyone(app, nobody, alice, cast, widget, path):
    pages = [client.get(f"/store/acme/{path.format(widget)}").text for client in (nobody, alice)]
    assert pages[0] == pages[1]
    assert pages[0].count('<footer class="store-foot"><a href="/">Dashboard</a></footer>') == 1


def test_the_sitemap_has_every_product_that_is_shown_with_its_images(app, nobody, cast, widget):
    with app.app_context():
        external = "https://images.example/w.jpg?a=1&b=2"
        elsewhere = add_product(cast.acme, name="Elsewhere", external_image_url=external).id
        add_product(cast.acme, name="Hidden", is_active=False)
        add_product(cast.globex, name="Of others")
    answer = nobody.get(SITEMAP)
    base = "http://shop.test/store/acme"
    pages = [f"{base}/catalog", f"{base}/products/{widget}", f"{base}/products/{elsewhere}"]
    assert locations(answer) == pages
    found = ElementTree.fromstring(answer.data).iterfind(".//image:loc", NAMESPACES)
    images = [one.text for one in found]
    assert [url.rsplit("/", 1)[1] for url in images[:2]] == ["a&b.png", "second.png"]
    assert images[2] == external


def test_the_sitemap_keeps_to_the_protocol(nobody, cast, widget):
    """www.sitemaps.org/protocol.html, and Google's extension for images."""
    root = ElementTree.fromstring(nobody.get(SITEMAP).data)
    assert root.tag == f"{{{NAMESPACES['map']}}}urlset"
    assert {one.tag.rpartition("}")[2] for one in root} == {"url"}
    children = [[child.tag.rpartition("}")[2] for child in url] for url in root]
    assert children == [["loc"], ["loc", "lastmod", "image", "image"]]
    times = [one.text for one in root.iterfind(".//map:lastmod", NAMESPACES)]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", times[0])


def test_a_large_catalog_has_an_index_of_files(app, nobody, cast, monkeypatch):
    monkeypatch.setattr(sitemap, "PAGE_SIZE", 2)
    with app.app_context():
        ids = sorted(add_product(cast.acme, name=f"Bolt {n}").id for n in range(5))
    files = locations(nobody.get(SITEMAP), "map:sitemap")
    assert files == [f"http://shop.test/store/acme/sitemap-{n}.xml" for n in (1, 2, 3)]
    found = [url for file in files for url in locations(nobody.get(urlsplit(file).path))]
    products = [f"http://shop.test/store/acme/products/{product_id}" for product_id in ids]
    assert found == ["http://shop.test/store/acme/catalog", *products]
    assert nobody.get("/store/acme/sitemap-4.xml").status_code == 404


def test_every_address_of_the_sitemap_is_the_canonical_one_of_its_page(nobody, cast, widget):
    for url in locations(nobody.get(SITEMAP)):
        page = nobody.get(urlsplit(url).path)
        assert f'<link rel="canonical" href="{url}">' in page.text


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ("", ""),
        ("?sort=-price", ""),
        ("?utm_source=letter", ""),
        ("?category=Nuts&sort=price", "?category=Nuts"),
        ("?page=2&sort=-name", "?page=2"),
    ],
)
def test_a_catalog_page_has_one_canonical_address(app, nobody, cast, query, canonical):
    with app.app_context():
        for number in range(25):
            add_product(cast.acme, name=f"Nut {number}", category="Nuts")
    found = re.findall(
        r'<link rel="canonical" href="([^"]+)">', nobody.get(f"/store/acme/catalog{query}").text
    )
    assert found == [f"http://shop.test/store/acme/catalog{canonical}"]


def test_a_search_is_not_indexed(nobody, cast, widget):
    page = nobody.get("/store/acme/catalog?q=nut").text
    assert ("canonical" in page, '<meta name="robots" content="noindex">' in page) == (False, True)


def facts(nobody, product_id) -> dict:
    page = nobody.get(f"/store/acme/products/{product_id}").text
    return json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', page)[1])


def check(node: dict) -> None:
    """Every property belongs to the type that the node says it has."""
    names = node.keys() - {"@context", "@type"}
    assert names <= VOCABULARY[node["@type"]]
    for value in node.values():
        if isinstance(value, dict):
            check(value)


@pytest.mark.parametrize("stock", [0, 3])
def test_structured_data_keeps_to_the_vocabulary(app, nobody, cast, widget, stock):
    with app.app_context():
        db.session.get(Product, widget).stock = stock
        db.session.commit()
    found = facts(nobody, widget)
    check(found)
    assert (found["@context"], found["@type"]) == ("https://schema.org", "Product")
    assert (found["name"], len(found["image"])) == ("Nuts & <Bolts>", 2)
    offer = found["offers"]
    assert re.fullmatch(r"\d+(\.\d+)?", offer["price"])
    assert re.fullmatch(r"[A-Z]{3}", offer["priceCurrency"])
    known = {"https://schema.org/InStock", "https://schema.org/OutOfStock"}
    assert offer["availability"] in known


@pytest.mark.parametrize("path", ["nonsense", "orders/nonsense"])
def test_a_404_of_the_dashboard_keeps_its_navigation(alice, nobody, path):
    shown = alice.get(f"/dashboard/{path}")
    assert (shown.status_code, "Page not found" in shown.text) == (404, True)
    assert 'aria-label="Dashboard"' in shown.text
    assert 'aria-label="Dashboard"' not in nobody.get("/dashboard/nonsense").text


def test_a_403_of_the_dashboard_keeps_its_navigation(bob):
    shown = bob.get("/dashboard/settings/members")
    assert (shown.status_code, 'aria-label="Dashboard"' in shown.text) == (403, True)
