"""Processes started for a measurement, which find the same packages as this one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run_child(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """Run a command to its end and return what it printed.

    Raises
    ------
    RuntimeError
        With what it said, where it fails.
    """
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} left with {done.returncode}: {done.stderr.strip()}")
    return done.stdout
