"""Written imageUrls: the decisions that begin with imageUrl, one by one."""

import pytest
from flask import current_app
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from distribu.extensions import db, store
from distribu.images import attachment, staging
from distribu.images.outbox import drain
from distribu.models import Company, Image, Product
from distribu.products import written_image_url
from tests.conftest import add_cast, add_product, run_queue
from tests.flaky_store import FlakyStore, store_of
from tests.images.image_files import png

ELSEWHERE = "https://cdn.example.com/widget.png?w=5"


@pytest.fixture
def acme(app_context) -> Company:
    return db.session.get_one(Company, add_cast().acme)


@pytest.fixture
def globex(acme) -> Company:
    return db.session.scalars(select(Company).where(Company.slug == "globex")).one()


def add_image(product: Product, name: str = "a.png") -> Image:
    """An image behind the others of product, committed."""
    image = staging.stage(product.company_id, FileStorage(png(40, 30), name))
    attachment.attach(attachment.lock_product(product.id, product.company_id), image.id)
    db.session.commit()
    return image


def write(product: Product, value: str | None) -> str:
    """Write imageUrl as a door does; returns the kind of change."""
    company = product.company
    change = written_image_url.read_change(company, product, value)
    copy = written_image_url.prepare(company, change)
    product = attachment.lock_product(product.id, company.id)
    written_image_url.apply(product, change, copy)
    db.session.commit()
    db.session.expire_all()
    drain()
    return change.kind


def kept_ids() -> set[str]:
    """The ids of the images that have objects."""
    keys = store.keys()
    return {key.split("/")[1] for key in keys}


class TestTheLimit:
    @pytest.fixture
    def full(self, app_context, acme) -> Product:
        """A product that has as many images as it may have, one."""
        app_context.config["IMAGES_PER_PRODUCT"] = 1
        product = add_product(acme.id)
        add_image(product)
        return product

    @pytest.fixture
    def source(self, acme) -> Image:
        return add_image(add_product(acme.id))

    def test_a_copy_takes_the_place_of_the_image(self, full, source):
        assert write(full, source.url) == "COPY"

    @pytest.mark.parametrize(
        ("name", "value"),
        [("external_image_url", ELSEWHERE), ("status", "ERROR")],
        ids=["external", "error"],
    )
    def test_a_copy_that_displaces_none_is_refused(self, full, source, name, value):
        setattr(full if name == "external_image_url" else full.images[0], name, value)
        db.session.commit()
        with pytest.raises(written_image_url.InvalidImageUrl, match="the maximum of 1 image"):
            write(full, source.url)
        assert len(full.images) == 1

    def test_the_own_image_over_an_external_one_is_none_more(self, full):
        full.external_image_url = ELSEWHERE
        db.session.commit()
        assert write(full, full.images[0].url) == "MOVE"


