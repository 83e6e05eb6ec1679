/* SPDX-License-Identifier: MIT
 * A reader of flattened device trees, just large enough for what the kernel needs to know. Every access is bounded by the
 * blob's own size. Source: Devicetree Specification 0.4, chapter 5.
 */
#include "../core/arch.h"
#include "riscv.h"

enum { FDT_BEGIN = 1, FDT_END_NODE = 2, FDT_PROP = 3, FDT_NOP = 4, FDT_END = 9 };
#define DEPTH_MAX 8
#define HEADER_BYTES 40u
#define BLOB_MAX_BYTES (16u << 20)

static uint32_t be32(const void *p)
{
    const uint8_t *b = p;
    return (uint32_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
}
static uint64_t be_cells(const uint8_t *p, unsigned cells)
{
    uint64_t v = 0;
    while (cells--) {
        v = v << 32 | be32(p);
        p += 4;
    }
    return v;
}
static bool same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}
static bool starts(const char *s, const char *with)
{
    while (*with)
        if (*s++ != *with++)
            return false;
    return true;
}

/* A property's value as a string; 0 if it does not end inside itself. */
static const char *text(const uint8_t *v, uint32_t len) { return len && !v[len - 1] ? (const char *)v : 0; }

/* What is collected of one node until it ends. */
struct node {
    const char *isa, *device_type, *status;
    const char *compatible; /* strings one behind the other */
    uint32_t compatible_len;
    const uint8_t *reg, *extended;
    uint32_t reg_len, extended_len;
    uint32_t irq, phandle, ndev;
    unsigned address_cells, size_cells; /* for its children */
};

static bool compatible(const struct node *n, const char *with)
{
    for (uint32_t i = 0; i < n->compatible_len;) {
        if (same(n->compatible + i, with))
            return true;
        while (i < n->compatible_len && n->compatible[i])
            i++;
        i++;
    }
    return false;
}

static void property(struct machine *m, struct node *n, const char *name, const uint8_t *v, uint32_t len)
{
    const char *s = text(v, len);
    if (same(name, "compatible"))
        n->compatible = s, n->compatible_len = s ? len : 0;
    else if (same(name, "reg"))
        n->reg = v, n->reg_len = len;
    else if (same(name, "device_type"))
        n->device_type = s;
    else if (same(name, "status"))
        n->status = s;
    else if (same(name, "riscv,isa"))
        n->isa = s;
    else if (same(name, "bootargs") && s)
        m->args = s;
    else if (same(name, "interrupts-extended"))
        n->extended = v, n->extended_len = len;
    if (len != 4 && len != 8)
        return;
    uint64_t x = be_cells(v, len / 4);
    if (same(name, "interrupts"))
        n->irq = x;
    else if (same(name, "phandle"))
        n->phandle = x;
    else if (same(name, "riscv,ndev"))
        n->ndev = x;
    else if (same(name, "#address-cells"))
        n->address_cells = x;
    else if (same(name, "#size-cells"))
        n->size_cells = x;
    else if (same(name, "timebase-frequency"))
        m->timebase_hz = x;
    else if (same(name, "linux,initrd-start"))
        m->image_pa = x;
    else if (same(name, "linux,initrd-end"))
        m->image_bytes = x; /* end for now */
}

/* "rv64" and letters, then longer names, each behind an underscore. */
static void isa_flags(struct machine *m, const char *isa)
{
    const char *p = isa;
    for (; *p && *p != '_'; p++)
        if (*p == 'd')
            m->isa_flags |= BOOT_ISA_FPU;
    for (; *p; p++)
        if (starts(p, "_sstc"))
            m->isa_flags |= BOOT_ISA_SSTC;
}

static void plic_contexts(struct machine *m, const struct node *n)
{
    for (uint32_t i = 0; i + 8 <= n->extended_len; i += 8) {
        uint32_t intc = be32(n->extended + i), cause = be32(n->extended + i + 4);
        for (unsigned h = 0; h < m->harts; h++)
            if (m->hart_intc[h] == intc && cause == 9)
                m->plic_context[h] = i / 8;
    }
}

