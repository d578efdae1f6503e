"""The storefront: what shoppers see, without signing in."""

import io
import json
import re
from importlib import import_module

import pytest
from PIL import Image as Canvas
from sqlalchemy import event
from werkzeug.datastructures import FileStorage

from distribu import storefront
from distribu.extensions import db, store
from distribu.images import attachment, processing, staging
from distribu.models import Company, Image, Product
from distribu.products import search
from distribu.storefront import caching
from tests.conftest import add_cast, add_product

CATALOG = "/store/acme/catalog"
# The room has a view of the same name.
catalog = import_module("distribu.storefront.catalog")


def png(width: int, height: int, color="#336699") -> io.BytesIO:
    file = io.BytesIO()
    Canvas.new("RGB", (width, height), color).save(file, "PNG")
    file.seek(0)
    return file


def add_image(product_id: str, filename="blue-widget.png", size=(640, 480)) -> str:
    """Give the product one more image, its whole ladder made; return the image's id."""
    product = db.session.get(Product, product_id)
    upload = FileStorage(png(*size), filename=filename)
    image = staging.stage(product.company_id, upload)
    attachment.attach(attachment.lock_product(product_id, product.company_id), image.id)
    db.session.commit()
    processing.process(image.id)
    return image.id


@pytest.fixture
def shop(app, cast):
    """A function that adds products of these names to Acme and returns their ids."""

    def add(*names: str, **values) -> list[str]:
        with app.app_context():
            return [add_product(cast.acme, name=name, **values).id for name in names]

    return add


@pytest.fixture
def widget(app, shop) -> str:
    """The id of a product with one image."""
    [product_id] = shop("Blue widget", sku="W-1", category="Tools", stock=9, description="Turns.")
    with app.app_context():
        add_image(product_id)
    return product_id


def names(response) -> list[str]:
    return re.findall(r'<h2><a href="[^"]+">([^<]+)</a></h2>', response.text)


def open_catalog(client, **arguments):
    return client.get(CATALOG, query_string=arguments)


def product_path(product_id: str, slug="acme") -> str:
    return f"/store/{slug}/products/{product_id}"


def test_store_leads_to_the_catalog(nobody, cast):
    response = nobody.get("/store/acme")
    assert (response.status_code, response.location) == (302, CATALOG)


@pytest.mark.parametrize("path", ["/store/none", "/store/none/catalog", "/store/a%00b/catalog"])
def test_unknown_store_is_404(nobody, cast, path):
    assert nobody.get(path).status_code == 404


def test_catalog_is_open_to_everyone(nobody, widget):
    response = nobody.get(CATALOG)
    assert response.status_code == 200
    assert names(response) == ["Blue widget"]


def test_catalog_shows_what_a_shopper_wants_to_know(nobody, widget):
    page = nobody.get(CATALOG).text
    assert re.search(r'class="price">\$9\.99 <span class="unit">/each</span>', page)
    assert "W-1" in page
    assert '<span class="badge badge-neutral">Tools</span>' in page
    assert "<p>Turns.</p>" in page


def test_catalog_hides_inactive_products(nobody, shop):
    shop("Seen")
    shop("Hidden", is_active=False)
    response = nobody.get(CATALOG)
    assert names(response) == ["Seen"]
    assert "Showing 1–1 of 1 product<" in response.text


def test_catalog_shows_only_its_own_company(app, nobody, cast, shop):
    shop("Ours")
    with app.app_context():
        add_product(cast.globex, name="Theirs")
    assert names(nobody.get(CATALOG)) == ["Ours"]


@pytest.mark.parametrize(
    ("stock", "kind", "words"),
    [
        (-1, "out", "Out of stock"),
        (0, "out", "Out of stock"),
        (1, "low", "Only 1 left"),
        (5, "low", "Only 5 left"),
        (6, "ok", "In stock"),
    ],
)
def test_stock_is_told_in_words_and_color(nobody, shop, stock, kind, words):
    shop("Widget", stock=stock)
    assert f'<span class="badge badge-{kind}">{words}</span>' in nobody.get(CATALOG).text


