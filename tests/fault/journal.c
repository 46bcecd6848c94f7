/* SPDX-License-Identifier: Apache-2.0 */
/* The journal is replayed onto two disks at once: what is safe, and what waits for a sync. Nothing of the code under test runs here. */
#include "journal.h"

#include <string.h>

enum { NAME = 32, FILES = 64 };

struct op {
    enum { OP_CREATE, OP_WRITE, OP_SYNC, OP_RENAME, OP_UNLINK, OP_SYNC_DIR } kind;
    char name[NAME], to[NAME]; /* of the file as it was opened */
    size_t at, len;
    uint8_t *data;
};

struct journal {
    struct mem *begin;
    struct vfs inner;
    GArray *ops;
    char open[8][NAME];
    size_t pos[8];
};

static struct op *add(struct journal *j, int kind, const char *name)
{
    struct op o = { .kind = kind };
    g_strlcpy(o.name, name, sizeof o.name);
    g_array_append_val(j->ops, o);
    return &g_array_index(j->ops, struct op, j->ops->len - 1);
}

static int j_open(void *ctx, const char *name, enum vfs_mode mode)
{
    struct journal *j = ctx;
    int fd = j->inner.open(j->inner.ctx, name, mode);
    if (fd >= 0) {
        g_strlcpy(j->open[fd], name, NAME);
        j->pos[fd] = 0;
        if (mode == VFS_CREATE)
            (void)add(j, OP_CREATE, name);
    }
    return fd;
}

static ssize_t j_read(void *ctx, int fd, void *buf, size_t len)
{
    struct journal *j = ctx;
    ssize_t n = j->inner.read(j->inner.ctx, fd, buf, len);
    j->pos[fd] += n > 0 ? (size_t)n : 0;
    return n;
}

static ssize_t j_write(void *ctx, int fd, const void *buf, size_t len)
{
    struct journal *j = ctx;
    ssize_t n = j->inner.write(j->inner.ctx, fd, buf, len);
    if (n > 0) {
        struct op *o = add(j, OP_WRITE, j->open[fd]);
        o->at = j->pos[fd];
        o->len = (size_t)n;
        o->data = g_memdup2(buf, (size_t)n);
        j->pos[fd] += (size_t)n;
    }
    return n;
}

static int j_fsync(void *ctx, int fd)
{
    struct journal *j = ctx;
    int rc = j->inner.fsync(j->inner.ctx, fd);
    if (rc == 0)
        (void)add(j, OP_SYNC, j->open[fd]);
    return rc;
}

static int j_close(void *ctx, int fd)
{
    struct journal *j = ctx;
    return j->inner.close(j->inner.ctx, fd);
}

static int j_rename(void *ctx, const char *from, const char *to)
{
    struct journal *j = ctx;
    int rc = j->inner.rename(j->inner.ctx, from, to);
    if (rc == 0)
        g_strlcpy(add(j, OP_RENAME, from)->to, to, NAME);
    return rc;
}

static int j_unlink(void *ctx, const char *name)
{
    struct journal *j = ctx;
    int rc = j->inner.unlink(j->inner.ctx, name);
    if (rc == 0)
        (void)add(j, OP_UNLINK, name);
    return rc;
}

static int j_fsync_dir(void *ctx)
{
    struct journal *j = ctx;
    int rc = j->inner.fsync_dir(j->inner.ctx);
    if (rc == 0)
        (void)add(j, OP_SYNC_DIR, "");
    return rc;
}

struct journal *journal_new(struct mem *m, struct vfs *v)
{
    struct journal *j = g_new0(struct journal, 1);
    j->begin = g_memdup2(m, sizeof *m);
    j->inner = *v;
    j->ops = g_array_new(FALSE, TRUE, sizeof(struct op));
    *v = (struct vfs){ j, j_open, j_read, j_write, j_fsync, j_close, j_rename, j_unlink, j_fsync_dir };
    return j;
}

void journal_free(struct journal *j)
{
    for (size_t i = 0; i < j->ops->len; i++)
        g_free(g_array_index(j->ops, struct op, i).data);
    g_array_free(j->ops, TRUE);
    g_free(j->begin);
    g_free(j);
}

size_t journal_length(const struct journal *j)
{
    return j->ops->len;
}

struct file { /* contents live as long as the image is made; names point at them */
    uint8_t data[MEM_SIZE];
    size_t len;
    const struct op *waiting[64]; /* writes without a sync */
    size_t waits;
};

struct name {
    char text[NAME];
    struct file *file;
};

