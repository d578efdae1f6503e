"""The first visit of a browser: few requests, few bytes, and the styles of the whole library."""

import cut_styles
import pytest

from distribu.http import static_files
from tests.browser.test_storefront import add_image
from tests.conftest import add_product

CATALOG_BYTES, FORM_BYTES, REQUESTS = 30_000, 60_000, 5
# The styles of each element as computed; the library's order of layers is that of the sheet.
WHOLE = f"@layer pico {{ {cut_styles.PICO.read_text()} }}\n" + "".join(
    (cut_styles.STATIC / name).read_text().replace(cut_styles.PICO_IMPORT, "")
    for name in ("site.css", "parts.css")
)
# What shows, and what moves others.
COMPUTED = """() => [...document.querySelectorAll("body, body :not(svg, svg *)")].map((element) => {
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const names = ["display", "position", "color", "backgroundColor", "backgroundImage", "opacity",
    "borderTop", "borderRight", "borderBottom", "borderLeft", "borderRadius", "boxShadow", "font",
    "textDecoration", "textAlign", "listStyle", "outline", "overflow", "whiteSpace", "cursor",
    "appearance", "visibility", "zIndex", "letterSpacing"];
  const values = names.map((name) => `${name}: ${style[name]}`);
  for (const part of ["::before", "::after"]) {
    const drawn = getComputedStyle(element, part);
    values.push(`${part}: ${drawn.content} ${drawn.display} ${drawn.color}`);
  }
  return [element.tagName, element.className, box.x, box.y, box.width, box.height, ...values]
    .join("; ");
})"""
PAGES = {
    "catalog": "/store/acme/catalog",
    "product": "/store/acme/products/{product_id}",
    "not found": "/store/acme/no/such",
    "inventory": "/dashboard/inventory",
    "form": "/dashboard/inventory/{product_id}/edit",
    "new order": "/dashboard/orders/new",
    "settings": "/dashboard/settings/company",
}


@pytest.fixture
def product_id(live_app):
    with live_app.app.app_context():
        acme = live_app.cast.acme
        for number in range(24):
            product_id = add_product(
                acme,
                name=f"Blue widget of steel {number}",
                sku=f"BW-{number}",
                category=("Tools", "Garden")[number % 2],
                description="Made for daily use, and packed by the dozen. " * 4,
                stock=number,
            ).id
        add_image(acme, product_id, (800, 600))
    return product_id


@pytest.fixture
def published(tmp_path, monkeypatch):
    # A folder of the test's own.
    monkeypatch.setattr(static_files, "PUBLISHED", tmp_path / "published")
    static_files.publish(tmp_path / "published")


@pytest.fixture
def visits(live_app, product_id, published, dashboard):
    """A function that opens a page, and returns the bytes on the wire of each of its requests."""
    session = dashboard.context.new_cdp_session(dashboard)
    session.send("Network.enable")
    urls, sizes = {}, {}
    session.on(
        "Network.requestWillBeSent", lambda e: urls.update({e["requestId"]: e["request"]["url"]})
    )
    session.on(
        "Network.loadingFinished",
        lambda e: sizes.update({e["requestId"]: e["encodedDataLength"]}),
    )

    def visit(name: str) -> dict[str, int]:
        for one in (urls, sizes):
            one.clear()
        path = PAGES[name].format(product_id=product_id)
        dashboard.goto(live_app.url + path, wait_until="networkidle")
        return {
            urls[key].removeprefix(live_app.url): size
            for key, size in sizes.items()
            if "/images/" not in urls[key] and not urls[key].startswith("data:") and size
        }

    return visit


def test_catalog_is_light(visits):
    first = visits("catalog")
    assert len(first) <= REQUESTS
    assert sum(first.values()) <= CATALOG_BYTES, first


def test_form_is_light(visits):
    first = visits("form")
    assert sum(first.values()) <= FORM_BYTES, first


@pytest.mark.parametrize("name", ["catalog", "form"])
def test_second_visit_brings_nothing_static(visits, name):
    assert any("/static/" in url for url in visits(name))
    assert [url for url in visits(name) if "/static/" in url] == []


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width_px", "scheme"), [(360, "light"), (1280, "dark")])
def test_page_looks_as_with_the_whole_library(
    live_app, product_id, dashboard, name, width_px, scheme
):
    dashboard.set_viewport_size({"width": width_px, "height": 900})
    dashboard.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    path = live_app.url + PAGES[name].format(product_id=product_id)
    dashboard.goto(path, wait_until="networkidle")
    cut = dashboard.evaluate(COMPUTED)
    sheet = "**/static/*.css"
    dashboard.route(sheet, lambda route: route.fulfill(body=WHOLE, content_type="text/css"))
    dashboard.goto(path, wait_until="networkidle")
    assert dashboard.evaluate("getComputedStyle(document.body).fontFamily")
    whole = dashboard.evaluate(COMPUTED)
    assert [pair for pair in zip(cut, whole, strict=True) if pair[0] != pair[1]][:1] == []
