"""Adds up what every_cell.py and the state machine have tried, in whichever process that was."""

import pytest

# Recorded by tests for the summary: the cells of an operation, and the steps of a walk.
CELLS, STEPS = "cells", "steps"
LEFT_BEHIND = {"orphan:": "orphans", "dangling:": "dangling", "lost:": "lost"}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print N of N, of each kind and of all, where a run has tried cells."""
    cells, steps = _recorded(terminalreporter, CELLS), _recorded(terminalreporter, STEPS)
    for kind in dict.fromkeys(one["kind"] for one in cells):
        terminalreporter.write_line(
            f"{kind}: {told([one for one in cells if one['kind'] == kind])}"
        )
    if cells:
        terminalreporter.write_line(told(cells))
    if steps:
        terminalreporter.write_line(f"The state machine: {sum(steps):,} steps.")


def told(cells: list[dict]) -> str:
    """Return how many cells hold, and what the others leave behind."""
    tried = sum(one["tried"] for one in cells)
    wrong = {cell: found for one in cells for cell, found in one["wrong"].items()}
    text = str(list(wrong.values()))
    counts = (f"{text.count(sign)} {name}" for sign, name in LEFT_BEHIND.items())
    return f"{tried - len(wrong):,} of {tried:,}, {', '.join(counts)}"


def _recorded(terminalreporter: pytest.TerminalReporter, name: str) -> list:
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    return [
        value
        for report in reports
        if report.when == "call"
        for key, value in report.user_properties
        if key == name
    ]
