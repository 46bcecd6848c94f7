/* SPDX-License-Identifier: Apache-2.0 */
/* version | ask_server | u64 generation | text context | accounts: text uri, text endpoint, text identity, text key_ref, u8 key_from, u16 server, u32 lifetime. */
#include "bootstrap/factory/message.h"

#include <string.h>

#include "bootstrap/instruction/instruction.h"
#include "model/fields.h"

enum { VERSION = 1, CBOR_MAP = 5 }; /* an instruction is a map, whose first octet has that major type (RFC 8949 section 3.1) */

void factory_message_write(struct writer *w, const struct factory_data *f, const char *context, bool ask_server, uint64_t generation)
{
    writer_u8(w, VERSION);
    writer_u8(w, ask_server);
    writer_u64(w, generation);
    fields_put_text(w, context);
    for (size_t i = 0; i < f->lwm2ms; i++) {
        const struct lwm2m_account *a = &f->lwm2m[i].account;
        if (strcmp(f->lwm2m[i].context, context) != 0)
            continue;
        fields_put_text(w, a->uri);
        fields_put_text(w, a->endpoint);
        fields_put_text(w, a->identity);
        fields_put_text(w, a->key_ref);
        writer_u8(w, (uint8_t)a->key_from);
        writer_u16(w, a->short_server_id);
        writer_u32(w, a->lifetime);
    }
}

static void take_account(struct reader *r, struct lwm2m_account *a)
{
    fields_take_text(r, a->uri, sizeof a->uri);
    fields_take_text(r, a->endpoint, sizeof a->endpoint);
    fields_take_text(r, a->identity, sizeof a->identity);
    fields_take_text(r, a->key_ref, sizeof a->key_ref);
    uint8_t from = reader_u8(r);
    if (from != LWM2M_KEY_DERIVED && from != LWM2M_KEY_NAMED)
        reader_fail(r);
    a->key_from = (enum lwm2m_key)from;
    a->short_server_id = reader_u16(r);
    a->lifetime = reader_u32(r);
}

enum error_code document_read_factory(const struct wsp_push *push, struct trigger *t, struct error *err)
{
    if (push->body.len && push->body.data[0] >> 5 == CBOR_MAP)
        return instruction_read(push, t, err);
    struct settings *s = t->settings;
    struct reader r = reader_make(push->body.data, push->body.len);
    uint8_t version = reader_u8(&r);
    t->kind = TRIGGER_FACTORY;
    s->renew = reader_u8(&r) != 0;
    (void)reader_u64(&r);
    fields_take_text(&r, t->context, sizeof t->context);
    while (!r.failed && reader_left(&r) && s->lwm2ms < SETTINGS_LWM2M)
        take_account(&r, &s->lwm2m[s->lwm2ms++]);
    return version == VERSION && s->lwm2ms && reader_done(&r) ? ERROR_NONE : error_set(err, ERROR_MALFORMED, "factory: the agent's own message is not readable");
}
