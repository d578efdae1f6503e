"""Lighthouse, as a phone, on the catalog and a product page of the demo shop: medians of five runs.

Run it with make lighthouse. It needs npm, which gets Lighthouse itself into ~/.cache/distribu, and
Chromium. A `flask serve --demo` answers, with its static files compressed. Lighthouse simulates a
slow phone from what it measures, so a machine with other work to do takes points off.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[2]))

import urllib3
from first_visit import FLASK, ROOT, wait_for
from images import Row
from playwright.sync_api import sync_playwright

from distribu.seed import DEMO_SLUG
from tests.servers import free_port

LIGHTHOUSE = "lighthouse@12.2.3"
RUNS = int(os.environ.get("LIGHTHOUSE_RUNS", "5"))
RUN_SECONDS = 300
LADDER_SECONDS = 900
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
# Audit, unit of the table, how many of Lighthouse's units that is, and the goal.
FIGURES = (
    ("largest-contentful-paint", "s", 1000, 1.2),
    ("cumulative-layout-shift", "", 1, 0),
    ("total-blocking-time", "ms", 1, 0),
)
# npm, Lighthouse and Chromium say nothing to anybody about themselves.
QUIET = {"PUPPETEER_SKIP_DOWNLOAD": "1", "npm_config_update_notifier": "false", "CI": "1"}


def main() -> None:
    script, chromium = lighthouse_script(), chromium_path()
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"DISTRIBU_INSTANCE": folder}
        compress = [*FLASK, "static", "compress"]
        subprocess.run(compress, cwd=ROOT, env=environment, check=True, capture_output=True)
        url = f"http://127.0.0.1:{free_port()}"
        command = [*FLASK, "serve", "--demo", "--port", url.rpartition(":")[2]]
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        try:
            wait_for(url)
            wait_for_ladders(url)
            for name, path in pages(url, chromium).items():
                reports = [run(script, chromium, url + path, Path(folder)) for _ in range(RUNS)]
                for row in rows(name, reports):
                    print(row, flush=True)
                for failure in sorted(set().union(*map(failures, reports))):
                    print(f"    {failure}", flush=True)
        finally:
            server.terminate()
            server.wait(30)


def wait_for_ladders(url: str) -> None:
    """Wait until every image of the demo has its sizes: a page that lacks them sends large ones."""
    deadline = time.monotonic() + LADDER_SECONDS
    while time.monotonic() < deadline:
        known = urllib3.request("GET", f"{url}/readyz", retries=False).json()["database"]
        if known.get("oldestUnfinishedImageSeconds") == 0:
            return
        time.sleep(1)
    raise SystemExit("the images of the demo are not made in time")


def lighthouse_script() -> Path:
    """Return Lighthouse's command, which npm gets where it is not there; or end with a reason."""
    folder = Path.home() / ".cache" / "distribu" / LIGHTHOUSE
    script = folder / "node_modules" / "lighthouse" / "cli" / "index.js"
    if not script.is_file():
        if not shutil.which("npm"):
            skip("npm is missing. Install Node.js 20 or newer.")
        command = ["npm", "install", "--silent", "--prefix", folder, LIGHTHOUSE]
        if subprocess.run(command, env=os.environ | QUIET, timeout=600, check=False).returncode:
            skip(f"{LIGHTHOUSE} cannot be had through npm.")
    return script


def chromium_path() -> str:
    """Return the path of the system's Chromium or Playwright's; or end with a reason."""
    if found := shutil.which("chromium"):
        return found
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else skip("Chromium is not installed.")


def skip(reason: str):
    print(f"Lighthouse was skipped: {reason}")
    raise SystemExit(0)


def pages(url: str, chromium: str) -> dict[str, str]:
    """The paths of the catalog and of its first product, by their names."""
    catalog = f"/store/{DEMO_SLUG}/catalog"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(url + catalog)
        product = page.locator(".card h2 a").first.get_attribute("href")
        browser.close()
    return {"catalog": catalog, "product page": product}


def run(script: Path, chromium: str, url: str, folder: Path) -> dict:
    """Return the report of one run with an empty cache."""
    report = folder / "report.json"
    command = ["node", script, url, "--output=json", f"--output-path={report}", "--quiet"]
    command += [f"--only-categories={','.join(CATEGORIES)}"]
    command += ["--chrome-flags=--headless=new --no-sandbox --disable-dev-shm-usage"]
    environment = os.environ | QUIET | {"CHROME_PATH": chromium}
    subprocess.run(command, env=environment, timeout=RUN_SECONDS, check=True)
    return json.loads(report.read_text())


def rows(name: str, reports: list[dict]) -> list[Row]:
    table = []
    for category in CATEGORIES:
        scores = [round(100 * one["categories"][category]["score"]) for one in reports]
        note = f"runs {scores}"
        table.append(Row(f"{name}, {category}", median(scores), 100, True, note))
    for audit, unit, scale, goal in FIGURES:
        values = [round(one["audits"][audit]["numericValue"] / scale, 3) for one in reports]
        title = f"{name}, {audit}{f', {unit}' if unit else ''}"
        table.append(Row(title, median(values), goal, note=f"runs {values}"))
    speeds = [round(one["environment"]["benchmarkIndex"]) for one in reports]
    return [*table, Row(f"{name}, speed of this machine", median(speeds), note=f"runs {speeds}")]


def failures(report: dict) -> set[str]:
    """Each audit with a weight that takes points off, and what it says."""
    audits = report["audits"]
    weighed = {
        reference["id"]
        for category in report["categories"].values()
        for reference in category["auditRefs"]
        if reference["weight"]
    }
    missed = [name for name in weighed if (audits[name]["score"] or 1) < 0.9]
    missed += [name for name in weighed if audits[name]["score"] == 0]
    return {
        f"{name}: {audits[name]['title']} {audits[name].get('displayValue', '')}" for name in missed
    }


if __name__ == "__main__":
    main()
