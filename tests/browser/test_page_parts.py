"""The parts that every page shares, in a browser: site.css and site.js under the strict CSP."""

import threading
from types import SimpleNamespace

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask, flash, render_template
from jinja2 import ChoiceLoader, DictLoader
from werkzeug.serving import make_server
from wtforms import BooleanField, FileField, Form, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from distribu.models import Company, Image

PARTS = """
{% extends "base.html" %}
{% block styles %}{% for name in ("site.css", "parts.css") %}
<link rel="stylesheet" href="{{ url_for('static', filename=name) }}">{% endfor %}{% endblock %}
{% import "_form_macros.html" as forms %}
{% from "_image.html" import product_image %}
{% from "_icons.html" import icon %}
{% block flashes %}{% include "_flashes.html" %}{% endblock %}
{% block main %}
<div class="page-head"><h1>Parts</h1><div class="actions">
  <a class="button" href="/parts">{{ icon("plus") }}Add</a>
  {{ forms.confirm_link("delete", "Delete", "/asked") }}</div></div>
{{ forms.error_summary(form) }}
<form class="toolbar" role="search"><div class="search">{{ icon("search") }}
  <input type="search" name="q" aria-label="Search" placeholder="Search by name"></div>
  <button class="secondary">Search</button></form>
<nav class="pills" aria-label="Categories"><a class="pill" href="#a" aria-current="true">All</a>
  <a class="pill" href="#b">Food</a></nav>
<form id="sent" class="form-layout" method="post" action="/sent" novalidate>
  <div class="form-main panel">{{ forms.csrf_field() }}{{ forms.field(form.name, hint="Shown") }}
  <div class="form-row">{{ forms.money(form.price, "EUR") }}{{ forms.select(form.unit) }}</div>
  {{ forms.field(form.notes) }}{{ forms.checkbox(form.is_active) }}</div>
  <div class="form-side"><div class="drop-zone">{{ forms.field(form.image, hint="JPG") }}
  {{ forms.copy_line("address", "Public address", "https://shop.test/images/1/a.jpg") }}</div>
  <p class="notice notice-low">The old address will stop working.</p></div>
  {% call forms.submit_row("Save", "/parts") %}
  <button class="quiet">Again</button>{% endcall %}</form>
<table class="table stacks"><thead><tr><th>Product</th><th class="num">Stock</th></tr></thead>
  <tbody>{% for stock in (0, 3, 9) %}<tr><td class="main"><a href="#p">Widget</a></td>
  <td class="num" data-label="Stock">{{ forms.stock_badge(stock) }}</td></tr>{% endfor %}</tbody>
</table>
<ul class="cards">{% for product in products %}<li><article class="card">
  <div class="card-image">{{ product_image(product, "50vw", 500, loop.first, "") }}</div>
  <div class="card-body"><h2><a href="#p">{{ product.name }}</a></h2><p>A fine thing.</p></div>
  <div class="card-foot"><span class="price">€ 9 <span class="unit">/ each</span></span>
  {{ forms.active_badge(loop.first) }}</div></article></li>{% endfor %}</ul>
{{ forms.empty_state("No products yet", "Add the first one.", ("Add product", "/parts")) }}
<button type="button" id="failing" hx-get="/failing" hx-target="#nowhere">Ask</button>
<button type="button" id="refused" hx-post="/refused" hx-target="#answer">Send</button>
<p id="nowhere"></p><p id="answer"></p>
{{ forms.confirm_dialog("delete", "Delete it?", "For good.", "/sent", "Delete") }}
{% endblock %}
"""


class PartsForm(Form):
    name = StringField("Product name", [InputRequired("Enter a name.")])
    price = StringField("Price")
    unit = SelectField("Unit", choices=["each", "case"])
    notes = TextAreaField("Notes")
    is_active = BooleanField("Active")
    image = FileField("Product image")


def products():
    """No image, a dead link, a missing file, and an image that is there."""
    here = SimpleNamespace(
        srcset=lambda format, width_limit: "",
        fallback_url=lambda width_limit: "/static/favicon.svg",
        display_size=lambda width_limit: (32, 32),
        placeholder_color="#8899aa",
        alt_text="",
    )
    made = {"path": "v2/300w.webp", "format": "WEBP", "width_px": 300, "height_px": 200}
    missing = Image(id="01J0", derivatives=[made], placeholder_color="#8899aa", alt_text="")
    return [
        SimpleNamespace(name="Anchor", external_image_url=None, image=None),
        SimpleNamespace(name="Bolt", external_image_url="/dead.jpg", image=None),
        SimpleNamespace(name="Crate", external_image_url=None, image=missing),
        SimpleNamespace(name="Drum", external_image_url=None, image=here),
    ]


def add_parts(app: Flask) -> list[str]:
    """Give the app the page of parts; return the list that fills with what was sent."""
    sent = []
    app.jinja_env.loader = ChoiceLoader([app.jinja_env.loader, DictLoader({"parts": PARTS})])

    @app.get("/parts")
    def parts():
        flash("Saved.", "success")
        flash("Not saved.", "error")
        form = PartsForm()
        form.validate()
        company = Company(name="Acme", slug="acme")
        return render_template("parts", form=form, company=company, products=products())

    app.add_url_rule("/asked", "asked", lambda: "Really?")
    app.add_url_rule("/failing", "failing", lambda: ("", 503))
    app.add_url_rule("/sent", "sent", lambda: (sent.append("once"), ("", 204))[1], methods=["POST"])
    app.add_url_rule("/refused", "refused", lambda: ("Too small.", 422), methods=["POST"])
    return sent


