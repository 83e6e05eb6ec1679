/* SPDX-License-Identifier: MIT
 * Proves that no pointer of a program hurts a server, by requests that bypass the C library: every operation that names a buffer
 * is asked with buffers in every kind of place. Bad ones are ERR_FAULT, odd ones do as plain ones. An operation of a protocol's list
 * that names a buffer and has no row fails the test. The functions over them: pointercalls.c.
 * TIMEOUT: 120
 */
#define GT_NAME "pointers"
#include "gabuse.h"
#include "gplaces.h"
#include <fcntl.h>
#include <ipc/console.h>
#include <ipc/fs.h>
#include <sys/stat.h>

/* What the server does with it; STRING: up to its nul, however long the buffer is. */
#define IN BUF_R
#define OUT BUF_W
#define STRING 1UL

struct row {
    const char *what;
    handle_t server;
    unsigned which; /* of its buffers */
    uint64_t how;
    const void *content;
    size_t size;
    uint64_t w[7];
    struct ipc_buf other;
    err_t want;
    void (*before)(void), (*after)(const struct ipc_msg *reply);
    bool last;  /* on success it never returns: done by a child */
    bool partly; /* it says how many bytes it did, which may be those before the bad one */
};

static char file[] = "/tmp/pointers/file", dir[] = "/tmp/pointers", none[] = "/tmp/pointers/none", symbolic[] = "/tmp/pointers/link";
static char program[] = "true", strings[] = "true";
static int fd, fd_dir;
static uint8_t tried[H_FS + 1][64];

static void rewind_both(void)
{
    (void)lseek(fd, 0, SEEK_SET);
    (void)lseek(fd_dir, 0, SEEK_SET);
}
static void close_it(const struct ipc_msg *reply) { CHECK_EQ(close((int)reply->w[1]), 0); }
static void await_it(const struct ipc_msg *reply) { gt_expect_exit((pid_t)reply->w[1], 0); }

static uint64_t page_rest(const void *p) { return PAGE_SIZE - ((uintptr_t)p & PAGE_MASK); }

static struct request_act request(const struct row *r, void *at, uint64_t len)
{
    struct request_act x = {.what = r->what, .server = r->server};
    memcpy(x.w, r->w, sizeof r->w);
    x.buf[r->which] = (struct ipc_buf){at, r->how & STRING ? FS_PATH_MAX : len, r->how & (IN | OUT)};
    x.buf[!r->which] = r->other;
    if (r->server == H_FS)
        x.w[6] = page_rest(x.buf[0].addr) | page_rest(x.buf[1].addr) << 32;
    return x;
}

static uint64_t done; /* bytes, as the last answer said */

static err_t ask(const struct row *r, void *at, uint64_t len)
{
    struct request_act x = request(r, at, len);
    struct ipc_msg m;
    memcpy(m.w, x.w, sizeof m.w);
    unsigned bufs = r->other.access || r->which == 1 ? 2 : 1;
    if (r->before != NULL)
        r->before();
    err_t err = ipc_call_full(r->server, &m, x.buf, bufs, gs_deadline(GT_HANG_MS));
    if (err == OK && r->after != NULL)
        r->after(&m);
    done = err == OK ? m.w[1] : 0;
    return err;
}

/* By a child that has no way back when it succeeds. */
static err_t ask_last(const struct row *r, void *at, uint64_t len)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(-ask(r, at, len));
    int status = gt_reap(pid, GT_HANG_MS);
    return WIFEXITED(status) ? -WEXITSTATUS(status) : ERR_PEER_DEAD;
}

static void expect(const struct row *r, enum place place, err_t got, err_t want)
{
    if (got == want)
        return;
    gt_fail(r->what, __FILE__, __LINE__);
    printf("  buffer %u at %s: %d, wanted %d\n", r->which, place_name[place], got, want);
}

static void at_place(const struct row *r, enum place place)
{
    void *at = place_enter(place, r->content, r->size);
    err_t got = r->last ? ask_last(r, at, r->size) : ask(r, at, r->size);
    bool bad = place >= AT_NULL || (place == AT_READONLY && r->how & OUT);
    if (r->partly && place == AT_CROSSING && got == OK)
        CHECK(done > 0 && done <= r->size / 2);
    else if (bad)
        expect(r, place, got, ERR_FAULT);
    else if (place != AT_LAZY || !(r->how & IN)) /* what is read there is zeros: any answer but one about the address */
        expect(r, place, got, r->want);
    else if (got == ERR_FAULT)
        expect(r, place, got, r->want);
    if (place == AT_READONLY && r->how & OUT && r->content != NULL)
        CHECK_EQ(memcmp(at, r->content, r->size), 0);
    place_leave(place);
}

