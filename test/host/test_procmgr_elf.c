/* SPDX-License-Identifier: MIT
 * Reading of program headers: a good file comes out as its segments, each way to be bad is refused, and whatever bytes come
 * (300,000 damaged files) the result never leaves the file or the address range, overlaps, or is writable code.
 *
 * SOURCES: servers/procmgr/elf.c
 * INCLUDES: microkernel/include libipc/include servers/procmgr
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "procmgr.h"

struct header {
    uint32_t magic;
    uint8_t class, data, version, pad[9];
    uint16_t type, machine;
    uint32_t version2;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
struct phdr {
    uint32_t type, flags;
    uint64_t offset, va, pa, file_bytes, mem_bytes, align;
};
enum { R = 4, W = 2, X = 1 };

static struct {
    struct header h;
    struct phdr p[4];
    uint8_t body[4 * PAGE_SIZE];
} file;

static int good_file(void **state)
{
    (void)state;
    memset(&file, 0, sizeof file);
    file.h = (struct header){.magic = 0x464c457f, .class = 2, .data = 1, .type = 2, .machine = 243, .entry = 0x10010,
                             .phoff = 64, .phentsize = 56, .phnum = 3};
    file.p[0] = (struct phdr){1, R | X, PAGE_SIZE, 0x10000, 0, 0x800, 0x800, PAGE_SIZE};
    file.p[1] = (struct phdr){1, R, 2 * PAGE_SIZE + 8, 0x11008, 0, 0x100, 0x100, PAGE_SIZE};
    file.p[2] = (struct phdr){1, R | W, 3 * PAGE_SIZE, 0x12000, 0, 0x20, 0x3000, PAGE_SIZE};
    return 0;
}

static err_t read_it(struct program *out)
{
    memset(out, 0xee, sizeof *out);
    return elf_read((const uint8_t *)&file, sizeof file, out);
}

static void test_a_good_file_comes_out_as_its_segments(void **state)
{
    (void)state;
    struct program p;
    assert_int_equal(read_it(&p), OK);
    assert_int_equal(p.entry, 0x10010);
    assert_int_equal(p.segments, 3);
    assert_int_equal(p.segment[0].prot, PROT_R | PROT_X);
    assert_int_equal(p.segment[1].start, 0x11000);
    assert_int_equal(p.segment[1].file_offset, 2 * PAGE_SIZE);
    assert_int_equal(p.segment[1].file_bytes, 0x108); /* with the lead of the first page */
    assert_int_equal(p.segment[2].end, 0x15000);
    assert_int_equal(p.heap, 0x15000);
    assert_true(p.stack_top == SERVER_STACK_TOP); /* there is no room below it */
}

static void test_the_stack_is_below_a_program_that_leaves_room(void **state)
{
    (void)state;
    const vaddr_t lowest = STACK_LOWEST + STACK_MAX_BYTES + PAGE_SIZE;
    struct program p;
    for (unsigned i = 0; i < 3; i++)
        file.p[i].va += lowest;
    file.h.entry += lowest;
    assert_int_equal(read_it(&p), OK);
    assert_true(p.stack_top == p.segment[0].start - PAGE_SIZE);
    file.p[1].va = lowest + 8; /* no other segment is in its way */
    assert_int_equal(read_it(&p), OK);
    assert_true(p.stack_top == lowest - PAGE_SIZE && p.stack_top - STACK_MAX_BYTES == STACK_LOWEST);
    file.p[1].va -= PAGE_SIZE;
    assert_int_equal(read_it(&p), OK);
    assert_true(p.stack_top == SERVER_STACK_TOP);
}

static void test_a_segment_without_file_bytes_is_all_zeros(void **state)
{
    (void)state;
    struct program p;
    file.p[2].file_bytes = 0;
    assert_int_equal(read_it(&p), OK);
    assert_int_equal(p.segment[2].file_bytes, 0);
}

static void assert_refused(void)
{
    struct program p;
    assert_int_equal(read_it(&p), ERR_NOEXEC);
    (void)good_file(NULL);
}

static void test_each_way_to_be_bad_is_refused(void **state)
{
    (void)state;
    file.h.magic++, assert_refused();
    file.h.class = 1, assert_refused();
    file.h.data = 2, assert_refused();
    file.h.type = 3, assert_refused(); /* position-independent */
    file.h.machine = 62, assert_refused();
    file.h.phentsize = 32, assert_refused();
    file.h.phnum = 0, assert_refused();
    file.h.phnum = 0xffff, assert_refused();
    file.h.phoff = sizeof file - 8, assert_refused();
    file.h.phoff = ~0UL, assert_refused();
    file.h.entry = 0x11010, assert_refused(); /* not in code */
    file.h.entry = 0x10011, assert_refused();
    file.h.entry = 0, assert_refused();
    file.p[0].flags = R | W | X, assert_refused();
    file.p[0].flags = X, assert_refused();
    file.p[0].offset = ~0UL - 0xfff, assert_refused();
    file.p[0].file_bytes = sizeof file, assert_refused();
    file.p[0].file_bytes = 0x900, assert_refused(); /* more in the file than in memory */
    file.p[0].va = 0, assert_refused();             /* the null page */
    file.p[0].va = 0x10800, assert_refused();       /* not congruent to its offset */
    file.p[0].va = PROGRAM_VA_END, assert_refused();
    file.p[2].mem_bytes = PROGRAM_VA_END, assert_refused();
    file.p[2].mem_bytes = ~0UL, assert_refused();
    file.p[1].va = 0x10008, assert_refused(); /* shares a page with the code */
    file.p[2].va = 0x11000, assert_refused();
    file.p[1].type = 3, assert_refused(); /* wants a dynamic linker */
}

