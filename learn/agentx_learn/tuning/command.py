"""Fine-tune models on data of your own, with a card beside each result."""

# The line above is what `agentx --help` reads of this file. Nothing heavy is imported before a verb runs.
import typer

from agentx_learn.gating import command as gating
from agentx_learn.tuning import classifier_command, encoder_command, export_command, guard_command, sft_command

app = typer.Typer(no_args_is_help=True)
app.command("classifier")(classifier_command.command)
app.command("encoder")(encoder_command.command)
app.command("guard")(guard_command.command)
app.command("sft")(sft_command.command)
app.command("export-adapter")(export_command.command)
app.command("gate")(gating.gate)
app.command("rollback")(gating.rollback)
