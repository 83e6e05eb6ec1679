# SPDX-License-Identifier: MIT
"""What `scons bench` is made of: taking figures, comparing them, showing them."""
