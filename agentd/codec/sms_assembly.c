/* SPDX-License-Identifier: Apache-2.0 */
/* Parts are kept on the heap one by one, so that an unfinished message costs what it has brought; the whole is put together in one buffer. */
#include "codec/sms_assembly.h"

#include <stdlib.h>
#include <string.h>

#include "base/writer.h"

enum { SENDER_MAX = 12 };

struct part {
    struct part *next;
    uint8_t seq;
    size_t len;
    uint8_t data[];
};

struct assembly {
    bool used;
    uint64_t since;
    uint8_t sender[SENDER_MAX];
    size_t sender_len;
    bool wide, has_ports;
    uint16_t ref, dst_port, src_port;
    uint8_t total, have;
    struct part *parts; /* in order of seq */
};

struct sms_assembly {
    struct assembly at[SMS_ASSEMBLIES];
    uint8_t *whole;
};

struct sms_assembly *sms_assembly_new(void)
{
    return calloc(1, sizeof(struct sms_assembly));
}

static void drop(struct assembly *m)
{
    while (m->parts) {
        struct part *p = m->parts;
        m->parts = p->next;
        free(p);
    }
    *m = (struct assembly){ 0 };
}

void sms_assembly_free(struct sms_assembly *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < SMS_ASSEMBLIES; i++)
        drop(&a->at[i]);
    free(a->whole);
    free(a);
}

/* Ports are repeated in each part by the senders seen; a part without them belongs to the same message. */
static bool same(const struct assembly *m, const struct sms_deliver *p)
{
    bool ports = !p->has_ports || !m->has_ports || (p->dst_port == m->dst_port && p->src_port == m->src_port);
    return m->used && ports && m->ref == p->ref && m->wide == p->wide_ref && m->total == p->total &&
           slice_equal((struct slice){ m->sender, m->sender_len }, p->sender);
}

static struct assembly *place_for(struct sms_assembly *a, const struct sms_deliver *p, uint64_t now)
{
    struct assembly *oldest = &a->at[0];
    for (size_t i = 0; i < SMS_ASSEMBLIES; i++) {
        struct assembly *m = &a->at[i];
        if (m->used && now - m->since > SMS_ASSEMBLY_EXPIRY_MS)
            drop(m);
        if (same(m, p))
            return m;
        if (oldest->used && (!m->used || m->since < oldest->since))
            oldest = m;
    }
    drop(oldest);
    *oldest = (struct assembly){ .used = true, .since = now, .wide = p->wide_ref, .ref = p->ref, .total = p->total };
    oldest->sender_len = p->sender.len < SENDER_MAX ? p->sender.len : SENDER_MAX;
    memcpy(oldest->sender, p->sender.data, oldest->sender_len);
    return oldest;
}

static void insert(struct assembly *m, const struct sms_deliver *p)
{
    struct part **at = &m->parts;
    while (*at && (*at)->seq < p->seq)
        at = &(*at)->next;
    if (*at && (*at)->seq == p->seq)
        return;
    struct part *part = malloc(sizeof *part + p->data.len);
    if (!part)
        return; /* the network keeps nothing for us, but the modem still stores the part */
    *part = (struct part){ .next = *at, .seq = p->seq, .len = p->data.len };
    if (p->data.len)
        memcpy(part->data, p->data.data, p->data.len);
    *at = part;
    m->have++;
}

static bool join(struct sms_assembly *a, struct assembly *m, struct slice *whole)
{
    size_t cap = 1;
    for (struct part *p = m->parts; p; p = p->next)
        cap += p->len;
    free(a->whole);
    a->whole = malloc(cap);
    struct writer w = writer_make(a->whole, a->whole ? cap : 0);
    for (struct part *p = m->parts; p; p = p->next)
        writer_put(&w, p->data, p->len);
    drop(m);
    *whole = writer_slice(&w);
    return a->whole != NULL;
}

bool sms_assembly_add(struct sms_assembly *a, const struct sms_deliver *part, uint64_t now_ms, struct slice *whole)
{
    if (!part->concatenated) {
        *whole = part->data;
        return true;
    }
    if (part->data.len > SMS_PART_MAX)
        return false;
    struct assembly *m = place_for(a, part, now_ms);
    if (part->has_ports && !m->has_ports) {
        m->has_ports = true;
        m->dst_port = part->dst_port;
        m->src_port = part->src_port;
    }
    insert(m, part);
    return m->have == m->total && join(a, m, whole);
}
