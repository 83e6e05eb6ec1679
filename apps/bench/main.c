/* SPDX-License-Identifier: MIT
 * bench [--json] [NAME...]: the instructions that operations cost, measured from inside by rdinstret.
 *
 * Each figure is the median of at least 32 samples with the cost of reading the counter taken off; beside it the
 * smallest and largest sample and the sfence.vma and satp writes per operation. NAME selects by the beginning of a
 * figure's name. Meaningful under icount (scons bench; ICOUNT=1): else instret counts host time.
 * bench --spin LINES, bench --touch LINES: nothing is measured here, but from outside (outside.c).
 * Must never leave a child behind, whatever fails.
 */
#include "bench.h"

#include <stdio.h>
#include <string.h>

/* In this order: the swap figures make the pager keep account of resident pages, and who has pipes has more to fork. */
static const struct {
    const char *name;
    void (*run)(void);
} families[] = {{"syscall.null", bench_syscall_null}, {"ipc.", bench_ipc}, {"notify.", bench_notify},
                {"fault.map_only", bench_fault_map_only}, {"fault.cow", bench_fault_cow}, {"fault.zero", bench_fault_zero},
                {"fault.around16", bench_fault_around}, {"fork_exec", bench_fork_exec}, {"spawn", bench_spawn}, {"boot.shell", bench_boot_shell},
                {"fork.", bench_forks}, {"fork.", bench_fork_strategies},
                {"fault.unshare", bench_fault_unshare}, {"swap.in", bench_swap_in}, {"swap.cycle", bench_swap_cycle},
                {"pipe.roundtrip", bench_pipe_roundtrip}};

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--spin") == 0)
        return bench_spin(argv[2]);
    if (argc == 3 && strcmp(argv[1], "--touch") == 0)
        return bench_touch(argv[2]);
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    want(argv + 1 + json, argc - 1 - json);
    calibrate();
    for (unsigned i = 0; i < sizeof families / sizeof families[0]; i++)
        if (family_wanted(families[i].name))
            families[i].run();
    if (metric_count == 0) {
        fprintf(stderr, "bench: nothing measured; a NAME is the beginning of a figure's name, such as fork.call\n");
        return 1;
    }
    if (json)
        print_json();
    else
        print_table();
    return 0;
}
