/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the file while it grows. Never goes on with a push that did not move for an EXCHANGE_LIFETIME. */
#include "lwm2m/download.h"

#include "lwm2m/dedup.h"

static enum error_code on_octets(void *user, struct slice octets)
{
    struct download *d = user;
    return spool_add(&d->file, octets);
}

static void on_fetched(void *user, enum download_result result)
{
    struct download *d = user;
    d->pulling = false;
    if (result == DOWNLOAD_WHOLE && spool_end(&d->file))
        result = DOWNLOAD_NO_SPACE;
    d->ended(d->user, result);
}

/* RFC 3986 clause 2: nothing but printable characters of ASCII, and no space. */
static bool is_uri(const char *text)
{
    for (; *text > ' ' && *text <= '~'; text++)
        ;
    return *text == '\0';
}

static void stop(struct download *d)
{
    loop_cancel(d->loop, &d->timer);
    if (d->pulling)
        d->source.fetch_stop(d->source.user);
    d->pulling = d->pushing = false;
}

enum download_result download_pull(struct download *d, const char *uri)
{
    enum download_result result = DOWNLOAD_INVALID_URI;
    stop(d);
    if (is_uri(uri))
        result = spool_begin(&d->file, 0) ? DOWNLOAD_NO_SPACE : d->source.fetch(d->source.user, uri, on_octets, on_fetched, d);
    d->pulling = result == DOWNLOAD_WHOLE;
    return result;
}

enum error_code download_put(struct download *d, struct slice octets)
{
    stop(d);
    enum error_code rc = spool_begin(&d->file, octets.len);
    rc = rc ? rc : spool_add(&d->file, octets);
    return rc ? rc : spool_end(&d->file);
}

static void on_push_stopped(void *user)
{
    struct download *d = user;
    d->timer = 0;
    d->pushing = false;
    d->ended(d->user, DOWNLOAD_LOST);
}

enum coap_code download_block(struct download *d, const struct download_block *b)
{
    if (b->offset == 0) {
        stop(d);
        d->pushing = spool_begin(&d->file, b->expected) == ERROR_NONE;
        if (!d->pushing)
            return CODE_TOO_LARGE;
    }
    if (!d->pushing || d->file.size != b->offset)
        return CODE_INCOMPLETE; /* RFC 7959 clause 2.9.2 */
    loop_cancel(d->loop, &d->timer);
    enum error_code rc = spool_add(&d->file, b->octets);
    rc = rc || b->more ? rc : spool_end(&d->file);
    d->pushing = !rc && b->more;
    if (d->pushing)
        d->timer = loop_timer(d->loop, EXCHANGE_LIFETIME_MS, on_push_stopped, d);
    return rc ? CODE_TOO_LARGE : b->more ? CODE_CONTINUE : CODE_CHANGED;
}

void download_drop(struct download *d)
{
    stop(d);
    spool_drop(&d->file);
}

void download_close(struct download *d)
{
    stop(d);
    spool_close(&d->file);
}

bool download_place(struct download *d, const struct loop *loop, const struct download_source *source, const char *folder, const char *name)
{
    *d = (struct download){ .loop = loop, .source = *source };
    return spool_place(&d->file, folder, name);
}
