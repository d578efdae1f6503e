"""Images that are turned before Save: on the screen at once, of the product only then."""

from io import BytesIO

import pytest
from PIL import Image as Canvas
from PIL import ImageStat

from distribu.extensions import db, store
from distribu.images import attachment, outbox, processing, staging
from distribu.models import Image, Product, utc_now
from tests.conftest import add_product, run_queue
from tests.images.life import add_company, upload
from tests.images.test_side_data import MADE_BY_AI, URI, label_of, labeled
from tests.inventory.test_product_form import fields, value

RED, BLUE = (255, 0, 0), (0, 0, 255)


def half_red(format: str = "PNG", size=(120, 60)) -> BytesIO:
    """An image whose upper half is red, the lower one blue."""
    canvas = Canvas.new("RGB", size, BLUE)
    canvas.paste(RED, (0, 0, size[0], size[1] // 2))
    file = BytesIO()
    canvas.save(file, format, quality=95)
    file.seek(0)
    return file


def red_side(key: str) -> str:
    """Return the side of a published file that is red."""
    with store.open(key) as body, Canvas.open(BytesIO(body.read())) as image:
        image = image.convert("RGB")
    width, height = image.size
    strips = {
        "top": (0, 0, width, height // 8),
        "bottom": (0, height - height // 8, width, height),
        "left": (0, 0, width // 8, height),
        "right": (width - width // 8, 0, width, height),
    }
    reds = {name: ImageStat.Stat(image.crop(box)).mean[0] for name, box in strips.items()}
    return max(reds, key=reds.get)


def staged(company_id: str, format: str = "PNG") -> Image:
    return staging.stage(company_id, upload(half_red(format, (80, 80)), f"half.{format.lower()}"))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "AVIF"])
@pytest.mark.parametrize(("quarters", "side"), [(1, "right"), (2, "bottom"), (-1, "left")])
def test_a_chosen_image_is_turned_from_its_upload(app_context, format, quarters, side):
    company_id = add_company()
    source = staged(company_id, format)
    turned = staging.stage_turned(company_id, source, quarters)
    assert red_side(turned.key()) == side
    with store.open(turned.upload_key) as kept, store.open(source.upload_key) as first:
        assert kept.read() == first.read()
    # Its ladder is made of the upload, and turned as well.
    processing.process(turned.id)
    image = db.session.get(Image, turned.id)
    assert {red_side(image.key(made["path"])) for made in image.derivatives} == {side}


def test_width_and_height_change_places(app_context):
    company_id = add_company()
    source = staging.stage(company_id, upload(half_red()))
    turned = staging.stage_turned(company_id, source, 1)
    assert (source.width_px, source.height_px) == (turned.height_px, turned.width_px) == (120, 60)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turn_comes_on_top_of_what_the_file_says(app_context, orientation):
    company_id = add_company()
    file, exif = BytesIO(), Canvas.Exif()
    exif[0x0112] = orientation
    Canvas.open(half_red(size=(80, 80))).save(file, "JPEG", exif=exif, quality=95)
    file.seek(0)
    source = staging.stage(company_id, upload(file, "half.jpg"))
    around = ["top", "right", "bottom", "left"]
    before = around.index(red_side(source.key()))
    turned = staging.stage_turned(company_id, source, 1)
    assert red_side(turned.key()) == around[(before + 1) % 4]


def test_turning_back_gives_the_same_bytes(app_context):
    company_id = add_company()
    source = staged(company_id, "JPEG")
    back = staging.stage_turned(company_id, staging.stage_turned(company_id, source, 1), -1)
    with store.open(back.key()) as after, store.open(source.key()) as before:
        assert after.read() == before.read()


def test_a_saved_image_is_turned_from_its_stable_image(app_context):
    company_id = add_company()
    product = add_product(company_id)
    source = staged(company_id, "JPEG")
    attachment.attach(product, source.id)
    db.session.commit()
    processing.process(source.id)
    outbox.drain_request()
    once = staging.stage_turned(company_id, db.session.get(Image, source.id), 1)
    twice = staging.stage_turned(company_id, once, 1)
    assert [red_side(one.key()) for one in (once, twice)] == ["right", "bottom"]
    # The second one was made from the saved image too, not from the first one.
    assert (twice.turn, twice.copied_from) == (2, source.id)
    assert not set(store.keys()) & {twice.upload_key}
    processing.process(twice.id)
    image = db.session.get(Image, twice.id)
    assert {red_side(image.key(made["path"])) for made in image.derivatives} == {"bottom"}


@pytest.mark.parametrize("is_saved", [False, True])
def test_the_label_of_ai_survives(app_context, is_saved):
    company_id = add_company()
    source = staging.stage(company_id, upload(labeled(), "made.jpg"))
    if is_saved:
        attachment.attach(add_product(company_id), source.id)
        db.session.commit()
        processing.process(source.id)
        outbox.drain_request()
    turned = staging.stage_turned(company_id, db.session.get(Image, source.id), 1)
    assert turned.digital_source_type == MADE_BY_AI
    with store.open(turned.key()) as body:
        assert label_of(BytesIO(body.read())) == URI + MADE_BY_AI


def preview(client, file: BytesIO, product_id: str = "", **more) -> str:
    data = {"image": (file, "half.png")} | more
    query = f"?product_id={product_id}" if product_id else ""
    answer = client.post(f"/dashboard/inventory/image/preview{query}", data=data)
    return hidden(answer.text, "image_id")


def hidden(page: str, name: str) -> str:
    return page.split(f'name="{name}" value="')[1].split('"')[0]


def test_nothing_is_made_for_a_chosen_image_until_save(app, cast, alice):
    image_id = preview(alice, half_red())
    with app.app_context():
        outbox.sweep(utc_now() + 2 * processing.PATIENCE)
    assert run_queue(app) == 0
    alice.post("/dashboard/inventory/new", data=fields(image_id=image_id))
    assert run_queue(app) > 0
    with app.app_context():
        assert db.session.get(Image, image_id).ladder_version


def test_the_button_turns_and_save_keeps_it(app, cast, alice):
    image_id = preview(alice, half_red())
    page = alice.post("/dashboard/inventory/image/rotate-right", data={"image_id": image_id}).text
    turned_id = hidden(page, "image_id")
    assert "Undo" in page
    assert hidden(page, "earlier_image_id") == image_id
    alice.post("/dashboard/inventory/new", data=fields(image_id=turned_id))
    with app.app_context():
        image = db.session.scalars(db.select(Product)).one().image
        assert (image.id, image.width_px, image.height_px) == (turned_id, 60, 120)


@pytest.fixture
def saved(app, cast) -> str:
    """The id of a product with a whole image."""
    with app.app_context():
        product = add_product(cast.acme)
        image = staging.stage(cast.acme, upload(half_red()))
        attachment.attach(product, image.id)
        db.session.commit()
        processing.process(image.id)
        outbox.drain_request()
        return product.id


def image_now(app, product_id: str) -> tuple[str, int, int]:
    with app.app_context():
        image = db.session.get(Product, product_id).image
        return image.id, image.width_px, image.height_px


def test_a_saved_image_changes_only_at_save(app, alice, saved):
    before = image_now(app, saved)
    query = f"?product_id={saved}"
    page = alice.post(f"/dashboard/inventory/image/rotate-left{query}").text
    turned_id = hidden(page, "image_id")
    assert image_now(app, saved) == before
    undone = alice.post(
        f"/dashboard/inventory/image/turn-back{query}", data={"image_id": turned_id}
    ).text
    assert hidden(undone, "image_id") == ""
    assert image_now(app, saved) == before


def test_a_turned_saved_image_replaces_it(app, alice, saved):
    form = alice.get(f"/dashboard/inventory/{saved}/edit").text
    page = alice.post(f"/dashboard/inventory/image/rotate-left?product_id={saved}").text
    turned_id = hidden(page, "image_id")
    data = fields(
        image_id=turned_id, version=value(form, "version"), stock_shown=value(form, "stock_shown")
    )
    assert alice.post(f"/dashboard/inventory/{saved}/edit", data=data).status_code == 303
    assert image_now(app, saved) == (turned_id, 60, 120)


def test_without_a_script_the_same_buttons_turn(app, alice, cast):
    image_id = preview(alice, half_red())
    data = fields(image_id=image_id, image_action="rotate_right")
    page = alice.post("/dashboard/inventory/new", data=data).text
    turned_id = hidden(page, "image_id")
    assert turned_id not in ("", image_id)
    data = fields(image_id=turned_id, image_action="turn_back")
    back_id = hidden(alice.post("/dashboard/inventory/new", data=data).text, "image_id")
    with app.app_context():
        assert db.session.get(Image, back_id).turn == 0


def test_nobody_turns_the_image_of_another_company(app, mallory, alice, saved):
    answer = mallory.post(f"/dashboard/inventory/image/rotate-left?product_id={saved}")
    assert answer.status_code == 404
    image_id = preview(alice, half_red())
    page = mallory.post("/dashboard/inventory/image/rotate-left", data={"image_id": image_id})
    assert hidden(page.text, "image_id") == ""


def test_a_smaller_copy_carries_the_label_of_its_original(app, cast, alice):
    named = preview(alice, half_red(), digital_source_type=MADE_BY_AI)
    unknown = preview(alice, half_red(), digital_source_type="whatever")
    with app.app_context():
        assert db.session.get(Image, named).digital_source_type == MADE_BY_AI
        assert db.session.get(Image, unknown).digital_source_type is None
