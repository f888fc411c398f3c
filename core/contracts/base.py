"""The base of every contract."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """Immutable; unknown fields of a newer version are ignored, so that two versions can share a history."""

    model_config = ConfigDict(frozen=True, extra="ignore")
