/* SPDX-License-Identifier: Apache-2.0 */
/* version | random(16) | u8 length, context | items: kind letter, u16 length, octets. */
#include "bootstrap/service/renewal_message.h"

#include <openssl/rand.h>
#include <string.h>

#include "model/settings_octets.h"

enum { VERSION = 1, RANDOM_OCTETS = 16 };

bool renewal_message_begin(struct writer *w, const char *context)
{
    uint8_t random[RANDOM_OCTETS];
    if (RAND_bytes(random, sizeof random) != 1)
        return false;
    writer_u8(w, VERSION);
    writer_put(w, random, sizeof random);
    writer_u8(w, (uint8_t)strlen(context));
    writer_text(w, context);
    return true;
}

void renewal_message_add(struct writer *w, const char *kind, struct slice octets)
{
    writer_u8(w, (uint8_t)kind[0]);
    writer_u16(w, (uint16_t)octets.len);
    writer_put(w, octets.data, octets.len);
}

static bool read_item(struct settings *s, uint8_t kind, struct slice octets)
{
    switch (kind) {
    case 'b':
        return s->napdefs < SETTINGS_NAPDEFS && napdef_read(octets, &s->napdef[s->napdefs++]);
    case 'd':
        return s->dms < SETTINGS_DM && dm_account_read(octets, &s->dm[s->dms++]);
    case 'r':
        return access_rights_read(octets, settings_rights(s));
    case 'l':
        return s->lwm2ms < SETTINGS_LWM2M && lwm2m_account_read(octets, &s->lwm2m[s->lwm2ms++]);
    }
    return false;
}

static bool has_bootstrap_server(const struct settings *s)
{
    for (size_t i = 0; i < s->lwm2ms; i++)
        if (s->lwm2m[i].short_server_id == 0)
            return true;
    return false;
}

enum error_code document_read_renewal(const struct wsp_push *push, struct trigger *t, struct error *err)
{
    struct reader r = reader_make(push->body.data, push->body.len);
    uint8_t version = reader_u8(&r);
    (void)reader_take(&r, RANDOM_OCTETS);
    struct slice context = reader_take(&r, reader_u8(&r));
    bool fine = version == VERSION && !r.failed && context.len < sizeof t->context;
    if (fine)
        memcpy(t->context, context.data, context.len);
    while (fine && reader_left(&r)) {
        uint8_t kind = reader_u8(&r);
        struct slice octets = reader_take(&r, reader_u16(&r));
        fine = !r.failed && read_item(t->settings, kind, octets);
    }
    if (!fine)
        return error_set(err, ERROR_MALFORMED, "renewal: the agent's own message is not readable");
    t->settings->renew = true;
    return has_bootstrap_server(t->settings) ? ERROR_NONE : error_set(err, ERROR_INCOMPLETE, "renewal: context %s has no LwM2M bootstrap server", t->context);
}
