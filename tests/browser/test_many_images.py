"""Many images at once, in Chromium: drops of files made in memory; of hundreds in drops.py."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from distribu.extensions import db
from distribu.models import Image, Product
from tests.conftest import run_queue
from tests.images.image_files import png

# Draws small PNGs, each of its own color, and hands them to the page as a choice of files.
CHOOSE = """async ({ names, first }) => {
  const transfer = new DataTransfer();
  const canvas = new OffscreenCanvas(8, 8);
  const context = canvas.getContext("2d");
  for (const [index, name] of names.entries()) {
    const number = first + index;
    context.fillStyle = `rgb(${number % 256} ${Math.floor(number / 256)} 99)`;
    context.fillRect(0, 0, 8, 8);
    const bytes = await (await canvas.convertToBlob()).arrayBuffer();
    transfer.items.add(new File([bytes], name, { type: "image/png" }));
  }
  const input = document.getElementById("drop-files");
  input.files = transfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}"""


@pytest.fixture
def drop(dashboard, live_app):
    """A function that chooses files of these names, with its page open."""
    return dropping(dashboard, live_app.url)


def dropping(page, url: str):
    """Open the page of many images; return a function that chooses files of these names."""
    page.goto(f"{url}/dashboard/inventory/images")

    def choose(*names: str, first: int = 0) -> None:
        page.evaluate(CHOOSE, {"names": names, "first": first})
        expect(page.locator("#drop-summary")).to_contain_text("of")

    return choose


def add_products(live_app, *skus: str) -> None:
    with live_app.app.app_context():
        db.session.add_all(
            Product(company_id=live_app.cast.acme, name=f"Board {sku}", sku=sku, price_minor=1)
            for sku in skus
        )
        db.session.commit()


def filenames(live_app) -> dict[str, str]:
    """The filename of each product's image, by SKU."""
    with live_app.app.app_context():
        found = db.session.query(Product.sku, Image.filename).join(
            Image, Image.product_id == Product.id
        )
        return dict(found.all())


def finished(page, sentence: str, minutes: float = 1.5) -> None:
    expect(page.locator("#drop-status")).to_contain_text(sentence, timeout=60_000 * minutes)


def find_their_outcome(page, live_app, drop, of_each: int) -> None:
    """Drop 13 times as many files as of_each, and a few; save them, and drop them again."""
    matched = [f"QX-{number}.png" for number in range(10 * of_each)]
    add_products(live_app, *(name.removesuffix(".png") for name in matched), "A-1", "A/1")
    # A name of each outcome beside those that are matched.
    second = [f"QX-{number}_back.png" for number in range(of_each)]
    unmatched = [f"{name} {number}.png" for name in ("lamp", "IMG") for number in range(of_each)]
    drop(*matched, *second, *unmatched, "A_1.png", "a.heic", "b.mp4", ".c")
    summary = page.locator("#drop-summary")
    images = 13 * of_each + 2
    expect(summary).to_contain_text(f"{11 * of_each} of {images} images find their product.")
    expect(summary).to_contain_text(f"1 needs you. {2 * of_each} find none.")
    assert filenames(live_app) == {}
    page.get_by_role("button", name=f"Save {len(matched)} images").click()
    finished(page, f"{len(matched)} images saved.", minutes=of_each)
    assert filenames(live_app) == {name.removesuffix(".png"): name for name in matched}
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the summary (CSV)").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 1 + images
    assert sum(',"saved",' in line for line in lines) == len(matched)
    # The same files again: nothing is to be done.
    drop(*matched, *second)
    expect(summary).to_contain_text(f"{len(matched)} are the same already.")
    expect(page.locator("#drop-start")).to_be_disabled()


def test_thirty_files_each_find_their_outcome(dashboard, live_app, drop):
    find_their_outcome(dashboard, live_app, drop, of_each=2)


def test_second_drop_goes_on_where_a_closed_tab_broke_off(dashboard, live_app, drop, context):
    skus = [f"QX-{number}" for number in range(8)]
    add_products(live_app, *skus)
    drop(*(f"{sku}.png" for sku in skus))
    lives = iter("123")
    # Two more are under way when the tab is closed, and may arrive still.
    dashboard.route("**/inventory/images/*", lambda route: next(lives, None) and route.continue_())
    dashboard.get_by_role("button", name="Save 8 images").click()
    expect(dashboard.locator('[data-state="saved"]')).to_have_count(3)
    dashboard.close(run_before_unload=False)
    page = context.new_page()
    again = dropping(page, live_app.url)
    again(*(f"{sku}.png" for sku in skus))
    expect(page.locator("#drop-summary")).to_contain_text(re.compile("[345] are the same already."))
    page.locator("#drop-start").click()
    finished(page, "saved.")
    assert filenames(live_app) == {sku: f"{sku}.png" for sku in skus}
    with live_app.app.app_context():
        assert db.session.query(Image).filter(Image.product_id.is_not(None)).count() == 8


