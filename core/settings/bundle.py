"""All areas a bridge process needs, together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.settings.accounts import AccountsSettings
from core.settings.base import load
from core.settings.care import CareSettings
from core.settings.chat import ChatSettings
from core.settings.files import FileSettings
from core.settings.inputs import InputSettings
from core.settings.logs import LogSettings
from core.settings.operations import OperationSettings
from core.settings.queue import QueueSettings
from core.settings.quota import QuotaSettings
from core.settings.retention import RetentionSettings
from core.settings.server import ServerSettings
from core.settings.storage import StorageSettings
from core.settings.temporal import TemporalSettings
from core.settings.upstream import UpstreamSettings


@dataclass(frozen=True, slots=True)
class Settings:
    """What API and worker are built from."""

    server: ServerSettings
    accounts: AccountsSettings
    storage: StorageSettings
    upstream: UpstreamSettings
    temporal: TemporalSettings
    operations: OperationSettings
    inputs: InputSettings
    files: FileSettings
    retention: RetentionSettings
    chat: ChatSettings
    queue: QueueSettings
    quota: QuotaSettings
    care: CareSettings
    logs: LogSettings


def load_all(**overrides: Mapping[str, Any]) -> Settings:
    """Read every area; `overrides` are field values by area, for instance `server={"port": 0}`.

    Raises:
        SettingError: a variable's value is wrong.
    """

    def given(area: str) -> Mapping[str, Any]:
        return overrides.get(area, {})

    return Settings(
        server=load(ServerSettings, **given("server")),
        accounts=load(AccountsSettings, **given("accounts")),
        storage=load(StorageSettings, **given("storage")),
        upstream=load(UpstreamSettings, **given("upstream")),
        temporal=load(TemporalSettings, **given("temporal")),
        operations=load(OperationSettings, **given("operations")),
        inputs=load(InputSettings, **given("inputs")),
        files=load(FileSettings, **given("files")),
        retention=load(RetentionSettings, **given("retention")),
        chat=load(ChatSettings, **given("chat")),
        queue=load(QueueSettings, **given("queue")),
        quota=load(QuotaSettings, **given("quota")),
        care=load(CareSettings, **given("care")),
        logs=load(LogSettings, **given("logs")),
    )