def test_long_description_is_cut_between_words(nobody, shop):
    shop("Widget", description="A word " * 100)
    [summary] = re.findall(r"<p>(A word [^<]*)</p>", nobody.get(CATALOG).text)
    assert len(summary) <= 141
    assert summary.endswith(("A…", "word…"))


def test_a_page_has_24_products(nobody, shop):
    shop(*(f"Widget {number:02}" for number in range(87)))
    response = nobody.get(CATALOG)
    assert len(names(response)) == 24
    assert "Showing 1–24 of 87 products" in response.text


def test_last_page_has_the_rest(nobody, shop):
    shop(*(f"Widget {number:02}" for number in range(87)))
    response = open_catalog(nobody, page=4)
    assert names(response)[-1] == "Widget 86"
    assert "Showing 73–87 of 87 products" in response.text


@pytest.mark.parametrize("number", ["0", "-3", "99", "9" * 30, "two", ""])
def test_a_page_that_is_not_there_is_the_nearest(nobody, shop, number):
    shop(*(f"Widget {number:02}" for number in range(25)))
    assert len(names(open_catalog(nobody, page=number))) in (24, 1)


def test_page_links_keep_the_other_choices(nobody, shop):
    shop(*(f"Blue {number:02}" for number in range(60)), category="Tools & more")
    page = open_catalog(nobody, q="blue", category="Tools & more", sort="-price", page=2).text
    wanted = "/store/acme/catalog?q=blue&amp;category=Tools+%26+more&amp;sort=-price"
    assert f'rel="prev" href="{wanted}"' in page
    assert f'rel="next" href="{wanted}&amp;page=3"' in page


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", ["apple", "Banana", "cherry"]),
        ("-name", ["cherry", "Banana", "apple"]),
        ("price", ["Banana", "cherry", "apple"]),
        ("-price", ["apple", "cherry", "Banana"]),
        ("stock", ["cherry", "apple", "Banana"]),
        ("nonsense", ["apple", "Banana", "cherry"]),
        ("", ["apple", "Banana", "cherry"]),
    ],
)
def test_sort(nobody, shop, sort, expected):
    shop("Banana", price_minor=100, stock=1)
    shop("apple", price_minor=300, stock=2)
    shop("cherry", price_minor=200, stock=3)
    assert names(open_catalog(nobody, sort=sort)) == expected


def test_sorts_are_offered_by_their_published_names(nobody, cast):
    offered = re.findall(r"<option [^>]*>([^<]+)</option>", nobody.get(CATALOG).text)
    assert offered == [
        "Name A–Z",
        "Name Z–A",
        "Price: low → high",
        "Price: high → low",
        "Stock: most first",
    ]


@pytest.mark.parametrize("query", ["BLUE", "w-7", "garden", "rust", "rust blue", "  blue  "])
def test_search_looks_into_name_sku_category_and_description(nobody, shop, query):
    shop("Blue widget", sku="W-7", category="Garden", description="Does not rust.")
    shop("Red lamp", sku="L-1", category="Home", description="Shines.")
    assert names(open_catalog(nobody, q=query)) == ["Blue widget"]


@pytest.mark.parametrize("query", ["%", "_", "/", "a%b", "'", "blue red"])
def test_search_takes_every_character_as_itself(nobody, shop, query):
    shop("Blue widget")
    response = open_catalog(nobody, q=query)
    assert response.status_code == 200
    assert names(response) == []


def test_search_finds_a_percent_sign(nobody, shop):
    shop("100% cotton", "100 cotton")
    assert names(open_catalog(nobody, q="100%")) == ["100% cotton"]


def test_search_stays_in_its_field(nobody, cast):
    assert 'name="q" value="&lt;b&gt;"' in open_catalog(nobody, q="<b>").text


