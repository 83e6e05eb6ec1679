/* SPDX-License-Identifier: MIT
 * Every fixed size of the block server.
 */
#ifndef BLK_LIMITS_H
#define BLK_LIMITS_H

#define QUEUE_SIZE 128u           /* descriptors; a power of two */
#define SLOTS (QUEUE_SIZE / 4)    /* requests with the device; each has three descriptors */
#define CALLS_MAX 16u             /* lists under way or not yet collected; further ones get ERR_AGAIN */
#define DEVICE_PATIENCE_TICKS 300000000u /* 30 s at 10 MHz: a device that answers nothing for so long is reset */

#endif
