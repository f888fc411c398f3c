"""The group `api`."""

from __future__ import annotations

from cli.admin.files import artifacts
from cli.admin.status import capacity, models, status
from cli.api.cancel import cancel
from cli.api.chat import chat
from cli.api.edit import edit
from cli.api.health import health
from cli.api.image import image
from cli.api.operation import operation
from cli.api.research import research
from cli.api.vision import vision
from cli.groups import group
from cli.usage.command import usage

app = group("Calls of a running bridge.", calls=True)
app.command()(health)
app.command()(status)
app.command()(capacity)
app.command()(models)
app.command()(artifacts)
app.command()(chat)
app.command()(image)
app.command()(edit)
app.command()(vision)
app.command()(research)
app.command()(operation)
app.command()(cancel)
app.command()(usage)