class TestTheSameValue:
    def test_null_over_nothing_is_no_change(self, acme):
        assert write(add_product(acme.id), None) == "KEEP"

    def test_null_over_an_upload_under_way_is_no_change(self, acme):
        product = add_product(acme.id)
        image = add_image(product)
        image.status = "PROCESSING"
        db.session.commit()
        assert write(product, None) == "KEEP"
        assert kept_ids() == {image.id}

    def test_a_hosted_address_written_back_is_no_change(self, acme):
        product = add_product(acme.id)
        image = add_image(product)
        assert write(product, product.image_url) == "KEEP"
        assert product.image.id == image.id

    def test_an_external_address_written_back_is_no_change(self, acme):
        product = add_product(acme.id)
        write(product, ELSEWHERE)
        assert write(product, ELSEWHERE) == "KEEP"

    @pytest.mark.parametrize(
        "variant",
        [
            "https://shop.test{path}",
            "http://old-name.example{path}",
            "http://shop.test{path}?format=500w",
            "http://shop.test/images/{id}/v2/300w.webp",
            "https://cdn.example.com/of/distribu{path}",
            "http://shop.test/%69mages/{id}/a.png",
        ],
    )
    def test_the_own_image_written_differently_is_no_change(self, acme, variant):
        product = add_product(acme.id)
        image = add_image(product)
        value = variant.format(path=f"/{image.key()}", id=image.id)
        assert write(product, value) == "KEEP"

    def test_the_address_that_leads_to_the_own_image_is_no_change(self, acme):
        product = add_product(acme.id)
        image = add_image(product)
        address = f"http://shop.test/store/acme/products/{product.id}/image"
        assert write(product, address) == "KEEP"
        assert product.image.id == image.id

    def test_the_address_that_leads_to_the_own_external_image_is_no_change(self, acme):
        product = add_product(acme.id)
        write(product, ELSEWHERE)
        assert write(product, f"http://shop.test/store/acme/products/{product.id}/image") == "KEEP"
        assert product.image_url == ELSEWHERE

    def test_the_address_that_leads_to_no_image_is_refused(self, acme):
        product = add_product(acme.id)
        with pytest.raises(written_image_url.InvalidImageUrl, match="no longer exists"):
            write(product, f"http://shop.test/store/acme/products/{product.id}/image")

    def test_the_jpeg_for_marketplaces_is_no_change(self, acme):
        product = add_product(acme.id)
        image = add_image(product)
        assert write(product, f"http://shop.test/images/{image.id}/a.jpg") == "KEEP"