@pytest.fixture
def large_catalog(make_app, database, monkeypatch):
    """A client of a catalog that counts as large, on either database."""
    # A limit that the test can reach.
    monkeypatch.setattr(catalog, "SMALL_COMPANY", 0)
    monkeypatch.setattr(search, "SMALL_COMPANY", 0)
    app = make_app(**database)
    with app.app_context():
        acme = add_cast().acme
        tools = {"category": "Tools", "description": "Does not rust."}
        for name, values in {
            "Blue widget": tools | {"sku": "W-7"},
            "Red widget": {"sku": "R-1", "description": "Blue inside."},
            "Blue lamp": tools | {"is_active": False},
            "Blue crate": {"category": "Storage"},
        }.items():
            add_product(acme, name=name, **values)
    return app.test_client()


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ({"q": "blue"}, ["Blue crate", "Blue widget"]),
        ({"q": "blue", "sort": "-name"}, ["Blue widget", "Blue crate"]),
        ({"q": "blue", "category": "Tools"}, ["Blue widget"]),
        ({"q": "w-7"}, ["Blue widget"]),
        ({"q": "tool blu"}, ["Blue widget"]),
        ({"q": "wi"}, ["Blue widget", "Red widget"]),
        ({"q": "rust"}, []),
        ({"q": "%"}, []),
    ],
)
def test_a_large_catalog_is_searched_by_its_index(large_catalog, choice, found):
    assert names(open_catalog(large_catalog, **choice)) == found


def test_a_search_of_a_large_catalog_finds_its_statements_composed(large_catalog):
    kept = (catalog._found_by_index, catalog._page, catalog._counting)
    open_catalog(large_catalog, q="blue")
    composed = [cache.cache_info().misses for cache in kept]
    open_catalog(large_catalog, q="crate")
    assert [cache.cache_info().misses for cache in kept] == composed


def test_the_end_of_what_can_be_reached_is_said(nobody, shop, monkeypatch):
    for module in (catalog, storefront):
        monkeypatch.setattr(module, "PAGES_MAX", 2)
    shop(*(f"Widget {number:02}" for number in range(60)))
    first, last = open_catalog(nobody), open_catalog(nobody, page=3)
    assert "The list ends here." not in first.text
    assert "Showing 25–48 of 60 products" in last.text
    assert "The list ends here." in last.text
    assert "page=3" not in first.text + last.text


def test_a_search_is_not_counted_to_its_end(nobody, shop, monkeypatch):
    for module in (catalog, storefront):
        monkeypatch.setattr(module, "COUNT_MAX", 30)
    shop(*(f"Widget {number:02}" for number in range(60)))
    assert "Showing 1–24 of 30+ products" in open_catalog(nobody, q="widget").text
    assert "Showing 1–24 of 60 products" in open_catalog(nobody).text


def test_searches_of_one_address_are_limited(make_app, monkeypatch):
    app = make_app(RATELIMIT_ENABLED=True)
    with app.app_context():
        add_cast()
    client = app.test_client()
    statuses = [open_catalog(client, q="blue").status_code for _ in range(121)]
    assert statuses == [200] * 120 + [429]
    refused = open_catalog(client, q="blue")
    assert "Retry-After" in refused.headers
    assert open_catalog(client).status_code == 200
    other = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}}
    assert client.get(f"{CATALOG}?q=blue", **other).status_code == 200


def test_search_field_has_its_published_placeholder(nobody, cast):
    assert 'placeholder="Search by name, SKU, category…"' in nobody.get(CATALOG).text


def test_search_without_a_hit_offers_everything(nobody, shop):
    shop("Widget")
    page = open_catalog(nobody, q="nothing").text
    assert "Nothing found" in page
    assert f'href="{CATALOG}">Show all products' in page


def test_category_pills_begin_with_all(nobody, shop):
    shop("Hammer", category="Tools")
    shop("Apron", category="kitchen")
    pills = re.findall(r'class="pill" [^>]*>([^<]+)</a>', nobody.get(CATALOG).text)
    assert pills == ["All", "kitchen", "Tools"]


def test_category_pill_shows_its_products_and_is_marked(nobody, shop):
    shop("Hammer", category="Tools")
    shop("Apron", category="Kitchen")
    response = open_catalog(nobody, category="Tools")
    assert names(response) == ["Hammer"]
    assert re.search(r'category=Tools" aria-current="true">Tools', response.text)