/* As long as no memory is: what there is may be used, and then it is a fault, or too long. */
static void huge(const struct row *r)
{
    if (r->last)
        return;
    void *at = place_enter(AT_EDGE, r->content, r->size);
    err_t got = ask(r, at, 1UL << 40);
    if (got != r->want && got != ERR_FAULT && got != ERR_INVAL && got != ERR_NAMETOOLONG)
        expect(r, AT_CROSSING, got, ERR_FAULT);
    place_leave(AT_EDGE);
}

static void do_rows(const struct row *rows, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        tried[rows[i].server][rows[i].w[0]] |= 1 << rows[i].which;
        for (enum place place = 0; place < AT_PLACES; place++)
            at_place(&rows[i], place);
        huge(&rows[i]);
    }
}
#define DO_ROWS(rows) do_rows(rows, sizeof(rows) / sizeof(rows)[0])

/* ---- the file server ---- */

static bool open_files(void)
{
    (void)mkdir(dir, 0755);
    fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK_EQ(write(fd, "what stands in the file, longer than sixteen bytes", 50), 50);
    (void)symlink("file", symbolic);
    fd_dir = open(dir, O_RDONLY);
    return gt_shared_open() == OK && fd >= 0 && fd_dir >= 0;
}
static void close_files(void)
{
    (void)close(fd);
    (void)close(fd_dir);
    (void)unlink(file);
    (void)unlink(symbolic);
    CHECK_EQ(rmdir(dir), 0);
    gt_shared_close();
}
#define PATH(p) STRING | IN, p, sizeof p
static void file_servers_paths(void)
{
    static struct stat st;
    static char bytes[64];
    const struct ipc_buf path = {file, FS_PATH_MAX, BUF_R}, link_path = {symbolic, FS_PATH_MAX, BUF_R};
    REQUIRE(open_files());
    const struct row rows[] = {
        {"open", H_FS, 0, PATH(file), {FS_OPEN, O_RDONLY}, .want = OK, .after = close_it},
        {"stat, path", H_FS, 0, PATH(file), {FS_STAT}, {&st, sizeof st, BUF_W}, .want = OK},
        {"stat, result", H_FS, 1, OUT, NULL, sizeof st, {FS_STAT}, path, .want = OK},
        {"mkdir", H_FS, 0, PATH(dir), {FS_MKDIR, 0755}, .want = ERR_EXIST},
        {"unlink", H_FS, 0, PATH(none), {FS_UNLINK}, .want = ERR_NOENT},
        {"rename, from", H_FS, 0, PATH(file), {FS_RENAME}, path, .want = OK},
        {"rename, to", H_FS, 1, PATH(file), {FS_RENAME}, path, .want = OK},
        {"link, from", H_FS, 0, PATH(file), {FS_LINK}, path, .want = ERR_EXIST},
        {"link, to", H_FS, 1, PATH(file), {FS_LINK}, path, .want = ERR_EXIST},
        {"symlink, what", H_FS, 0, PATH(file), {FS_SYMLINK}, path, .want = ERR_EXIST},
        {"symlink, where", H_FS, 1, PATH(file), {FS_SYMLINK}, path, .want = ERR_EXIST},
        {"readlink, path", H_FS, 0, PATH(symbolic), {FS_READLINK}, {bytes, sizeof bytes, BUF_W}, .want = OK},
        {"readlink, result", H_FS, 1, OUT, NULL, 4, {FS_READLINK}, link_path, .want = OK},
        {"chdir", H_FS, 0, PATH(dir), {FS_CHDIR}, .want = OK},
        {"truncate", H_FS, 0, PATH(file), {FS_TRUNCATE, 50}, .want = OK},
        {"access", H_FS, 0, PATH(file), {FS_ACCESS, 0}, .want = OK},
        {"chmod", H_FS, 0, PATH(file), {FS_CHMOD, 0644}, .want = OK},
        {"times", H_FS, 0, PATH(file), {FS_TIMES, ~0UL}, .want = OK},
        {"chown", H_FS, 0, PATH(file), {FS_CHOWN, ~0UL}, .want = OK},
        {"mkfifo", H_FS, 0, PATH(file), {FS_MKFIFO, 0644}, .want = ERR_EXIST},
        {"statfs", H_FS, 0, PATH(file), {FS_STATFS}, .want = OK},
    };
    DO_ROWS(rows);
    CHECK_EQ(chdir("/"), 0);
    close_files();
}
static void file_servers_bytes(void)
{
    REQUIRE(open_files());
    const uint64_t f = (uint64_t)fd, d = (uint64_t)fd_dir;
    const struct fs_poll polled[2] = {{.fd = fd, .events = FS_POLLIN}, {.fd = -1}};
    const struct row rows[] = {
        {"read", H_FS, 0, OUT, NULL, 16, {FS_READ, f}, .want = OK, .before = rewind_both, .partly = true},
        {"write", H_FS, 0, IN, "sixteen bytes...", 16, {FS_WRITE, f}, .want = OK, .before = rewind_both, .partly = true},
        {"pread", H_FS, 0, OUT, NULL, 16, {FS_PREAD, f, 0}, .want = OK, .partly = true},
        {"pwrite", H_FS, 0, IN, "sixteen bytes...", 16, {FS_PWRITE, f, 0}, .want = OK, .partly = true},
        {"fstat", H_FS, 0, OUT, NULL, sizeof(struct stat), {FS_FSTAT, f}, .want = OK},
        {"getcwd", H_FS, 0, OUT, NULL, 2, {FS_GETCWD}, .want = OK},
        {"readdir", H_FS, 0, OUT, NULL, 256, {FS_READDIR, d}, .want = OK, .before = rewind_both, .partly = true},
        {"poll", H_FS, 0, IN | OUT, polled, sizeof polled, {FS_POLL, 2, 1}, .want = OK},
    };
    DO_ROWS(rows);
    close_files();
}

