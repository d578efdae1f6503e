"""The sign-in page while many clients send or read slowly, and what the front costs.

Run from the checkout: python tests/bench/slow_clients.py. One `flask serve` with all that it
embeds, on this machine together with its clients. Beside it, for the speed alone: the
application in the same server without the front, with four threads (WSGI).
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from statistics import quantiles

sys.path.insert(0, str(Path(__file__).parents[2]))

import urllib3
from flask_migrate import upgrade

from distribu import create_app
from distribu.extensions import db
from tests.conftest import settings
from tests.servers import free_port
from tests.serving.front import HTTP2_PREFACE, Shop, Wire, serving_shop, silent_stream
from tests.serving.test_front import SLOW
from tests.test_worker import environment, wait_until

SAMPLES = 200
# What a crowd has sent by then is done with, and from then on it only keeps the server waiting.
SETTLE_SECONDS = 2
CLIENTS = 4
TURNS = 3
TURN_SECONDS = 3
GOAL, FLOOR, END_SECONDS = 2.0, 0.75, 10

WITHOUT_FRONT = """
import sys
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

def load():
    from distribu import create_app
    return create_app()

Granian("distribu", port=int(sys.argv[1]), interface=Interfaces.WSGI, blocking_threads=4,
        websockets=False, log_level=LogLevels.error).serve(target_loader=load, wrap_loader=False)
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = migrated(Path(folder, "migrated.db"))
        shop_folder = Path(folder, "shop")
        shop_folder.mkdir()
        with serving_shop(shop_folder, database) as shop:
            calm = p95(shop)
            print(f"/login alone: p95 {calm:.1f} ms")
            for name, crowd in CROWDS.items():
                with ExitStack() as stack:
                    crowd(shop, stack)
                    time.sleep(SETTLE_SECONDS)
                    ratio = p95(shop) / calm
                print(f"  beside {name}: {ratio:.2f} of that (goal {GOAL})")
            compare_speed(shop)
            print(f"HTTP/2 to a peer that is gone: {seconds_of_a_dead_peer(shop):.0f} s (goal 60)")
            print(f"of two that start at once, {winners(shop)} gets the port (goal 1)")
            print(
                f"SIGTERM with a silent upload: {seconds_to_end(shop):.1f} s (goal {END_SECONDS})"
            )


def migrated(path: Path) -> Path:
    app = create_app(settings(path.parent, SQLALCHEMY_DATABASE_URI=f"sqlite:///{path}"))
    with app.app_context():
        upgrade()
        db.session.execute(db.text("PRAGMA wal_checkpoint(TRUNCATE)"))
        db.engine.dispose()
    return path


def p95(shop: Shop) -> float:
    """Milliseconds of the sign-in page, on one connection that is kept."""
    with urllib3.PoolManager(timeout=60, retries=False) as http:
        times = []
        for _ in range(SAMPLES):
            started = time.perf_counter()
            assert http.request("GET", f"{shop.url}/login").status == 200
            times.append(1000 * (time.perf_counter() - started))
    return quantiles(times, n=20)[-1]


def open_wires(shop: Shop, stack: ExitStack, count: int) -> list[Wire]:
    return [stack.enter_context(closing(shop.connect())) for _ in range(count)]


def crowd_of(kind: str, count: int) -> Callable:
    def gather(shop: Shop, stack: ExitStack) -> None:
        for wire in open_wires(shop, stack, count):
            wire.write(*SLOW[kind])

    return gather


def readers(shop: Shop, stack: ExitStack) -> None:
    head = f"GET /{shop.image_key} HTTP/1.1\nHost: shop\n\n"
    for wire in open_wires(shop, stack, 200):
        wire.write(head * 3)


def exporters(shop: Shop, stack: ExitStack) -> None:
    cookie = shop.cookie(shop.cast.mallory)
    head = f"GET /dashboard/inventory/export HTTP/1.1\nHost: shop\nCookie: {cookie}\n\n"
    for wire in open_wires(shop, stack, 40):
        wire.write(head * 3)


