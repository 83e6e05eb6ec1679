/* SPDX-License-Identifier: MIT
 * The device: a virtio block device behind memory-mapped registers. Requests in, ends of requests out; nothing about clients.
 */
#ifndef BLK_DEVICE_H
#define BLK_DEVICE_H

#include <abi/error.h>
#include <abi/types.h>

enum device_op { DEVICE_READ, DEVICE_WRITE, DEVICE_FLUSH };

/* Reset it and set it up; whatever it was doing has ended then, and touches no memory any more. dma: physical addresses of the
 * two pages that device_memory() names. ERR_IO: it refuses. */
must_check err_t device_start(const paddr_t dma[2]);
void *device_memory(unsigned page);
uint64_t device_sectors(void);
bool device_read_only(void), device_has_flush(void);
/* Room for one more request. */
bool device_has_room(void);
/* Hand it over; token comes back with its end. pa: where the bytes are; nothing of it for DEVICE_FLUSH. */
void device_submit(enum device_op op, uint64_t sector, paddr_t pa, uint32_t bytes, unsigned token);
/* Tell the device of what was submitted. */
void device_kick(void);
/* A request that has ended: its token and OK or ERR_IO. false: none. A device that answers what was not asked is not believed:
 * ERR_STALE in *err, and it must be started again. */
bool device_ended(unsigned *token, err_t *err);
unsigned device_busy(void); /* requests with the device */
/* An interrupt came: take it back, before device_ended() is asked. */
void device_irq_taken(void);
void device_irq_again(void); /* let it interrupt again */

#endif
