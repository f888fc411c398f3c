"""Runs blocks of Python in a client's own interpreter, where nothing of ours can be imported.

A line of JSON with `blocks` on standard input is one program, which is run in a namespace of its own; the answer is a
line with what it printed, and the traceback where it failed. The interpreter stays: importing a client takes seconds.
"""

import contextlib
import io
import json
import sys
import traceback

for line in sys.stdin:
    printed, trouble, names = io.StringIO(), None, {"__name__": "__main__"}
    try:
        with contextlib.redirect_stdout(printed):
            for block in json.loads(line)["blocks"]:
                exec(compile(block, "<page>", "exec"), names)
    except Exception:
        trouble = traceback.format_exc()
    sys.stdout.write(json.dumps({"printed": printed.getvalue(), "trouble": trouble}) + "\n")
    sys.stdout.flush()
