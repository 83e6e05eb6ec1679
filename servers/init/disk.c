/* SPDX-License-Identifier: MIT
 * Whether the machine has a disk: looks at the virtio transports that the kernel found, for the first block device. Only reads;
 * the device is the block server's. Without a disk there is no block server.
 */
#include "init.h"

#define PROBE_VA 0x3e00010000UL
#define TRANSPORTS (sizeof boot->virtio_pa / sizeof boot->virtio_pa[0])
#define REG_MAGIC 0u
#define REG_VERSION 1u
#define REG_DEVICE_ID 2u /* words */
#define MAGIC 0x74726976u
#define DEVICE_BLOCK 2u

static bool is_block(vaddr_t va)
{
    const volatile uint32_t *reg = (const volatile uint32_t *)va;
    return reg[REG_MAGIC] == MAGIC && (reg[REG_VERSION] == 1 || reg[REG_VERSION] == 2) && reg[REG_DEVICE_ID] == DEVICE_BLOCK;
}

bool disk_find(paddr_t *pa, unsigned *irq)
{
    for (unsigned i = 0; i < TRANSPORTS; i++) {
        if (boot->virtio_pa[i] == 0 || boot->virtio_irq[i] == 0 || boot->virtio_pa[i] & PAGE_MASK)
            continue;
        map_device(INIT_H_SPACE, PROBE_VA + i * PAGE_SIZE, boot->virtio_pa[i]);
        if (!is_block(PROBE_VA + i * PAGE_SIZE))
            continue;
        *pa = boot->virtio_pa[i];
        *irq = (unsigned)boot->virtio_irq[i];
        return true;
    }
    return false;
}
