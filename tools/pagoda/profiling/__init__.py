# SPDX-License-Identifier: MIT
"""Where instructions go: reads what the plugins of tools/plugin/ wrote down. docs/profiling.md."""
