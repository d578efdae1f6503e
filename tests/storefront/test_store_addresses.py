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
from tests.published_schemas import NAMESPACES, problems_of_node, problems_of_sitemap

SITEMAP = "/store/acme/sitemap.xml"
MADE = {"format": "PNG", "path": "", "width_px": 40, "height_px": 30, "byte_size": 9}
# Text that merchants may type, and text that ends a script or an element early.
ODD = {
    "name": 'Nuts & </script><!-- "Bolts"',
    "sku": "<7>",
    "category": "A&B",
    "description": "]]> & \u2028",
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


def test_the_sitemap_keeps_to_the_published_schemas(app, nobody, cast, widget):
    with app.app_context():
        url = "https://images.example/" + "w" * 2000 + "?a=1&b=<2>"
        add_product(cast.acme, external_image_url=url, **ODD)
    root = ElementTree.fromstring(nobody.get(SITEMAP).data)
    assert list(problems_of_sitemap(root)) == []
    assert [len(url) for url in root] == [1, 4, 3]


def test_the_sitemap_of_an_empty_store_keeps_to_them_too(nobody, cast):
    assert list(problems_of_sitemap(ElementTree.fromstring(nobody.get(SITEMAP).data))) == []


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<url><lastmod>2026-11-28T05:00:00+00:00</lastmod></url>",
        "<url><lastmod>2026-11-28T05:00:00+00:00</lastmod><loc>http://shop.test/</loc></url>",
        "<url><loc>/store/acme</loc></url>",
        "<url><loc>http://shop.test/</loc><title>Acme</title></url>",
    ],
)
def test_what_no_sitemap_may_have_is_noticed(content):
    root = f'<urlset xmlns="{NAMESPACES["map"]}">{content}</urlset>'
    assert list(problems_of_sitemap(ElementTree.fromstring(root)))


def test_a_large_catalog_has_an_index_of_files(app, nobody, cast, monkeypatch):
    # A limit that the test can reach.
    monkeypatch.setattr(sitemap, "PAGE_SIZE", 2)
    with app.app_context():
        ids = sorted(add_product(cast.acme, name=f"Bolt {n}").id for n in range(5))
    index = nobody.get(SITEMAP)
    assert list(problems_of_sitemap(ElementTree.fromstring(index.data))) == []
    files = locations(index, "map:sitemap")
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


@pytest.mark.parametrize("stock", [0, 3])
def test_structured_data_keeps_to_the_vocabulary(app, nobody, cast, widget, stock):
    with app.app_context():
        db.session.get(Product, widget).stock = stock
        db.session.commit()
    found = facts(nobody, widget)
    assert list(problems_of_node(found)) == []
    assert (found["@context"], found["@type"]) == ("https://schema.org", "Product")
    assert (found["name"], len(found["image"])) == ("Nuts & <Bolts>", 2)
    availability = "InStock" if stock else "OutOfStock"
    assert found["offers"]["availability"] == f"https://schema.org/{availability}"


@pytest.mark.parametrize("values", [ODD, ODD | {"external_image_url": "https://i.example/ü.jpg"}])
def test_structured_data_says_what_was_typed(app, nobody, cast, values):
    with app.app_context():
        product_id = add_product(cast.acme, **values).id
    found = facts(nobody, product_id)
    assert list(problems_of_node(found)) == []
    assert {name: found[name] for name in ODD} == ODD


def test_structured_data_of_a_product_with_nothing_but_a_name(app, nobody, cast):
    with app.app_context():
        product_id = add_product(cast.acme, price_minor=0).id
    found = facts(nobody, product_id)
    assert list(problems_of_node(found)) == []
    assert found.keys() == {"@context", "@type", "name", "url", "offers"}


@pytest.mark.parametrize(
    "change",
    [
        {"colour": "red"},
        {"image": ["/relative.png"]},
        {"offers": {"@type": "Offer", "price": "9,99", "priceCurrency": "USD"}},
        {"offers": {"@type": "Offer", "price": "9.99"}},
        {"offers": {"@type": "Offer", "price": 9, "priceCurrency": "USD", "availability": "yes"}},
    ],
)
def test_what_the_vocabulary_does_not_have_is_noticed(nobody, widget, change):
    assert list(problems_of_node(facts(nobody, widget) | change))


@pytest.mark.parametrize("path", ["nonsense", "orders/nonsense"])
def test_a_404_of_the_dashboard_keeps_its_navigation(alice, nobody, path):
    shown = alice.get(f"/dashboard/{path}")
    assert (shown.status_code, "Page not found" in shown.text) == (404, True)
    assert 'aria-label="Dashboard"' in shown.text
    assert 'aria-label="Dashboard"' not in nobody.get("/dashboard/nonsense").text


def test_a_403_of_the_dashboard_keeps_its_navigation(bob):
    shown = bob.get("/dashboard/settings/members")
    assert (shown.status_code, 'aria-label="Dashboard"' in shown.text) == (403, True)
