"""Write requirements/: the newest versions within the bounds of setup.cfg, with their hashes.

Usage: python tools/lock.py     (with uv installed; make lock sees to that)

base.txt lists what every installation needs, and the file of an extra what this extra adds. The
files are valid for every Python from the oldest on, and for every platform.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from configparser import ConfigParser
from pathlib import Path

from bootstrap import OLDEST_PYTHON

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "requirements"
UV = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-config"]
# "fewest" prefers one version for all Pythons, so that all run the same code.
UNIVERSAL = ["--universal", "--fork-strategy", "fewest", "--upgrade", "--no-annotate"]
PYTHON = ["--python-version", ".".join(map(str, OLDEST_PYTHON))]
HEADER = ["--custom-compile-command", "make lock"]


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    base = FOLDER / "base.txt"
    with tempfile.TemporaryDirectory() as folder:
        # All extras are resolved together first, because all may be installed together.
        versions = Path(folder) / "versions.txt"
        resolve(versions, ["--all-extras"])
        pinned = ["--constraint", str(versions), "--generate-hashes"]
        resolve(base, pinned)
        left_out = entries_in_both(base.read_text(), versions.read_text())
        pinned += [f"--no-emit-package={name}" for name in left_out]
        for extra in extras():
            resolve(FOLDER / f"{extra}.txt", [*pinned, "--extra", extra])


def extras() -> list[str]:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config.options("options.extras_require")


def entries_in_both(base: str, versions: str) -> list[str]:
    """Return the packages that base locks for every Python and platform that needs them."""
    wanted = entries(versions)
    return [name for name, lines in entries(base).items() if lines == wanted[name]]


def entries(lock: str) -> dict[str, set[str]]:
    """Map each package of a lock to its versions, with their environment markers."""
    packages = defaultdict(set)
    for name, version in re.findall(r"^([\w.-]+)==([^\\\n]*[^\\\s])", lock, re.MULTILINE):
        packages[name].add(version)
    return packages


def resolve(lock: Path, options: list[str]) -> None:
    """Write the newest versions that setup.cfg and the options allow to the file lock."""
    # setuptools installs the checkout itself, so it is locked like the rest.
    builders = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    command = [*UV, *UNIVERSAL, *PYTHON, *HEADER, *options, "setup.cfg", "-", "-o", str(lock)]
    subprocess.run(command, input="\n".join(builders), text=True, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
