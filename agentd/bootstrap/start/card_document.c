/* SPDX-License-Identifier: Apache-2.0 */
/* Both directions of the layout. The files' own readers are those of the other sources; nothing here knows what a setting means. */
#include "bootstrap/start/card_document.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/text.h"
#include "bootstrap/start/document.h"
#include "lwm2m/card_pack.h"

enum { VERSION = 1, ID_OCTETS = 32, HEAD = 1 + ID_OCTETS + 4 /* version, id, generation */ };

static void write_file(struct writer *w, enum pkcs15_object object, struct slice octets)
{
    writer_u8(w, (uint8_t)object);
    writer_u16(w, (uint16_t)octets.len);
    writer_put(w, octets.data, octets.len);
}

void card_document_write(struct writer *w, const char *id, uint32_t generation, const struct card_content *c)
{
    writer_u8(w, VERSION);
    writer_put(w, id, ID_OCTETS);
    writer_u32(w, generation);
    writer_u8(w, (uint8_t)c->count);
    for (size_t i = 0; i < c->count; i++)
        write_file(w, c->entry[i].object, c->entry[i].octets);
}

bool card_document_hash(struct slice message, uint8_t hash[32])
{
    struct reader r = reader_make(message.data, message.len);
    (void)reader_take(&r, HEAD);
    struct slice files = reader_take(&r, reader_left(&r));
    return !r.failed && EVP_Digest(files.data, files.len, hash, NULL, EVP_sha256(), NULL) == 1;
}

static enum error_code read_file(enum pkcs15_object object, struct slice octets, struct trigger *t, struct error *err)
{
    struct wsp_push push = { .media = object == PKCS15_DM ? WSP_MEDIA_DM_WBXML : WSP_MEDIA_CP_WBXML, .body = octets };
    switch (object) {
    case PKCS15_CP:
        return document_read_cp(&push, t, err);
    case PKCS15_DM:
        return document_read_dm(&push, t, err);
    case PKCS15_LWM2M:
        return card_pack_accounts(octets, t->settings, err);
    case PKCS15_OTHER:
    case PKCS15_CP_CONFIG1: /* settings of applications that are not ours */
    case PKCS15_CP_CONFIG2:
        return ERROR_NONE;
    }
    return ERROR_NONE;
}

/* Reads the file of one kind, if it is there; *found says so. */
static enum error_code read_kind(struct reader r, size_t files, enum pkcs15_object wanted, struct trigger *t, bool *found, struct error *err)
{
    enum error_code rc = ERROR_NONE;
    *found = false;
    for (size_t i = 0; !rc && i < files; i++) {
        enum pkcs15_object object = (enum pkcs15_object)reader_u8(&r);
        struct slice octets = reader_take(&r, reader_u16(&r));
        if (r.failed)
            return error_set(err, ERROR_TRUNCATED, "card message: ends in a file");
        if (object == wanted && !*found) {
            *found = true;
            rc = read_file(object, octets, t, err);
        }
    }
    return rc;
}

/* A CP or else a DM document begins the settings; LwM2M accounts join them. */
static enum error_code read_files(struct reader r, size_t files, struct trigger *t, struct error *err)
{
    bool found;
    enum error_code rc = read_kind(r, files, PKCS15_CP, t, &found, err);
    if (!rc && !found)
        rc = read_kind(r, files, PKCS15_DM, t, &found, err);
    if (!rc)
        rc = read_kind(r, files, PKCS15_LWM2M, t, &found, err);
    return rc;
}

enum error_code document_read_card(const struct wsp_push *push, struct trigger *t, struct error *err)
{
    struct reader r = reader_make(push->body.data, push->body.len);
    uint8_t version = reader_u8(&r);
    struct slice id = reader_take(&r, ID_OCTETS);
    (void)reader_u32(&r);
    size_t files = reader_u8(&r);
    if (r.failed || version != VERSION || !card_document_hash(push->body, t->card_hash))
        return error_set(err, ERROR_MALFORMED, "card message: not of version %d", VERSION);
    memcpy(t->card, id.data, id.len);
    t->card[id.len] = '\0';
    (void)text_copy(t->context, sizeof t->context, "usim");
    enum error_code rc = read_files(r, files, t, err);
    if (!rc && !t->settings->dms && !t->settings->lwm2ms)
        rc = error_set(err, ERROR_NOT_SUPPORTED, "the card's bootstrap files bring no OMA DM and no LwM2M account");
    return rc;
}
