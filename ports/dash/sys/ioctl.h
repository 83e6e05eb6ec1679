/* SPDX-License-Identifier: MIT
 * dash includes this header and uses nothing of it.
 */
