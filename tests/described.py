"""Schemathesis on a running application: hundreds of requests that its documents suggest."""

import os
import subprocess
import sys
from pathlib import Path

from tests.browser.conftest import LiveApp

ROOT = Path(__file__).parents[1]
PHASES = "--phases=examples,coverage,fuzzing,stateful"
# More of them by hand, as CONTRIBUTING.md has it.
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "8"))


def schemathesis(
    live: LiveApp, document: str, secret: str, folder: Path, *options: str, **environment: str
) -> subprocess.CompletedProcess:
    """Return schemathesis's output, the same at each run.

    document: its path. secret: of the API key that it has. folder: where
    it works. environment: SCHEMATHESIS_HOOKS, and what those hooks read.
    """
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", live.url + document),
            *("--header", f"Authorization: Bearer {secret}"),
            *("--generation-deterministic", "--no-shrink", "--no-color"),
            f"--max-examples={EXAMPLES}",
            *options,
        ],
        cwd=folder,
        env=os.environ | environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60 * max(5, EXAMPLES // 5),
    )
