/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities by the plain system calls; after privileges_drop nothing can be gained again. */
#include "modemd/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

enum { SETS = _LINUX_CAPABILITY_U32S_3 };

static struct __user_cap_header_struct header(void)
{
    return (struct __user_cap_header_struct){ .version = _LINUX_CAPABILITY_VERSION_3 };
}

static bool get(struct __user_cap_data_struct *data)
{
    struct __user_cap_header_struct h = header();
    return syscall(SYS_capget, &h, data) == 0;
}

bool privileges_net_admin(void)
{
    struct __user_cap_data_struct data[SETS] = { 0 };
    return get(data) && data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective & CAP_TO_MASK(CAP_NET_ADMIN);
}

/* Needs CAP_SETPCAP; a service manager that took it away has emptied the set itself. */
static void drop_bounding(bool keep_net_admin)
{
    bool left = false;
    for (unsigned long c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; c++)
        if (!(keep_net_admin && c == CAP_NET_ADMIN) && prctl(PR_CAPBSET_READ, c, 0, 0, 0) == 1)
            left |= prctl(PR_CAPBSET_DROP, c, 0, 0, 0) != 0;
    if (left)
        log_info("modemd", "the capability bounding set could not be emptied; no_new_privs stands instead");
}

/* True if had holds nothing beyond want. */
static bool within(const struct __user_cap_data_struct *had, const struct __user_cap_data_struct *want)
{
    bool good = true;
    for (size_t i = 0; i < SETS; i++)
        good = good && !(had[i].permitted & ~want[i].permitted) && !(had[i].effective & ~want[i].effective) && !had[i].inheritable;
    return good;
}

enum error_code privileges_drop(bool keep_net_admin, struct error *err)
{
    struct rlimit none = { 0, 0 };
    (void)setrlimit(RLIMIT_CORE, &none); /* a service manager's filter may refuse it, and has set it then */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return error_set(err, ERROR_INTERNAL, "no_new_privs: %s", strerror(errno));
    drop_bounding(keep_net_admin);
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    struct __user_cap_header_struct h = header();
    struct __user_cap_data_struct had[SETS] = { 0 }, want[SETS] = { 0 };
    size_t i = CAP_TO_INDEX(CAP_NET_ADMIN);
    if (!get(had))
        return error_set(err, ERROR_INTERNAL, "capget: %s", strerror(errno));
    if (keep_net_admin)
        want[i].permitted = want[i].effective = had[i].permitted & CAP_TO_MASK(CAP_NET_ADMIN);
    if (within(had, want)) /* the service manager did it; its filter may refuse capset */
        return ERROR_NONE;
    if (syscall(SYS_capset, &h, want) != 0)
        return error_set(err, ERROR_INTERNAL, "capset: %s; with [link] ports empty take CAP_NET_ADMIN out of the unit", strerror(errno));
    return ERROR_NONE;
}
