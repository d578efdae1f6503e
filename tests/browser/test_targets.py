"""Sizes of what is pressed: 24 px everywhere, 44 px for a finger where it is pressed often."""

import pytest
from sqlalchemy import select

from distribu.extensions import db
from distribu.models import READY, ApiKey
from tests.conftest import add_product
from tests.images.life import add_accepted
from tests.orders.test_order_pages import add_order
from tests.settings.test_api_keys import add_key

MADE = {"format": "PNG", "path": "", "width_px": 40, "height_px": 30, "byte_size": 9}
LONG_SKU = "SKU-X9X9X9" * 10
OUTSIDE = ["/login", "/register", "/nothing"]
STORE = ["/store/acme/catalog", "/store/acme/products/{product}", "/store/acme/nothing"]
DASHBOARD = [
    *("inventory", "inventory?q=bolt", "inventory/new", "inventory/{product}/edit"),
    *("inventory/{product}/delete", "inventory/images", "inventory/import", "inventory/x/edit"),
    *("orders", "orders/new", "orders/{order}", "orders/{order}/pick-list"),
    *("settings", "settings/company", "settings/members", "settings/members/{member}"),
    *("settings/members/new", "settings/api-keys", "settings/api-keys/new"),
    *("settings/api-keys/{key}/revoke", "settings/audit", "settings/sign-out-everywhere"),
]

# A link within a sentence is as high as its line, and the heading of a card lies over all of it
# (WCAG 2.2, 2.5.8). A label is pressed with the box that it holds.
TOO_SMALL = """(often_px) => {
  document.querySelectorAll("main details").forEach((one) => { one.open = true; });
  const OFTEN = ".brand, button, .button, .page-link, .pill, .side-links a, .cell-choose label,"
    + " .main > a, .zoom, .breadcrumb a, .store-head nav a, .order-sum a, .side-menu summary,"
    + " select, input:not([type=checkbox], [type=radio])";
  const inSentence = (one) => one.matches("a") && getComputedStyle(one).display === "inline"
    && [...one.parentElement.childNodes].some(({ data }) => /\\w/.test(data || ""));
  return [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
    .map((one) => one.matches("label > input") ? one.parentElement : one)
    .filter((one) => one.checkVisibility({ visibilityProperty: true }))
    .filter((one) => !one.closest(".visually-hidden, .skip-link, .card h2") && !inSentence(one))
    .map((one) => [one, one.getBoundingClientRect()])
    .filter(([one, { width, height }]) =>
      width < 24 || height + .5 < (one.matches(OFTEN) ? often_px : 24))
    .map(([one, box]) => `${location.pathname} ${one.outerHTML.slice(0, 90)} ${box.height}`);
}"""

OFF_CENTER = """(mark) => {
  const letter = document.createRange();
  letter.selectNodeContents(mark);
  const [inner, outer] = [letter, mark].map((one) => one.getBoundingClientRect());
  const middle = (box) => [box.x + box.width / 2, box.y + box.height / 2];
  const [across, down] = middle(outer);
  return Math.max(Math.abs(middle(inner)[0] - across), Math.abs(middle(inner)[1] - down));
}"""


@pytest.fixture
def rows(live_app) -> dict[str, str]:
    """The ids of what the pages show: a product with two images, an order, a colleague, a key."""
    acme, member = live_app.cast.acme, live_app.cast.bob
    with live_app.app.app_context():
        bolt = add_product(acme, name="Red bolt", sku=LONG_SKU, category="Tools", stock=2)
        add_product(acme, name="Nut", sku="N-1", category="Tool", stock=9)
        for position in range(2):
            add_accepted(acme, bolt, status=READY, position=position, derivatives=[MADE])
        order = add_order(acme, 1)
        add_key(acme)
        key = db.session.scalar(select(ApiKey.id))
        return {"product": bolt.id, "order": order.id, "member": member, "key": key}


# Each page under a finger; under a mouse those that are laid out in another way.
@pytest.mark.parametrize(
    ("width_px", "often_px", "pages", "opened"),
    [
        (360, 44, DASHBOARD, {"has_touch": True, "is_mobile": True}),
        (1280, 24, ["inventory", "settings/audit"], {}),
    ],
)
def test_what_is_pressed_is_large_enough(
    browser, live_app, rows, width_px, often_px, pages, opened
):
    context = browser.new_context(viewport={"width": width_px, "height": 800}, **opened)
    page, small = context.new_page(), []

    def walk(paths: list[str]) -> None:
        for path in paths:
            page.goto(live_app.url + path.format(**rows))
            small.extend(page.evaluate(TOO_SMALL, often_px))

    walk([*OUTSIDE, *STORE])
    live_app.sign_in(context, live_app.cast.alice)
    walk([f"/dashboard/{path}" for path in pages])
    context.close()
    assert small == []


@pytest.mark.parametrize("path", ["/login", "/nothing"])
def test_the_initial_is_in_the_middle_of_its_mark(live_app, page, path):
    page.goto(live_app.url + path)
    assert page.locator(".brand-mark").evaluate(OFF_CENTER) < 2


def test_a_long_sku_leaves_its_row_of_cards_as_high_as_the_others(live_app, page, rows):
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(f"{live_app.url}/store/acme/catalog")
    tall, short = page.locator(".card-body .row").evaluate_all(
        "rows => rows.map((row) => row.getBoundingClientRect().height).sort((a, b) => b - a)"
    )
    assert tall < 2 * short + 8
