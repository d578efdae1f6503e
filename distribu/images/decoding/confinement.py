"""Confinement of a decoding child, so that it can compute and answer its server, and nothing else.

Three layers, each of which stops most of what a hostile file may try: no new privileges; no path
of the file system and no network address (Landlock); and no system call except those that
decoding needs (seccomp). If the kernel lacks a layer, the child reports that and works without it.
"""

import ctypes
import os
import struct
from collections.abc import Callable

_SET_NO_NEW_PRIVS = 38
_LANDLOCK_CREATE, _LANDLOCK_RESTRICT, _LANDLOCK_VERSION = 444, 446, 1
# Number of rights on files by Landlock version; versions that added network and process rights.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
_NETWORK_SINCE, _SCOPE_SINCE = 4, 6

_SECCOMP_SET_FILTER, _ALL_THREADS = 1, 1
_ALLOW, _DENY, _UNKNOWN, _KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_OF_X32 = 0x40000000
_CLONE_THREAD, _PROT_EXEC, _AT_EMPTY_PATH = 0x10000, 4, 0x1000
_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
# Numbers on x86_64 and on aarch64; None where there is no such call.
_CALLS = {
    "read": (0, 63), "write": (1, 64), "close": (3, 57), "fstat": (5, 80), "poll": (7, None),
    "lseek": (8, 62), "munmap": (11, 215), "brk": (12, 214), "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "pread64": (17, 67),
    "pwrite64": (18, 68), "readv": (19, 65), "writev": (20, 66), "select": (23, None),
    "sched_yield": (24, 124), "mremap": (25, 216), "madvise": (28, 233), "nanosleep": (35, 101),
    "getpid": (39, 172), "sendto": (44, 206), "recvfrom": (45, 207), "sendmsg": (46, 211),
    "recvmsg": (47, 212), "exit": (60, 93), "ftruncate": (77, 46), "gettimeofday": (96, 169),
    "getrusage": (98, 165), "sigaltstack": (131, 132), "gettid": (186, 178), "futex": (202, 98),
    "sched_getaffinity": (204, 123), "clock_gettime": (228, 113), "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115), "exit_group": (231, 94), "pselect6": (270, 72),
    "ppoll": (271, 73), "set_robust_list": (273, 99), "getrandom": (318, 278),
    "memfd_create": (319, 279), "rseq": (334, 293),
}  # fmt: skip
_CLONE, _CLONE3, _SECCOMP = (56, 220), (435, 435), (317, 277)
_MMAP, _MPROTECT, _NEWFSTATAT = (9, 222), (10, 226), (262, 79)

NO_NEW_PRIVS, LANDLOCK, SECCOMP = "no_new_privs", "Landlock", "seccomp"
LAYERS = (NO_NEW_PRIVS, LANDLOCK, SECCOMP)


def confine() -> list[str]:
    """Confine this process for good and return the names of the layers that are in force.

    Landlock reliably confines only the calling thread: start other threads afterwards.
    """
    layers: dict[str, Callable[[ctypes.CDLL], bool]] = {
        NO_NEW_PRIVS: _forgo_privileges,
        LANDLOCK: _close_files,
        SECCOMP: _close_calls,
    }
    libc = ctypes.CDLL(None, use_errno=True)
    return [name for name, apply in layers.items() if apply(libc)]


def _forgo_privileges(libc: ctypes.CDLL) -> bool:
    return bool(libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)


def _close_files(libc: ctypes.CDLL) -> bool:
    version = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), _LANDLOCK_VERSION)
    if version < 1:
        return False
    rights = max(count for since, count in _FILE_RIGHTS.items() if since <= version)
    handled = [(1 << rights) - 1]
    handled += [0b11] if version >= _NETWORK_SINCE else []
    handled += [0b11] if version >= _SCOPE_SINCE else []
    attributes = struct.pack(f"={len(handled)}Q", *handled)
    # A ruleset without rules denies all that it covers.
    rules = libc.syscall(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        return False
    try:
        return bool(libc.syscall(_LANDLOCK_RESTRICT, rules, 0) == 0)
    finally:
        os.close(rules)


def _close_calls(libc: ctypes.CDLL) -> bool:
    if os.uname().machine not in _ARCHITECTURES:
        return False
    _, column = _ARCHITECTURES[os.uname().machine]
    code = _filter(*_ARCHITECTURES[os.uname().machine])
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    refused = libc.syscall(_SECCOMP[column], _SECCOMP_SET_FILTER, _ALL_THREADS, program)
    return bool(refused == 0)


def _filter(architecture: int, column: int) -> bytes:
    """Return the BPF filter; each test says how many lines to skip if it holds, and if not."""
    deny, allow = _line(_RETURN, _DENY), _line(_RETURN, _ALLOW)
    lines = [
        _line(_LOAD, _ARCHITECTURE),
        _line(_EQUAL, architecture, 1, 0),
        _line(_RETURN, _KILL),
        _line(_LOAD, _NUMBER),
        _line(_AT_LEAST, _NUMBER_OF_X32, 0, 1),
        deny,
        # The C library falls back to clone(), whose flags can be seen here.
        _line(_EQUAL, _CLONE3[column], 0, 1),
        _line(_RETURN, _UNKNOWN),
    ]
    for number in (call[column] for call in _CALLS.values()):
        if number is None:
            continue
        lines += [_line(_EQUAL, number, 0, 1), allow]
    bits = [(_CLONE, 0, _CLONE_THREAD, True), (_NEWFSTATAT, 3, _AT_EMPTY_PATH, True)]
    bits += [(call, 2, _PROT_EXEC, False) for call in (_MMAP, _MPROTECT)]
    for call, argument, bit, is_wanted in bits:
        lines += [
            _line(_EQUAL, call[column], 0, 4),
            _line(_LOAD, _ARGUMENTS + 8 * argument),
            _line(_ANY_BIT, bit, 0, 1),
            allow if is_wanted else deny,
            deny if is_wanted else allow,
        ]
    return b"".join([*lines, deny])


def _line(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
