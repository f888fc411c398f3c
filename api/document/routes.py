"""What is told of each route. The document's tests see that none is missing, and that answers are as they are told."""

from __future__ import annotations

from collections.abc import Mapping

from api.document.clients import CLIENTS
from api.document.operators import OPERATORS
from api.document.told import Told

ROUTES: Mapping[str, Told] = {**CLIENTS, **OPERATORS}
"""By method and path, as FastAPI writes it."""