class TestAnotherHostedImage:
    def test_by_the_address_that_leads_to_it_gives_a_copy(self, acme):
        source, product = add_product(acme.id), add_product(acme.id)
        original = add_image(source)
        address = f"http://shop.test/store/acme/products/{source.id}/image"
        assert write(product, address) == "COPY"
        assert product.image.copied_from == original.id

    def test_gives_an_own_copy_that_outlives_its_source(self, acme):
        source, product = add_product(acme.id), add_product(acme.id)
        original = add_image(source)
        assert write(product, source.image_url) == "COPY"
        assert product.image.copied_from == original.id
        write(source, None)
        assert kept_ids() == {product.image.id}
        with store.open(product.image.key()) as file:
            assert file.read(8) == b"\x89PNG\r\n\x1a\n"

    def test_written_again_is_no_change(self, acme):
        source, product = add_product(acme.id), add_product(acme.id)
        add_image(source)
        value = source.image_url
        write(product, value)
        first = product.image.id
        assert write(product, value) == "KEEP"
        assert product.image.id == first

    def test_written_again_is_no_change_when_its_source_has_gone(self, acme):
        source, product = add_product(acme.id), add_product(acme.id)
        add_image(source)
        value = source.image_url
        write(product, value)
        write(source, None)
        assert write(product, value) == "KEEP"
        assert product.image_url is not None

    def test_that_goes_while_it_is_copied_is_refused(self, acme):
        source, product = add_product(acme.id), add_product(acme.id)
        add_image(source)
        kept = add_image(product)
        change = written_image_url.read_change(acme, product, source.image_url)
        app, source_id = current_app._get_current_object(), source.id

        def remove_first():
            flaky.at = None
            with app.app_context():
                write(db.session.get_one(Product, source_id), None)

        flaky = FlakyStore(app.extensions["image_store"], at="open", then=remove_first)
        with (
            store_of(app, flaky),
            pytest.raises(written_image_url.InvalidImageUrl, match="no longer exists"),
        ):
            written_image_url.prepare(acme, change)
        db.session.rollback()
        drain()
        assert kept_ids() == {kept.id}

    def test_that_has_gone_before_it_is_copied_is_refused(self, acme):
        source, product = add_product(acme.id), add_product(acme.id)
        add_image(source)
        change = written_image_url.read_change(acme, product, source.image_url)
        write(source, None)
        with pytest.raises(written_image_url.InvalidImageUrl, match="no longer exists"):
            written_image_url.prepare(acme, change)

    def test_gives_a_copy_that_gets_a_whole_ladder_of_its_own(self, app_context, acme):
        source, product = add_product(acme.id), add_product(acme.id)
        add_image(source)
        write(product, source.image_url)
        copy = product.image
        assert copy.ladder_version is None
        write(source, None)
        run_queue(app_context)
        db.session.expire_all()
        assert copy.ladder_version is not None
        paths = {made["path"] for made in copy.derivatives}
        assert {"", "v2/40w.webp", "v2/share.jpg"} <= paths
        assert store.keys() == {copy.key(path) for path in paths}

    def test_takes_the_place_of_the_primary_one_only(self, acme):
        source, product = add_product(acme.id), add_product(acme.id)
        add_image(source)
        add_image(product, "first.png")
        second = add_image(product, "second.png")
        write(product, source.image_url)
        assert [image.copied_from is not None for image in product.images] == [True, False]
        assert product.images[1].id == second.id

    def test_of_the_same_product_moves_to_the_top(self, acme):
        product = add_product(acme.id)
        first, second = add_image(product), add_image(product)
        assert write(product, second.url) == "MOVE"
        assert [image.id for image in product.images] == [second.id, first.id]

    def test_of_the_same_product_is_seen_in_the_same_transaction(self, acme):
        product = add_product(acme.id)
        first, second = add_image(product), add_image(product)
        change = written_image_url.read_change(acme, product, second.url)
        product = attachment.lock_product(product.id, acme.id)
        assert [image.id for image in product.images] == [first.id, second.id]
        written_image_url.apply(product, change)
        assert [image.id for image in product.images] == [second.id, first.id]
        assert product.image_url == second.url

    def test_of_the_same_product_comes_before_an_external_one(self, acme):
        product = add_product(acme.id)
        write(product, ELSEWHERE)
        behind = add_image(product)
        assert write(product, behind.url) == "MOVE"
        assert product.image_url == behind.url

    def test_of_another_company_is_refused(self, acme, globex):
        foreign = add_product(globex.id)
        add_image(foreign)
        product = add_product(acme.id)
        kept = add_image(product)
        with pytest.raises(written_image_url.InvalidImageUrl, match="no longer exists"):
            write(product, foreign.image_url)
        assert product.image.id == kept.id

    def test_that_is_only_staged_is_refused(self, acme):
        staged = staging.stage(acme.id, FileStorage(png(9, 9), "x.png"))
        with pytest.raises(written_image_url.InvalidImageUrl):
            write(add_product(acme.id), staged.url)

    @pytest.mark.parametrize(
        "value",
        [
            "http://shop.test/images/01ARZ3NDEKTSV4RRFFQ69G5FAV/gone.png",
            "https://shop.test/store/acme/products/1/image",
            "http://SHOP.test:8080/",
            "http://shop.test./images/x.png",
            "http://images.shop.test/images/01ARZ3NDEKTSV4RRFFQ69G5FAV/gone.png",
        ],
    )
    def test_that_is_gone_is_refused(self, app_context, acme, value):
        app_context.config["IMAGE_BASE_URL"] = "https://images.shop.test"
        with pytest.raises(written_image_url.InvalidImageUrl, match="no longer exists"):
            write(add_product(acme.id), value)


