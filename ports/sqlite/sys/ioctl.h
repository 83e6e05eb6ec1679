/* SPDX-License-Identifier: MIT
 * SQLite includes this header and uses nothing of it.
 */
