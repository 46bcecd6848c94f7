/* SPDX-License-Identifier: Apache-2.0 */
/* Timers and descriptors as GSources. Ids are our own and never reused, so that cancelling late is harmless. */
#include "glue/loop_glib.h"

#include <glib-unix.h>
#include <time.h>

struct entry {
    uint64_t id;
    guint source;
    loop_timer_fn *timer;
    loop_fd_fn *fd;
    void *user;
};

static GHashTable *entries;
static uint64_t last_id;

static uint64_t now_ms(void *ctx)
{
    (void)ctx;
    struct timespec ts;
    clock_gettime(CLOCK_BOOTTIME, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static struct entry *entry_new(void *user)
{
    struct entry *e = g_new0(struct entry, 1);
    e->id = ++last_id;
    e->user = user;
    g_hash_table_insert(entries, &e->id, e);
    return e;
}

static gboolean on_timer(gpointer data)
{
    struct entry *e = data;
    loop_timer_fn *fn = e->timer;
    void *user = e->user;
    g_hash_table_remove(entries, &e->id);
    fn(user);
    return G_SOURCE_REMOVE;
}

static uint64_t add_timer(void *ctx, uint64_t delay_ms, loop_timer_fn *fn, void *user)
{
    (void)ctx;
    struct entry *e = entry_new(user);
    uint64_t id = e->id;
    e->timer = fn;
    guint delay = delay_ms > G_MAXUINT ? G_MAXUINT : (guint)delay_ms;
    e->source = delay % 1000 == 0 && delay >= 10000 ? g_timeout_add_seconds(delay / 1000, on_timer, e) : g_timeout_add(delay, on_timer, e);
    return id;
}

static gboolean on_fd(gint fd, GIOCondition condition, gpointer data)
{
    struct entry *e = data; /* may be gone after the call */
    e->fd(e->user, fd, (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR)) != 0, (condition & G_IO_OUT) != 0);
    return G_SOURCE_CONTINUE; /* a removed source stays removed */
}

static uint64_t add_fd(void *ctx, int fd, bool readable, bool writable, loop_fd_fn *fn, void *user)
{
    (void)ctx;
    struct entry *e = entry_new(user);
    e->fd = fn;
    GIOCondition condition = G_IO_HUP | G_IO_ERR;
    if (readable)
        condition |= G_IO_IN;
    if (writable)
        condition |= G_IO_OUT;
    GSource *source = g_unix_fd_source_new(fd, condition);
    g_source_set_callback(source, G_SOURCE_FUNC(on_fd), e, NULL);
    /* Else GLib takes the descriptor out of its poll set and back for each call, and wakes itself for both. Nothing runs the loop from a callback. */
    g_source_set_can_recurse(source, TRUE);
    e->source = g_source_attach(source, NULL);
    g_source_unref(source);
    return e->id;
}

static void cancel(void *ctx, uint64_t id)
{
    (void)ctx;
    struct entry *e = g_hash_table_lookup(entries, &id);
    if (!e)
        return;
    g_source_remove(e->source);
    g_hash_table_remove(entries, &id);
}

void loop_glib_init(struct loop *loop)
{
    entries = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    *loop = (struct loop){ .now_ms = now_ms, .add_timer = add_timer, .add_fd = add_fd, .cancel = cancel };
}

void loop_glib_done(struct loop *loop)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, entries);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        g_source_remove(((struct entry *)value)->source);
    g_clear_pointer(&entries, g_hash_table_unref);
    *loop = (struct loop){ 0 };
}