/* ---- the others ---- */

static uint64_t own_slot(void)
{
    struct ipc_msg m = {.w = {PROC_GETPID}};
    return proc_call(H_PROC, &m) == OK ? m.w[5] : 0;
}
static void the_process_managers(void)
{
    const struct ipc_buf path = {program, 4, BUF_R}, args = {strings, 5, BUF_R};
    const uint32_t free_word = 0, held_word = (uint32_t)own_slot() + 1;
    const uint64_t me = (uint64_t)getpid();
    REQUIRE(gt_shared_open() == OK);
    const struct row rows[] = {
        {"exec, path", H_PROC, 0, IN, program, 4, {PROC_EXEC, 4, 1, 0}, args, OK, .last = true},
        {"exec, strings", H_PROC, 1, IN, strings, 5, {PROC_EXEC, 4, 1, 0}, path, OK, .last = true},
        {"spawn, path", H_PROC, 0, IN, program, 4, {PROC_SPAWN, 4, 1, 0}, args, OK, .after = await_it},
        {"spawn, strings", H_PROC, 1, IN, strings, 5, {PROC_SPAWN, 4, 1, 0}, path, OK, .after = await_it},
        {"info", H_PROC, 0, OUT, NULL, 8, {PROC_INFO, me}, .want = OK},
        {"mutex, to wait", H_PROC, 0, IN, &free_word, 4, {PROC_MUTEX_WAIT}, .want = ERR_AGAIN},
        {"word, to wait for", H_PROC, 0, IN, &free_word, 4, {PROC_WORD_WAIT, (uintptr_t)&free_word, 1}, .want = ERR_AGAIN},
        {"mutex, to give", H_PROC, 0, IN | OUT, &held_word, 4, {PROC_MUTEX_GIVE}, .want = OK},
    };
    DO_ROWS(rows);
    tried[H_PROC][PROC_ARGS] = 1; /* nothing is copied a second time: abuseops; the first time crt0 asks, and no one else can */
    gt_shared_close();
}
static void the_consoles(void)
{
    REQUIRE(gt_shared_open() == OK);
    const struct row rows[] = {
        {"write", H_CONSOLE, 0, IN, "\n\n", 2, {CONSOLE_WRITE}, .want = OK, .partly = true},
    };
    DO_ROWS(rows);
    tried[H_CONSOLE][CONSOLE_READ] = 1; /* somebody has to type: qemu/test_typed_pointers */
    gt_shared_close();
}

/* ---- is everything here? ---- */

static void look(const char *server, const char *name, const char *words, unsigned had)
{
    unsigned wanted = (strstr(words, "buf0") != NULL ? 1 : 0) | (strstr(words, "buf1") != NULL ? 2 : 0);
    if ((wanted & ~had) != 0) {
        gt_fail("an operation has a row for each of its buffers", __FILE__, __LINE__);
        printf("  %s: %s\n", server, name);
    }
}
static void every_buffer_has_a_row(void)
{
#define LOOK(server, name, number, who, words) \
    if ((who) & FROM(BADGE_CLIENT)) \
        look(#server, #name, words, tried[server][number]);
#define PAGER_LOOK(name, number, who, words) LOOK(H_PAGER, name, number, who, words)
#define PROC_LOOK(name, number, who, words) LOOK(H_PROC, name, number, who, words)
#define CONSOLE_LOOK(name, number, who, words) LOOK(H_CONSOLE, name, number, who, words)
#define INIT_LOOK(name, number, who, words) LOOK(H_INIT, name, number, who, words)
#define FS_LOOK(name, number, who, words) LOOK(H_FS, name, number, who, words)
    PAGER_OPS(PAGER_LOOK)
    PROC_OPS(PROC_LOOK)
    CONSOLE_OPS(CONSOLE_LOOK)
    INIT_OPS(INIT_LOOK)
    FS_OPS(FS_LOOK)
}

GT_MAIN(CASE(file_servers_paths), CASE(file_servers_bytes), CASE(the_process_managers), CASE(the_consoles),
        CASE(every_buffer_has_a_row))
