/* SPDX-License-Identifier: MIT
 * See disk.h. Images pass through temporary files, for that is what e2fsprogs work on.
 */
#include "disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAID_BYTES 65536u
#define TOOLS "PATH=$PATH:/usr/sbin:/sbin LC_ALL=C E2FSPROGS_FAKE_TIME=1600000000 "

int64_t disk_clock = 1600000000;

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    abort();
}

/* ---- the device ---- */

static bool fails(unsigned *countdown, bool broken)
{
    if (*countdown == 0)
        return false;
    if (*countdown > 1) {
        --*countdown;
        return false;
    }
    if (!broken)
        *countdown = 0;
    return true;
}

static int inside(const struct disk *d, const struct block_io *io)
{
    return io->sector < d->device.sectors && io->sectors <= d->device.sectors - io->sector ? 0 : -EIO;
}

static int disk_read(void *context, struct block_io *list, unsigned count)
{
    struct disk *d = context;
    int err = 0;
    for (unsigned i = 0; i < count; i++) {
        struct block_io *io = &list[i];
        d->reads++;
        io->error = fails(&d->fail_read, d->broken) ? -EIO : inside(d, io);
        if (io->error == 0)
            memcpy(io->data, d->data + io->sector * SECTOR_BYTES, (size_t)io->sectors * SECTOR_BYTES);
        else
            err = io->error;
    }
    return err;
}

static void log_add(struct disk *d, const struct block_io *io)
{
    if (d->log_count == d->log_room) {
        d->log_room = d->log_room ? d->log_room * 2 : 1024;
        d->log = realloc(d->log, d->log_room * sizeof *d->log);
        must(d->log != NULL, "memory");
    }
    uint32_t bytes = io->sectors * SECTOR_BYTES;
    uint8_t *copy = malloc(bytes);
    must(copy != NULL, "memory");
    memcpy(copy, io->data, bytes);
    d->log[d->log_count++] = (struct disk_write){io->sector * SECTOR_BYTES, bytes, d->epoch, copy};
}

static int disk_write(void *context, struct block_io *list, unsigned count)
{
    struct disk *d = context;
    int err = 0;
    for (unsigned i = 0; i < count; i++) {
        struct block_io *io = &list[i];
        d->writes++;
        io->error = fails(&d->fail_write, d->broken) ? -EIO : inside(d, io);
        if (io->error != 0) {
            err = io->error;
            continue;
        }
        if (d->logging)
            log_add(d, io);
        memcpy(d->data + io->sector * SECTOR_BYTES, io->data, (size_t)io->sectors * SECTOR_BYTES);
    }
    return err;
}

static int disk_flush(void *context)
{
    struct disk *d = context;
    d->flushes++;
    if (fails(&d->fail_flush, d->broken))
        return -EIO;
    d->epoch++;
    return 0;
}

static void set_device(struct disk *d)
{
    d->device = (struct block_device){.sectors = d->bytes / SECTOR_BYTES, .context = d, .read = disk_read,
                                      .write = disk_write, .flush = disk_flush};
}

/* ---- files ---- */

static void write_file(const char *path, const struct disk *d)
{
    FILE *f = fopen(path, "wb");
    must(f && fwrite(d->data, 1, d->bytes, f) == d->bytes && fclose(f) == 0, path);
}

static void read_file(const char *path, struct disk *d)
{
    FILE *f = fopen(path, "rb");
    must(f && fread(d->data, 1, d->bytes, f) == d->bytes, path);
    fclose(f);
}

static int run(const char *command, char *said)
{
    FILE *pipe = popen(command, "r");
    must(pipe != NULL, command);
    size_t n = fread(said, 1, SAID_BYTES - 1, pipe);
    said[n] = 0;
    while (fgetc(pipe) != EOF)
        ;
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static char *temporary(void)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/pagoda-ext2-XXXXXX");
    int fd = mkstemp(path);
    must(fd >= 0, path);
    close(fd);
    return path;
}

void disk_make(struct disk *d, size_t bytes, const char *options, const char *content)
{
    static char said[SAID_BYTES], command[1024];
    const char *path = temporary();
    *d = (struct disk){.data = calloc(1, bytes), .bytes = bytes};
    must(d->data != NULL && bytes <= DISK_BYTES_MAX && truncate(path, (off_t)bytes) == 0, path);
    snprintf(command, sizeof command, TOOLS "mke2fs -q -t ext2 -U 11111111-2222-3333-4444-555555555555 %s %s%s -F %s 2>&1",
             options, content ? "-d " : "", content ? content : "", path);
    int status = run(command, said);
    if (status != 0) {
        fprintf(stderr, "%s: %s", command, said);
        abort();
    }
    read_file(path, d);
    unlink(path);
    set_device(d);
}

void disk_copy(struct disk *to, const struct disk *from)
{
    *to = (struct disk){.data = malloc(from->bytes), .bytes = from->bytes};
    must(to->data != NULL, "memory");
    memcpy(to->data, from->data, from->bytes);
    set_device(to);
}

void disk_log(struct disk *d, bool on)
{
    for (unsigned i = 0; i < d->log_count; i++)
        free(d->log[i].data);
    d->log_count = 0;
    d->epoch = 0;
    d->logging = on;
}

void disk_free(struct disk *d)
{
    disk_log(d, false);
    free(d->log);
    free(d->data);
    *d = (struct disk){0};
}

int disk_fsck(struct disk *d, const char *options, const char **said)
{
    static char text[SAID_BYTES], command[256];
    const char *path = temporary();
    write_file(path, d);
    snprintf(command, sizeof command, TOOLS "e2fsck %s %s 2>&1", options, path);
    int status = run(command, text);
    read_file(path, d);
    unlink(path);
    *said = text;
    return status;
}

const char *disk_debugfs(struct disk *d, const char *command)
{
    static char text[SAID_BYTES], line[512];
    const char *path = temporary();
    write_file(path, d);
    snprintf(line, sizeof line, TOOLS "debugfs -w -R '%s' %s 2>/dev/null", command, path);
    must(run(line, text) == 0, line);
    read_file(path, d);
    unlink(path);
    return text;
}

/* ---- mounting ---- */

static void now(struct ext2_time *out) { *out = (struct ext2_time){.seconds = disk_clock++}; }

int disk_mount(struct disk *d, unsigned buffers_kib, struct ext2 **fs)
{
    static _Alignas(16) uint8_t tables[2u << 20], buffers[8u << 20];
    struct ext2_setup setup = {.device = &d->device, .tables = tables, .tables_bytes = sizeof tables, .buffers = buffers,
                               .buffers_bytes = (size_t)buffers_kib << 10, .nodes = TEST_NODES, .now = now};
    must(setup.buffers_bytes <= sizeof buffers &&
         ext2_tables_bytes(TEST_NODES, setup.buffers_bytes) <= sizeof tables, "room for the tables");
    return ext2_mount(&setup, fs);
}
