"""Contents of a release instance: two companies, and products of every kind."""

from dataclasses import dataclass, field
from itertools import chain
from urllib.parse import urlsplit

from doors import (
    PASSWORD,
    Caller,
    add_api_key,
    add_member,
    add_product,
    apply_import,
    expect,
    register,
    stage_image,
    store_refusing_deletes,
    upload_csv,
    work,
)
from drawings import (
    animated,
    animated_png_with_still,
    deep_png_with_color_key,
    gif_on_larger_screen,
    payload_png,
    still,
    transparent,
    transparent_gif,
    truncated_png,
)
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from distribu.extensions import db
from distribu.models import ORDER_STATUSES, SCOPES, ApiKey, Order, User

SOFT_HYPHEN, ZERO_WIDTH_SPACE, NO_BREAK_SPACE = "\u00ad", "\u200b", "\u00a0"

# Each line is one SKU to a reader, and several to the release.
COLLIDING_SKUS = [
    [
        "A 1",
        f"A{SOFT_HYPHEN} 1",
        f"A{ZERO_WIDTH_SPACE} 1",
        f"A 1{NO_BREAK_SPACE}{ZERO_WIDTH_SPACE}",
    ],
    ["\u00c9-1", "E\u0301-1"],
]
ODD_SKUS = [f"A{NO_BREAK_SPACE}1", "B  2", f"C{ZERO_WIDTH_SPACE}3", "D\t4", "M2", "M²"]

FORM_IMAGES = {
    "Café crème, JPEG": (still("JPEG", "red", 640, 480), "café crème.jpg"),
    "Blue Widget, PNG": (still("PNG", "blue", 320, 240), "Blue Widget.PNG"),
    "Größe Übergroß, WebP": (still("WEBP", "green", 320, 240), "größe.webp"),
    "Żółta łódź, AVIF": (still("AVIF", "yellow", 320, 240), "żółta łódź.avif"),
    "Transparent PNG": (transparent("PNG", "blue"), "transparent.png"),
    "Transparent AVIF": (transparent("AVIF", "green"), "transparent.avif"),
    "Animated WebP": (animated("WEBP"), "animated.webp"),
    "Animated PNG": (animated("PNG"), "animated.png"),
    "Animated PNG with a still": (animated_png_with_still(), "still and frames.png"),
    "16-bit PNG with a color key": (deep_png_with_color_key(), "color-key.png"),
    "PNG with a payload": (payload_png(), "payload.png"),
}
COMMERCE_IMAGES = {
    "Still GIF": (still("GIF", "red", 320, 240), "still.gif"),
    "Still GIF with a transparent color": (transparent_gif("red"), "transparent.gif"),
    "Animated GIF": (animated("GIF"), "animated.gif"),
    "GIF on a larger screen": (gif_on_larger_screen("green"), "screen.gif"),
}
# What the release publishes otherwise than it should, by the name that the facts have for it.
PUBLISHED_WRONG = {
    "transparent_gif": "Still GIF with a transparent color",
    "gif_on_larger_screen": "GIF on a larger screen",
    "animated_png_with_still": "Animated PNG with a still",
    "deep_png_with_color_key": "16-bit PNG with a color key",
    "payload": "PNG with a payload",
}
IMPORTED = """\
sku,name,price,stock,category,imageUrl
CSV-1,Crème brûlée,4.50,20,Desserts,
CSV-2,Smörgåstårta,12.00,3,Desserts,https://images.example.com/cake.jpg
PLAIN-1,Without image,11.00,7,Furniture,
"""
PREVIEWED = "sku,name,price,stock\nCSV-3,Tarte flambée,7.00,5\n,No SKU,1.00,1\n"


@dataclass
class Instance:
    """An instance being filled, and what has to be known to use it."""

    app: Flask
    users: list[dict] = field(default_factory=list)
    api_keys: list[dict] = field(default_factory=list)
    special: dict = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)

    def owner(self, company: str, name: str, email: str) -> FlaskClient:
        self._note_user(company, email, "OWNER")
        return register(self.app, company, name, email)

    def member(self, owner: FlaskClient, name: str, email: str, role: str) -> FlaskClient:
        self._note_user("Acme", email, role)
        return add_member(self.app, owner, name, email, role)

    def key(self, company: str, owner: FlaskClient, name: str, scopes: list[str], **form) -> str:
        key = add_api_key(owner, name, scopes, **form)
        self.api_keys.append({"company": company, "name": name, "key": key, "scopes": scopes})
        return key

    def _note_user(self, company: str, email: str, role: str) -> None:
        user = {"company": company, "email": email, "password": PASSWORD, "role": role}
        self.users.append(user)


