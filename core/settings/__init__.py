"""What can be set, a module an area. Only composition roots read settings; everyone else is given them."""

from core.settings.accounts import AccountsSettings
from core.settings.base import Area, load, variable, variables
from core.settings.bundle import Settings, load_all
from core.settings.care import CareSettings
from core.settings.chat import ChatSettings
from core.settings.client import ClientSettings
from core.settings.files import FileSettings
from core.settings.inputs import InputSettings
from core.settings.logs import LogSettings
from core.settings.operations import OperationSettings
from core.settings.queue import QueueSettings
from core.settings.quota import QuotaSettings
from core.settings.research import ResearchSettings
from core.settings.retention import RetentionSettings
from core.settings.server import ServerSettings
from core.settings.storage import StorageSettings
from core.settings.temporal import TemporalSettings
from core.settings.upstream import UpstreamSettings

AREAS: tuple[type[Area], ...] = (
    ServerSettings,
    AccountsSettings,
    StorageSettings,
    UpstreamSettings,
    TemporalSettings,
    OperationSettings,
    InputSettings,
    FileSettings,
    RetentionSettings,
    ChatSettings,
    QueueSettings,
    QuotaSettings,
    CareSettings,
    LogSettings,
    ClientSettings,
)
"""Every area, in the order of docs/settings.md."""

__all__ = [
    "AREAS",
    "AccountsSettings",
    "Area",
    "CareSettings",
    "ChatSettings",
    "ClientSettings",
    "FileSettings",
    "InputSettings",
    "LogSettings",
    "OperationSettings",
    "QueueSettings",
    "QuotaSettings",
    "ResearchSettings",
    "RetentionSettings",
    "ServerSettings",
    "Settings",
    "StorageSettings",
    "TemporalSettings",
    "UpstreamSettings",
    "load",
    "load_all",
    "variable",
    "variables",
]