def test_pause_keeps_the_rest_and_continue_sends_it(dashboard, live_app, drop):
    skus = [f"QX-{number}" for number in range(12)]
    add_products(live_app, *skus)
    drop(*(f"{sku}.png" for sku in skus))
    dashboard.locator("#drop-start").click()
    dashboard.get_by_role("button", name="Pause").click()
    expect(dashboard.locator("#drop-status")).to_have_text("Paused. Nothing is lost.")
    dashboard.get_by_role("button", name="Continue").click()
    finished(dashboard, "12 images saved.")


def test_busy_server_is_waited_for(dashboard, live_app, drop):
    add_products(live_app, "QX-1")
    answers = iter([(429, "1"), (503, "1")])

    def refuse(route):
        status, seconds = next(answers, (0, ""))
        if not status or route.request.method != "POST":
            return route.continue_()
        return route.fulfill(status=status, headers={"Retry-After": seconds}, body="busy")

    drop("QX-1.png")
    dashboard.route("**/inventory/images/*", refuse)
    dashboard.locator("#drop-start").click()
    expect(dashboard.locator(".drop-said")).to_contain_text("The server is busy.")
    finished(dashboard, "1 image saved.")
    assert next(answers, None) is None


def test_store_that_refuses_is_said_and_stops_the_press(dashboard, live_app, drop):
    add_products(live_app, "QX-1", "QX-2", "QX-3")
    drop("QX-1.png", "QX-2.png", "QX-3.png")
    stopped = {"status": 503, "headers": {"Image-Outcome": "stopped"}, "body": "<p>Ask Bo.</p>"}
    dashboard.route("**/inventory/images/*", lambda route: route.fulfill(**stopped))
    dashboard.locator("#drop-start").click()
    expect(dashboard.locator("#drop-status")).to_have_text("Ask Bo.")
    # Two travel at a time; the third does not set out any more.
    expect(dashboard.locator(".drop-said")).to_have_text(["Ask Bo.", "Ask Bo.", "Waiting"])
    dashboard.unroute("**/inventory/images/*")
    dashboard.get_by_role("button", name="Continue").click()
    finished(dashboard, "3 images saved.")


def test_lost_line_is_waited_for(dashboard, live_app, drop):
    add_products(live_app, "QX-1")
    drop("QX-1.png")
    dashboard.route("**/inventory/images/*", lambda route: route.abort(), times=1)
    dashboard.clock.install()
    dashboard.locator("#drop-start").click()
    expect(dashboard.locator(".drop-said")).to_contain_text("The server cannot be reached.")
    dashboard.clock.run_for(5000)
    finished(dashboard, "1 image saved.")


def test_ended_sign_in_is_said_and_the_rest_goes_on_after_it(dashboard, live_app, drop, context):
    add_products(live_app, "QX-1", "QX-2")
    drop("QX-1.png", "QX-2.png")
    context.clear_cookies()
    dashboard.locator("#drop-start").click()
    expect(dashboard.locator("#drop-status")).to_contain_text("You were signed out.")
    assert filenames(live_app) == {}
    live_app.sign_in(context, live_app.cast.alice)
    dashboard.get_by_role("button", name="Continue").click()
    finished(dashboard, "2 images saved.")


def test_bad_file_has_its_own_error_and_try_again(dashboard, live_app, drop):
    add_products(live_app, "QX-1", "QX-2")
    drop("QX-1.png", "QX-2.png")
    dashboard.route(
        "**/inventory/images/*", lambda route: route.fulfill(status=500, body="no"), times=1
    )
    dashboard.locator("#drop-start").click()
    finished(dashboard, "1 image saved. 1 could not be saved.")
    dashboard.get_by_role("button", name="Try again").click()
    finished(dashboard, "2 images saved.")


def test_product_changed_since_is_looked_at_again(dashboard, live_app, drop):
    add_products(live_app, "QX-1")
    drop("QX-1.png")
    with live_app.app.app_context():
        db.session.query(Product).filter_by(sku="QX-1").one().name = "Renamed"
        db.session.commit()
    dashboard.locator("#drop-start").click()
    finished(dashboard, "1 could not be saved.")
    expect(dashboard.locator(".drop-row")).to_contain_text("QX-1, Renamed")
    dashboard.get_by_role("button", name="Try again").click()
    finished(dashboard, "1 image saved.")


