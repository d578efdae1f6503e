"""Bytes of a first and a second visit of the demo shop, without its images.

Run from the checkout: python tests/bench/first_visit.py. A `flask serve --demo` and Chromium with
an empty cache; bytes count headers too, on HTTP/1.1.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import urllib3
from images import Row
from playwright.sync_api import Page, sync_playwright

from distribu.seed import DEMO_EMAIL, DEMO_PASSWORD, DEMO_SLUG
from tests.servers import find_chromium, free_port

ROOT = Path(__file__).parents[2]
FLASK = [sys.executable, "-m", "flask", "--app", "wsgi"]
START_SECONDS = 120
KB = 1000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DISTRIBU_INSTANCE"] = folder
        subprocess.run([*FLASK, "static", "compress"], cwd=ROOT, check=True, capture_output=True)
        port = free_port()
        command = [*FLASK, "serve", "--demo", "--port", str(port)]
        server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(url)
            print("\nThe first visit, without the images of products")
            for row in measure(url):
                print(row, flush=True)
        finally:
            server.terminate()
            server.wait(30)


def wait_for(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if urllib3.request("GET", f"{url}/healthz", retries=False).status == 200:
                return
        except urllib3.exceptions.HTTPError:
            time.sleep(0.5)
    raise SystemExit("the server does not start")


def measure(url: str) -> list[Row]:
    catalog = f"{url}/store/{DEMO_SLUG}/catalog"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_context().new_page()
        rows = [*visits(page, "catalog", catalog, 30, 5)]
        product = page.locator(".card h2 a").first.get_attribute("href")
        rows += visits(browser.new_context().new_page(), "product page", url + product)
        page = browser.new_context().new_page()
        sign_in(page, url)
        form = page.locator("a[href*='/edit']").first.get_attribute("href")
        # Its files may be kept from the pages before.
        page.context.new_cdp_session(page).send("Network.clearBrowserCache")
        rows += visits(page, "edit form", url + form, 60)
        browser.close()
    return rows


def sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/login")
    page.get_by_label("Email").fill(DEMO_EMAIL)
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/dashboard/**")
    page.goto(f"{url}/dashboard/inventory")


def visits(
    page: Page, name: str, url: str, kilobytes: float | None = None, requests: int | None = None
) -> list[Row]:
    first, second = visit(page, url), visit(page, url)
    static = sum(size for address, size in second.items() if "/static/" in address)
    return [
        Row(f"{name}, kB", sum(first.values()) / KB, kilobytes),
        Row(f"{name}, requests", len(first), requests),
        Row(f"{name}, second visit, static bytes", static, 0),
    ]


def visit(page: Page, url: str) -> dict[str, int]:
    """Open a page; return the bytes of each address that came over the wire."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    addresses, sizes = {}, {}
    session.on(
        "Network.requestWillBeSent",
        lambda event: addresses.update({event["requestId"]: event["request"]["url"]}),
    )
    session.on(
        "Network.loadingFinished",
        lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}),
    )
    page.goto(url, wait_until="networkidle")
    session.detach()
    return {
        addresses[key]: size
        for key, size in sizes.items()
        if size and addresses[key].startswith("http") and "/images/" not in addresses[key]
    }


if __name__ == "__main__":
    main()
