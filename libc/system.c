/* SPDX-License-Identifier: MIT
 * Requests about the system as a whole, unpacked (pagoda/system.h). Owns nothing.
 */
#include <pagoda/system.h>

#include <string.h>

err_t process_next(uint32_t pid, struct process_info *out)
{
    struct ipc_msg m = {.w = {PROC_INFO, pid}};
    memset(out, 0, sizeof *out);
    struct ipc_buf name = {.addr = out->name, .len_bytes = sizeof out->name, .access = BUF_W};
    err_t err = proc_call_full(H_PROC, &m, &name, 1);
    if (err != OK)
        return err;
    out->pid = (uint32_t)m.w[1];
    out->ppid = (uint32_t)m.w[2];
    out->state = (uint32_t)m.w[3];
    out->space = (uint32_t)m.w[4];
    out->threads = (uint32_t)m.w[5];
    out->prio = (uint32_t)m.w[6];
    out->used = m.w[7];
    out->name[sizeof out->name - 1] = '\0';
    return OK;
}

err_t pager_stat(unsigned which, uint64_t space, struct pager_stats *out)
{
    struct ipc_msg m = {.w = {PAGER_STAT, which, space}};
    err_t err = pager_call(H_PAGER, &m);
    memcpy(out->v, m.w, sizeof out->v);
    return err;
}

err_t page_info(uint64_t space, vaddr_t va, struct page_info *out)
{
    struct ipc_msg m = {.w = {PAGER_PAGE_INFO, space, va}};
    err_t err = pager_call(H_PAGER, &m);
    if (err == OK)
        *out = (struct page_info){.pte = m.w[1], .refs = m.w[2], .frame = (frame_t)m.w[3], .next = m.w[4],
                                  .prot = (unsigned)m.w[5]};
    return err;
}

uint64_t system_setting(unsigned setting)
{
    struct ipc_msg m = {.w = {INIT_SETTING, setting}};
    return ipc_call(H_INIT, &m) == OK ? m.w[1] : 0;
}

err_t server_info(unsigned server, struct server_info *out)
{
    struct ipc_msg m = {.w = {INIT_SERVER_INFO, server}};
    err_t err = ipc_call(H_INIT, &m);
    if (err != OK)
        return err;
    *out = (struct server_info){.alive = m.w[1] != 0, .restarts = m.w[2], .key = m.w[3], .used = m.w[4]};
    if (out->key == 0)
        return OK;
    struct ipc_msg find = {.w = {PAGER_SPACE_FIND, out->key}};
    if (pager_call(H_PAGER, &find) == OK)
        out->space = find.w[1];
    return OK;
}

const char *error_text(err_t err)
{
    static const struct {
        err_t err;
        const char *text;
    } texts[] = {
#define ERROR_TEXT(name, value, text) {name, text},
        ERRORS(ERROR_TEXT)
#undef ERROR_TEXT
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].err == err)
            return texts[i].text;
    return "an unknown error";
}