def test_one_category_needs_no_pills(nobody, shop):
    shop("Hammer", category="Tools")
    shop("Apron")
    assert 'class="pills"' not in nobody.get(CATALOG).text


def test_catalog_shows_the_image_in_every_width(nobody, widget):
    page = nobody.get(CATALOG).text
    for width in (100, 300, 500):
        assert re.search(rf"/images/\w+/v2/{width}w\.avif {width}w", page)
        assert re.search(rf"/images/\w+/v2/{width}w\.webp {width}w", page)


def test_a_first_row_is_fetched_at_once_and_the_others_when_near(app, nobody, widget, shop):
    """A row has up to five cards, and nobody knows which of its images is the largest in view."""
    others = shop("Second", "Third", "Fourth", "Fifth")
    with app.app_context():
        for product_id in others:
            add_image(product_id)
    images = re.findall(r'<img [^>]*loading="\w+"[^>]*>', nobody.get(CATALOG).text)
    assert ["eager" in one for one in images] == [True] * 4 + [False]
    assert ['fetchpriority="high"' in one for one in images] == [True] + [False] * 4


def test_product_without_image_shows_its_initial(nobody, shop):
    shop("zebra")
    assert re.search(r'class="tile-letter"[^>]*>Z</text>', nobody.get(CATALOG).text)


def test_external_image_is_shown_from_its_host(nobody, shop):
    shop("Widget", external_image_url="https://cdn.test/a.jpg?b=1&c=2")
    assert 'src="https://cdn.test/a.jpg?b=1&amp;c=2"' in nobody.get(CATALOG).text


def test_catalog_shows_the_first_of_several_images(app, nobody, widget):
    with app.app_context():
        second = add_image(widget)
    assert second not in nobody.get(CATALOG).text


def test_image_that_failed_is_never_shown(app, nobody, widget):
    with app.app_context():
        db.session.query(Image).update({"status": "ERROR"})
        db.session.commit()
    assert "<img" not in nobody.get(CATALOG).text
    assert "<img" not in nobody.get(product_path(widget)).text


def test_catalog_survives_a_lost_file(app, nobody, widget):
    with app.app_context():
        store.delete_prefix(f"images/{db.session.query(Image).one().id}/")
    assert names(nobody.get(CATALOG)) == ["Blue widget"]
    assert nobody.get(product_path(widget)).status_code == 200


def test_product_page_shows_everything(nobody, widget):
    page = nobody.get(product_path(widget)).text
    assert "<h1>Blue widget</h1>" in page
    assert "W-1" in page
    assert "Turns." in page
    assert "$9.99" in page
    assert "In stock" in page
    assert re.search(r'<img src="/images/\w+/v2/640w\.webp" width="640" height="480"', page)


def test_product_page_has_one_address(nobody, widget):
    page = nobody.get(product_path(widget) + "?image=x").text
    assert f'<link rel="canonical" href="http://shop.test{product_path(widget)}">' in page


def test_product_page_offers_a_jpeg_to_other_sites(nobody, widget):
    page = nobody.get(product_path(widget)).text
    [address] = re.findall(r'<meta property="og:image" content="http://shop\.test([^"]+)">', page)
    assert address.endswith("/v2/share.jpg")
    assert nobody.get(address).mimetype == "image/jpeg"


def test_product_page_offers_the_stable_image_until_the_jpeg_is_made(app, nobody, shop, cast):
    [product_id] = shop("Widget")
    with app.app_context():
        image = staging.stage(cast.acme, FileStorage(png(40, 30), filename="new.png"))
        attachment.attach(attachment.lock_product(product_id, cast.acme), image.id)
        db.session.commit()
    page = nobody.get(product_path(product_id)).text
    assert re.search(r'og:image" content="http://shop\.test/images/\w+/new\.png"', page)


