/* SPDX-License-Identifier: Apache-2.0 */
/* Effective user and group, for a time. Must never be used by the service, which has one user from start to end. */
#include "base/owner.h"

#include <sys/stat.h>
#include <unistd.h>

bool owner_become(int dir)
{
    struct stat st;
    if (geteuid() != 0)
        return true;
    return fstat(dir, &st) == 0 && setegid(st.st_gid) == 0 && seteuid(st.st_uid) == 0;
}

bool owner_end(void)
{
    return seteuid(getuid()) == 0 && setegid(getgid()) == 0;
}
