/* SPDX-License-Identifier: MIT
 * The boot sequence: memory, arguments, the pager by hand, then the worker thread for all that goes through the pager,
 * and this thread becomes the supervisor.
 */
#include "init.h"

void init_main(const struct bootinfo *info);

void init_main(const struct bootinfo *info)
{
    boot = info;
    memory_init();
    power_init();
    settings_parse(boot->args);
    init_ep = object_new(OBJ_ENDPOINT, 0);
    must(sys_thread_prio(INIT_H_THREAD, PRIO_SUPERVISOR), "the supervisor's priority");
    servers_find(); /* while init owns the image */
    pager_build();
    pager_start();
    watch_begin(SERVER_PAGER);
    worker_start();
    supervisor_run();
}
