"""The SDK's own download of Temporal's development server."""

from __future__ import annotations

from pathlib import Path

from temporalio.testing import WorkflowEnvironment


async def download_server(version: str, folder: Path) -> None:
    """Put the server's binary of `version` into `folder`, under a name that begins with `temporal`.

    The SDK downloads in order to start, so a server is started once, in memory and on a free port, and stopped.

    Raises:
        RuntimeError: the download failed, or what came does not run.
    """
    server = await WorkflowEnvironment.start_local(download_dest_dir=str(folder), dev_server_download_version=version)
    await server.shutdown()
