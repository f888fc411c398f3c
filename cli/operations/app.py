"""The group `operations`."""

from __future__ import annotations

from cli.groups import group
from cli.operations.cancel import cancel
from cli.operations.delete import delete
from cli.operations.export import export
from cli.operations.list import list_operations
from cli.operations.plan import approve, edit_plan, reject
from cli.operations.replay import replay
from cli.operations.rerun import rerun
from cli.operations.show import show
from cli.operations.watch import watch

app = group("Long work: look at it, follow it, steer it.", calls=True)
app.command("list")(list_operations)
app.command()(show)
app.command()(watch)
app.command()(cancel)
app.command()(approve)
app.command()(reject)
app.command("edit-plan")(edit_plan)
app.command()(rerun)
app.command()(replay)
app.command()(export)
app.command()(delete)
