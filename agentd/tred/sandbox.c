/* SPDX-License-Identifier: Apache-2.0 */
/* Giving up rights, in the order that works: locked memory, Landlock, seccomp. Promises: after sandbox_enter no socket, process, program or
 * file outside the state directory can be opened, but the key file where it has a folder of its own. Must never be undone or made optional by configuration. */
#include "tred/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/filter.h"
#include "base/log.h"
#include "tred/syscalls.h"

bool sandbox_harden(void)
{
    static const struct rlimit no_core = { 0, 0 };
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    bool ok = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && setrlimit(RLIMIT_CORE, &no_core) == 0;
    if (!ok)
        log_error("sandbox", "cannot harden the process: %s", strerror(errno));
    return ok;
}

/* Under a limit a later allocation would fail, so all or nothing. ONFAULT: what is never touched needs no memory. */
static void memory_lock(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY &&
        mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0)
        return;
    log_info("sandbox", "memory is not locked (LimitMEMLOCK=infinity would allow it); secrets lie in locked pages where the limit allows");
}

static bool landlock_allow(int ruleset, const char *dir, uint64_t access)
{
    struct landlock_path_beneath_attr rule = { .allowed_access = access, .parent_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC) };
    if (rule.parent_fd < 0)
        return false;
    bool ok = syscall(__NR_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    close(rule.parent_fd);
    return ok;
}

/* True if files are closed off, or the kernel has no Landlock. */
static bool landlock_enter(const char *state_dir, const char *keys_dir)
{
    const uint64_t files = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                           LANDLOCK_ACCESS_FS_MAKE_REG;
    const struct landlock_ruleset_attr attr = { .handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 }; /* all rights of version 1 */
    long version = syscall(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) {
        log_info("sandbox", "this kernel has no Landlock; files are guarded by user and seccomp only");
        return true;
    }
    int ruleset = (int)syscall(__NR_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (ruleset >= 0 && keys_dir)
        (void)landlock_allow(ruleset, keys_dir, LANDLOCK_ACCESS_FS_READ_FILE); /* if not, there is less to reach */
    bool ok = ruleset >= 0 && landlock_allow(ruleset, state_dir, files) && syscall(__NR_landlock_restrict_self, ruleset, 0) == 0;
    if (ruleset >= 0)
        close(ruleset);
    if (!ok)
        log_error("sandbox", "Landlock refused: %s", strerror(errno));
    return ok;
}

static bool seccomp_enter(void)
{
    static const struct filter filter = { .allowed = FILTER_NUMBERS(syscalls_allowed), .kill = true };
    if (filter_enter(&filter))
        return true;
    log_error("sandbox", "seccomp refused: %s", strerror(errno));
    return false;
}

bool sandbox_enter(const char *state_dir, const char *keys_dir)
{
    memory_lock();
    return landlock_enter(state_dir, keys_dir) && seccomp_enter();
}
