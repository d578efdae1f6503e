"""The worker process that flask serve runs beside its web processes."""

import logging
import subprocess
import sys
import threading
import time

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "flask", "--app", "distribu", "worker", "--embedded")
# Minimum interval between starts, in case the worker dies immediately.
RESTART_SECONDS = 5


class Companion:
    """One flask worker, restarted when it dies, which ends with this process in any case."""

    def __init__(self, stop_seconds: float):
        self._stop_seconds = stop_seconds
        self._is_over = threading.Event()
        self._starting = threading.Lock()
        self._watcher = threading.Thread(target=self._keep_running, daemon=True)

    def start(self) -> None:
        self._start_process()
        self._watcher.start()

    def end(self) -> None:
        """Tell the worker to end, without waiting for it."""
        with self._starting:
            self._is_over.set()
        self._process.terminate()

    def stop(self) -> None:
        """End the worker and wait; the sweep at the next start finishes interrupted work."""
        self.end()
        try:
            self._process.wait(self._stop_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._watcher.join()

    def _start_process(self) -> None:
        with self._starting:
            if self._is_over.is_set():
                return
            self._started_at = time.monotonic()
            self._process = subprocess.Popen(
                COMMAND,
                # The worker ends when this pipe closes, which it does when this process ends.
                stdin=subprocess.PIPE,
                # Keep Ctrl-C from the worker, and let the kernel schedule it as its own session.
                start_new_session=True,
            )

    def _keep_running(self) -> None:
        while not self._is_over.is_set():
            status = self._process.wait()
            assert self._process.stdin is not None
            self._process.stdin.close()
            pause = self._started_at + RESTART_SECONDS - time.monotonic()
            if not self._is_over.wait(max(0, pause)):
                log.warning("The worker ended with %s and is started again.", status)
                self._start_process()
