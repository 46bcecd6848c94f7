/* SPDX-License-Identifier: Apache-2.0 */
/* Writes only; judged like any instruction when it comes back through the inbox. */
#include "bootstrap/instruction/local.h"

#include <string.h>

#include "base/text.h"
#include "bootstrap/instruction/instruction.h"

enum { LIFE = 24 * 3600 };

static const char *method_name(enum dm_secrets s)
{
    static const char *const names[] = { "", "pin", "keyed", "fcs11384", "fcs14345" };
    return names[s];
}

void instruction_local(const struct site *s, const struct factory_account *a, const char *issuer, const char *id, uint64_t seq, struct writer *w)
{
    struct bei b = { .version = 1, .seq = seq, .issued = seq, .expires = seq + LIFE, .mechanism = BEI_OMADM, .credential = BEI_CREDENTIAL_KEY };
    (void)text_copy(b.id, sizeof b.id, id);
    (void)text_copy(b.issuer, sizeof b.issuer, issuer);
    (void)instruction_subject(s, b.subject, sizeof b.subject);
    (void)text_copy(b.target.nid, sizeof b.target.nid, a->server_id);
    (void)text_copy(b.target.uri[0], sizeof b.target.uri[0], a->uri);
    b.target.uris = 1;
    (void)text_copy(b.credential_ref, sizeof b.credential_ref, method_name(a->secrets));
    (void)text_copy(b.context, sizeof b.context, a->context);
    if (a->trust.has_pin) {
        b.trust[0] = (struct bei_trust){ BEI_TRUST_SPKI, { a->trust.pin, sizeof a->trust.pin } };
        b.trusts = 1;
    }
    bei_write(w, &b);
}

enum error_code instruction_of_url(const struct site *s, struct slice line, struct writer *w, struct error *err)
{
    struct factory_account a = { .context = "usim", .secrets = DM_SECRETS_PIN };
    char text[512];
    uint16_t port;
    size_t len = 0;
    if (line.len >= sizeof text || memchr(line.data, 0, line.len))
        return error_set(err, ERROR_INVALID, "URL of more than %zu octets", sizeof text - 1);
    memcpy(text, line.data, line.len);
    text[line.len] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    char *pin = strchr(text, ' ');
    if (pin)
        *pin++ = '\0';
    enum error_code rc = uri_split(text, "https", a.server_id, sizeof a.server_id, &port, err);
    if (rc)
        return rc;
    if (!text_copy(a.uri, sizeof a.uri, text))
        return error_set(err, ERROR_INVALID, "URL of more than %zu octets", sizeof a.uri - 1);
    if (pin) {
        a.trust.has_pin = text_base64_decode((struct slice){ (const uint8_t *)pin, strlen(pin) }, a.trust.pin, sizeof a.trust.pin, &len) &&
                          len == sizeof a.trust.pin;
        if (!a.trust.has_pin)
            return error_set(err, ERROR_INVALID, "the pin behind the URL is not the Base64 of a SHA-256");
    }
    instruction_local(s, &a, "ui", "provurl", site_wall_clock(s), w);
    return w->failed ? error_set(err, ERROR_TOO_LARGE, "URL") : ERROR_NONE;
}