def test_product_page_describes_itself_to_search_engines(nobody, widget):
    page = nobody.get(product_path(widget)).text
    [data] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)
    facts = json.loads(data)
    assert (facts["@type"], facts["name"], facts["sku"]) == ("Product", "Blue widget", "W-1")
    assert facts["offers"]["price"] == "9.99"
    assert facts["offers"]["priceCurrency"] == "USD"
    assert facts["offers"]["availability"] == "https://schema.org/InStock"
    assert facts["image"][0].startswith("http://shop.test/images/")


def test_product_cannot_break_out_of_its_description(nobody, shop):
    name = "</script><script>alert(1)</script>"
    [product_id] = shop(name, description=name, category=name, sku=name)
    page = nobody.get(product_path(product_id)).text
    assert "<script>alert" not in page
    [data] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)
    assert json.loads(data)["name"] == name


def test_gallery_shows_the_chosen_image_large(app, nobody, widget):
    with app.app_context():
        second = add_image(widget, "second.png")
    page = nobody.get(product_path(widget) + f"?image={second}").text
    stage, gallery = page.split('<ul class="gallery"')
    assert f"/images/{second}/" in stage.split("</head>")[1]
    assert gallery.count('class="thumb thumb-large"') == 2
    assert re.search(rf'image={second}" aria-current="true"', gallery)


def test_one_image_needs_no_gallery(nobody, widget):
    assert 'class="gallery"' not in nobody.get(product_path(widget)).text


def test_external_image_comes_before_the_hosted_ones(app, nobody, widget):
    with app.app_context():
        db.session.get(Product, widget).external_image_url = "https://cdn.test/a.jpg"
        db.session.commit()
    page = nobody.get(product_path(widget)).text
    stage, gallery = page.split('<ul class="gallery"')
    assert 'src="https://cdn.test/a.jpg"' in stage
    assert 'og:image" content="https://cdn.test/a.jpg"' in stage
    assert gallery.count("<img") == 2


@pytest.mark.parametrize("slug", ["globex", "none"])
def test_product_of_another_store_is_404(nobody, widget, slug):
    assert nobody.get(product_path(widget, slug)).status_code == 404
    assert nobody.get(product_path(widget, slug) + "/image").status_code == 404


@pytest.mark.parametrize("product_id", ["none", "a%00b", "01ARZ3NDEKTSV4RRFFQ69G5FAV"])
def test_unknown_product_is_404(nobody, cast, product_id):
    assert nobody.get(product_path(product_id)).status_code == 404
    assert nobody.get(product_path(product_id) + "/image").status_code == 404


def test_inactive_product_is_404(app, nobody, widget):
    with app.app_context():
        db.session.get(Product, widget).is_active = False
        db.session.commit()
    assert nobody.get(product_path(widget)).status_code == 404
    assert nobody.get(product_path(widget) + "/image").status_code == 404


def test_current_image_leads_to_the_image_of_now(app, nobody, widget):
    with app.app_context():
        url = db.session.get(Product, widget).image_url
    response = nobody.get(product_path(widget) + "/image")
    assert (response.status_code, response.location) == (302, url)
    assert response.headers["Cache-Control"] == "no-store"


def test_current_image_leads_to_an_external_image(nobody, shop):
    [product_id] = shop("Widget", external_image_url="https://cdn.test/a.jpg")
    response = nobody.get(product_path(product_id) + "/image")
    assert (response.status_code, response.location) == (302, "https://cdn.test/a.jpg")


def test_current_image_of_a_product_without_one_is_404(nobody, shop):
    [product_id] = shop("Widget")
    assert nobody.get(product_path(product_id) + "/image").status_code == 404


def test_prices_are_in_the_currency_of_the_company(app, nobody, cast, shop):
    shop("Widget", price_minor=123456)
    with app.app_context():
        db.session.get(Company, cast.acme).currency = "EUR"
        db.session.commit()
    assert "€1,234.56" in nobody.get(CATALOG).text


def open_again(client, first, **arguments):
    """Ask for a page as a browser does that has kept its first answer."""
    known = {"If-None-Match": first.headers["ETag"]}
    return client.get(CATALOG, query_string=arguments, headers=known)


