/* SPDX-License-Identifier: MIT
 * From the first instruction to main() and from there to exit(): thread-local storage, arguments, environment,
 * constructors. It must not touch errno or any other thread-local object before tp is set.
 */
#include "internal.h"

#include <alloca.h>
#include <ipc/procmgr.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char __tdata_start[], __tdata_end[], __tls_size[], __tls_block[];
extern void __libc_init_array(void);
extern int main(int argc, char **argv, char **envp);

size_t __tls_bytes(void)
{
    return (size_t)(uintptr_t)__tls_size;
}

void __tls_fill(void *block)
{
    size_t data = (size_t)(__tdata_end - __tdata_start);
    memcpy(block, __tdata_start, data);
    memset((char *)block + data, 0, __tls_bytes() - data);
}

/* argc strings then envc strings, each nul-terminated, become two null-terminated arrays in slot[]. Strings that are
 * missing (the manager never sends such) become empty ones. */
static void strings_split(char *strings, size_t bytes, char **slot, size_t argc, size_t envc)
{
    char *end = strings + bytes;
    for (size_t i = 0; i < argc + envc + 1; i++) {
        if (i == argc) {
            slot[i] = NULL;
            continue;
        }
        slot[i] = strings;
        if (strings < end)
            strings += strlen(strings) + 1;
    }
    slot[argc + envc + 1] = NULL;
}

/* Fetch the strings of exec or spawn into `strings`. A program without them runs with none. */
static void strings_fetch(char *strings, size_t bytes, size_t *argc, size_t *envc)
{
    struct ipc_msg m = {.w = {PROC_ARGS}};
    struct ipc_buf buf = {.addr = strings, .len_bytes = bytes, .access = BUF_W};
    *argc = *envc = 0;
    if (bytes == 0 || proc_call_full(H_PROC, &m, &buf, 1) != OK)
        return;
    if (m.w[1] > bytes || m.w[2] > bytes || m.w[3] > bytes - m.w[2])
        return;
    *argc = m.w[2];
    *envc = m.w[3];
}

void __libc_start(size_t word)
{
    size_t bytes = word & UINT32_MAX;
    __asm__ volatile("mv tp, %0" : : "r"(__tls_block));
    __tls_fill(__tls_block);
    if (bytes > PROC_ARGS_MAX)
        bytes = 0;
    size_t argc, envc;
    char *strings = alloca(bytes + 1);
    strings[bytes] = '\0'; /* the end of the last string, whatever came */
    strings_fetch(strings, bytes, &argc, &envc);
    char **slot = alloca((argc + envc + 2) * sizeof slot[0]);
    strings_split(strings, bytes, slot, argc, envc);
    environ = slot + argc + 1;
    __files_start(word & PROC_START_FILES);
    __libc_init_array();
    exit(main((int)argc, slot, environ));
}