def streams(shop: Shop, stack: ExitStack) -> None:
    sent = b"".join(silent_stream(number) for number in range(1, 200, 2))
    for wire in open_wires(shop, stack, 10):
        wire.write("", HTTP2_PREFACE + sent)


def drips(shop: Shop, stack: ExitStack) -> None:
    wires = open_wires(shop, stack, 200)
    for wire in wires:
        wire.write(*SLOW["silent uploads"])
    is_over = threading.Event()

    def drip() -> None:
        while not is_over.wait(1):
            for wire in wires:
                wire.write("", b"a")

    thread = threading.Thread(target=drip)
    thread.start()
    stack.callback(thread.join)
    stack.callback(is_over.set)


CROWDS = {
    "4 silent forms": crowd_of("silent forms", 4),
    "1,000 silent forms": crowd_of("silent forms", 1000),
    "1,000 slow headers": crowd_of("slow headers", 1000),
    "3,000 idle connections": crowd_of("idle connections", 3000),
    "1,000 silent streams of HTTP/2": streams,
    "200 uploads of a byte a second": drips,
    "200 readers that read nothing": readers,
    "40 readers of exports that read nothing": exporters,
}


def compare_speed(shop: Shop) -> None:
    """Requests a second, in turns with and without the front."""
    with without_front(shop) as other:
        for name, path in {
            "catalog": "/store/acme/catalog",
            "image": f"/{shop.image_key}",
            "/login": "/login",
        }.items():
            pairs = [(rate(other + path), rate(shop.url + path)) for _ in range(TURNS)]
            best = max(new for _, new in pairs) / max(old for old, _ in pairs)
            print(f"{name}, of the application without the front: {best:.2f} (goal {FLOOR})")


@contextmanager
def without_front(shop: Shop) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-c", WITHOUT_FRONT, str(port)]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(command, env=environment(shop.app), cwd=root)
    try:
        assert wait_until(lambda: is_up(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def is_up(port: int) -> bool:
    try:
        return urllib3.request("GET", f"http://127.0.0.1:{port}/login", retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def rate(url: str) -> float:
    """Answers a second to CLIENTS clients on kept connections."""
    end = time.monotonic() + TURN_SECONDS

    def ask(_number: int) -> int:
        count = 0
        with urllib3.PoolManager(timeout=60, retries=False) as http:
            while time.monotonic() < end:
                assert http.request("GET", url).status == 200
                count += 1
        return count

    with ThreadPoolExecutor(CLIENTS) as clients:
        return sum(clients.map(ask, range(CLIENTS))) / TURN_SECONDS


def seconds_to_end(shop: Shop) -> float:
    with closing(shop.connect()) as wire:
        wire.write(*SLOW["silent uploads"])
        started = time.monotonic()
        os.kill(shop.served.process.pid, signal.SIGTERM)
        shop.served.process.wait(60)
        return time.monotonic() - started


def seconds_of_a_dead_peer(shop: Shop) -> float:
    """Return when the server closes a connection whose other end answers no ping."""
    with closing(shop.connect()) as wire:
        wire.socket.settimeout(120)
        started = time.monotonic()
        wire.write("", HTTP2_PREFACE).read_all()
        return time.monotonic() - started


def winners(shop: Shop) -> int:
    """Start two servers on one port at once; return how many say where they are."""
    command = [sys.executable, "-m", "flask", "--app", "distribu", "serve", "--port"]
    command.append(str(free_port()))
    root, options = Path(__file__).parents[2], {"stdout": subprocess.PIPE, "text": True}
    env = environment(shop.app)
    both = [subprocess.Popen(command, env=env, cwd=root, **options) for _ in range(2)]
    # The one that may stay says where it is; the other one ends, and says nothing there.
    said = [process.stdout.readline() for process in both]
    for process in both:
        process.terminate()
        process.wait(60)
        process.stdout.close()
    return sum(map(bool, said))


if __name__ == "__main__":
    main()
