# SPDX-License-Identifier: MIT
"""What SConstruct and the test tools share: settings and the tool probe. Python standard library only."""