@pytest.fixture
def sent(app):
    return add_parts(app)


@pytest.fixture
def address(app, sent):
    """The address of the page of parts, served as long as the test runs."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/parts"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def parts(page, address):
    """The page of parts, opened; what the CSP blocked is an error."""
    blocked = []
    page.on("console", lambda message: "Policy" in message.text and blocked.append(message.text))
    page.goto(address)
    yield page
    assert blocked == []


def test_delete_asks_in_a_dialog(parts):
    parts.get_by_role("link", name="Delete").click()
    assert parts.get_by_role("dialog", name="Delete it?").is_visible()


def test_cancel_closes_the_dialog_and_sends_nothing(parts, sent):
    parts.get_by_role("link", name="Delete").click()
    parts.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert not parts.get_by_role("dialog").is_visible()
    assert sent == []


def test_dialog_starts_at_cancel(parts):
    parts.get_by_role("link", name="Delete").click()
    assert parts.evaluate("document.activeElement.textContent") == "Cancel"


def test_a_press_beside_the_dialog_closes_it(parts):
    parts.get_by_role("link", name="Delete").click()
    parts.mouse.click(3, 3)
    assert not parts.get_by_role("dialog").is_visible()


PRESS_TWICE = """async (button) => {
  const drawn = () => new Promise((done) => requestAnimationFrame(done));
  button.click(); await drawn(); await drawn();
  button.click(); await drawn(); await drawn();
}"""


def test_form_is_sent_once(parts):
    waiting = []
    parts.route("**/sent", lambda route: waiting.append(route))
    parts.get_by_role("button", name="Save").evaluate(PRESS_TWICE)
    assert len(waiting) == 1
    waiting[0].fulfill(status=204)


def test_copy_says_that_it_copied(parts):
    parts.context.grant_permissions(["clipboard-read", "clipboard-write"])
    parts.get_by_role("button", name="Copy").click()
    parts.get_by_role("status").filter(has_text="Copied").wait_for()
    copied = parts.evaluate("navigator.clipboard.readText()")
    assert copied == "https://shop.test/images/1/a.jpg"


def test_flashed_message_can_be_dismissed(parts):
    parts.get_by_role("alert").filter(has_text="Not saved.").get_by_label("Dismiss").click()
    assert parts.get_by_text("Not saved.").count() == 0


@pytest.mark.parametrize(("name", "initial"), [("Anchor", "A"), ("Bolt", "B"), ("Crate", "C")])
def test_product_without_a_working_image_shows_its_tile(parts, name, initial):
    card = parts.get_by_role("article").filter(has_text=name)
    card.scroll_into_view_if_needed()
    card.locator(".card-image > svg.tile").filter(has_text=initial).wait_for()


def test_color_behind_a_image_goes_when_it_has_arrived(parts):
    card = parts.get_by_role("article").filter(has_text="Drum")
    card.scroll_into_view_if_needed()
    card.locator("img").wait_for()
    card.locator(".placeholder").wait_for(state="detached")


def test_error_summary_has_the_focus(parts):
    assert parts.evaluate("document.activeElement.id") == "error-summary"


def test_error_summary_leads_to_the_field(parts):
    parts.get_by_role("link", name="Product name: Enter a name.").click()
    assert parts.evaluate("document.activeElement.id") == "name"


def test_skip_link_leads_to_the_content(parts):
    parts.evaluate("document.activeElement.blur()")
    parts.locator(".skip-link").focus()
    parts.keyboard.press("Enter")
    assert parts.evaluate("document.activeElement.id") == "main"


def test_a_failed_request_is_told(parts):
    parts.get_by_role("button", name="Ask").click()
    parts.get_by_role("status").filter(has_text="That did not work.").wait_for()


def test_a_refusal_is_swapped_in(parts):
    parts.get_by_role("button", name="Send").click()
    parts.locator("#answer").filter(has_text="Too small.").wait_for()


def test_without_javascript_delete_leads_to_the_question(browser, address):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(address)
    page.get_by_role("link", name="Delete").click()
    assert page.get_by_text("Really?").is_visible()


def test_without_javascript_no_button_is_dead(browser, address):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(address)
    assert not page.get_by_role("button", name="Copy").is_visible()
    assert not page.get_by_role("button", name="Dismiss").first.is_visible()


@pytest.mark.parametrize("width_px", [360, 640, 1280])
def test_nothing_is_wider_than_the_window(parts, width_px):
    parts.set_viewport_size({"width": width_px, "height": 800})
    assert parts.evaluate("document.documentElement.scrollWidth") == width_px


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width_px", [360, 1280])
def test_axe_finds_no_fault(browser, address, scheme, width_px):
    context = browser.new_context(
        color_scheme=scheme,
        viewport={"width": width_px, "height": 800},
        reduced_motion="reduce",
        bypass_csp=True,  # axe is injected into the page
    )
    page = context.new_page()
    page.goto(address)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
