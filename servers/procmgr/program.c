/* SPDX-License-Identifier: MIT
 * Programs in files of the file server, which notes for each process what it starts (FS_PROC_PROGRAM) and keeps that file. The
 * headers are read when the request comes and again when the space is empty: nothing of them has to outlive this server.
 */
#include "procmgr.h"

#include <ipc/fs.h>
#include <string.h>

#define HEADERS_BYTES 4096u /* what is read of a file, at most: the ELF header and what it says of segments */
#define PHOFF_AT 32u
#define PHNUM_AT 56u
#define PHDR_BYTES 56u
#define HEADER_BYTES 64u

static uint64_t bytes_in_file; /* of what was read last */

err_t program_choose(const struct proc *p, uint64_t fd)
{
    struct ipc_msg m = {.w = {FS_PROC_PROGRAM, p->pid, fd}};
    return p->files ? files_call(&m) : FS_ERR_BADF;
}

/* Bytes [from, to) of the process's program; ERR_NOEXEC: it ends before. */
static err_t read_bytes(const struct proc *p, uint8_t *headers, uint64_t from, uint64_t to)
{
    bytes_in_file = 0;
    while (from < to) { /* bound: HEADERS_BYTES, at least a byte a turn */
        struct ipc_msg m = {.w = {FS_PROC_READ, p->pid, from}};
        err_t err = files_call(&m);
        if (err != OK)
            return err;
        uint64_t got = m.w[1] & 0xff, n = got < to - from ? got : to - from;
        if (got == 0 || got > FS_READ_SHORT_MAX)
            return ERR_NOEXEC;
        bytes_in_file = m.w[1] >> 8;
        memcpy(headers + from, &m.w[2], n);
        from += n;
    }
    return OK;
}

/* How far the headers reach, as the first of them says; 0: further than is read. */
static uint64_t headers_end(const uint8_t *headers)
{
    uint64_t phoff;
    uint16_t phnum;
    memcpy(&phoff, headers + PHOFF_AT, sizeof phoff);
    memcpy(&phnum, headers + PHNUM_AT, sizeof phnum);
    if (phoff > HEADERS_BYTES || phnum * (uint64_t)PHDR_BYTES > HEADERS_BYTES - phoff)
        return 0;
    return phoff + phnum * (uint64_t)PHDR_BYTES;
}

err_t program_of(const struct proc *p, const char *name, const struct program **out)
{
    static uint8_t headers[HEADERS_BYTES];
    static struct program program;
    const char *base = strrchr(name, '/');
    char kept[PROC_NAME_MAX] = {0};
    strncpy(kept, base ? base + 1 : name, sizeof kept - 1);
    err_t err = read_bytes(p, headers, 0, HEADER_BYTES);
    uint64_t end = err == OK ? headers_end(headers) : 0;
    if (err == OK)
        err = end != 0 ? read_bytes(p, headers, HEADER_BYTES, end) : ERR_NOEXEC;
    if (err != OK)
        return err;
    program = (struct program){.file = PROGRAM_OF_FILES};
    memcpy(program.name, kept, sizeof program.name);
    *out = &program;
    return elf_read(headers, bytes_in_file, &program); /* if it gets shorter later, SIGBUS is what comes of it */
}