def test_images_that_are_there_are_replaced_only_when_it_is_ticked(dashboard, live_app, drop):
    add_products(live_app, "QX-1")
    drop("QX-1.png")
    dashboard.locator("#drop-start").click()
    finished(dashboard, "1 image saved.")
    drop("QX-1.jpg", first=7)
    expect(dashboard.get_by_text("is left alone")).to_be_visible()
    expect(dashboard.locator("#drop-start")).to_be_disabled()
    expect(dashboard.locator("[data-take]")).to_be_disabled()
    dashboard.get_by_label("Replace images that are already there").check()
    expect(dashboard.get_by_text("it will be replaced")).to_be_visible()
    dashboard.get_by_role("button", name="Save 1 image").click()
    finished(dashboard, "1 image saved.")
    assert filenames(live_app) == {"QX-1": "QX-1.jpg"}


def test_file_is_given_to_a_product_with_the_keyboard_alone(dashboard, live_app, drop):
    add_products(live_app, "QX-1", "QX-2")
    drop("lamp.png")
    dashboard.keyboard.press("Tab")
    for _ in range(12):
        if dashboard.evaluate("document.activeElement.type") == "search":
            break
        dashboard.keyboard.press("Tab")
    dashboard.keyboard.type("QX-2")
    choice = dashboard.get_by_role("button", name="QX-2, Board QX-2")
    expect(choice).to_be_visible()
    dashboard.keyboard.press("Tab")
    expect(choice).to_be_focused()
    dashboard.keyboard.press("Enter")
    expect(dashboard.locator(".drop-row [data-take]")).to_be_focused()
    dashboard.get_by_role("button", name="Save 1 image").focus()
    dashboard.keyboard.press("Enter")
    finished(dashboard, "1 image saved.")
    assert filenames(live_app) == {"QX-2": "lamp.png"}


def test_focus_stays_on_a_choice_that_a_later_answer_brings_again(dashboard, live_app, drop):
    add_products(live_app, "QX-1", "QX-2")
    drop("lamp.png")
    dashboard.get_by_role("searchbox").fill("QX")
    choice = dashboard.get_by_role("button", name="QX-2, Board QX-2")
    choice.focus()
    with dashboard.expect_response("**/images/products*"):
        dashboard.get_by_role("searchbox").dispatch_event("search")
    expect(dashboard.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
    expect(choice).to_be_focused()


def test_product_with_an_image_leads_to_the_switch_when_it_is_chosen(dashboard, live_app, drop):
    add_products(live_app, "QX-1")
    drop("QX-1.png")
    dashboard.locator("#drop-start").click()
    finished(dashboard, "1 image saved.")
    drop("lamp.png", first=7)
    dashboard.get_by_role("searchbox").fill("QX-1")
    dashboard.get_by_role("button", name="QX-1, Board QX-1").click()
    switch = dashboard.get_by_label("Replace images that are already there")
    expect(switch).to_be_focused()
    dashboard.keyboard.press("Space")
    dashboard.get_by_role("button", name="Save 1 image").click()
    finished(dashboard, "1 image saved.")
    assert filenames(live_app) == {"QX-1": "lamp.png"}


def test_row_shows_how_much_of_its_file_is_sent_and_no_endless_bar(dashboard, live_app, drop):
    add_products(live_app, "QX-1")
    drop("QX-1.png")
    held = []
    dashboard.route("**/inventory/images/*", lambda route: held.append(route))
    dashboard.locator("#drop-start").click()
    dashboard.evaluate("showShare(document.querySelector('.drop-row'), 0.5)")
    expect(dashboard.locator(".drop-said progress")).to_have_attribute("value", "0.5")
    dashboard.evaluate("showShare(document.querySelector('.drop-row'), 1)")
    expect(dashboard.locator(".drop-said")).to_have_text("Saving…")
    expect(dashboard.locator("progress:indeterminate")).to_have_count(0)
    dashboard.unroute_all()


def test_second_image_is_used_instead(dashboard, live_app, drop):
    add_products(live_app, "QX-1")
    drop("QX-1.png", "QX-1_back.png")
    dashboard.get_by_role("button", name="Use this one instead").click()
    expect(dashboard.locator("[data-take]:checked")).to_have_count(1)
    dashboard.locator("#drop-start").click()
    finished(dashboard, "1 image saved.")
    assert filenames(live_app) == {"QX-1": "QX-1_back.png"}


def test_files_dropped_on_the_inventory_list_open_the_table(dashboard, live_app):
    add_products(live_app, "QX-1")
    dashboard.goto(f"{live_app.url}/dashboard/inventory")
    dashboard.evaluate("""() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(["x"], "QX-1.png", { type: "image/png" }));
      const init = { bubbles: true, cancelable: true, dataTransfer: transfer };
      document.querySelector("h1").dispatchEvent(new DragEvent("drop", init));
    }""")
    expect(dashboard.locator("#drop-summary")).to_contain_text("1 of 1 image finds its product.")
    assert dashboard.url.endswith("/dashboard/inventory/images")
    dashboard.locator("#drop-start").click()
    finished(dashboard, "1 could not be saved.")


def test_new_images_are_shown_only_where_they_are_in_sight(dashboard, live_app, drop):
    skus = [f"QX-{number}" for number in range(80)]
    add_products(live_app, *skus)
    drop(*(f"{sku}.png" for sku in skus))
    expect(dashboard.locator("[data-new] img").first).to_be_attached()
    assert dashboard.locator("[data-new] img").count() < 60


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width_px", [360, 1280])
def test_axe_finds_no_fault_in_the_table(browser, live_app, scheme, width_px):
    add_products(live_app, "QX-1", "A-1", "A/1")
    # axe is injected into the page.
    context = browser.new_context(
        bypass_csp=True,
        color_scheme=scheme,
        viewport={"width": width_px, "height": 900},
    )
    live_app.sign_in(context, live_app.cast.alice)
    page = context.new_page()
    page.goto(f"{live_app.url}/dashboard/inventory/images")
    names = ["QX-1.png", "QX-1_2.png", "A_1.png", "lamp.png", "QX-11.png", "a.heic", "b.pdf"]
    page.evaluate(CHOOSE, {"names": names, "first": 0})
    expect(page.locator("#drop-summary")).to_contain_text("of")
    found = Axe().run(page)
    assert found.response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width_px
    context.close()


@pytest.mark.parametrize("width_px", [360, 1280])
def test_several_files_come_in_one_form_without_javascript(browser, live_app, tmp_path, width_px):
    add_products(live_app, "QX-1", "QX-2")
    for name in ("QX-1.png", "lamp.png"):
        (tmp_path / name).write_bytes(png(40 + len(name), 30).getvalue())
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": width_px, "height": 900}
    )
    live_app.sign_in(context, live_app.cast.alice)
    page = context.new_page()
    page.goto(f"{live_app.url}/dashboard/inventory/images")
    chosen = [tmp_path / "QX-1.png", tmp_path / "lamp.png"]
    page.get_by_label("Images", exact=True).set_input_files(chosen)
    page.get_by_role("button", name="Upload and preview").click()
    fields = page.get_by_label("SKU of its product, or empty to leave it out")
    expect(fields).to_have_count(2)
    assert filenames(live_app) == {}
    fields.and_(page.locator('[value=""]')).fill("QX-2")
    page.get_by_role("button", name="Save images").click()
    expect(page.get_by_text("2 images were saved.")).to_be_visible()
    assert filenames(live_app) == {"QX-1": "QX-1.png", "QX-2": "lamp.png"}
    context.close()