struct disk {
    struct file *files[FILES];
    size_t count;
    struct name now[MEM_FILES], safe[MEM_FILES];
    const struct op *waiting[64]; /* changes of names without a sync */
    struct file *waiting_file[64];
    size_t waits;
};

static struct name *find(struct name *names, const char *text)
{
    struct name *unused = NULL;
    for (size_t i = 0; i < MEM_FILES; i++) {
        if (names[i].text[0] && strcmp(names[i].text, text) == 0)
            return &names[i];
        if (!names[i].text[0] && !unused)
            unused = &names[i];
    }
    g_assert_nonnull(unused);
    return unused;
}

static void put(struct name *names, const char *text, struct file *file)
{
    struct name *n = find(names, text);
    g_strlcpy(n->text, file ? text : "", NAME);
    n->file = file;
}

static void name_apply(struct name *names, const struct op *o, struct file *file)
{
    if (o->kind == OP_RENAME)
        put(names, o->name, NULL);
    put(names, o->kind == OP_RENAME ? o->to : o->name, o->kind == OP_UNLINK ? NULL : file);
}

static void write_apply(struct file *f, const struct op *o, size_t len)
{
    g_assert_cmpuint(o->at + len, <=, MEM_SIZE);
    if (o->at > f->len)
        memset(&f->data[f->len], 0, o->at - f->len); /* a hole */
    memcpy(&f->data[o->at], o->data, len);
    f->len = MAX(f->len, o->at + len);
}

static struct file *file_new(struct disk *d)
{
    g_assert_cmpuint(d->count, <, FILES);
    return d->files[d->count++] = g_new0(struct file, 1);
}

static void disk_begin(struct disk *d, const struct mem *m)
{
    for (size_t i = 0; i < MEM_FILES; i++) {
        if (!m->now[i].name[0])
            continue;
        struct file *f = file_new(d);
        const struct mem_content *c = &m->contents[m->now[i].content];
        memcpy(f->data, c->data, c->len);
        f->len = c->len;
        put(d->now, m->now[i].name, f);
        put(d->safe, m->now[i].name, f);
    }
}

static void disk_step(struct disk *d, const struct op *o)
{
    struct file *f = find(d->now, o->name)->file;
    switch (o->kind) {
    case OP_WRITE:
        f->waiting[f->waits++] = o;
        break;
    case OP_SYNC:
        for (size_t i = 0; i < f->waits; i++)
            write_apply(f, f->waiting[i], f->waiting[i]->len);
        f->waits = 0;
        break;
    case OP_CREATE:
        f = file_new(d);
        /* fall through */
    case OP_RENAME:
    case OP_UNLINK:
        d->waiting[d->waits] = o;
        d->waiting_file[d->waits++] = f;
        name_apply(d->now, o, f);
        break;
    case OP_SYNC_DIR:
        for (size_t i = 0; i < d->waits; i++)
            name_apply(d->safe, d->waiting[i], d->waiting_file[i]);
        d->waits = 0;
        break;
    }
}

/* Of what waits any part has arrived: a change of names or not; a write whole, torn, or not at all. */
static void disk_cut(struct disk *d, GRand *dice)
{
    for (size_t i = 0; i < d->waits; i++)
        if (g_rand_boolean(dice))
            name_apply(d->safe, d->waiting[i], d->waiting_file[i]);
    for (size_t i = 0; i < d->count; i++)
        for (size_t k = 0; k < d->files[i]->waits; k++) {
            const struct op *o = d->files[i]->waiting[k];
            gint32 luck = g_rand_int_range(dice, 0, 3);
            if (luck)
                write_apply(d->files[i], o, luck == 1 ? o->len : (size_t)g_rand_int_range(dice, 0, (gint32)o->len + 1));
        }
}

struct mem *journal_image(const struct journal *j, size_t at, GRand *dice)
{
    struct disk *d = g_new0(struct disk, 1);
    struct mem *m = g_new0(struct mem, 1);
    disk_begin(d, j->begin);
    for (size_t i = 0; i < at; i++)
        disk_step(d, &g_array_index(j->ops, struct op, i));
    disk_cut(d, dice);
    int used = 0;
    for (size_t i = 0; i < MEM_FILES; i++) {
        if (!d->safe[i].text[0])
            continue;
        m->contents[used] = (struct mem_content){ .len = d->safe[i].file->len, .synced = true };
        memcpy(m->contents[used].data, d->safe[i].file->data, d->safe[i].file->len);
        g_strlcpy(m->now[i].name, d->safe[i].text, sizeof m->now[i].name);
        m->now[i].content = used++;
        m->disk[i] = m->now[i];
    }
    for (size_t i = 0; i < d->count; i++)
        g_free(d->files[i]);
    g_free(d);
    return m;
}
