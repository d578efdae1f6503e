"""Output of the macros, and the pages for errors."""

import re
from types import SimpleNamespace

import pytest
from flask import flash, render_template
from markupsafe import escape
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Form, SelectField, StringField
from wtforms.validators import InputRequired, Length

ERROR_PAGES = ["400", "403", "404", "413", "429", "500", "503"]


class ProductForm(Form):
    name = StringField("Product name", [InputRequired("Enter a name."), Length(max=200)])
    sku = StringField("SKU")
    unit = SelectField("Unit", choices=["each", "case"])
    is_active = BooleanField("Active")


class ImageAddresses:
    """An image as the templates know it, with two widths of AVIF and WebP."""

    alt_text = "A widget, from above"
    placeholder_color = "#aabbcc"

    def srcset(self, format, width_limit):
        return f"/{width_limit}.{format.lower()} {width_limit}w"

    def fallback_url(self, width_limit):
        return f"/{width_limit}.webp"

    def display_size(self, width_limit):
        return width_limit, width_limit // 2


def product(**values):
    return SimpleNamespace(
        **{"name": "Blue widget", "external_image_url": None, "image": None, "image_alt": ""}
        | values
    )


def filled(**values):
    """A validated form that was sent these values."""
    form = ProductForm(MultiDict(values))
    form.validate()
    return form


@pytest.fixture
def request_context(app):
    with app.test_request_context("/somewhere"):
        yield app


@pytest.fixture
def forms(request_context):
    return request_context.jinja_env.get_template("_form_macros.html").module


@pytest.fixture
def images(request_context):
    return request_context.jinja_env.get_template("_image.html").module


def test_field_labels_its_control(forms):
    markup = forms.field(ProductForm().sku)
    assert '<label for="sku">SKU <span class="optional">optional</span></label>' in markup
    assert 'id="sku"' in markup


def test_required_field_is_not_called_optional(forms):
    assert "optional" not in forms.field(ProductForm().name)


def test_field_without_hint_or_error_describes_nothing(forms):
    assert "aria-" not in forms.field(ProductForm().sku)


def test_field_names_its_hint_and_its_error(forms):
    markup = forms.field(filled(name="").name, hint="As customers know it")
    assert 'aria-describedby="name-hint name-error"' in markup
    assert 'aria-invalid="true"' in markup
    assert '<p class="hint" id="name-hint">As customers know it</p>' in markup
    assert re.search(r'id="name-error" role="alert">\s*<p><svg.*</svg>Enter a name\.</p>', markup)


def test_field_passes_attributes_to_the_control(forms):
    assert 'hx-get="/search"' in forms.field(ProductForm().sku, **{"hx-get": "/search"})


def test_money_shows_the_currency_and_asks_for_digits(forms):
    markup = forms.money(ProductForm().sku, "EUR")
    assert '<span aria-hidden="true">EUR</span>' in markup
    assert 'inputmode="decimal"' in markup


def test_number_asks_for_digits(forms):
    assert 'inputmode="numeric"' in forms.number(ProductForm().sku)


def test_checkbox_is_a_switch(forms):
    assert 'role="switch"' in forms.checkbox(ProductForm().is_active)


def test_select_offers_its_choices(forms):
    assert '<option value="case">case</option>' in forms.select(ProductForm().unit)


def test_error_summary_links_to_the_fields(forms):
    markup = forms.error_summary(filled(name="", unit="each"))
    assert '<a href="#name">Product name: Enter a name.</a>' in markup
    assert 'tabindex="-1"' in markup


def test_error_summary_shows_what_concerns_the_whole_form(forms):
    form = filled(name="Widget", unit="each")
    form.form_errors.append("Somebody else saved this product.")
    assert "<li>Somebody else saved this product.</li>" in forms.error_summary(form)


def test_error_summary_is_absent_without_errors(forms):
    assert forms.error_summary(filled(name="Widget", unit="each")) == ""


@pytest.mark.parametrize(
    ("stock", "badge"),
    [
        (-1, '<span class="badge badge-out">Out of stock</span>'),
        (0, '<span class="badge badge-out">Out of stock</span>'),
        (1, '<span class="badge badge-low">Only 1 left</span>'),
        (5, '<span class="badge badge-low">Only 5 left</span>'),
        (6, '<span class="badge badge-ok">In stock</span>'),
    ],
)
def test_stock_badge_says_it_in_words(forms, stock, badge):
    assert forms.stock_badge(stock).strip() == badge


def test_confirm_link_leads_to_a_page_without_javascript(forms):
    link = forms.confirm_link("delete", "Delete", "/dashboard/inventory/1/delete")
    assert 'href="/dashboard/inventory/1/delete"' in link
    assert 'data-dialog="delete"' in link


def test_confirm_dialog_posts_and_can_be_cancelled(forms):
    markup = forms.confirm_dialog("delete", "Delete it?", "For good.", "/delete", "Delete")
    assert '<form method="post" action="/delete">' in markup
    assert 'name="csrf_token"' in markup
    assert 'formmethod="dialog"' in markup


