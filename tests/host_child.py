"""A host of several: a process with an instance folder of its own, for test_several_hosts.py.

Its settings are in the environment, as an operator sets them. Each line
of standard input asks for one thing, and each line of standard output
answers it: a request, or the work of a worker.
"""

import hashlib
import json
import sys
from io import BytesIO

from flask import Flask
from flask.testing import FlaskClient

from distribu import create_app
from tests.conftest import run_queue
from tests.images.image_files import png


def answer(app: Flask, client: FlaskClient, asked: dict) -> dict:
    if "work" in asked:
        return {"done": run_queue(app, tasks=asked["work"])}
    fields = dict(asked.get("data", {}))
    if size := asked.get("image"):
        fields["image"] = (BytesIO(png(*size).getvalue()), "widget.png")
    headers = {"Cookie": asked["cookie"]} if "cookie" in asked else {}
    response = client.open(
        asked["path"], method=asked.get("method", "GET"), data=fields or None, headers=headers
    )
    return {
        "status": response.status_code,
        "cookie": "; ".join(one.split(";")[0] for one in response.headers.getlist("Set-Cookie")),
        "text": response.get_data(as_text=True) if response.mimetype == "text/html" else "",
        "sha256": hashlib.sha256(response.data).hexdigest(),
    }


def main() -> None:
    app = create_app({"TESTING": True, "WTF_CSRF_ENABLED": False})
    client = app.test_client(use_cookies=False)
    for line in sys.stdin:
        print(json.dumps(answer(app, client, json.loads(line))), flush=True)
    app.extensions["image_sandbox"].close()


if __name__ == "__main__":
    main()