static void virtio(struct machine *m, paddr_t pa, uint32_t irq)
{
    for (unsigned i = 0; i < 8; i++)
        if (!m->virtio_pa[i]) {
            m->virtio_pa[i] = pa;
            m->virtio_irq[i] = irq;
            return;
        }
}

/* A node is complete. */
static void node_end(struct machine *m, struct node *n, const struct node *parent)
{
    unsigned ac = parent->address_cells, sc = parent->size_cells;
    bool has_reg = n->reg && n->reg_len >= 4 * (ac + sc) && ac <= 2 && sc <= 2;
    paddr_t pa = has_reg ? be_cells(n->reg, ac) : 0;
    uint64_t size = has_reg ? be_cells(n->reg + 4 * ac, sc) : 0;
    if (n->device_type && same(n->device_type, "memory") && !m->ram_bytes) {
        m->ram_pa = pa;
        m->ram_bytes = size;
    } else if (n->device_type && same(n->device_type, "cpu") && m->harts < MACHINE_HARTS_MAX) {
        if (!n->status || same(n->status, "okay"))
            m->hart_id[m->harts++] = pa;
        if (n->isa)
            isa_flags(m, n->isa);
    } else if (compatible(n, "riscv,cpu-intc") && m->harts < MACHINE_HARTS_MAX) {
        m->hart_intc[m->harts] = n->phandle; /* its cpu node ends after it */
    } else if (compatible(n, "riscv,plic0") || compatible(n, "sifive,plic-1.0.0")) {
        m->plic_pa = pa;
        m->plic_bytes = size;
        m->plic_sources = n->ndev;
        plic_contexts(m, n);
    } else if (compatible(n, "ns16550a") && !m->uart_pa) {
        m->uart_pa = pa;
        m->uart_irq = n->irq;
    } else if (compatible(n, "sifive,test0")) {
        m->test_pa = pa;
    } else if (compatible(n, "virtio,mmio")) {
        virtio(m, pa, n->irq);
    }
}

/* Whether the string at `at` ends inside the blob. */
static bool ends(const uint8_t *blob, uint64_t at, uint64_t total)
{
    while (at < total && blob[at]) /* bound: the blob */
        at++;
    return at < total;
}

static void dtb_defaults(struct machine *m)
{
    m->args = "";
    for (unsigned h = 0; h < MACHINE_HARTS_MAX; h++)
        m->plic_context[h] = 2 * h + 1;
}

bool dtb_read(const void *dtb, struct machine *m)
{
    const uint8_t *blob = dtb;
    if (be32(blob) != 0xd00dfeed)
        return false;
    uint64_t total = be32(blob + 4), at = be32(blob + 8), strings = be32(blob + 12); /* 64 bits: sums do not wrap */
    struct node stack[DEPTH_MAX + 1] = {[0] = {.address_cells = 2, .size_cells = 1}};
    unsigned depth = 0;
    dtb_defaults(m);
    if (total < HEADER_BYTES || total > BLOB_MAX_BYTES)
        return false;
    while (at + 4 <= total) { /* bound: the blob */
        uint32_t token = be32(blob + at);
        at += 4;
        if (token == FDT_BEGIN) {
            if (depth == DEPTH_MAX)
                return false;
            stack[++depth] = (struct node){.address_cells = 2, .size_cells = 1};
            while (at < total && blob[at])
                at++;
            at = (at + 4) & ~3UL;
        } else if (token == FDT_END_NODE) {
            if (!depth)
                return false;
            node_end(m, &stack[depth], &stack[depth - 1]);
            depth--;
        } else if (token == FDT_PROP) {
            if (!depth || at + 8 > total)
                return false;
            uint64_t len = be32(blob + at), name = strings + be32(blob + at + 4);
            if (at + 8 + len > total || !ends(blob, name, total))
                return false;
            property(m, &stack[depth], (const char *)blob + name, blob + at + 8, len);
            at = (at + 8 + len + 3) & ~3UL;
        } else if (token != FDT_NOP) {
            break;
        }
    }
    m->image_bytes = m->image_bytes > m->image_pa ? m->image_bytes - m->image_pa : 0;
    return m->ram_bytes != 0;
}
