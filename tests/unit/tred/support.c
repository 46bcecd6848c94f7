/* SPDX-License-Identifier: Apache-2.0 */
/* Memory file system of the store tests: a write reaches the disk by fsync of its file, a name by fsync of the directory. */
#include "support.h"

#include <errno.h>
#include <string.h>

static char *vector_path(const char *name)
{
    const char *dir = g_getenv("AGENT_VECTORS");
    return g_build_filename(dir ? dir : TEST_VECTORS, name, NULL);
}

json_t *support_vectors(const char *name)
{
    char *path = vector_path(name);
    json_error_t err;
    json_t *j = json_load_file(path, 0, &err);
    if (!j)
        g_error("%s: %s", path, err.text);
    g_free(path);
    return j;
}

GBytes *support_file(const char *name)
{
    char *path = vector_path(name), *data = NULL;
    gsize len = 0;
    if (!g_file_get_contents(path, &data, &len, NULL))
        g_error("%s: cannot be read", path);
    g_free(path);
    return g_bytes_new_take(data, len);
}

struct slice support_hex(const json_t *object, const char *field)
{
    const char *text = json_string_value(json_object_get(object, field));
    g_assert_nonnull(text);
    size_t len = strlen(text) / 2;
    uint8_t *out = g_malloc(len + 1);
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(g_ascii_xdigit_value(text[2 * i]) * 16 + g_ascii_xdigit_value(text[2 * i + 1]));
    return (struct slice){ out, len };
}

/* False if this changing call fails. */
static bool changing(struct mem *m)
{
    m->calls++;
    if (m->dead || (m->fail_at && m->calls == m->fail_at)) {
        m->dead = m->dead || m->cut;
        errno = m->dead ? EIO : m->fail_errno;
        return false;
    }
    return true;
}

static struct mem_name *find(struct mem_name *names, const char *name)
{
    for (size_t i = 0; i < MEM_FILES; i++)
        if (names[i].name[0] && strcmp(names[i].name, name) == 0)
            return &names[i];
    return NULL;
}

static struct mem_name *find_free(struct mem_name *names)
{
    for (size_t i = 0; i < MEM_FILES; i++)
        if (!names[i].name[0])
            return &names[i];
    g_error("memory file system is full of names");
}

static bool referred(const struct mem *m, int content)
{
    for (size_t i = 0; i < MEM_FILES; i++)
        if ((m->now[i].name[0] && m->now[i].content == content) || (m->disk[i].name[0] && m->disk[i].content == content))
            return true;
    for (size_t i = 0; i < 8; i++)
        if (m->open_content[i] == content + 1)
            return true;
    return false;
}

static int content_new(struct mem *m)
{
    for (int i = 0; i < MEM_FILES; i++)
        if (!referred(m, i)) {
            memset(&m->contents[i], 0, sizeof m->contents[i]);
            return i;
        }
    g_error("memory file system is full");
}

static int mem_open(void *ctx, const char *name, enum vfs_mode mode)
{
    struct mem *m = ctx;
    if (mode != VFS_READ && !changing(m))
        return -1;
    struct mem_name *n = find(m->now, name);
    if (!n && mode != VFS_CREATE) {
        errno = ENOENT;
        return -1;
    }
    if (mode == VFS_CREATE) { /* O_TRUNC of a file that is on disk as well would tear that one: keep it apart, as worst cases are made by cuts */
        if (!n) {
            n = find_free(m->now);
            g_strlcpy(n->name, name, sizeof n->name);
        }
        n->content = content_new(m);
    }
    for (int i = 0; i < 8; i++)
        if (!m->open_content[i]) {
            m->open_content[i] = n->content + 1;
            m->open_pos[i] = 0;
            return i;
        }
    g_error("descriptors leak");
}

static ssize_t mem_read(void *ctx, int fd, void *buf, size_t len)
{
    struct mem *m = ctx;
    struct mem_content *c = &m->contents[m->open_content[fd] - 1];
    size_t left = c->len - m->open_pos[fd], n = len < left ? len : left;
    memcpy(buf, &c->data[m->open_pos[fd]], n);
    m->open_pos[fd] += n;
    return (ssize_t)n;
}

static ssize_t mem_write(void *ctx, int fd, const void *buf, size_t len)
{
    struct mem *m = ctx;
    if (!changing(m))
        return -1;
    struct mem_content *c = &m->contents[m->open_content[fd] - 1];
    size_t n = len > 300 ? len / 2 : len; /* short writes are legal */
    g_assert_cmpuint(m->open_pos[fd] + n, <=, MEM_SIZE);
    memcpy(&c->data[m->open_pos[fd]], buf, n);
    m->open_pos[fd] += n;
    c->len = c->len > m->open_pos[fd] ? c->len : m->open_pos[fd];
    c->synced = false;
    return (ssize_t)n;
}

static int mem_fsync(void *ctx, int fd)
{
    struct mem *m = ctx;
    if (!changing(m))
        return -1;
    m->contents[m->open_content[fd] - 1].synced = true;
    return 0;
}

static int mem_close(void *ctx, int fd)
{
    struct mem *m = ctx;
    g_assert_cmpint(m->open_content[fd], !=, 0);
    m->open_content[fd] = 0;
    return 0;
}

static int mem_rename(void *ctx, const char *from, const char *to)
{
    struct mem *m = ctx;
    if (!changing(m))
        return -1;
    struct mem_name *f = find(m->now, from), *t = find(m->now, to);
    g_assert_nonnull(f);
    if (t)
        t->name[0] = '\0';
    g_strlcpy(f->name, to, sizeof f->name);
    return 0;
}

static int mem_unlink(void *ctx, const char *name)
{
    struct mem *m = ctx;
    if (!changing(m))
        return -1;
    struct mem_name *n = find(m->now, name);
    if (!n) {
        errno = ENOENT;
        return -1;
    }
    n->name[0] = '\0';
    return 0;
}

static int mem_fsync_dir(void *ctx)
{
    struct mem *m = ctx;
    if (!changing(m))
        return -1;
    memcpy(m->disk, m->now, sizeof m->disk);
    return 0;
}

struct vfs mem_vfs(struct mem *m)
{
    return (struct vfs){ m, mem_open, mem_read, mem_write, mem_fsync, mem_close, mem_rename, mem_unlink, mem_fsync_dir };
}

void mem_power_cut(struct mem *m, bool lucky)
{
    if (lucky)
        memcpy(m->disk, m->now, sizeof m->disk);
    memcpy(m->now, m->disk, sizeof m->now);
    memset(m->open_content, 0, sizeof m->open_content);
    for (size_t i = 0; i < MEM_FILES; i++)
        if (!m->contents[i].synced)
            m->contents[i].len /= 2;
    m->fail_at = 0;
    m->dead = false;
    m->calls = 0;
}

struct backend *support_backend(void)
{
    static struct backend b = { .table = &backend_software };
    return &b;
}
