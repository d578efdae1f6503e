"""A TCP gate in front of a server: open, cut off, or silent."""

import asyncio
import threading
from contextlib import suppress

OPEN, CUT, SILENT = "open", "cut", "silent"
_PIECE = 65536


class TcpGate:
    """Passes connections on to a server on this machine, as long as its mode is OPEN.

    CUT breaks every connection and refuses new ones at once, as a server
    that was stopped does. SILENT accepts and passes nothing on, as one
    behind a broken network; what was sent meanwhile arrives afterwards.
    """

    def __init__(self, server_port: int):
        self._server_port, self._mode = server_port, OPEN
        self._tasks: set[asyncio.Task] = set()
        self._loop = asyncio.new_event_loop()
        self._is_heard = asyncio.Event()
        self._is_heard.set()
        listening = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = listening.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def set(self, mode: str) -> None:
        """Let the gate be OPEN, CUT or SILENT from now on."""
        asyncio.run_coroutine_threadsafe(self._set(mode), self._loop).result()

    def close(self) -> None:
        self.set(CUT)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, coroutine):
        return self._loop.run_until_complete(coroutine)

    async def _set(self, mode: str) -> None:
        self._mode = mode
        (self._is_heard.clear if mode == SILENT else self._is_heard.set)()
        if mode == CUT:
            for task in list(self._tasks):
                task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            if self._mode != CUT:
                await self._pass_on(reader, writer)
        except (OSError, asyncio.CancelledError):
            # The gate was cut, or one of the two has gone.
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._is_heard.wait()
        there, back = await asyncio.open_connection("127.0.0.1", self._server_port)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._copy(reader, back))
                both.create_task(self._copy(there, writer))
        except* OSError:
            pass
        finally:
            back.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(_PIECE):
            await self._is_heard.wait()
            writer.write(piece)
            await writer.drain()
        with suppress(OSError):
            writer.write_eof()
