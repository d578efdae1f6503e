"""A sandbox that fails, or does something else, when it is asked for a job."""

from collections.abc import Callable

from flask import Flask

from distribu.images.decoding.sandbox import Sandbox
from distribu.images.decoding.wire import Derivative, Publication


class FlakySandbox:
    """Pass every job on to sandbox, except that then() runs before the chosen ones.

    at: "publish" or "derive". then: returns for the job to be done, or raises.
    close() does nothing: the children are shared with other tests.
    """

    def __init__(self, sandbox: Sandbox, at: str, then: Callable[[], object]):
        self.sandbox, self.at, self.then = sandbox, at, then

    def publish(self, *arguments, **options) -> Publication:
        return self._pass_on("publish", *arguments, **options)

    def derive(self, *arguments, **options) -> list[Derivative]:
        return self._pass_on("derive", *arguments, **options)

    def close(self) -> None:
        pass

    def _pass_on(self, job: str, *arguments, **options):
        if self.at == job:
            self.then()
        return getattr(self.sandbox, job)(*arguments, **options)


def make_flaky(app: Flask, at: str, then: Callable[[], object] | BaseException) -> FlakySandbox:
    """Have the app use a flaky sandbox until the end of the test. then: an error is raised."""

    def fail() -> None:
        raise then

    flaky = FlakySandbox(app.extensions["image_sandbox"], at, then if callable(then) else fail)
    app.extensions["image_sandbox"] = flaky
    return flaky