def fill(app: Flask) -> Instance:
    """Fill the instance through the release's own doors, and return what is known of it."""
    instance = Instance(app)
    alice = instance.owner("Acme", "Alice Ångström", "alice@acme.test")
    mallory = instance.owner("Globex", "Mallory", "mallory@globex.test")
    add_colleagues(instance, alice)
    acme = Caller(app, instance.key("Acme", alice, "ERP", list(SCOPES)))
    globex = Caller(app, instance.key("Globex", mallory, "Shop", list(SCOPES)))
    add_other_keys(instance, alice)
    add_finished(instance, alice, acme)
    globex.upload(
        globex.product(name="Globex Widget", sku="A 1")["id"], still("PNG", "green"), "g.png"
    )
    work(app)
    add_copy(instance, acme)
    for name, product_name in PUBLISHED_WRONG.items():
        instance.special[name] = _shown(_product(acme, product_name))
    add_gallery(instance, acme)
    import_products(instance, alice)
    work(app)
    add_orders(instance, alice, acme)
    remove_images(instance, acme)
    add_unfinished(instance, alice, acme)
    return instance


def add_colleagues(instance: Instance, alice: FlaskClient) -> None:
    """An admin, a member, and a former member."""
    instance.member(alice, "Zoë Admin", "zoe@acme.test", "ADMIN")
    instance.member(alice, "Bob", "bob@acme.test", "MEMBER")
    add_member(instance.app, alice, "Former Member", "former@acme.test", "MEMBER")
    user_id = _id(instance.app, User, User.email == "former@acme.test")
    expect(alice.post(f"/dashboard/settings/members/{user_id}/remove"), 303)


def add_other_keys(instance: Instance, alice: FlaskClient) -> None:
    """A key that may only read, one that expires, and one that was revoked."""
    instance.key("Acme", alice, "Reader", ["products:read", "orders:read"])
    instance.key("Acme", alice, "Expires after 30 days", ["products:read"], expiry="30")
    instance.key("Acme", alice, "Revoked", ["products:read"])
    key_id = _id(instance.app, ApiKey, ApiKey.name == "Revoked")
    expect(alice.post(f"/dashboard/settings/api-keys/{key_id}/revoke"), 303)


def add_finished(instance: Instance, alice: FlaskClient, acme: Caller) -> None:
    """Products without an image, or with one that needs nothing more but the worker."""
    add_product(alice, name="Without image", sku="PLAIN-1", category="Furniture")
    add_product(alice, name="Without SKU", category="Möbel", description="Two\nlines, “quoted”.")
    add_product(alice, name="Inactive", sku="OFF-1", is_active=None)
    add_product(alice, name="Out of stock", sku="OUT-1", stock="0", category="Furniture")
    for number, (name, file) in enumerate(FORM_IMAGES.items(), start=1):
        add_product(alice, file, name=name, sku=f"FORM-{number}", category="Images")
    for number, (name, file) in enumerate(COMMERCE_IMAGES.items(), start=1):
        acme.upload(acme.product(name=name, sku=f"GIF-{number}")["id"], *file)
    url = "https://images.example.com/external.jpg?width=800"
    acme.product(name="External image", sku="EXT-1", imageUrl=url, unit="crate")
    for sku in [*ODD_SKUS, *chain(*COLLIDING_SKUS)]:
        acme.product(name="SKU with odd characters", sku=sku, category="Odd SKUs")


def add_copy(instance: Instance, acme: Caller) -> None:
    """A product whose image was copied from another product's, by writing its address."""
    source = _product(acme, "Café crème, JPEG")
    copy = acme.product(name="Copied image", sku="COPY-1", imageUrl=source["imageUrl"])
    instance.special["copy"] = _shown(copy) | {"copied_from": _image_id(source)}


def add_gallery(instance: Instance, acme: Caller) -> None:
    """Three images with alt texts; the last that was uploaded comes first."""
    product = acme.product(name="Gallery of three", sku="GAL-1", category="Images")
    path = f"/1.0/commerce/products/{product['id']}/images"
    ids = [
        acme.upload(product["id"], still("PNG", color, 320 - 20 * step, 240), f"{color}.png")
        for step, color in enumerate(("red", "green", "blue"))
    ]
    work(instance.app)
    for image_id, text in zip(
        ids, ("Vu de face", "Von der Seite – grün", "From above"), strict=True
    ):
        acme("POST", f"{path}/{image_id}", 200, json={"altText": text})
    acme("POST", f"{path}/{ids[2]}/order", 204, json={"afterImageId": None})
    instance.special["gallery"] = {"product_id": product["id"], "image_ids": [ids[2], *ids[:2]]}


