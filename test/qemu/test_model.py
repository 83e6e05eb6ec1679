#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# TIMEOUT: 400
"""Proves the smaller sizes of the models of test/model/, and that some seeded mistakes are found (docs/model.md).

Boots nothing. Exhaustive, a quarter of a minute on two idle cores; all of it is `scons model`. Skipped without Spin.
"""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

if __name__ == "__main__":
    tool = os.path.join(ROOT, "tools", "model.py")
    sys.exit(subprocess.run([sys.executable, tool, "--quick", "--cases"], check=False).returncode)
