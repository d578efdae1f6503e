"""A flask worker that one image kills, or stops, while a child decodes it.

Arguments: the signal, and the step of the decoder at which it comes
("publish" or "derive"), or "put" for after the first object of a step
has been put. The image is the one whose file ends in POISON.
"""

import os
import signal
import sys

from flask.cli import main as flask

from distribu.images import writing
from distribu.images.decoding import child_process

POISON = b"poison"


def decoding(step: str, number: int) -> None:
    """The signal comes once the child has the image."""
    send = child_process.send

    def send_and_die(connection, job, descriptors):
        send(connection, job, descriptors)
        if job["task"] == step and is_poisoned(descriptors[0]):
            os.kill(os.getpid(), number)

    child_process.send = send_and_die


def putting(number: int) -> None:
    """The signal comes once something of any image has been put."""
    put_all = writing.Writer.put_all

    def put_one_and_die(writer, derivatives):
        put_all(writer, list(derivatives)[:1])
        os.kill(os.getpid(), number)

    writing.Writer.put_all = put_one_and_die


def is_poisoned(upload: int) -> bool:
    return os.pread(upload, len(POISON), os.fstat(upload).st_size - len(POISON)) == POISON


def main(signal_name: str, step: str) -> None:
    number = signal.Signals[signal_name]
    if step == "put":
        putting(number)
    else:
        decoding(step, number)
    sys.argv = ["flask", "--app", "distribu", "worker"]
    flask()


if __name__ == "__main__":
    main(*sys.argv[1:])
