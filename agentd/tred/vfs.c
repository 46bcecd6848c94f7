/* SPDX-License-Identifier: Apache-2.0 */
/* The real system calls behind struct vfs: all relative to the descriptor of the state directory, never following a symbolic link. */
#include "tred/vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int dir_of(void *ctx)
{
    return ((struct vfs_dir *)ctx)->fd;
}

static int real_open(void *ctx, const char *name, enum vfs_mode mode)
{
    static const int flags[] = { [VFS_READ] = O_RDONLY, [VFS_CREATE] = O_WRONLY | O_CREAT | O_TRUNC, [VFS_OVERWRITE] = O_RDWR };
    return openat(dir_of(ctx), name, flags[mode] | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
}

static ssize_t real_read(void *ctx, int fd, void *buf, size_t len)
{
    (void)ctx;
    ssize_t n;
    do
        n = read(fd, buf, len);
    while (n < 0 && errno == EINTR);
    return n;
}

static ssize_t real_write(void *ctx, int fd, const void *buf, size_t len)
{
    (void)ctx;
    ssize_t n;
    do
        n = write(fd, buf, len);
    while (n < 0 && errno == EINTR);
    return n;
}

static int real_fsync(void *ctx, int fd)
{
    (void)ctx;
    return fsync(fd);
}

static int real_close(void *ctx, int fd)
{
    (void)ctx;
    return close(fd);
}

static int real_rename(void *ctx, const char *from, const char *to)
{
    return renameat(dir_of(ctx), from, dir_of(ctx), to);
}

static int real_unlink(void *ctx, const char *name)
{
    return unlinkat(dir_of(ctx), name, 0);
}

static int real_fsync_dir(void *ctx)
{
    return fsync(dir_of(ctx));
}

bool vfs_open(struct vfs *v, struct vfs_dir *d, const char *dir)
{
    d->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *v = (struct vfs){ .ctx = d, .open = real_open, .read = real_read, .write = real_write, .fsync = real_fsync, .close = real_close,
                       .rename = real_rename, .unlink = real_unlink, .fsync_dir = real_fsync_dir };
    return d->fd >= 0;
}

void vfs_close(struct vfs_dir *d)
{
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
}
