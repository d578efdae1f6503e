"""Any operations in any order, any of which may be harmed: a state machine for hypothesis."""

from collections.abc import Callable
from contextlib import ExitStack, suppress

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import select

from distribu.extensions import db
from distribu.images import doctor, outbox, processing
from distribu.images.doctor import LOST
from distribu.models import Image, Product, utc_now
from tests.faults.cells import TOLD
from tests.faults.gate import KINDS, Gate, Harm, Killed, gated
from tests.faults.operations import FORM
from tests.faults.world import LATER, World
from tests.images.image_files import png

MOST_PRODUCTS = 5
# Addresses and doctor are asked after so many steps: they take the most time.
EVERY = 25
NUMBERS = st.integers(0, 9)
# Most steps are not harmed; the others are at one of their first calls.
HARMS = st.none() | st.builds(Harm, st.integers(0, 40), st.sampled_from(KINDS))


class Doors(RuleBasedStateMachine):
    """A shop of at most five products, behind a gate that harms some of the steps."""

    # It has begun; each walk puts it back to there.
    world: World

    def __init__(self):
        super().__init__()
        self.world.restore()
        self.gate = Gate(hang_seconds=0.0)
        self.steps = 0
        self.stack = ExitStack()
        self.stack.enter_context(gated(self.world.app, self.gate))

    def teardown(self) -> None:
        # The next walk is in the same shop, whatever came of this one.
        with self.stack:
            self.world.recover()
            assert self.world.faults() == []

    @rule(width=st.integers(8, 60), harm=HARMS)
    def create(self, width: int, harm: Harm | None) -> None:
        if len(self._ids(Product)) >= MOST_PRODUCTS:
            return
        data = FORM | {"name": "a plate", "image": (png(width, 8), "plate.png")}
        self._step(lambda: self.world.alice.post("/dashboard/inventory/new", data=data), harm)

    @rule(number=NUMBERS, width=st.integers(8, 60), harm=HARMS)
    def replace(self, number: int, width: int, harm: Harm | None) -> None:
        self._edit(number, harm, image=(png(width, 8), "another.png"))

    @rule(number=NUMBERS, harm=HARMS)
    def remove(self, number: int, harm: Harm | None) -> None:
        self._edit(number, harm, remove_image="1")

    @rule(number=NUMBERS, harm=HARMS)
    def delete(self, number: int, harm: Harm | None) -> None:
        if product_id := self._one(Product, number):
            path = f"/dashboard/inventory/{product_id}/delete"
            self._step(lambda: self.world.alice.post(path), harm)

    @rule(number=NUMBERS, width=st.integers(8, 60), harm=HARMS)
    def upload(self, number: int, width: int, harm: Harm | None) -> None:
        if product_id := self._one(Product, number):
            part = png(width, 8), "sent.png"
            self._step(lambda: self.world.commerce.send(product_id, part), harm)

    @rule(number=NUMBERS, is_deleted=st.booleans(), harm=HARMS)
    def change_image(self, number: int, is_deleted: bool, harm: Harm | None) -> None:
        """Delete an image, or put it first."""
        image_id = self._one(Image, number)
        product_id = image_id and self._product_of(image_id)
        if product_id:
            path = f"/{product_id}/images/{image_id}"
            delete = lambda: self.world.commerce.delete(path)  # noqa: E731
            move = lambda: self.world.commerce.post(f"{path}/order", {"afterImageId": None})  # noqa: E731
            self._step(delete if is_deleted else move, harm)

    @rule(number=NUMBERS, source=st.none() | NUMBERS, harm=HARMS)
    def write_image_url(self, number: int, source: int | None, harm: Harm | None) -> None:
        """Write null, or another image's address."""
        product_id = self._one(Product, number)
        image_id = None if source is None else self._one(Image, source)
        if product_id:
            with self.world.app.app_context():
                url = db.session.get_one(Image, image_id).url if image_id else None
            body = {"imageUrl": url}
            path = f"/products/{product_id}"
            self._step(lambda: self.world.rest.patch(path, body), harm)

    @rule(harm=HARMS)
    def sweep(self, harm: Harm | None) -> None:
        self._step(self._in_context(lambda: outbox.sweep(utc_now() + LATER)), harm)

    @rule(harm=HARMS)
    def work(self, harm: Harm | None) -> None:
        """The queue's next task."""
        task = self.world.app.extensions["huey"].dequeue()
        if task:
            image_id = task.args[1]
            later = utc_now() + LATER
            self._step(self._in_context(lambda: processing.process(image_id, later)), harm)

    @invariant()
    def rows_and_objects_agree(self) -> None:
        """No object is nobody's: an image's, or an outbox entry's; whole ones have all objects."""
        assert self.world.unowned() == []
        self.steps += 1
        if self.steps % EVERY == 0:
            self._look_closely()

    def _look_closely(self) -> None:
        self.world.recover()
        assert self.world.faults() == []
        with self.world.app.app_context():
            assert [one for one in doctor.examine() if one.remedy == LOST] == []

    def _step(self, act: Callable[[], object], harm: Harm | None) -> None:
        with self.gate.opened(harm), suppress(Killed, *TOLD):
            answer = act()
            status = getattr(answer, "status_code", 200)
            assert status < 500 or status == 503, status
        if harm and harm.kind.startswith("killed"):
            self.gate.bury()

    def _edit(self, number: int, harm: Harm | None, **values) -> None:
        product_id = self._one(Product, number)
        if product_id:
            with self.world.app.app_context():
                version = db.session.get_one(Product, product_id).version
            data = FORM | {"name": "a lamp", "version": str(version)} | values
            path = f"/dashboard/inventory/{product_id}/edit"
            self._step(lambda: self.world.alice.post(path, data=data), harm)

    def _in_context(self, work: Callable[[], object]) -> Callable[[], object]:
        def act() -> None:
            with self.world.app.app_context():
                work()

        return act

    def _ids(self, model: type) -> list[str]:
        with self.world.app.app_context():
            return list(db.session.scalars(select(model.id).order_by(model.id)))

    def _one(self, model: type, number: int) -> str | None:
        ids = self._ids(model)
        return ids[number % len(ids)] if ids else None

    def _product_of(self, image_id: str) -> str | None:
        with self.world.app.app_context():
            return db.session.get_one(Image, image_id).product_id
