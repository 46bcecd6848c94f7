/* SPDX-License-Identifier: Apache-2.0 */
/* wpa_supplicant 2.10, wpa_supplicant/events and eap_aka.c: "<3>CTRL-REQ-SIM-0:UMTS-AUTH:RAND:AUTN needed for SSID x" is answered by
 * "CTRL-RSP-SIM-0:UMTS-AUTH:IK:CK:RES"; eap_sim.c: "GSM-AUTH:RAND:RAND[:RAND] needed .." by "GSM-AUTH:Kc:SRES:Kc:SRES[:Kc:SRES]". Must never take a digit more than there is. */
#include "usimd/wpa_text.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/writer.h"

#define REQUEST "CTRL-REQ-SIM-"

static bool take_word(struct reader *r, const char *word)
{
    return slice_is(reader_take(r, strlen(word)), word);
}

/* "<3>" in front of an event is its level. */
static void skip_level(struct reader *r)
{
    if (reader_peek(r) != '<')
        return;
    while (reader_left(r) && reader_u8(r) != '>')
        ;
}

static bool take_number(struct reader *r, uint32_t *out)
{
    uint64_t n;
    size_t digits = 0;
    struct reader look = *r;
    while (reader_left(&look) && reader_peek(&look) != ':') {
        (void)reader_u8(&look);
        digits++;
    }
    bool ok = text_decimal(reader_take(r, digits), UINT32_MAX, &n);
    *out = ok ? (uint32_t)n : 0;
    return ok && reader_u8(r) == ':';
}

static bool take_octets(struct reader *r, uint8_t out[16])
{
    size_t len = 0;
    return text_hex_decode(reader_take(r, 32), out, 16, &len) && len == 16;
}

static bool at_end(const struct reader *r)
{
    return !reader_left(r) || reader_peek(r) == ' ';
}

static bool take_rands(struct reader *r, struct wpa_request *q)
{
    bool ok = true;
    q->rands = 0;
    while (ok && q->rands < WPA_RANDS && !(q->rands && at_end(r))) {
        ok = (!q->rands || reader_u8(r) == ':') && take_octets(r, q->rand[q->rands]);
        q->rands++;
    }
    return ok && q->rands >= 2 && at_end(r);
}

enum wpa_event wpa_parse(struct slice datagram, struct wpa_request *q)
{
    struct reader r = reader_make(datagram.data, datagram.len);
    skip_level(&r);
    struct reader other = r;
    if (take_word(&other, "CTRL-EVENT-TERMINATING"))
        return WPA_TERMINATING;
    if (!take_word(&r, REQUEST) || !take_number(&r, &q->network))
        return WPA_OTHER;
    other = r;
    if (take_word(&other, "GSM-AUTH:"))
        return take_rands(&other, q) ? WPA_GSM_AUTH : WPA_OTHER;
    q->rands = 1;
    bool whole = take_word(&r, "UMTS-AUTH:") && take_octets(&r, q->rand[0]) && reader_u8(&r) == ':' && take_octets(&r, q->autn) && at_end(&r);
    return whole ? WPA_UMTS_AUTH : WPA_OTHER;
}

static void put_hex(struct writer *w, struct slice octets)
{
    char hex[2 * 16 + 1];
    writer_text(w, text_hex(octets.data, octets.len, hex));
    explicit_bzero(hex, sizeof hex);
}

static struct writer begin(const struct wpa_request *q, char *out)
{
    char head[40];
    struct writer w = writer_make(out, WPA_ANSWER_MAX - 1);
    (void)snprintf(head, sizeof head, "CTRL-RSP-SIM-%lu:", (unsigned long)q->network);
    writer_text(&w, head);
    return w;
}

static size_t finish(const struct writer *w, char *out)
{
    out[w->failed ? 0 : w->len] = '\0';
    return w->failed ? 0 : w->len;
}

size_t wpa_answer(const struct wpa_request *q, enum error_code status, const struct tre_aka *a, char out[WPA_ANSWER_MAX])
{
    struct writer w = begin(q, out);
    if (!status && a->verdict == TRE_AKA_OK && a->ck.len == 16 && a->ik.len == 16 && a->res.len <= 16) {
        writer_text(&w, "UMTS-AUTH:");
        put_hex(&w, a->ik); /* this order is its own */
        writer_u8(&w, ':');
        put_hex(&w, a->ck);
        writer_u8(&w, ':');
        put_hex(&w, a->res);
    } else if (!status && a->verdict == TRE_AKA_SYNC && a->auts.len == 14) {
        writer_text(&w, "UMTS-AUTS:");
        put_hex(&w, a->auts);
    } else {
        writer_text(&w, "UMTS-FAIL");
    }
    return finish(&w, out);
}

size_t wpa_answer_gsm(const struct wpa_request *q, const struct wpa_triplet triplets[WPA_RANDS], char out[WPA_ANSWER_MAX])
{
    struct writer w = begin(q, out);
    writer_text(&w, triplets ? "GSM-AUTH" : "GSM-FAIL");
    for (size_t i = 0; triplets && i < q->rands; i++) {
        writer_u8(&w, ':');
        put_hex(&w, (struct slice){ triplets[i].kc, sizeof triplets[i].kc });
        writer_u8(&w, ':');
        put_hex(&w, (struct slice){ triplets[i].sres, sizeof triplets[i].sres });
    }
    return finish(&w, out);
}