def test_second_drop_goes_on_where_a_lost_server_broke_off(dashboard, live_app, drop):
    skus = [f"QX-{number}" for number in range(8)]
    add_products(live_app, *skus)
    drop(*(f"{sku}.png" for sku in skus))
    lives = iter("12")
    dashboard.route(
        "**/inventory/images/*",
        lambda route: route.continue_() if next(lives, None) else route.abort(),
    )
    dashboard.locator("#drop-start").click()
    expect(dashboard.locator('[data-state="saved"]')).to_have_count(2)
    expect(dashboard.locator(".drop-said").get_by_text("cannot be reached").first).to_be_visible()
    dashboard.unroute_all()
    dashboard.close(run_before_unload=False)
    page = dashboard.context.new_page()
    page.goto(f"{live_app.url}/dashboard/inventory/images")
    page.evaluate(CHOOSE, {"names": [f"{sku}.png" for sku in skus], "first": 0})
    expect(page.locator("#drop-summary")).to_contain_text("2 are the same already.")
    page.get_by_role("button", name="Save 6 images").click()
    finished(page, "6 images saved.")
    assert filenames(live_app) == {sku: f"{sku}.png" for sku in skus}


@pytest.mark.parametrize(("width_px", "scheme"), [(360, "dark"), (1280, "light")])
def test_download_is_begun_and_axe_finds_no_fault_in_its_page(browser, live_app, width_px, scheme):
    context = browser.new_context(
        bypass_csp=True, color_scheme=scheme, viewport={"width": width_px, "height": 900}
    )
    live_app.sign_in(context, live_app.cast.alice)
    page = context.new_page()
    page.goto(f"{live_app.url}/dashboard/inventory/images")
    page.get_by_role("button", name="Download all images").click()
    expect(page.get_by_text("Waiting to start")).to_be_visible()
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width_px
    run_queue(live_app.app)
    expect(page.get_by_role("heading", name="Nothing to download")).to_be_visible()
    context.close()
