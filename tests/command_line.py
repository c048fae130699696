"""The command `citysim` as tests call it: on a wide screen, in this process, never with a traceback."""

from __future__ import annotations

import traceback

import pytest
from click.testing import CliRunner, Result

from simulator.cli import main


def invoked(*arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments, env={"COLUMNS": "200"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        pytest.fail("".join(traceback.format_exception(result.exception)))
    return result


def citysim(*arguments: str) -> str:
    """Return what a command prints that is to succeed and say nothing on standard error."""
    result = invoked(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def message_of(*arguments: str) -> str:
    """Return what a command says that is to be refused."""
    result = invoked(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr
    return result.stderr