def test_pagination_links_only_where_there_is_a_page(forms):
    page = SimpleNamespace(summary="Showing 1–24 of 30 products", previous_url=None, next_url="?2")
    markup = forms.pagination(page)
    assert "Showing 1–24 of 30 products" in markup
    assert 'rel="next" href="?2"' in markup
    assert "prev" not in markup


def test_pagination_marks_the_current_page(forms):
    page = SimpleNamespace(
        summary="",
        previous_url="?1",
        next_url=None,
        links=[("1", "?1", False), ("…", None, False), ("9", "?9", True)],
    )
    assert 'aria-label="Page 9" aria-current="page">9</a>' in forms.pagination(page)


def test_tile_shows_the_initial(images):
    assert ">B</text>" in images.tile("  blue widget")


@pytest.mark.parametrize(("name", "shown"), [("<b>", "&lt;"), ("éclair", "É")])
def test_tile_takes_any_name(images, name, shown):
    assert f">{shown}</text>" in images.tile(name)


def test_tile_without_a_name_shows_a_drawing(images):
    assert '<path class="tile-drawing"' in images.tile(" ")


def test_image_offers_avif_before_webp_and_reserves_its_box(images):
    markup = images.published_image(ImageAddresses(), "A widget", "50vw", 500)
    assert re.search(
        '<source type="image/avif" srcset="/500.avif 500w" sizes="50vw">\\s*'
        '<source type="image/webp" srcset="/500.webp 500w" sizes="50vw">\\s*'
        '<img src="/500.webp" width="500" height="250" alt="A widget"',
        markup,
    )
    assert '<rect width="500" height="250" fill="#aabbcc"/>' in markup


def test_image_without_derivatives_has_no_sources(images):
    image = ImageAddresses()
    image.srcset = lambda format, width_limit: ""
    assert "<source" not in images.published_image(image, "", "50vw", 500)


def test_image_waits_until_it_is_near(images):
    markup = images.published_image(ImageAddresses(), "", "50vw", 500)
    assert 'loading="lazy"' in markup
    assert "fetchpriority" not in markup


def test_first_image_is_fetched_at_once(images):
    markup = images.published_image(ImageAddresses(), "", "50vw", 500, eager=True)
    assert 'loading="eager"' in markup
    assert 'fetchpriority="high"' in markup


def test_product_without_image_is_a_tile(images):
    assert images.product_image(product(), "48px", 100).startswith('<svg class="tile"')


def test_product_image_carries_the_merchants_words_and_its_tile(images):
    shown = product(image=ImageAddresses(), image_alt="A widget, from above")
    markup = images.product_image(shown, "48px", 100)
    assert 'alt="A widget, from above"' in markup
    assert re.search(r'data-fallback>.*<template><svg class="tile"', markup, re.DOTALL)


def test_external_image_goes_before_the_hosted_one(images):
    shown = product(external_image_url="https://cdn.test/a.jpg?x=1&y=2", image=ImageAddresses())
    markup = images.product_image(shown, "48px", 100)
    assert f'<img class="external" src="{escape(shown.external_image_url)}"' in markup
    assert 'alt="Blue widget"' in markup
    assert "<picture>" not in markup


@pytest.mark.parametrize(
    "shown", [product(image=ImageAddresses()), product(external_image_url="https://cdn.test/a.jpg")]
)
def test_image_beside_its_name_has_an_empty_alt(images, shown):
    assert 'alt=""' in images.product_image(shown, "48px", 100, alt="")


@pytest.mark.parametrize("code", ERROR_PAGES)
def test_error_page_asks_for_nothing(request_context, code):
    page = render_template(f"errors/{code}.html")
    assert "<h1>" in page
    assert code in page


def test_error_page_shows_what_the_handler_knows(request_context):
    page = render_template("errors/500.html", message="The disk is full.", request_id="01J9")
    assert "The disk is full." in page
    assert "<code>01J9</code>" in page


@pytest.mark.parametrize(
    ("category", "role"), [("success", "status"), ("error", "alert"), ("message", "status")]
)
def test_flashed_message_is_announced(request_context, category, role):
    flash("Saved.", category)
    page = render_template("base.html")
    assert re.search(rf'<div class="flash flash-\w+" role="{role}">.*?<p>Saved\.</p>', page, re.S)


def test_same_company_has_the_same_color(request_context):
    mark = request_context.jinja_env.get_template("_brand.html").module.mark
    assert mark("Acme Distributors") == mark("acme distributors ")
    assert mark("Acme Distributors") != mark("Acme Wholesale")


def test_company_of_any_name_has_a_color(request_context):
    mark = request_context.jinja_env.get_template("_brand.html").module.mark
    assert re.search(r'tone-[0-5]" aria-hidden="true">Ä</span>', mark("ärzte"))


def test_htmx_swaps_refusals_and_evaluates_nothing(request_context):
    page = render_template("base.html")
    assert '"allowEval": false' in page
    assert '"includeIndicatorStyles": false' in page
    assert '{"code": "(401|409|413|422)", "swap": true}' in page
