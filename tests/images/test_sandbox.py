"""Children that decode, die and are replaced."""

import itertools
import os
import re
import select
import signal
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile, TemporaryFile

import pytest
from PIL import Image

from distribu.images.decoding import starvation
from distribu.images.decoding.job_memory import job_bytes
from distribu.images.decoding.policies import MERCHANT, PUBLISHED, InvalidImage
from distribu.images.decoding.probe import ImageInfo, probe
from distribu.images.decoding.sandbox import (
    CPU_SECONDS,
    Sandbox,
    SandboxBusy,
    SandboxError,
    SandboxInterrupted,
)
from distribu.images.decoding.wire import send
from tests.images import image_files
from tests.images.image_files import jpeg, png
from tests.test_worker import wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def sandbox():
    sandbox = Sandbox(processes=2)
    yield sandbox
    sandbox.close()


def close(publication):
    publication.stable.file.close()
    publication.thumbnail.file.close()


def test_publish_answers_with_files(sandbox):
    publication = sandbox.publish(jpeg(640, 480), MERCHANT)
    assert (publication.info.width_px, publication.stable.content_type) == (640, "image/jpeg")
    assert Image.open(publication.stable.file).size == (640, 480)
    assert os.fstat(publication.stable.file.fileno()).st_nlink == 0
    publication.stable.file.seek(0)
    assert len(publication.stable.file.read()) == publication.stable.byte_size
    close(publication)


def test_derive_answers_with_the_rest(sandbox):
    derivatives = sandbox.derive(jpeg(640, 480), MERCHANT)
    sizes = {one.path: Image.open(one.file).size for one in derivatives}
    assert sizes["v2/100w.avif"] == (100, 75)
    assert "v2/300w.webp" not in sizes
    for one in derivatives:
        one.file.close()


def spooled(data):
    file = SpooledTemporaryFile(max_size=10_000_000)  # noqa: SIM115
    file.write(data)
    return file


def plain(data):
    file = TemporaryFile()  # noqa: SIM115
    file.write(data)
    return file


@pytest.mark.parametrize("kind", [BytesIO, spooled, plain])
def test_any_file_object_will_do_and_stays_readable(sandbox, kind):
    data = image_files.saved(image_files.noise(640, 480), "JPEG").getvalue()
    with kind(data) as file:
        publication = sandbox.publish(file, MERCHANT)
        file.seek(0)
        assert file.read() == data
    close(publication)


def test_refusal_travels_back(sandbox):
    file = image_files.truncated(image_files.saved(image_files.noise(640, 480), "JPEG"))
    with pytest.raises(InvalidImage) as caught:
        sandbox.publish(file, MERCHANT)
    assert caught.value.code == "damaged"


