/* SPDX-License-Identifier: Apache-2.0 */
/* A registration over a restart of the process (Core TS 1.1.1 clause 6.4.1: observations should outlive it): where it is, what the server was told, what it
 * observes, and the session. Transport TS 1.1.1 clause 6.4.3: a new security context and, without security, a new address need a Register; so a registration is
 * taken up again only on the resumed DTLS session, or from the same address and port. Whether it still lives the server says: the first request is an Update.
 * The octets are a secret: in wiped memory here, sealed where they are kept. */
#include "lwm2m/resume.h"

#include <string.h>

#include "base/log.h"
#include "lwm2m/interfaces.h"
#include "lwm2m/way.h"

enum { VERSION = 3, FLAG_QUEUED = 2 };

struct resume {
    size_t size; /* of this, with the octets */
    struct coap_way way;
    enum lwm2m_version version;
    char location[128], links[LINKS_MAX];
    size_t links_len, observations_len;
    uint8_t observations[];
};

static bool is_there(const struct lwm2m_client *c)
{
    return c->link && c->status.location[0] && (c->phase == PHASE_REGISTERED || c->phase == PHASE_UPDATING || c->phase == PHASE_ASLEEP || c->phase == PHASE_OFFLINE);
}

static uint8_t flags_of(const struct lwm2m_client *c)
{
    return c->device.queue_mode ? FLAG_QUEUED : 0;
}

static void put_short(struct writer *w, const void *octets, size_t len)
{
    writer_u16(w, (uint16_t)len);
    writer_put(w, octets, len);
}

bool lwm2m_client_write_registration(const struct lwm2m_client *c, struct writer *w)
{
    uint8_t digest[ENDPOINT_DIGEST];
    struct coap_way way = { .port = 0 };
    bool fine = is_there(c) && !c->server.effects && coap_link_way(c->link, &way) && endpoint_digest(c->endpoint, digest);
    if (fine) {
        writer_u8(w, VERSION);
        writer_put(w, digest, sizeof digest);
        writer_u8(w, flags_of(c));
        writer_u8(w, (uint8_t)(c->device.version - LWM2M_1_0));
        writer_u8(w, (uint8_t)(c->version - LWM2M_1_0));
        writer_u8(w, way.address.family);
        writer_put(w, way.address.octets, sizeof way.address.octets);
        writer_u16(w, way.port);
        writer_u64(w, way.judged);
        put_short(w, way.session, way.session_len);
        put_short(w, c->status.location, strlen(c->status.location));
        put_short(w, c->links, c->links_len);
        reporting_write(c, w);
    }
    secret_zero(&way, sizeof way);
    return fine && !w->failed;
}

static bool take_short(struct reader *r, void *out, size_t cap, size_t *len)
{
    struct slice octets = reader_take(r, reader_u16(r));
    if (octets.len > cap)
        reader_fail(r);
    *len = r->failed ? 0 : octets.len;
    if (*len)
        memcpy(out, octets.data, *len);
    return !r->failed;
}

static bool read_all(struct reader *r, struct resume *n, const struct lwm2m_client *c)
{
    uint8_t digest[ENDPOINT_DIGEST];
    size_t len;
    if (reader_u8(r) != VERSION || !endpoint_digest(c->endpoint, digest) || !slice_equal(reader_take(r, sizeof digest), (struct slice){ digest, sizeof digest }))
        return false;
    uint8_t flags = reader_u8(r);
    if (!(flags & FLAG_QUEUED) != !c->device.queue_mode)
        return false; /* the server was told otherwise */
    uint8_t highest = reader_u8(r), version = reader_u8(r);
    if (highest != c->device.version - LWM2M_1_0 || version > highest)
        return false; /* it would be told another one now */
    n->version = (enum lwm2m_version)(version + LWM2M_1_0);
    n->way.address.family = reader_u8(r);
    struct slice address = reader_take(r, sizeof n->way.address.octets);
    if (address.len)
        memcpy(n->way.address.octets, address.data, address.len);
    n->way.port = reader_u16(r);
    n->way.judged = reader_u64(r);
    if (!take_short(r, n->way.session, sizeof n->way.session, &n->way.session_len) || !take_short(r, n->location, sizeof n->location - 1, &len) ||
        !take_short(r, n->links, sizeof n->links, &n->links_len))
        return false;
    struct slice rest = reader_take(r, reader_left(r));
    n->observations_len = rest.len;
    if (rest.len)
        memcpy(n->observations, rest.data, rest.len);
    return n->location[0] == '/';
}

bool lwm2m_client_read_registration(struct lwm2m_client *c, struct slice in)
{
    struct reader r = reader_make(in.data, in.len);
    size_t size = sizeof(struct resume) + in.len;
    resume_forget(c);
    c->resume = secret_pages_new(size);
    if (!c->resume)
        return false;
    c->resume->size = size;
    if (read_all(&r, c->resume, c))
        return true;
    resume_forget(c);
    return false;
}

const struct coap_way *resume_way(const struct lwm2m_client *c)
{
    return c->resume ? &c->resume->way : NULL;
}

bool resume_take(struct lwm2m_client *c, const struct coap_link *link)
{
    struct resume *n = c->resume;
    struct reader r = reader_make(n->observations, n->observations_len);
    if (!coap_link_resumed(link, &n->way) || !reporting_read(c, &r))
        return false;
    memcpy(c->status.location, n->location, sizeof c->status.location);
    memcpy(c->links, n->links, n->links_len);
    c->links_len = n->links_len;
    registration_speak(c, n->version);
    c->held = true; /* until the server has said that it knows the registration */
    log_notice("lwm2m", "server %u: the session of before is there again; is the registration at %s, with %zu observations?", c->server.short_server_id,
               c->status.location, c->observed);
    return true;
}

void resume_forget(struct lwm2m_client *c)
{
    if (c->resume)
        secret_pages_free(c->resume, c->resume->size);
    c->resume = NULL;
}
