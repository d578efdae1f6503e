"""Our own export, opened and saved again by LibreOffice in several locales: nothing changes.

make spreadsheets runs it; without LibreOffice it is skipped.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from distribu.extensions import db
from distribu.models import ImportJob
from tests.conftest import add_product, signed_in
from tests.imports import plan_of
from tests.inventory.test_import_pages import upload

SOFFICE = shutil.which("soffice")
pytestmark = pytest.mark.skipif(
    SOFFICE is None, reason="LibreOffice is missing: install libreoffice-calc-nogui"
)

_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse">
<value>{locale}</value></prop></item>
</oor:items>"""
# Cells parted by commas and quoted with ", UTF-8, from row 1, numbers of a language, and all that
# looks like a number, a date or a truth value is taken for one.
_OPENED = "CSV:44,34,76,1,,{language},false,true"
# That of the locale, and English, as somebody chooses who sees 12.50 in the file.
LANGUAGES = [0, 1033]
# Parted by what the locale parts them with, as they are shown.
_SAVED = "csv:Text - txt - csv (StarCalc):{delimiter},34,76,1,,0,false,true"
DELIMITERS = {"en-US": 44, "de-DE": 59, "fr-FR": 59, "it-IT": 59, "es-ES": 59, "pt-BR": 59}


def saved_again(folder: Path, locale: str, language: int, content: bytes) -> bytes:
    """The file as LibreOffice saves what it has opened, in this locale."""
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True)
    text = _PROFILE.format(locale=locale)
    (profile / "user" / "registrymodifications.xcu").write_text(text)
    (folder / "products.csv").write_bytes(content)
    command = [SOFFICE, f"-env:UserInstallation={profile.as_uri()}", "--headless"]
    command += [f"--infilter={_OPENED.format(language=language)}", "--convert-to"]
    command += [_SAVED.format(delimiter=DELIMITERS[locale]), "--outdir", str(folder / "saved")]
    subprocess.run([*command, str(folder / "products.csv")], check=True, capture_output=True)
    return (folder / "saved" / "products.csv").read_bytes()


@pytest.fixture
def shop(app, cast) -> str:
    """Products with values that spreadsheets have opinions about."""
    with app.app_context():
        for sku, price, stock in [("A-1", 1250, 1000), ("B-2", 100000, 0), ("C-3", 123456789, 7)]:
            add_product(cast.acme, sku=sku, name=f"Größe {sku}", price_minor=price, stock=stock)
        add_product(cast.acme, sku="D-4", name="=1+1", price_minor=5, is_active=False)
        add_product(cast.acme, sku="E-5", name='12" "bolt", long; blue', description="a\nb")
        add_product(cast.acme, sku="4006381333931", name="Pen", category="#REF!", unit="kg")
        add_product(cast.acme, sku="F-6", name="-5 %", external_image_url="https://x.test/a,b.png")
        return cast.acme


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("locale", DELIMITERS)
def test_an_export_that_was_opened_and_saved_again_changes_nothing(
    app, cast, shop, tmp_path, locale, language
):
    client = signed_in(app, cast.alice)
    content = client.get("/dashboard/inventory/export").data
    again = saved_again(tmp_path, locale, language, content)
    address = upload(client, again).location
    with app.app_context():
        found = plan_of(db.session.get_one(ImportJob, address.rsplit("/", 1)[-1]))
        assert [(error.line, error.sentence) for error in found.errors] == [], again.decode()
        changed = {change.values["sku"]: change.fields for change in found.changes}
        assert (changed, found.unchanged) == ({}, 7), again.decode()
