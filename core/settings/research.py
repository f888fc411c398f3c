"""Deep Research: how long each of its phases may take."""

from __future__ import annotations

from pydantic import Field

from core.settings.base import Area


class ResearchSettings(Area):
    """What a research adds to the settings of operations, which are these as well. Times in seconds."""

    research_limit_seconds: float = Field(
        7200, gt=0, validation_alias="CHATGPT_RESEARCH_LIMIT_SECONDS", description="Longest a research may run."
    )
    research_launch_seconds: float = Field(
        60,
        ge=0,
        validation_alias="CHATGPT_RESEARCH_LAUNCH_SECONDS",
        description="How long upstream may take to show the research that a turn has started.",
    )
    plan_delay_seconds: float = Field(
        60,
        ge=0,
        validation_alias="CHATGPT_RESEARCH_PLAN_DELAY_SECONDS",
        description="How long a research's plan waits for a person before it is approved by itself; "
        "one that was asked for with `plan: ask` waits on.",
    )
    plan_limit_seconds: float = Field(
        7200,
        gt=0,
        validation_alias="CHATGPT_RESEARCH_PLAN_LIMIT_SECONDS",
        description="Longest a research may wait for its plan, counted anew for each version of it.",
    )
    research_silence_seconds: float = Field(
        2700,
        gt=0,
        validation_alias="CHATGPT_RESEARCH_SILENCE_SECONDS",
        description="Longest a running research may show nothing new.",
    )
    research_poll_seconds: float = Field(
        15,
        ge=1,
        validation_alias="CHATGPT_RESEARCH_POLL_SECONDS",
        description="How long upstream's push of a research may be silent before its state is asked for.",
    )
    research_failures: int = Field(
        20,
        ge=1,
        validation_alias="CHATGPT_RESEARCH_MAX_FAILURES",
        description="Failures in a row to follow a research after which it is given up; upstream works on meanwhile.",
    )
