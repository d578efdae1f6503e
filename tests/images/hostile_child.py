"""A confined process that tries what a hostile file might; prints for each whether it was denied.

Arguments: the process of the server, a file to read, a folder, a read-only descriptor of an upload.
"""

import ctypes
import json
import mmap
import os
import resource
import signal
import socket
import sys

from distribu.images.decoding.confinement import confine

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER, PTRACE_ATTACH = 0x10000000, 16


def call(number: int, *arguments) -> None:
    if LIBC.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "denied")


def forked() -> None:
    if os.fork() == 0:
        os._exit(0)


def executable_memory() -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def connected(family: int, address) -> None:
    with socket.socket(family) as one:
        one.connect(address)


def listening() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()


def actions(server: int, secret: str, folder: str, upload: int) -> dict:
    inside = os.path.join(folder, "made")
    return {
        "read-a-file": lambda: open(secret).close(),
        "overwrite-a-file": lambda: open(secret, "r+b").close(),
        "create-a-file": lambda: open(inside, "w").close(),
        "delete-a-file": lambda: os.unlink(secret),
        "rename-a-file": lambda: os.rename(secret, inside),
        "truncate-a-file": lambda: os.truncate(secret, 0),
        "link-a-file": lambda: os.link(secret, inside),
        "symlink": lambda: os.symlink(secret, inside),
        "change-mode": lambda: os.chmod(secret, 0o777),
        "change-owner": lambda: os.chown(secret, 0, 0),
        "make-a-folder": lambda: os.mkdir(inside),
        "list-a-folder": lambda: os.listdir(folder),
        "make-a-device": lambda: os.mknod(inside),
        "change-root": lambda: os.chroot(folder),
        "change-folder": lambda: os.chdir(folder),
        "connect": lambda: connected(socket.AF_INET, ("127.0.0.1", 9)),
        "connect-to-a-path": lambda: connected(socket.AF_UNIX, inside),
        "connect-abstract": lambda: connected(socket.AF_UNIX, "\0distribu"),
        "listen": listening,
        "raw-socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
        "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
        "execute": lambda: os.execv("/bin/true", ["true"]),
        "fork": forked,
        "user-namespace": lambda: call(272, CLONE_NEWUSER),
        "trace-the-server": lambda: call(101, PTRACE_ATTACH, server, 0, 0),
        "read-memory-of-the-server": lambda: call(310, server, None, 0, None, 0, 0),
        "environment-of-the-server": lambda: open(f"/proc/{server}/environ").close(),
        "signal-the-server": lambda: os.kill(server, 0),
        "signal-by-descriptor": lambda: os.pidfd_open(server),
        "lift-limits": lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)),
        "limits-of-the-server": lambda: resource.prlimit(server, resource.RLIMIT_CPU),
        "io-uring": lambda: call(425, 8, ctypes.create_string_buffer(120)),
        "bpf": lambda: call(321, 0, None, 0),
        "mount": lambda: call(165, b"none", folder.encode(), b"tmpfs", 0, None),
        "load-a-module": lambda: call(313, upload, b"", 0),
        "keys": lambda: call(250, 0, -1, 0),
        "executable-memory": executable_memory,
        "change-the-upload": lambda: os.pwrite(upload, b"x", 0),
        "shorten-the-upload": lambda: os.ftruncate(upload, 0),
        "catch-signals-for-the-server": lambda: call(72, 0, 8, server),
    }


def is_denied(act) -> bool:
    try:
        act()
    except (OSError, ValueError):
        # resource.setrlimit() says ValueError for "not permitted".
        return True
    return False


def main(server: str, secret: str, folder: str, upload: str) -> None:
    tried = actions(int(server), secret, folder, int(upload))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    layers = confine()
    print(json.dumps([layers, {name: is_denied(act) for name, act in tried.items()}]))


if __name__ == "__main__":
    main(*sys.argv[1:])
