# SPDX-License-Identifier: MIT
"""What tests with several cases share: tools of the host, and a line for each case."""

import os
import subprocess
import sys

ENVIRONMENT = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin", "LC_ALL": "C"}
failures = 0


def tool(*words):
    """(exit status, what it printed); e2fsprogs stand where an ordinary user does not look."""
    done = subprocess.run(words, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False)
    return done.returncode, done.stdout


def check(name, good, *shown):
    global failures
    if good:
        print(f"ok {name}", flush=True)
        return
    failures += 1
    print(f"FAIL {name}", flush=True)
    for text in shown:
        print("\n".join("  | " + line for line in str(text).splitlines()[-25:]), flush=True)


def finish():
    sys.exit(1 if failures else 0)
