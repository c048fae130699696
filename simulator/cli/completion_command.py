"""The command that prints what a shell needs to complete the others."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from simulator.cli.group import main

VARIABLE = "_CITYSIM_COMPLETE"
"""By which a shell asks for completions."""

INSTALLED = {
    "bash": 'eval "$(citysim completion bash)"          in ~/.bashrc',
    "zsh": 'eval "$(citysim completion zsh)"           in ~/.zshrc, after compinit',
    "fish": "citysim completion fish > ~/.config/fish/completions/citysim.fish",
}


@main.command("completion")
@click.argument("shell", type=click.Choice(list(INSTALLED)))
def completion_command(shell: str) -> None:
    """Print a script that lets SHELL complete commands, options, and names of scenarios, indices and cities.

    To install it, put one line where your shell starts:

    \b
      bash   eval "$(citysim completion bash)"      in ~/.bashrc
      zsh    eval "$(citysim completion zsh)"       in ~/.zshrc, after compinit
      fish   citysim completion fish > ~/.config/fish/completions/citysim.fish

    Then open a new shell, and press the tabulator: citysim run st<Tab>, citysim what-if he<Tab>.
    """
    made = get_completion_class(shell)
    assert made is not None  # click knows every shell that the choice above offers
    click.echo(f"# To install: {INSTALLED[shell]}")
    # Click asks which version of bash there is, and warns of an old one; for the script alone that is no matter.
    script = made(main, {}, "citysim", VARIABLE)
    click.echo(script.source_template % script.source_vars())
