/* SPDX-License-Identifier: Apache-2.0 */
/* A table of open messages and a pool of parts. Invariant: each part ever used is in the list of one open message, which holds `have` parts in the order of
 * their seq, or in the list of those given back. */
#include "codec/sms_assembly.h"

#include <string.h>

#include "base/writer.h"

static void drop(struct sms_assembly *a, size_t at)
{
    uint8_t *end = &a->open[at].first;
    while (*end)
        end = &a->part[*end - 1].next;
    *end = a->freed;
    a->freed = a->open[at].first;
    a->open[at] = (struct sms_open){ 0 };
}

/* Ports are repeated in each part by the senders seen; a part without them belongs to the same message. */
static bool same(const struct sms_open *m, const struct sms_deliver *p)
{
    bool ports = !p->has_ports || !m->has_ports || (p->dst_port == m->dst_port && p->src_port == m->src_port);
    return m->used && ports && m->ref == p->ref && m->wide == p->wide_ref && m->total == p->total &&
           slice_equal((struct slice){ m->sender, m->sender_len }, p->sender);
}

static bool same_sender(const struct sms_open *x, const struct sms_open *y)
{
    return slice_equal((struct slice){ x->sender, x->sender_len }, (struct slice){ y->sender, y->sender_len });
}

static size_t open_of_sender(const struct sms_assembly *a, const struct sms_open *m)
{
    size_t n = 0;
    for (size_t i = 0; i < SMS_ASSEMBLIES; i++)
        n += a->open[i].used && same_sender(&a->open[i], m);
    return n;
}

/* Who makes room, beside `keep`: the oldest message of the sender with the most. There must be one. */
static size_t victim_of(const struct sms_assembly *a, size_t keep)
{
    size_t found = SMS_ASSEMBLIES, most = 0;
    for (size_t i = 0; i < SMS_ASSEMBLIES; i++) {
        if (!a->open[i].used || i == keep)
            continue;
        size_t n = open_of_sender(a, &a->open[i]);
        if (n > most || (n == most && a->open[i].since < a->open[found].since)) {
            found = i;
            most = n;
        }
    }
    return found;
}

static size_t free_place(struct sms_assembly *a)
{
    for (size_t i = 0; i < SMS_ASSEMBLIES; i++)
        if (!a->open[i].used)
            return i;
    size_t at = victim_of(a, SMS_ASSEMBLIES);
    drop(a, at);
    return at;
}

/* The open message that the part belongs to, or a new one. */
static size_t place_of(struct sms_assembly *a, const struct sms_deliver *p, uint64_t now)
{
    for (size_t i = 0; i < SMS_ASSEMBLIES; i++) {
        if (a->open[i].used && now - a->open[i].since > SMS_ASSEMBLY_EXPIRY_MS)
            drop(a, i);
        if (same(&a->open[i], p))
            return i;
    }
    size_t at = free_place(a);
    struct sms_open *m = &a->open[at];
    *m = (struct sms_open){ .used = true, .since = now, .wide = p->wide_ref, .ref = p->ref, .total = p->total };
    m->sender_len = (uint8_t)p->sender.len;
    if (p->sender.len)
        memcpy(m->sender, p->sender.data, p->sender.len);
    return at;
}

/* Where the message's list leads to its part seq, or to the first one behind it. */
static uint8_t *link_to(struct sms_assembly *a, size_t owner, uint8_t seq)
{
    uint8_t *link = &a->open[owner].first;
    while (*link && a->part[*link - 1].seq < seq)
        link = &a->part[*link - 1].next;
    return link;
}

/* The place + 1 of a free part; other messages make room. There always is one: no message has more parts than the pool. */
static uint8_t free_part(struct sms_assembly *a, size_t owner)
{
    if (!a->freed && a->fresh < SMS_PARTS)
        return ++a->fresh;
    while (!a->freed)
        drop(a, victim_of(a, owner));
    uint8_t place = a->freed;
    a->freed = a->part[place - 1].next;
    return place;
}

static void join(struct sms_assembly *a, size_t owner, struct slice *whole)
{
    struct writer w = writer_make(a->whole, sizeof a->whole);
    a->place_count = 0;
    for (uint8_t at = a->open[owner].first; at; at = a->part[at - 1].next) {
        writer_put(&w, a->part[at - 1].data, a->part[at - 1].len);
        a->places[a->place_count++] = a->part[at - 1].place;
    }
    drop(a, owner);
    *whole = writer_slice(&w);
}

static void take_ports(struct sms_open *m, const struct sms_deliver *part)
{
    if (!part->has_ports || m->has_ports)
        return;
    m->has_ports = true;
    m->dst_port = part->dst_port;
    m->src_port = part->src_port;
}

bool sms_assembly_add(struct sms_assembly *a, const struct sms_deliver *part, uint64_t now_ms, struct slice *whole)
{
    if (!part->concatenated || part->total == 1) {
        *whole = part->data;
        a->places[0] = part->place;
        a->place_count = 1;
        return true;
    }
    if (part->data.len > SMS_PART_MAX || part->sender.len > SMS_ASSEMBLY_SENDER_MAX || part->total > SMS_PARTS || part->seq < 1 ||
        part->seq > part->total)
        return false;
    size_t at = place_of(a, part, now_ms);
    uint8_t *link = link_to(a, at, part->seq);
    if (*link && a->part[*link - 1].seq == part->seq)
        return false;
    uint8_t place = free_part(a, at);
    struct sms_part *p = &a->part[place - 1];
    *p = (struct sms_part){ .seq = part->seq, .len = (uint8_t)part->data.len, .next = *link, .place = part->place };
    *link = place;
    if (part->data.len)
        memcpy(p->data, part->data.data, part->data.len);
    take_ports(&a->open[at], part);
    if (++a->open[at].have < a->open[at].total)
        return false;
    join(a, at, whole);
    return true;
}