/* Of a file that is long enough for it. */
static void test_a_segment_that_no_message_has_room_for_is_refused(void **state)
{
    (void)state;
    const uint64_t size = 1UL << 50, most = UINT32_MAX - PAGE_SIZE;
    struct program p;
    file.p[2].file_bytes = file.p[2].mem_bytes = most;
    assert_int_equal(elf_read((const uint8_t *)&file, size, &p), OK);
    file.p[2].file_bytes = file.p[2].mem_bytes = most + 1;
    assert_int_equal(elf_read((const uint8_t *)&file, size, &p), ERR_NOEXEC);
    (void)good_file(NULL);
    file.p[2].file_bytes = 0;
    file.p[2].offset = (1UL << 44) - PAGE_SIZE;
    assert_int_equal(elf_read((const uint8_t *)&file, size, &p), OK);
    file.p[2].offset = 1UL << 44;
    assert_int_equal(elf_read((const uint8_t *)&file, size, &p), ERR_NOEXEC);
}

static void test_a_short_file_is_refused(void **state)
{
    (void)state;
    for (uint64_t size = 0; size < 64 + 3 * 56; size++) {
        struct program p;
        uint8_t *exact = test_malloc(size + 1); /* reading behind the end is an error of the sanitizer */
        memcpy(exact, &file, size);
        assert_int_equal(elf_read(exact, size, &p), ERR_NOEXEC);
        test_free(exact);
    }
}

static void assert_sane(const struct program *p)
{
    assert_in_range(p->segments, 1, SEGMENTS_MAX);
    for (unsigned i = 0; i < p->segments; i++) {
        const struct segment *s = &p->segment[i];
        assert_true(s->start >= PAGE_SIZE && s->start < s->end && s->end <= PROGRAM_VA_END);
        assert_true(((s->start | s->end | s->file_offset) & PAGE_MASK) == 0);
        assert_true(s->file_offset <= sizeof file && s->file_bytes <= sizeof file - s->file_offset);
        assert_true(s->file_bytes <= s->end - s->start && s->end <= p->heap);
        assert_false((s->prot & PROT_W) && (s->prot & PROT_X));
        for (unsigned k = 0; k < i; k++)
            assert_true(s->end <= p->segment[k].start || p->segment[k].end <= s->start);
    }
}

static uint64_t next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static void test_damaged_files_never_come_out_wrong(void **state)
{
    (void)state;
    static const uint64_t nasty[] = {0, 1, 0xfff, 0x1000, 0x10000, 0x7fffffff, 0xffffffff, 1UL << 36, 1UL << 63, ~0UL, ~0xfffUL};
    uint64_t seed = 88172645463325252UL;
    unsigned accepted = 0;
    for (unsigned n = 0; n < 300000; n++) {
        struct program p;
        (void)good_file(NULL);
        for (unsigned hits = 1 + next_random(&seed) % 3; hits > 0; hits--) {
            uint64_t r = next_random(&seed);
            size_t at = r % (sizeof file.h + 4 * sizeof file.p[0] - 8);
            uint64_t value = r & 1UL << 40 ? nasty[(r >> 41) % (sizeof nasty / sizeof nasty[0])] : next_random(&seed);
            memcpy((uint8_t *)&file + at, &value, 1UL << (r >> 50) % 4);
        }
        if (read_it(&p) != OK)
            continue;
        assert_sane(&p);
        accepted++;
    }
    assert_in_range(accepted, 1000, 299000); /* both happen */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_good_file_comes_out_as_its_segments, good_file),
        cmocka_unit_test_setup(test_the_stack_is_below_a_program_that_leaves_room, good_file),
        cmocka_unit_test_setup(test_a_segment_without_file_bytes_is_all_zeros, good_file),
        cmocka_unit_test_setup(test_each_way_to_be_bad_is_refused, good_file),
        cmocka_unit_test_setup(test_a_segment_that_no_message_has_room_for_is_refused, good_file),
        cmocka_unit_test_setup(test_a_short_file_is_refused, good_file),
        cmocka_unit_test_setup(test_damaged_files_never_come_out_wrong, good_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
