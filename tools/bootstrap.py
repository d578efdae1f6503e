"""Install this checkout and the packages that it is tested with into .venv.

Usage: python3 tools/bootstrap.py [EXTRA ...]     (extras as in setup.cfg: test, bench, ...)

Does nothing, in a few hundredths of a second, when all is installed already. Keep to the standard
library, and to syntax that old Pythons can read: one of its jobs is to tell that they are too old.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys

OLDEST_PYTHON = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "installed.json")


def main(extras):
    require_python(sys.version_info)
    installed = read_stamp()
    extras = sorted(set(extras).union(filter(has_lock, installed.get("extras", []))))
    for extra in extras:
        if not has_lock(extra):
            sys.exit("There is no extra " + extra + ": requirements/ has no file for it.")
    wanted = {"python": [sys.version, VENV], "versions": versions_digest(extras), "extras": extras}
    if installed == wanted:
        return
    if installed.get("python") != wanted["python"]:
        create_venv(clear=bool(installed))
    install(extras)
    with open(STAMP, "w") as stamp:
        json.dump(wanted, stamp)


def require_python(version):
    """Exit with one sentence if version, such as sys.version_info, is too old."""
    if tuple(version[:2]) < OLDEST_PYTHON:
        sys.exit(
            "Distribu needs Python {}.{} or newer, and this is {}.{} ({}):"
            " name a newer one, as in 'make run PYTHON=python3.12'.".format(
                *(OLDEST_PYTHON + tuple(version[:2]) + (sys.executable,))
            )
        )


def read_stamp():
    """Return what the last finished installation wrote, {} if there was none."""
    if not os.path.exists(VENV_PYTHON):
        return {}
    try:
        with open(STAMP) as stamp:
            return json.load(stamp)
    except (IOError, ValueError):
        return {}


def lock_of(extra):
    """Return the file with the versions and hashes that an extra installs."""
    return os.path.join(ROOT, "requirements", extra + ".txt")


def has_lock(extra):
    return os.path.exists(lock_of(extra))


def versions_digest(extras):
    digest = hashlib.sha256()
    files = [os.path.join(ROOT, "setup.cfg"), os.path.join(ROOT, "pyproject.toml")]
    for name in files + [lock_of(extra) for extra in ["base"] + extras]:
        with open(name, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def create_venv(clear):
    """Create .venv, from nothing if clear; an environment that others made is only completed."""
    say("Creating the virtual environment .venv ...")
    import importlib.util  # old Pythons lack it

    # Debian ships venv without ensurepip.
    if importlib.util.find_spec("ensurepip") is None:
        get_ensurepip()
    run([sys.executable, "-m", "venv"] + (["--clear"] if clear else []) + [VENV])


def get_ensurepip():
    """Install Debian's package for this Python if root may, else exit with one sentence."""
    package = "python{}.{}-venv".format(*sys.version_info)
    sentence = "Python cannot make virtual environments here: apt-get install " + package
    if os.geteuid() != 0:
        sys.exit(sentence)
    try:
        run(["apt-get", "update", "-qq"])
        run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", package])
    except OSError:
        sys.exit(sentence)


def install(extras):
    say("Installing the tested packages (a minute or two the first time) ...")
    pip = [VENV_PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    locks = ["--requirement=" + lock_of(extra) for extra in ["base"] + extras]
    run(pip + ["--require-hashes"] + locks)
    # What an older build left in the checkout would hide the commands that are installed now.
    shutil.rmtree(os.path.join(ROOT, "distribu.egg-info"), ignore_errors=True)
    # Apart from the packages: pip refuses an editable project where hashes are required.
    run(pip + ["--no-deps", "--no-build-isolation", "--editable", ROOT])


def run(command):
    """Run command; exit with what it printed, and one sentence, if it fails."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.communicate()[0]
    if process.returncode != 0:
        sys.stderr.write(output.decode("utf-8", "replace"))
        sys.exit("This command failed: " + " ".join(command))


def say(sentence):
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