def wait_for_death(pid: int) -> None:
    """Wait until a child has ended, and leave it to the sandbox to learn of it."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_child_is_warm_for_the_next_job(sandbox):
    close(sandbox.publish(png(40, 30), MERCHANT))
    first = sandbox.pids()
    close(sandbox.publish(png(40, 30), MERCHANT))
    assert (len(first), sandbox.pids()) == (1, first)


def test_child_is_ended_after_a_large_job(sandbox, monkeypatch):
    # A limit that the test can reach.
    monkeypatch.setattr("distribu.images.decoding.sandbox.WARM_BYTES", 0)
    close(sandbox.publish(png(40, 30), MERCHANT))
    assert sandbox.pids() == []


def test_children_yield_to_the_process_that_says_so(sandbox):
    sandbox.niceness = 3
    close(sandbox.publish(png(20, 10), MERCHANT))
    [pid] = sandbox.pids()
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, pid) == min(own + 3, 19)


def test_child_that_died_idle_is_replaced(sandbox):
    close(sandbox.publish(png(40, 30), MERCHANT))
    (pid,) = sandbox.pids()
    os.kill(pid, signal.SIGKILL)
    wait_for_death(pid)
    publication = sandbox.publish(png(40, 30), MERCHANT)
    assert publication.info.width_px == 40
    close(publication)


def test_death_at_work_says_nothing_of_the_file(sandbox, monkeypatch):
    close(sandbox.publish(png(40, 30), MERCHANT))
    (pid,) = sandbox.pids()

    def send_and_kill(*message):
        os.kill(pid, signal.SIGSTOP)
        send(*message)
        os.kill(pid, signal.SIGKILL)

    with monkeypatch.context() as patch:
        # The child is killed from outside, just when it has its job.
        patch.setattr("distribu.images.decoding.child_process.send", send_and_kill)
        with pytest.raises(SandboxInterrupted):
            sandbox.publish(png(40, 30), MERCHANT)
    assert sandbox.pids() == []
    close(sandbox.publish(png(40, 30), MERCHANT))


def test_job_that_takes_too_long_is_ended(sandbox):
    close(sandbox.publish(png(4, 3), MERCHANT))
    (pid,) = sandbox.pids()
    os.kill(pid, signal.SIGSTOP)
    sandbox.job_seconds = 0.1
    with pytest.raises(SandboxInterrupted):
        sandbox.publish(png(4, 3), MERCHANT)
    assert is_gone(pid)


def test_job_that_had_no_cpu_is_ended_as_busy(sandbox, monkeypatch):
    close(sandbox.publish(png(4, 3), MERCHANT))
    (pid,) = sandbox.pids()
    os.kill(pid, signal.SIGSTOP)
    sandbox.job_seconds = 0.1
    told = itertools.count(step=600)
    # What the kernel says of a process that waits for a CPU.
    monkeypatch.setattr(starvation, "starved_seconds", lambda pid: next(told))
    with pytest.raises(SandboxBusy):
        sandbox.publish(png(4, 3), MERCHANT)
    assert is_gone(pid)


def test_cpu_limit_reached_alone_is_a_verdict(sandbox):
    sandbox.cpu_seconds = 0
    image = image_files.soft(4000, 4000)
    with pytest.raises(InvalidImage) as caught:
        sandbox.publish(image_files.saved(image, "WEBP", method=0), MERCHANT)
    assert caught.value.code == "undecodable"


@cache
def of_49_megapixels() -> bytes:
    return png(7000, 7000).getvalue()


@pytest.fixture
def hungry(monkeypatch) -> BytesIO:
    """A file that needs 200 MB where a child is allowed the slack of 192 alone, at each attempt."""
    # No file is known that needs more than its header admits, so the server allows too little.
    monkeypatch.setattr("distribu.images.decoding.sandbox.job_bytes", lambda info: 0)
    return BytesIO(of_49_megapixels())


def test_limit_reached_beside_other_jobs_is_tried_again_alone(sandbox, hungry):
    with ThreadPoolExecutor(1) as threads:
        with sandbox.slot(1):
            job = threads.submit(sandbox.publish, hungry, MERCHANT)
            assert wait_until(lambda: sandbox.waiting() == 1 or job.done())
            assert not job.done()
        with pytest.raises(InvalidImage) as caught:
            job.result()
    assert caught.value.code == "undecodable"


def test_nobody_at_a_page_waits_for_another_attempt(sandbox, hungry):
    with sandbox.slot(1), pytest.raises(SandboxInterrupted):
        sandbox.publish(hungry, MERCHANT, wait_seconds=1)


def test_slot_tells_whether_its_job_ran_alone(sandbox):
    with sandbox.slot(1) as first:
        assert first()
        with sandbox.slot(1) as second:
            assert (first(), second()) == (False, False)
        assert not first()
    with sandbox.slot(1) as third:
        assert third()


def test_child_leaves_the_end_of_a_service_to_its_server(sandbox):
    close(sandbox.publish(png(40, 30), MERCHANT))
    (pid,) = sandbox.pids()
    os.kill(pid, signal.SIGTERM)
    close(sandbox.publish(png(40, 30), MERCHANT))
    assert sandbox.pids() == [pid]


def test_job_may_use_so_much_memory_and_cpu(sandbox):
    close(sandbox.publish(png(400, 300), MERCHANT))
    limits = Path(f"/proc/{sandbox.pids()[0]}/limits").read_text()
    address_space = int(re.search(r"Max address space +(\d+)", limits)[1])
    cpu_seconds = int(re.search(r"Max cpu time +(\d+)", limits)[1])
    assert 200 < address_space / 1024**2 < 700
    assert CPU_SECONDS <= cpu_seconds <= CPU_SECONDS + 5


def test_more_memory_than_the_header_admits_is_refused(sandbox, hungry):
    with pytest.raises(InvalidImage) as caught:
        sandbox.publish(hungry, MERCHANT)
    assert caught.value.code == "undecodable"
    close(sandbox.publish(png(40, 30), MERCHANT))


def test_memory_grows_with_pixels_and_format():
    small, large = probe(png(40, 30), MERCHANT), probe(png(4000, 3000), MERCHANT)
    assert job_bytes(small) < job_bytes(large)
    baseline = probe(jpeg(400, 300), MERCHANT)
    progressive = probe(jpeg(400, 300, progressive=True), MERCHANT)
    assert job_bytes(baseline) < job_bytes(progressive)


@pytest.mark.parametrize("format", PUBLISHED.formats)
@pytest.mark.parametrize("is_multiscan", [False, True])
def test_no_legal_image_may_need_more_than_the_ceiling(format, is_multiscan):
    worst = ImageInfo(format, 7745, 7745, 1, 20_000_000, is_multiscan=is_multiscan)
    assert job_bytes(worst) <= 1200 * 1024 * 1024


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
@pytest.mark.parametrize("frames", [2, 4, 15, 100, 10_000])
def test_no_legal_animation_may_need_more_than_the_ceiling(format, frames):
    side = int((PUBLISHED.max_animation_pixels / frames) ** 0.5)
    worst = ImageInfo(format, side, side, frames, 20_000_000)
    assert job_bytes(worst) <= 1200 * 1024 * 1024


def test_memory_grows_with_frames():
    still, moving = (ImageInfo("GIF", 2000, 2000, frames, 1000) for frames in (1, 20))
    assert job_bytes(moving) > job_bytes(still) + 20 * 2000 * 2000 * 4


def test_threads_share_the_children(sandbox):
    files = [jpeg(640 + number, 480) for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda file: sandbox.publish(file, MERCHANT), files))
    assert [publication.info.width_px for publication in made] == list(range(640, 648))
    assert len(sandbox.pids()) <= 2
    for publication in made:
        close(publication)


def test_jobs_wait_for_memory_in_the_order_of_arrival():
    sandbox = Sandbox(processes=8, memory_bytes=100)
    entered = []

    def enter(needed_bytes):
        with sandbox.slot(needed_bytes):
            entered.append(needed_bytes)

    with ThreadPoolExecutor(3) as threads, sandbox.slot(60):
        # 50 does not fit beside 60; 10 would, but came later; 500 works alone.
        for waiting, needed_bytes in enumerate([50, 10, 500], start=1):
            threads.submit(enter, needed_bytes)
            assert wait_until(lambda: sandbox.waiting() == waiting)  # noqa: B023
        assert entered == []
    assert entered[-1] == 500
    assert sorted(entered) == [10, 50, 500]


def test_who_waits_too_long_gives_its_place_up(sandbox):
    with sandbox.slot(10**12):
        with pytest.raises(SandboxBusy):
            sandbox.publish(png(40, 30), MERCHANT, wait_seconds=0.01)
        assert sandbox.waiting() == 0
    close(sandbox.publish(png(40, 30), MERCHANT, wait_seconds=0.01))


def test_job_after_a_failed_one_has_its_turn(sandbox):
    with pytest.raises(ZeroDivisionError), sandbox.slot(10**12):
        raise ZeroDivisionError
    close(sandbox.publish(png(40, 30), MERCHANT))


def test_child_that_cannot_start_is_no_fault_of_the_image(sandbox, monkeypatch):
    # Python, if it were not there or ended at once.
    monkeypatch.setattr("sys.executable", "/nonexistent/python")
    with pytest.raises(SandboxError):
        sandbox.publish(png(40, 30), MERCHANT)
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(SandboxError):
        sandbox.publish(png(40, 30), MERCHANT)


def test_child_knows_no_secret_and_no_application(sandbox, monkeypatch):
    monkeypatch.setenv("DISTRIBU_SECRET_KEY", "open sesame")
    close(sandbox.publish(png(40, 30), MERCHANT))
    (pid,) = sandbox.pids()
    assert b"sesame" not in Path(f"/proc/{pid}/environ").read_bytes()
    assert "sqlite" not in Path(f"/proc/{pid}/maps").read_text()


def test_close_ends_the_children(sandbox):
    close(sandbox.publish(png(40, 30), MERCHANT))
    (pid,) = sandbox.pids()
    sandbox.close()
    assert is_gone(pid)


SERVER = """
import os, signal, sys
from distribu.images.decoding.policies import MERCHANT
from distribu.images.decoding.sandbox import Sandbox
from tests.images.image_files import png
sandbox = Sandbox()
publication = sandbox.publish(png(40, 30), MERCHANT)
child = sandbox.pids()[0]
print(child, flush=True)
sys.stdin.readline()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_children_end_when_the_server_is_killed():
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    with server:
        child = os.pidfd_open(int(server.stdout.readline()))
        server.stdin.write("now\n")
    # A descriptor of a process can be read once it has ended.
    ended, _, _ = select.select([child], [], [], 10)
    os.close(child)
    assert ended


def test_fork_leaves_the_children_to_the_parent(sandbox):
    close(sandbox.publish(png(40, 30), MERCHANT))
    before = sandbox.pids()
    with warnings.catch_warnings():
        # Python warns of forking beside threads; this child of ours only looks and leaves.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        os._exit(0 if sandbox.pids() == [] else 1)
    _, status = os.waitpid(pid, 0)
    assert status == 0
    close(sandbox.publish(png(40, 30), MERCHANT))
    assert sandbox.pids() == before
