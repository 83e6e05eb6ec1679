/* SPDX-License-Identifier: MIT
 * Fuzzes what init reads: the boot arguments, and the headers of servers' programs in the boot image. Whatever stands there,
 * the settings stay among those that exist and end inside their fields, and a program that is accepted lies inside its
 * file and below the window, nothing of it writable code.
 * SOURCES: servers/init/settings.c servers/init/elf.c
 * INCLUDES: microkernel/include libipc/include servers/init test/host/fuzz
 * RUNS: 60000
 */
#include <ipc/pager.h>

#include "init.h"
#include "input.h"

#define IMAGE_BYTES 8192u

static struct bootinfo info = {.ram_size_bytes = 128 << 20, .harts = 1, .timebase_hz = 10000000, .image_bytes = IMAGE_BYTES};
const struct bootinfo *boot = &info;
static uint64_t image_words[IMAGE_BYTES / 8];

void say(const char *format, ...) { (void)format; }
void *window(paddr_t pa) { return (char *)image_words + pa; }
struct sysret sys_raw(long number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)a0, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    MUST(number == SYS_TRACE_MASK);
    return (struct sysret){.a0 = take8() % 2 ? OK : ERR_RIGHTS};
}

/* ---- boot arguments: words that are known, in any order and spelling ---- */

static void arguments(void)
{
    static const char *const word[] = {"fork=", "build=", "mem=", "icount=", "harts=", "trace=", "run=", "frames=", "store=", "policy=",
                                       "eager", "cow", "release", "128M", "0xffff", " ", " ", "=", "fork=eager", "\t"};
    char *text = malloc(BOOT_ARGS_MAX);
    size_t n = 0;
    for (unsigned i = 0; i < 60 && input.left; i++) {
        uint8_t what = take8();
        if (what >= 200) {
            text[n++] = (char)(take8() | 1); /* anything but the end */
        } else {
            size_t length = strlen(word[what % 20]);
            if (n + length + 1 >= BOOT_ARGS_MAX)
                break;
            memcpy(text + n, word[what % 20], length);
            n += length;
        }
    }
    text[n] = 0;
    char *exact = malloc(n + 1); /* ASan sees a read behind the end */
    memcpy(exact, text, n + 1);
    settings_parse(exact);
    MUST(settings.fork >= FORK_COW && settings.fork <= FORK_TABLES);
    MUST(memchr(settings.build, 0, sizeof settings.build) && memchr(settings.run, 0, sizeof settings.run));
    settings_banner(boot);
    uint64_t value;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t which = take_word();
        err_t err = settings_get(which, &value);
        MUST(err == OK || err == ERR_NOENT);
    }
    settings.machine = 0;
    free(exact);
    free(text);
}

/* ---- programs ---- */

static void make_image(void)
{
    struct image_header *h = (struct image_header *)image_words;
    memset(image_words, 0, sizeof image_words);
    *h = (struct image_header){.magic = IMAGE_MAGIC, .version = 1, .files = 2, .total_bytes = IMAGE_BYTES};
    strcpy(h->entry[0].name, "pager");
    h->entry[0].offset = 4096;
    h->entry[0].size_bytes = 4096;
    strcpy(h->entry[1].name, "console");
    h->entry[1].offset = 4096;
    h->entry[1].size_bytes = 1024;
    uint8_t *f = (uint8_t *)image_words + 4096;
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    memcpy(f, ident, sizeof ident);
    *(uint16_t *)(f + 16) = 2;
    *(uint16_t *)(f + 18) = 243;
    *(uint64_t *)(f + 24) = 0x10000;
    *(uint64_t *)(f + 32) = 64;
    *(uint16_t *)(f + 54) = 56;
    *(uint16_t *)(f + 56) = 2;
    const uint64_t text[] = {1 | 5UL << 32, 0, 0x10000, 0x10000, 512, 512, 4096};
    const uint64_t data[] = {1 | 6UL << 32, 512, 0x20200, 0x20200, 100, 9000, 4096};
    memcpy(f + 64, text, sizeof text);
    memcpy(f + 120, data, sizeof data);
}
static void damage(void)
{
    uint8_t *bytes = (uint8_t *)image_words;
    for (unsigned n = take8() % 10; n > 0; n--) {
        static const uint16_t from[] = {0, 32, 96, 4096, 4096 + 64};
        unsigned base = from[take8() % 5], at = base + take8() % 112;
        if (take8() % 2)
            bytes[at] = take8();
        else
            memcpy(bytes + at, &(uint64_t){take_word()}, 8);
    }
}
static void programs(void)
{
    struct program p;
    make_image();
    damage();
    static const char *const name[] = {"pager", "console", "none"};
    for (unsigned i = 0; i < 3; i++) {
        if (program_find(name[i], &p) != OK)
            continue;
        MUST(p.segments > 0 && p.segments <= PROGRAM_SEGMENTS_MAX);
        MUST(p.bytes >= (uint8_t *)image_words && p.size_bytes <= IMAGE_BYTES);
        for (unsigned k = 0; k < p.segments; k++) {
            const struct program_segment *g = &p.segment[k];
            MUST(g->start < g->end && g->end <= WINDOW_BASE && g->va >= PAGE_SIZE);
            MUST(g->file_bytes <= p.size_bytes && g->file_offset <= p.size_bytes - g->file_bytes);
            MUST(!((g->prot & PROT_W) && (g->prot & PROT_X)));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    input.at = bytes;
    input.left = n;
    if (take8() % 2)
        arguments();
    else
        programs();
    return 0;
}