def test_known_page_follows_every_change(app, nobody, widget):
    first = nobody.get(CATALOG)
    with app.app_context():
        db.session.get(Product, widget).name = "Red widget"
        db.session.commit()
    assert names(open_again(nobody, first)) == ["Red widget"]


def test_known_page_shows_the_sharper_set_as_soon_as_it_is_there(app, nobody, shop, cast):
    [product_id] = shop("Widget")
    with app.app_context():
        image_id = staging.stage(cast.acme, FileStorage(png(640, 480))).id
        attachment.attach(attachment.lock_product(product_id, cast.acme), image_id)
        db.session.commit()
    first = nobody.get(CATALOG)
    assert "500w.avif" not in first.text
    with app.app_context():
        processing.process(image_id)
    assert "500w.avif" in open_again(nobody, first).text


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [("name", "Acme & Sons", "Acme &amp; Sons"), ("currency", "EUR", "€9.99")],
)
def test_known_page_follows_the_company(app, nobody, widget, cast, column, value, shown):
    first = nobody.get(CATALOG)
    with app.app_context():
        setattr(db.session.get(Company, cast.acme), column, value)
        db.session.commit()
    assert shown in open_again(nobody, first).text


def test_known_page_follows_the_address_of_its_images(app, nobody, widget):
    first = nobody.get(CATALOG)
    app.config["IMAGE_BASE_URL"] = "https://cdn.test"
    assert 'src="https://cdn.test/images/' in open_again(nobody, first).text


def test_known_page_follows_the_place_of_the_app(nobody, widget):
    first = nobody.get(CATALOG)
    known = {"If-None-Match": first.headers["ETag"]}
    moved = nobody.get(CATALOG, base_url="http://localhost/shop", headers=known)
    assert f'href="/shop{product_path(widget)}"' in moved.text


def test_known_page_is_sent_again_after_an_update(nobody, widget, monkeypatch):
    first = nobody.get(CATALOG)
    # As in the process that runs the next release.
    monkeypatch.setattr(caching, "RELEASE", "the next one")
    assert names(open_again(nobody, first)) == ["Blue widget"]


@pytest.mark.parametrize("path", ["distribu/storefront/x.py", "templates/x.html"])
def test_release_changes_with_any_code_and_any_template(tmp_path, path):
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text("before")
    before = caching.digest_of_code_and_templates(tmp_path)
    file.write_text("behind")
    assert caching.digest_of_code_and_templates(tmp_path) != before


@pytest.mark.parametrize("other", [{"page": 2}, {"sort": "price"}, {"q": "w"}, {"category": "T"}])
def test_known_page_is_another_than_the_chosen_one(nobody, shop, other):
    shop(*(f"Widget {number:02}" for number in range(25)), category="T")
    assert open_again(nobody, nobody.get(CATALOG), **other).status_code == 200


def test_known_page_of_one_store_is_not_another_ones(app, nobody, cast):
    first = nobody.get(CATALOG)
    known = {"If-None-Match": first.headers["ETag"]}
    assert nobody.get("/store/globex/catalog", headers=known).status_code == 200


def test_page_is_never_known_while_templates_are_edited(app, nobody, widget):
    app.debug = True
    assert "ETag" not in nobody.get(CATALOG).headers


@pytest.fixture
def statements(app) -> list[str]:
    """The SQL statements that run from here on."""
    seen = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_unchanged_catalog_takes_one_query_and_sends_nothing(nobody, widget, statements):
    first = nobody.get(CATALOG)
    statements.clear()
    again = open_again(nobody, first)
    assert (again.status_code, again.data, len(statements)) == (304, b"", 1)
    assert again.headers["ETag"] == first.headers["ETag"]
    assert first.headers["Cache-Control"] == "no-cache"


def test_catalog_is_the_same_for_all_who_ask(alice, widget):
    assert alice.get(CATALOG).headers["Vary"] == "Accept-Encoding"


def test_catalog_shows_nobodys_messages(alice, widget):
    with alice.session_transaction() as session:
        session["_flashes"] = [("success", "Saved for alice")]
    page = alice.get(CATALOG)
    assert "Saved for alice" not in page.text
    assert "Set-Cookie" not in page.headers