def import_products(instance: Instance, alice: FlaskClient) -> None:
    """An import that was applied, and one that waits for the merchant."""
    apply_import(alice, upload_csv(alice, IMPORTED, "products.csv"))
    upload_csv(alice, PREVIEWED, "préparation.csv")


def add_orders(instance: Instance, alice: FlaskClient, acme: Caller) -> None:
    """An order in every status, one of a product that was deleted since, and a draft."""
    product = _product(acme, "Blue Widget, PNG")
    doomed = acme.product(name="Deleted since", sku="DEL-1")
    items = [{"productId": product["id"], "quantity": 1}]
    key = {"Idempotency-Key": "order-1"}
    first = acme.order(headers=key, customerId="C-1", poNumber="PO-Ä", items=items)
    assert acme.order(headers=key, customerId="C-1", poNumber="PO-Ä", items=items) == first
    for status in ORDER_STATUSES[1:]:
        order = acme.order(customerId="C-2", notes=f"This order is {status}", items=items)
        _set_status(instance.app, order["id"], status)
    acme.order(customerId="C-3", items=[*items, {"productId": doomed["id"], "quantity": 2}])
    acme("DELETE", f"/api/v1/products/{doomed['id']}", 204)
    form = {"draft": "a-draft-of-alice-01", "add": product["id"], "notes": "Still écrit"}
    expect(alice.post("/dashboard/orders/new", data=form), 303)


def remove_images(instance: Instance, acme: Caller) -> None:
    """An address that is gone with its objects, and one whose objects are still to be deleted."""
    removed = _with_image(instance, acme, "Image removed", "REM-1")
    acme("PATCH", f"/api/v1/products/{removed['id']}", 200, json={"imageUrl": None})
    waiting = _with_image(instance, acme, "Image still to be deleted", "REM-2")
    with store_refusing_deletes(instance.app):
        acme("PATCH", f"/api/v1/products/{waiting['id']}", 200, json={"imageUrl": None})
    instance.gone += [removed["imageUrl"], waiting["imageUrl"]]
    instance.special["outbox"] = _shown(waiting)


def add_unfinished(instance: Instance, alice: FlaskClient, acme: Caller) -> None:
    """Images at every step before the last; the worker never comes to the last three."""
    broken = acme.product(name="Image in ERROR", sku="ERR-1")["id"]
    image_id = acme.upload(broken, truncated_png(), "truncated.png")
    work(instance.app)
    instance.special["error"] = {"product_id": broken, "image_id": image_id}
    add_product(alice, (still("PNG", "yellow"), "no ladder.png"), name="No ladder yet", sku="LAD-1")
    instance.special["without_ladder"] = _shown(_product(acme, "No ladder yet"))
    processing = acme.product(name="Image PROCESSING", sku="PRO-1")["id"]
    key = {"Idempotency-Key": "upload-1"}
    image_id = acme.upload(processing, still("PNG", "blue"), "processing.png", headers=key)
    instance.special["processing"] = {"product_id": processing, "image_id": image_id}
    staged = stage_image(alice, (still("PNG", "green"), "staged.png"))
    instance.special["staged"] = {"image_id": staged}


def _with_image(instance: Instance, acme: Caller, name: str, sku: str) -> dict:
    product = acme.product(name=name, sku=sku)
    acme.upload(product["id"], still("PNG", "red"), "removed.png")
    work(instance.app)
    return _product(acme, name)


def _product(acme: Caller, name: str) -> dict:
    """The newest product of this name, as /api/v1 answers it."""
    found = acme("GET", "/api/v1/products", 200, query_string={"search": name})["data"]
    return next(product for product in found if product["name"] == name)


def _shown(product: dict) -> dict:
    """The ids of a product and of the hosted image that it shows."""
    return {"product_id": product["id"], "image_id": _image_id(product)}


def _image_id(product: dict) -> str:
    return urlsplit(product["imageUrl"]).path.split("/")[2]


def _set_status(app: Flask, order_id: str, status: str) -> None:
    # No door of release 0.1.0 changes the status of an order, though its tables have them all.
    with app.app_context():
        db.session.get_one(Order, order_id).status = status
        db.session.commit()


def _id(app: Flask, model: type, condition) -> str:
    with app.app_context():
        return db.session.scalars(select(model.id).where(condition)).one()
