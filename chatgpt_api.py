"""The entry point: the script `chatgpt-api` and `python -m chatgpt_api`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and leave the process with its status."""
    from cli.app import main as run

    run()


if __name__ == "__main__":
    # `python -m` looks for modules in the current folder first, and a `core/` or an `api/` there must not answer for
    # ours; `python -P -m` does this by itself.
    if not sys.flags.safe_path and Path(sys.path[0]).resolve() != Path(__file__).resolve().parent:
        del sys.path[0]
    main()
