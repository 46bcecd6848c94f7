/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls of the record store, as a table, so that tests can fail or cut the power at any of them. */
#ifndef TRED_VFS_H
#define TRED_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum vfs_mode { VFS_READ, VFS_CREATE, VFS_OVERWRITE }; /* CREATE: empty, 0600; OVERWRITE: existing, as it is */

struct vfs { /* each returns what the system call of that name returns, with errno; names are inside the one state directory */
    void *ctx;
    int (*open)(void *ctx, const char *name, enum vfs_mode mode);
    ssize_t (*read)(void *ctx, int fd, void *buf, size_t len);
    ssize_t (*write)(void *ctx, int fd, const void *buf, size_t len);
    int (*fsync)(void *ctx, int fd);
    int (*close)(void *ctx, int fd);
    int (*rename)(void *ctx, const char *from, const char *to);
    int (*unlink)(void *ctx, const char *name);
    int (*fsync_dir)(void *ctx);
};

struct vfs_dir { /* ctx of the real table */
    int fd;
};

/* The real calls on the directory dir (kept open in d). False with errno. */
bool vfs_open(struct vfs *v, struct vfs_dir *d, const char *dir);
void vfs_close(struct vfs_dir *d);

#endif
