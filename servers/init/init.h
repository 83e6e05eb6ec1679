/* SPDX-License-Identifier: MIT
 * What the files of init share. init owns every chunk at boot, the pager's wired memory for ever, and the endpoints that
 * must outlive the servers. Three threads: the supervisor (supervisor.c, calls only the kernel), the worker (worker.c,
 * builds and rebuilds servers through the pager) and the session (session.c, runs the shell).
 */
#ifndef INIT_INIT_H
#define INIT_INIT_H

#include <abi/bootinfo.h>
#include <abi/image.h>
#include <ipc/init.h>

#include "handoff.h"

/* ---- print.c: %s %d %u %x %c, to the console server when it is up, else the kernel's last-resort console ---- */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* For the supervisor, which may call nobody: kept, printed by the worker. Dropped (and counted) when there is no room. */
void say_later(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Print what say_later() kept. raw: by the kernel's console, for last words. */
void say_flush_kept(void);
void say_flush_raw(void);
/* The console server's endpoint, once it serves. */
void say_through(handle_t console_ep);

/* ---- settings.c ---- */
struct settings {
    unsigned fork;              /* enum fork_strategy */
    uint32_t frames;            /* for pages of programs; 0: no limit */
    uint32_t around;            /* width of fault-around, pages; 0: the pager's default */
    uint32_t store;             /* frames of the RAM-backed store, or PAGER_STORE_DEFAULT */
    uint32_t pager_prio;        /* its own priority */
    char build[16];
    char policy[16];            /* replacement policy, "": the pager's default */
    char run[BOOT_ARGS_MAX];    /* "" = interactive */
    const char *machine;        /* the arguments as they came, for the banner */
    uint64_t shell_instret;
};
extern struct settings settings;
void settings_parse(const char *args);
void settings_banner(const struct bootinfo *boot);
err_t settings_get(uint64_t which, uint64_t *value);

/* ---- memory.c ---- */
extern const struct bootinfo *boot;
void memory_init(void);
frame_t kernel_frame_take(void); /* for an object or a table; never fails (no memory at boot: init gives up) */
frame_t user_frame_take(void);   /* one wired frame, zeroed, visible at window() */
void *window(paddr_t pa);        /* where init sees a frame of a chunk it owns */
void window_open(handle_t space, uint64_t chunk);   /* show a chunk in a space's window, with the tables it needs */
void map_wired(handle_t space, vaddr_t va, frame_t frame, unsigned prot);
void map_device(handle_t space, vaddr_t va, paddr_t pa);
bool chunk_is_kept(uint64_t chunk); /* init's own: not for the pager */
handle_t object_new(unsigned type, uint64_t second); /* second: as sys_object_create */

/* ---- elf.c ---- */
#define PROGRAM_SEGMENTS_MAX 6u
struct program_segment {
    vaddr_t start, end;      /* page-aligned */
    vaddr_t va;              /* first byte from the file */
    uint64_t file_offset, file_bytes;
    unsigned prot;
};
struct program {
    vaddr_t entry;
    unsigned segments;
    struct program_segment segment[PROGRAM_SEGMENTS_MAX];
    unsigned image_file;     /* its number in the boot image */
    const uint8_t *bytes;    /* where init sees the file, while it owns the image */
    uint64_t size_bytes;
};
err_t program_find(const char *name, struct program *out);

/* ---- pager.c ---- */
handle_t pager_thread(void);
void pager_build(void);   /* space, thread, memory; not started */
void pager_start(void);
void pager_stop(void);    /* its callers get ERR_PEER_DEAD, its faults queue again */
bool pager_died_on_request(void); /* whether its breakpoint is one of PAGER_DEBUG_DIE_* */
void pager_crashed(void); /* its last death was one that nobody asked for; pager_restart() tells it */
void pager_restart(void); /* restore data, bss and stack, start; it must be stopped */
handle_t pager_endpoint(void);

/* ---- servers.c ---- */
struct server {
    unsigned number;         /* enum init_server */
    const char *name;
    struct program program;
    badge_t badge;           /* class at the others */
    uint64_t key, ep_key, ntfn_key;
    unsigned prio;
    handle_t ep, ntfn, space, thread; /* all of them outlive its death */
    uint32_t space_id;
};
extern struct server console_server, procmgr_server, fs_server, blk_server;
bool servers_have_disk(void);              /* else there is no block server */
void servers_find(void);                   /* read their ELF headers while init owns the image */
void servers_objects(void);                /* their endpoints and notifications */
bool server_died_on_request(const struct server *s); /* whether its breakpoint is one of a test's hooks */
err_t server_build(struct server *s);      /* space, thread, handles; started and watched */
void server_stop(struct server *s);        /* its callers get ERR_PEER_DEAD, its exceptions queue again */
must_check err_t server_start(struct server *s); /* from its first instruction; it must be stopped */

/* ---- disk.c: the first virtio block device: its registers and its interrupt ---- */
bool disk_find(paddr_t *pa, unsigned *irq);

/* ---- watch.c: who lives, who is to be started again when. Called by the supervisor, but for watch_begin() ---- */
enum death { DEATH_CRASH, DEATH_KILLED, DEATH_HOOK }; /* of itself; on request; by a test's hook: nothing is said */
void watch_begin(unsigned number);         /* it was started for the first time */
void watch_died(unsigned number, enum death how); /* stops it, and starts it again now or after a pause */
void watch_kill(unsigned number);
ticks_t watch_next(void);                  /* when watch_due() has something to do */
void watch_due(ticks_t now);
bool watch_alive(unsigned number);
uint64_t watch_restarts(unsigned number);
const char *watch_name(unsigned number);

/* The pager's endpoint for the worker: SEND, badge INIT. */
handle_t servers_pager(void);

/* ---- told.c ---- */
err_t told_register(handle_t pager, handle_t worker); /* it is signalled with WORKER_PAGER */
void told_print(handle_t pager);                      /* what the pager tells, a line each */

/* ---- supervisor.c, worker.c, session.c ---- */
extern handle_t init_ep;                   /* faults and exceptions of the servers, INIT_OPS */
void supervisor_run(void) __attribute__((noreturn));
#define KILL_AHEAD_TICKS 600000000u        /* a minute: a kill that is asked for comes no later, so none keeps its place for long */
#define WORKER_REPORT 1u                   /* bits of the worker's own notification */
#define WORKER_POWEROFF 2u
#define WORKER_PAGER 4u                    /* the pager has something to tell */
void worker_wake(uint64_t bits);
void worker_power_off(unsigned status); /* after what was written has left the device */
void worker_start(void);
void worker_main(void) __attribute__((noreturn));
void session_main(void) __attribute__((noreturn));
/* A further thread of init; the stack is static. */
handle_t thread_spawn(void (*entry)(void), unsigned prio, unsigned which);

/* ---- power.c ---- */
void power_init(void); /* maps the device */
void power_off(unsigned status) __attribute__((noreturn));
/* Something init can't go on without failed. */
void give_up(const char *what, long err) __attribute__((noreturn));
void must(err_t err, const char *what);

#define STATUS_NO_SHELL 69u
#define STATUS_PAGER_LOOP 70u
#define STATUS_NO_PROCMGR 71u
#define STATUS_NO_BOOT 72u
#define STATUS_NO_FS 74u
#define STATUS_NO_BLK 75u
#define STATUS_NO_CONSOLE 73u

#endif
