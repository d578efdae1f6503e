"""An image that another host serves: in the four places, in the form, and when it is dead."""

import threading

import pytest
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from distribu.extensions import db
from distribu.models import Product
from tests.conftest import add_product
from tests.images.image_files import jpeg, png

PLACES = [
    "/store/acme/catalog",
    "/store/acme/products/{id}",
    "/dashboard/inventory",
    "/dashboard/orders/new",
]
in_every_place = pytest.mark.parametrize("place", PLACES)


@pytest.fixture
def elsewhere():
    """The address of a host that has one image, and answers 404 to all else."""

    @Request.application
    def answer(request: Request) -> Response:
        if request.path != "/widget.png":
            return Response("Not Found", 404)
        return Response(png(300, 200).getvalue(), mimetype="image/png")

    server = make_server("127.0.0.1", 0, answer, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def widget(live_app):
    """A function that adds a product of Acme with an external image and returns its id."""

    def add(address: str) -> str:
        with live_app.app.app_context():
            company_id = live_app.cast.acme
            return add_product(company_id, name="Widget", stock=9, external_image_url=address).id

    return add


@pytest.fixture
def refusals(dashboard: Page) -> list[str]:
    """Return the requests that a page's policy has refused."""
    found = []
    dashboard.on(
        "console",
        lambda message: "Content Security Policy" in message.text and found.append(message.text),
    )
    return found


@in_every_place
def test_it_shows_under_the_policy_of_the_page(
    live_app, dashboard, elsewhere, widget, refusals, place
):
    product_id = widget(f"{elsewhere}/widget.png")
    dashboard.goto(live_app.url + place.format(id=product_id))
    image = dashboard.locator("main img.external:visible").first
    expect(image).to_have_attribute("src", f"{elsewhere}/widget.png")
    dashboard.wait_for_function("image => image.naturalWidth === 300", arg=image.element_handle())
    assert refusals == []


@in_every_place
def test_a_dead_link_becomes_the_tile(live_app, dashboard, elsewhere, widget, place):
    product_id = widget(f"{elsewhere}/gone.png")
    dashboard.goto(live_app.url + place.format(id=product_id))
    tile = dashboard.locator("main svg.tile:visible").first
    expect(tile).to_contain_text("W")
    expect(dashboard.locator("main img.external:visible")).to_have_count(0)


def test_the_form_tells_its_host_and_who_has_set_it(live_app, dashboard, elsewhere, widget):
    product_id = widget(f"{elsewhere}/widget.png")
    dashboard.goto(f"{live_app.url}/dashboard/inventory/{product_id}/edit")
    host = elsewhere.removeprefix("http://")
    expect(dashboard.locator(".preview-facts")).to_have_text(f"Linked from {host}")
    expect(dashboard.locator("#image-preview img")).to_have_attribute(
        "src", f"{elsewhere}/widget.png"
    )


def saved_address(live_app, product_id: str) -> str | None:
    with live_app.app.app_context():
        return db.session.get_one(Product, product_id).image_url


def save(page: Page) -> None:
    page.get_by_role("button", name="Save changes").click()
    page.wait_for_url("**/dashboard/inventory")


def test_the_form_removes_it(live_app, dashboard, elsewhere, widget):
    product_id = widget(f"{elsewhere}/widget.png")
    dashboard.goto(f"{live_app.url}/dashboard/inventory/{product_id}/edit")
    dashboard.locator("#image-remove").click()
    expect(dashboard.locator("#image-preview svg.tile")).to_be_visible()
    save(dashboard)
    assert saved_address(live_app, product_id) is None


def test_an_upload_takes_its_place(live_app, dashboard, elsewhere, widget):
    product_id = widget(f"{elsewhere}/widget.png")
    dashboard.goto(f"{live_app.url}/dashboard/inventory/{product_id}/edit")
    file = {"name": "b.jpg", "mimeType": "image/jpeg", "buffer": jpeg(64, 48).getvalue()}
    dashboard.set_input_files("#image", file)
    expect(dashboard.locator(".preview-facts")).to_contain_text("b.jpg")
    save(dashboard)
    assert saved_address(live_app, product_id).startswith(f"{live_app.url}/images/")
