"""Duration of an upgrade that reads all of 100,000 products, a third of them folded.

Run from the checkout: python tests/bench/migration.py. On SQLite and on a
PostgreSQL that it starts; each is taken back to the migration before.
"""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from flask_migrate import downgrade, upgrade
from sqlalchemy import insert, update

from distribu import create_app
from distribu.extensions import db
from distribu.models import Product, new_id
from tests.conftest import add_cast, settings
from tests.servers import running_postgres

PRODUCTS = 100_000
BEFORE, AFTER = "0008", "0012"
NAMES = ["Blue Widget", "Køkkenrulle", "Crème brûlée"]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run("SQLite", f"sqlite:///{folder}/distribu.db", Path(folder))
        with running_postgres() as server:
            run("PostgreSQL", server.url("postgres"), Path(folder))


def run(database: str, url: str, folder: Path) -> None:
    app = create_app(settings(folder, SQLALCHEMY_DATABASE_URI=url))
    with app.app_context():
        upgrade()
        company_id = add_cast().acme
        rows = [
            {
                "id": new_id(),
                "company_id": company_id,
                "name": f"{NAMES[number % 3]} {number}",
                "sku": f"AX-{number:06}",
                "price_minor": 999,
            }
            for number in range(PRODUCTS)
        ]
        db.session.execute(insert(Product), rows)
        db.session.execute(update(Product).values(search_text=""))
        db.session.commit()
        downgrade(revision=BEFORE)
        started = time.perf_counter()
        upgrade(revision=AFTER)
        print(
            f"{database}, {PRODUCTS:,} products: {time.perf_counter() - started:.1f} s", flush=True
        )
        db.session.remove()
        db.engine.dispose()


if __name__ == "__main__":
    main()
