"""The doors that a client of a soak run uses: a browser's, and a program's with a key."""

import re
from collections import Counter

import urllib3

PATIENCE_SECONDS = 30
INVENTORY = "/dashboard/inventory"
PRODUCTS, IMAGES = "/api/v1/products", "/1.0/commerce/products"
DONE, REFUSED, UNKNOWN = "done", "refused", "without a known outcome"
_TOKEN = re.compile('name="csrf_token" value="([^"]+)"')
_VERSION = re.compile(r'name="version"[^>]* value="(\d+)"')
_IMAGE_ID = re.compile(r'name="image_id"[^>]* value="(\w+)"')


class Unanswered(Exception):
    """The shop or a part of it is away, so a client cannot go on."""


class Doors:
    """Requests of one client. outcomes: how they ended; wrong: answers that no outage excuses."""

    def __init__(self, url: str, cookie: str, key: str):
        self._url = url
        self._http = urllib3.PoolManager(timeout=PATIENCE_SECONDS, retries=False)
        self._cookie, self._bearer = {"Cookie": cookie}, {"Authorization": f"Bearer {key}"}
        self._token = ""
        self.outcomes: Counter[str] = Counter()
        self.wrong: list[str] = []

    # Requests that change something

    def post(self, path: str, fields: dict) -> str:
        """Send a form of the dashboard; return how that ended."""
        return self._outcome(self.form(path, fields))

    def send(self, method: str, path: str, body: dict | None = None) -> str:
        """Send a request of an API; return how that ended."""
        options = {} if body is None else {"json": body}
        return self._outcome(self._ask(method, path, self._bearer, **options))

    def upload(self, product_id: str, file: bytes) -> tuple[str, str]:
        """Give a product another image; return how that ended, and the id of the image."""
        part = {"file": ("sent.png", file)}
        answer = self._ask("POST", f"{IMAGES}/{product_id}/images", self._bearer, fields=part)
        outcome = self._outcome(answer)
        return outcome, answer.json()["imageId"] if outcome == DONE else ""

    def form(self, path: str, fields: dict) -> urllib3.BaseHTTPResponse | None:
        fields = fields | {"csrf_token": self._csrf_token()}
        return self._ask("POST", path, self._cookie, fields=fields)

    # Values that a client needs before it can go on. Each raises Unanswered.

    def chosen(self, file: bytes) -> str:
        """The id of an image that was chosen in a form."""
        answer = self.form(f"{INVENTORY}/image/preview", {"image": ("a.png", file)})
        return _found(_IMAGE_ID, answer)

    def version(self, product_id: str) -> str:
        """Return the version that a form opened now carries."""
        return _found(_VERSION, self.page(f"{INVENTORY}/{product_id}/edit"))

    def page(self, path: str) -> urllib3.BaseHTTPResponse | None:
        return self._ask("GET", path, self._cookie)

    def new_product(self, name: str) -> str:
        """The id of a new product without an image."""
        body = {"name": name, "price": 1, "stock": 1}
        return _json(self._ask("POST", PRODUCTS, self._bearer, json=body), 201)["data"]["id"]

    def product_id(self, name: str) -> str:
        answer = self._ask("GET", f"{PRODUCTS}?search={name}", self._bearer)
        [found] = _json(answer, 200)["data"]
        return found["id"]

    def image_ids(self, product_id: str) -> list[str]:
        answer = self._ask("GET", f"{IMAGES}/{product_id}", self._bearer)
        return [image["id"] for image in _json(answer, 200)["products"][0]["images"]]

    def _csrf_token(self) -> str:
        if not self._token:
            answer = self.page(f"{INVENTORY}/new")
            self._token = _found(_TOKEN, answer)
            if cookie := answer.headers.get("Set-Cookie"):
                self._cookie = {"Cookie": cookie.partition(";")[0]}
        return self._token

    def _outcome(self, answer: urllib3.BaseHTTPResponse | None) -> str:
        outcome = REFUSED
        if answer is None or answer.status >= 500:
            outcome = UNKNOWN
        elif answer.status < 400:
            outcome = DONE
        self.outcomes[outcome] += 1
        return outcome

    def _ask(
        self, method: str, path: str, headers: dict, **options
    ) -> urllib3.BaseHTTPResponse | None:
        path = path.removeprefix(self._url)
        options = {"headers": headers, "redirect": False} | options
        try:
            answer = self._http.request(method, self._url + path, **options)
        except urllib3.exceptions.NewConnectionError as error:
            # Nothing was sent, so nothing has happened.
            raise Unanswered from error
        except urllib3.exceptions.HTTPError:
            return None
        if answer.status >= 500 and answer.status != 503:
            self.wrong.append(f"answered {answer.status}: {method} {path}")
        return answer


def _found(pattern: re.Pattern, answer: urllib3.BaseHTTPResponse | None) -> str:
    found = answer and answer.status == 200 and pattern.search(answer.data.decode())
    if not found:
        raise Unanswered
    return found[1]


def _json(answer: urllib3.BaseHTTPResponse | None, expected: int) -> dict:
    if answer is None or answer.status != expected:
        raise Unanswered
    return answer.json()
