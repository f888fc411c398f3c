"""What is kept, and where."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from core.settings.base import Area


class StorageSettings(Area):
    """The data folder and what lies in it."""

    data_dir: Path = Field(
        Path("outputs"),
        validation_alias="CHATGPT_DATA_DIR",
        description="Root of the database, Temporal's file, inputs, artifacts and logs.",
    )
    database_url: str | None = Field(
        None,
        validation_alias="CHATGPT_DATABASE_URL",
        description="Database address. Unset: SQLite in CHATGPT_ADMIN_DB_PATH, or `bridge.sqlite` in the data folder.",
    )
    admin_db_path: Path | None = Field(
        None, validation_alias="CHATGPT_ADMIN_DB_PATH", description="SQLite file, when no database address is set."
    )
    image_output_dir: Path | None = Field(
        None,
        validation_alias="CHATGPT_IMAGE_OUTPUT_DIR",
        description="Folder of generated images. Unset: `artifacts` in the data folder.",
    )

    @property
    def database(self) -> str:
        """The database's address."""
        if self.database_url:
            return self.database_url
        return f"sqlite:///{(self.admin_db_path or self.data_dir / 'bridge.sqlite').absolute()}"

    @property
    def link_key_file(self) -> Path:
        """The secret that download links are signed with."""
        return self.data_dir.absolute() / "link-key"

    @property
    def artifacts_dir(self) -> Path:
        """Root of the kept files."""
        return (self.image_output_dir or self.data_dir / "artifacts").absolute()

    @property
    def inputs_dir(self) -> Path:
        """Pictures that clients sent."""
        return self.data_dir.absolute() / "inputs"

    @property
    def files_dir(self) -> Path:
        """Files that clients uploaded."""
        return self.data_dir.absolute() / "files"

    @property
    def payloads_dir(self) -> Path:
        """Large payloads of Temporal's histories, encrypted."""
        return self.data_dir.absolute() / "payloads"

    @property
    def temporal_file(self) -> Path:
        """The embedded Temporal server's history."""
        return self.data_dir.absolute() / "temporal.sqlite"

    @property
    def logs_dir(self) -> Path:
        """A rotated log for each child process of `up`."""
        return self.data_dir.absolute() / "logs"

    @property
    def api_key_file(self) -> Path:
        """The API key that the first start makes, when none is set."""
        return self.data_dir.absolute() / "api-key"
