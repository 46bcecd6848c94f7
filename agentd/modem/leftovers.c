/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of messages of the QMI route that ModemManager does not know of: hidden behind a repeated reference, merged into another sender's message, or
 * with a time stamp that it cannot read. It deletes what it knows; the rest would fill the storage. Owns a bounded table of parts, one for a
 * place (there lies one message at a time), with their digests: what waits for its deletion is not pushed out by what comes meanwhile. A part is deleted
 * GRACE_MS after its message was taken over, one at a time, by agent-modemd, which compares the digest first; and only while ModemManager holds nothing
 * unfinished, since it deletes by index without a look and the index may have got another message. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "modem/room.h"

enum { PARTS = 512, GRACE_MS = 5000, STEP_MS = 250, PATIENCE_MS = 60000, ATTEMPTS = 5, DIGEST = 32 };

#define HANDLE_PREFIX "qmi/"

struct part {
    uint32_t number;   /* 0: free */
    uint32_t group;    /* of its message, 0: not whole */
    uint64_t due;      /* 0: not to be deleted */
    unsigned attempts;
    struct access_place place;
    uint8_t digest[DIGEST];
};

struct leftovers {
    struct modem_watch *watch;
    struct part part[PARTS];
    uint32_t last_number, last_group;
    uint32_t deleting;       /* number of the part that call is about */
    uint64_t timer;
    uint32_t call;
    size_t found;            /* deleted since it was said last */
};

static struct part *part_of(struct leftovers *l, uint32_t number)
{
    for (size_t i = 0; number && i < PARTS; i++)
        if (l->part[i].number == number)
            return &l->part[i];
    return NULL;
}

static bool same_place(const struct access_place *a, const struct access_place *b)
{
    return a->storage == b->storage && a->index == b->index;
}

/* The part of that place, else a free one, else the one that came first of those that do not wait for their deletion; NULL: all wait. */
static struct part *part_at(struct leftovers *l, const struct access_place *place)
{
    struct part *best = NULL;
    for (size_t i = 0; i < PARTS; i++) {
        struct part *p = &l->part[i];
        if (p->number && same_place(&p->place, place))
            return p;
        bool waits = p->due || (p->number && p->number == l->deleting);
        best = !waits && (!best || p->number < best->number) ? p : best;
    }
    return best;
}

static struct part *first_due(struct leftovers *l)
{
    struct part *first = NULL;
    for (size_t i = 0; i < PARTS; i++)
        if (l->part[i].due && (!first || l->part[i].due < first->due))
            first = &l->part[i];
    return first;
}

static void work(void *user);

static void work_at(struct leftovers *l, uint64_t when)
{
    uint64_t now = loop_now(l->watch->loop);
    if (!l->timer && !l->call)
        l->timer = loop_timer(l->watch->loop, when > now ? when - now : 0, work, l);
}

static void work_on(struct leftovers *l)
{
    const struct part *p = first_due(l);
    if (p) {
        work_at(l, p->due);
    } else if (l->found) {
        log_info("sms", "%zu messages that ModemManager did not know of were deleted", l->found);
        l->found = 0;
    }
}

static void on_deleted(void *user, enum error_code status)
{
    struct leftovers *l = user;
    struct part *p = part_of(l, l->deleting);
    bool over = status == ERROR_NONE || status == ERROR_NOT_FOUND;
    l->call = 0;
    l->found += status == ERROR_NONE;
    if (p && (over || ++p->attempts == ATTEMPTS))
        *p = (struct part){ .number = 0 };
    else if (p)
        p->due = loop_now(l->watch->loop) + GRACE_MS;
    if (status == ERROR_NONE && l->watch->primary)
        messages_disown(l->watch->primary);
    work_on(l);
}

static void work(void *user)
{
    struct leftovers *l = user;
    struct modem_watch *w = l->watch;
    struct part *p = first_due(l);
    uint64_t now = loop_now(w->loop);
    l->timer = 0;
    if (!p)
        return;
    bool patient = now < p->due + PATIENCE_MS;
    if (!w->primary || !w->route.running || (patient && messages_busy(w->primary))) {
        work_at(l, now + STEP_MS);
        return;
    }
    p->due = 0;
    l->deleting = p->number;
    l->call = access_sms_delete(w->access, w->route.device, &p->place, p->digest, on_deleted, l);
}

struct leftovers *leftovers_new(struct modem_watch *w)
{
    struct leftovers *l = g_new0(struct leftovers, 1);
    l->watch = w;
    return l;
}

void leftovers_clear(struct leftovers *l)
{
    loop_cancel(l->watch->loop, &l->timer);
    if (l->call)
        access_cancel(l->watch->access, l->call);
    l->call = 0;
    for (size_t i = 0; i < PARTS; i++) /* what was never written stays no memory */
        if (l->part[i].number)
            l->part[i] = (struct part){ 0 };
}

void leftovers_free(struct leftovers *l)
{
    if (!l)
        return;
    leftovers_clear(l);
    g_free(l);
}

uint32_t leftovers_note(struct leftovers *l, const struct access_place *place, struct slice tpdu)
{
    gsize len = DIGEST;
    if (!place->stored)
        return 0;
    struct part new = { .place = *place }, *p = part_at(l, place);
    if (!p)
        return 0;
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, tpdu.data, (gssize)tpdu.len);
    g_checksum_get_digest(sum, new.digest, &len);
    bool again = p->number && same_place(&p->place, place) && memcmp(p->digest, new.digest, DIGEST) == 0; /* listed once more; it may be due already */
    if (!again) {
        *p = new;
        p->number = ++l->last_number;
    }
    return p->number;
}

void leftovers_join(struct leftovers *l, const uint32_t *places, size_t n, char *handle, size_t cap)
{
    bool any = false;
    if (++l->last_group == 0)
        l->last_group = 1;
    for (size_t i = 0; i < n; i++) {
        struct part *p = part_of(l, places[i]);
        if (p)
            p->group = l->last_group;
        any = any || p;
    }
    (void)snprintf(handle, cap, HANDLE_PREFIX "%u", (unsigned)l->last_group);
    if (!any)
        handle[0] = '\0';
}

bool leftovers_delete(struct leftovers *l, const char *handle)
{
    if (strncmp(handle, HANDLE_PREFIX, strlen(HANDLE_PREFIX)) != 0)
        return false;
    uint32_t group = (uint32_t)strtoul(&handle[strlen(HANDLE_PREFIX)], NULL, 10);
    for (size_t i = 0; i < PARTS; i++)
        if (l->part[i].number && l->part[i].group == group && !l->part[i].due)
            l->part[i].due = loop_now(l->watch->loop) + GRACE_MS;
    work_on(l);
    return true;
}
