"""The ASGI application in front of the Flask application."""

import asyncio
import logging
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import nullcontext
from contextvars import copy_context

from flask import Flask, Request
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    RequestEntityTooLarge,
    RequestTimeout,
    ServiceUnavailable,
)

from . import gateway
from .bodies import (
    RETRY_SECONDS,
    STRANGER_BYTES,
    Body,
    Budget,
    Receive,
    Refused,
    Share,
    without_body,
)
from .lanes import LONG_ANSWERS, Lanes, TooManyLongAnswers, lane_of
from .patience import SEND_SECONDS, Patience
from .proxies import ANSWER, QUESTION, forwarded_addresses, is_our_question

log = logging.getLogger(__name__)

Send = Callable[[dict], Awaitable[None]]

# The form of an API key; whether it is valid is checked by the application.
KEY = re.compile(rb"(?i:bearer) +dk_[\w-]{20,100}")
QUESTION_VARIABLE = f"HTTP_{QUESTION.upper().replace('-', '_')}"
BUSY = "Other long downloads are under way. Try again in a minute."
BODILESS = {"GET", "HEAD", "OPTIONS", "TRACE"}


class Front:
    """Reads requests and sends responses without holding a thread of the application.

    wait_for_end: blocks until this process is to end; clients get little time after that.
    """

    def __init__(self, app: Flask, wait_for_end: Callable[[], object] | None = None):
        self._app = app
        self._wait_for_end = wait_for_end
        spool_bytes = app.config["SPOOL_BYTES"]
        self._budget = Budget(spool_bytes)
        # Answers that slow clients take. A proxy may ask for many at a time, from one address.
        self._kept = Budget(spool_bytes, spool_bytes // 2)
        self._patience = Patience()
        self._lanes = Lanes()

    async def __call__(self, scope: dict, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] == "lifespan.startup":
            if self._wait_for_end:
                loop = asyncio.get_running_loop()
                threading.Thread(target=self._watch_end, args=[loop], daemon=True).start()
            await send({"type": "lifespan.startup.complete"})
        await send({"type": f"{message['type']}.complete"})

    def _watch_end(self, loop: asyncio.AbstractEventLoop) -> None:
        assert self._wait_for_end is not None
        self._wait_for_end()
        loop.call_soon_threadsafe(self._patience.end)

    async def _serve(self, scope: dict, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        length = _length(headers)
        if not _has_body(scope, headers):
            environ = gateway.environ_of(scope, without_body(), length)
            return await self._answer(scope, send, environ)
        max_bytes = self._max_bytes(scope, length)
        body = Body(receive, length, max_bytes, self._budget, self._address(scope))
        try:
            await body.read(self._patience)
            environ = gateway.environ_of(scope, body.spool, body.byte_size)
            await self._answer(scope, send, environ, arrived=body)
        except (RequestEntityTooLarge, ServiceUnavailable) as refusal:
            # A client that sent Expect waits for permission to send, so there is nothing to drain.
            is_coming = body.is_begun or b"expect" not in headers
            environ = gateway.environ_of(scope, Refused(refusal), length)
            await self._answer(scope, send, environ, drained=body if is_coming else None)
        except (RequestTimeout, BadRequest) as refusal:
            await self._refuse(send, refusal)
        finally:
            body.close()

    def _max_bytes(self, scope: dict, length: int | None) -> int:
        """Return the largest body that this sender may send, depending on its session or key."""
        is_short = length is not None and length <= STRANGER_BYTES
        if is_short or not (self._has_key(scope) or self._has_session(scope)):
            return STRANGER_BYTES
        return self._app.config["MAX_CONTENT_LENGTH"]

    def _has_key(self, scope: dict) -> bool:
        return any(
            name == b"authorization" and KEY.fullmatch(value) for name, value in scope["headers"]
        )

    def _has_session(self, scope: dict) -> bool:
        """Return whether the request has a session signed for a user, even an ended one."""
        request = Request(gateway.environ_of(scope, without_body(), None))
        session = self._app.session_interface.open_session(self._app, request)
        return bool(session and session.get("_user_id"))

    def _address(self, scope: dict) -> str:
        """Return the client's address, as the trusted proxies report it."""
        trusted = self._app.config["TRUSTED_PROXIES"]
        named = forwarded_addresses(scope["headers"])
        is_named = trusted and len(named) >= trusted
        return named[-trusted] if is_named else scope["client"][0]

    async def _answer(
        self,
        scope: dict,
        send: Send,
        environ: dict,
        arrived: Body | None = None,
        drained: Body | None = None,
    ) -> None:
        """Run the application and send its response; then discard the rest of drained."""
        question = environ.get(QUESTION_VARIABLE)
        if question and is_our_question(question, self._app.config["SECRET_KEY"]):
            return await self._count_proxies(scope, send)
        kind = environ.get("CONTENT_TYPE", "")
        lane = lane_of(environ["REQUEST_METHOD"], environ["PATH_INFO"], kind)
        share = Share(self._kept, self._address(scope))
        try:
            async with self._lanes.turn(lane):
                await self._run(send, environ, lane, share, arrived, drained)
        except TooManyLongAnswers:
            await self._refuse(send, ServiceUnavailable(BUSY, retry_after=RETRY_SECONDS))
        except ServiceUnavailable as refusal:
            await self._refuse(send, refusal)

    async def _run(
        self,
        send: Send,
        environ: dict,
        lane: str,
        share: Share,
        arrived: Body | None,
        drained: Body | None,
    ) -> None:
        context = copy_context()
        answer = await self._lanes.run(lane, context, gateway.run, self._app, environ, share)
        if arrived and not answer.is_long:
            arrived.close()
        # A response that only now proves to be long has a cursor open, and must not wait with it.
        is_late = answer.is_long and lane != LONG_ANSWERS
        lane = LONG_ANSWERS if is_late else lane
        try:
            async with self._lanes.turn(lane, 0) if is_late else nullcontext():
                await self._send(send, answer, self._pieces(answer, lane, context), drained)
        except TimeoutError:
            log.info("A client took its answer too slowly, and was left.")
        finally:
            if answer.rest:
                await self._lanes.run(lane, context, answer.close)

    async def _send(
        self, send: Send, answer: gateway.Answer, pieces: AsyncIterator[bytes], drained: Body | None
    ) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": answer.headers,
            }
        )
        is_short = not answer.rest and len(answer.held) <= gateway.PIECE_BYTES and not drained
        if is_short:
            return await self._send_piece(send, answer.held, more_body=False)
        async for piece in pieces:
            await self._send_piece(send, piece)
        if drained:
            await drained.drain(self._patience)
        await self._send_piece(send, b"", more_body=False)

    async def _send_piece(self, send: Send, piece: bytes, more_body: bool = True) -> None:
        async with self._patience.until(asyncio.get_running_loop().time() + SEND_SECONDS):
            await send({"type": "http.response.body", "body": piece, "more_body": more_body})

    async def _pieces(self, answer: gateway.Answer, lane: str, context) -> AsyncIterator[bytes]:
        """Yield the bytes of a response in the pieces in which they are sent."""
        for piece in _cut(answer.held):
            yield piece
        while answer.rest and (data := await self._lanes.run(lane, context, answer.read_on)):
            for piece in _cut(data):
                yield piece

    async def _count_proxies(self, scope: dict, send: Send) -> None:
        """Answer the signed request of flask check with the number of proxy addresses in it."""
        count = len(forwarded_addresses(scope["headers"]))
        headers = [(ANSWER.encode(), b"%d" % count), (b"cache-control", b"no-store")]
        answer = gateway.Answer(204, headers, b"", None, False, lambda: None)
        await self._send(send, answer, self._pieces(answer, "", None), None)

    async def _refuse(self, send: Send, refusal: HTTPException) -> None:
        """Send one line that says why the application does not run."""
        line = f"{refusal.description}\n".encode()
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(line))]
        if seconds := getattr(refusal, "retry_after", None):
            headers.append((b"retry-after", b"%d" % seconds))
        answer = gateway.Answer(refusal.code or 500, headers, line, None, False, lambda: None)
        await self._send(send, answer, self._pieces(answer, "", None), None)


def _length(headers: dict[bytes, bytes]) -> int | None:
    """Return the declared length of the body; None if it is chunked or there is none."""
    value = headers.get(b"content-length", b"")
    return int(value) if value.isdigit() else None


def _has_body(scope: dict, headers: dict[bytes, bytes]) -> bool:
    if b"content-length" in headers:
        return _length(headers) != 0
    # Only HTTP/2 may omit both headers.
    is_open = scope["http_version"].startswith("2") and scope["method"] not in BODILESS
    return is_open or b"transfer-encoding" in headers


def _cut(data: bytes) -> list[bytes]:
    size = gateway.PIECE_BYTES
    return [data[start : start + size] for start in range(0, len(data), size)]
