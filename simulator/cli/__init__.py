"""The command line: `citysim`."""

from simulator.cli import chart_commands as chart_commands
from simulator.cli import comparing_commands as comparing_commands
from simulator.cli import completion_command as completion_command
from simulator.cli import consensus_commands as consensus_commands
from simulator.cli import explore_command as explore_command
from simulator.cli import extremes_commands as extremes_commands
from simulator.cli import index_commands as index_commands
from simulator.cli import new_commands as new_commands
from simulator.cli import peers_commands as peers_commands
from simulator.cli import results_commands as results_commands
from simulator.cli import sensitivity_commands as sensitivity_commands
from simulator.cli import study_commands as study_commands
from simulator.cli import sweep_commands as sweep_commands
from simulator.cli import whatif_commands as whatif_commands
from simulator.cli import years_commands as years_commands
from simulator.cli.group import main as main
