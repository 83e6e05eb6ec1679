/* SPDX-License-Identifier: MIT
 * Fuzzes the kernel's device-tree reader: whatever the blob says, nothing outside it is read (it stands in memory of exactly its
 * size), and what comes out stays inside the machine record.
 * SOURCES: microkernel/riscv/dtb.c
 * INCLUDES: microkernel/include microkernel/core microkernel/riscv test/host/kernel test/host/fuzz
 * RUNS: 100000
 */
#include <stdlib.h>
#include <string.h>

#include "machine.h"

static void put32(uint8_t *p, uint32_t v) { p[0] = v >> 24, p[1] = v >> 16, p[2] = v >> 8, p[3] = v; }

/* Property names, and tokens, by a byte: bytes alone would seldom spell them. */
static size_t build(uint8_t *blob, const uint8_t *in, size_t n)
{
    static const char names[] = "reg\0compatible\0device_type\0#address-cells\0#size-cells\0linux,initrd-start\0linux,initrd-end\0bootargs\0"
                                "interrupts\0interrupts-extended\0phandle\0riscv,isa\0timebase-frequency\0riscv,ndev\0status\0ranges";
    static const char *const texts[] = {"memory@80000000", "cpus", "cpu@0", "interrupt-controller", "soc", "chosen", "serial@10000000",
                                        "plic@c000000", "ns16550a", "riscv,cpu-intc", "sifive,plic-1.0.0", "virtio,mmio", "sifive,test0"};
    size_t at = 40;
    for (size_t i = 0; i + 4 < n && at < 3500; i += 4) {
        const char *text = texts[in[i + 1] % 13];
        switch (in[i] % 6) {
        case 0: case 1: /* a node */
            put32(blob + at, 1);
            at += 4;
            memcpy(blob + at, text, strlen(text) + 1);
            at = (at + strlen(text) + 4) & ~3UL;
            break;
        case 2:
            put32(blob + at, 2);
            at += 4;
            break;
        case 3: case 4: { /* a property: a text, or bytes of the input */
            size_t length = in[i] & 64 ? strlen(text) + 1 : in[i + 1] % 40;
            put32(blob + at, 3);
            put32(blob + at + 4, in[i] & 128 ? in[i + 1] << 8 : length);
            put32(blob + at + 8, in[i + 2] % sizeof(names));
            for (size_t k = 0; k < length; k++)
                blob[at + 12 + k] = in[i] & 64 ? text[k] : in[(i + 3 + k) % n];
            at = (at + 12 + length + 3) & ~3UL;
            break;
        }
        default: /* anything */
            memcpy(blob + at, in + i, 4);
            at += 4;
        }
    }
    put32(blob + at, 9);
    at += 4;
    memcpy(blob + at, names, sizeof(names));
    size_t total = at + sizeof(names);
    put32(blob, 0xd00dfeed);
    put32(blob + 4, total);
    put32(blob + 8, 40);
    put32(blob + 12, at);
    return total;
}

static void read_it(const uint8_t *bytes, size_t n)
{
    struct machine m;
    uint8_t *blob = malloc(n);
    memcpy(blob, bytes, n);
    memset(&m, 0, sizeof(m));
    if (dtb_read(blob, &m) && (m.harts > MACHINE_HARTS_MAX || !m.ram_bytes))
        abort();
    free(blob);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
    static uint8_t blob[8192];
    if (n < 41)
        return 0;
    size_t total = build(blob, in + 1, n - 1);
    if (in[0] & 1) { /* cut short, and said to be that long */
        total = 40 + in[1] * 16 % (total - 40);
        put32(blob + 4, total);
    }
    read_it(blob, total);
    if (in[0] & 2) { /* the input itself, with a header that invites */
        uint8_t *raw = malloc(n);
        memcpy(raw, in, n);
        put32(raw, 0xd00dfeed);
        put32(raw + 4, n);
        put32(raw + 8, in[9] % n);
        put32(raw + 12, in[13] % n);
        read_it(raw, n);
        free(raw);
    }
    return 0;
}