class TestAnExternalAddress:
    def test_takes_the_place_of_the_primary_image(self, acme):
        product = add_product(acme.id)
        add_image(product, "first.png")
        second = add_image(product, "second.png")
        assert write(product, ELSEWHERE) == "EXTERNAL"
        assert product.image_url == ELSEWHERE
        assert kept_ids() == {second.id}

    def test_takes_the_place_of_another_external_one_only(self, acme):
        product = add_product(acme.id)
        write(product, ELSEWHERE)
        behind = add_image(product)
        write(product, "https://cdn.example.com/other.png")
        assert product.image_url == "https://cdn.example.com/other.png"
        assert kept_ids() == {behind.id}

    @pytest.mark.parametrize(
        ("value", "sentence"),
        [
            ("", written_image_url.EMPTY),
            (" \u200b", written_image_url.EMPTY),
            ("/images/x.png", written_image_url.NOT_ABSOLUTE),
            ("ftp://example.com/a.png", written_image_url.NOT_ABSOLUTE),
            ("javascript:alert(1)", written_image_url.NOT_ABSOLUTE),
            ("https:///a.png", written_image_url.NOT_ABSOLUTE),
            ("https://example.com:99999/", written_image_url.NOT_ABSOLUTE),
            ("https://[::1/", written_image_url.NOT_ABSOLUTE),
            ("https://exam ple.com/b.png", written_image_url.HAS_BLANK),
            ("https://exa\nmple.com/a.png", written_image_url.HAS_LINE_BREAK),
            ("https://example.com/a\tb.png", written_image_url.HAS_LINE_BREAK),
            ("https://example.com/a<b>.png", written_image_url.HAS_UNSAFE),
            ("https://example.com/a\x01.png", written_image_url.HAS_UNSAFE),
            ("https://example.com\\@shop.test/", written_image_url.HAS_UNSAFE),
            ("https://a.example/1.jpg,https://b.example/2.jpg", written_image_url.SEVERAL),
            ("https://a.example/1.jpg | http://b.example/2.jpg", written_image_url.SEVERAL),
            ("https://a.example/1.jpg;\nHTTPS://b.example/2.jpg", written_image_url.SEVERAL),
            ("https://a.example/1.jpg\r\nhttps://b.example/2.jpg", written_image_url.SEVERAL),
            ("https://a.example/1.jpg?w=5 https://b.example/2.jpg", written_image_url.SEVERAL),
            ("data:image/png;base64,iVBORw0KGgo=", written_image_url.IS_FILE),
            ("data:image/png;base64," + "A" * 5000, written_image_url.IS_FILE),
            ("https://bob:secret@example.com/a.png", written_image_url.HAS_CREDENTIALS),
            ("https://example.com/" + "a" * 2029, written_image_url.TOO_LONG),
        ],
    )
    def test_that_cannot_be_one_is_refused(self, acme, value, sentence):
        with pytest.raises(written_image_url.InvalidImageUrl) as refused:
            write(add_product(acme.id), value)
        assert str(refused.value) == sentence

    @pytest.mark.parametrize(
        ("value", "kept"),
        [
            (f" {ELSEWHERE}\n", ELSEWHERE),
            (f"\ufeff{ELSEWHERE[:9]}\u200b{ELSEWHERE[9:]}\u00a0", ELSEWHERE),
            ("https://cdn.example/blue towel.jpg", "https://cdn.example/blue%20towel.jpg"),
            ("https://cdn.example/a\u00a0b?q=c d", "https://cdn.example/a%C2%A0b?q=c%20d"),
            ("https://cdn.example/w_300,h_200/1.jpg", "https://cdn.example/w_300,h_200/1.jpg"),
            ("https://cdn.example/1,2;3|4.jpg", "https://cdn.example/1,2;3|4.jpg"),
            ("https://p.example/?u=a,https://b.test/", "https://p.example/?u=a,https://b.test/"),
            ("https://p.example/fetch/https://b.test/", "https://p.example/fetch/https://b.test/"),
        ],
    )
    def test_is_kept_as_it_is_meant_and_written_again_is_no_change(self, acme, value, kept):
        product = add_product(acme.id)
        assert write(product, value) == "EXTERNAL"
        assert product.image_url == kept
        assert write(product, value) == "KEEP"

    def test_of_the_longest_length_is_taken(self, acme):
        value = "https://example.com/" + "a" * 2028
        assert write(add_product(acme.id), value) == "EXTERNAL"


class TestNull:
    def test_discards_every_image(self, acme):
        product = add_product(acme.id)
        add_image(product)
        add_image(product)
        assert write(product, None) == "CLEAR"
        assert product.image_url is None
        assert kept_ids() == set()

    def test_clears_an_external_address_and_what_is_behind_it(self, acme):
        product = add_product(acme.id)
        write(product, ELSEWHERE)
        add_image(product)
        write(product, None)
        assert product.image_url is None
        assert kept_ids() == set()
