/* SPDX-License-Identifier: Apache-2.0 */
/* Options of requests in, options of answers out. Owns no state; knows the library's messages and nothing else of it. */
#include "lwm2m/pdu.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "lwm2m/block1.h"

enum { URI_OPTIONS = 512 /* of a Package URI */ };

static struct coap_token take_token(const uint8_t *octets, size_t len)
{
    struct coap_token out = { .len = len <= COAP_TOKEN_MAX ? (uint8_t)len : COAP_TOKEN_MAX };
    if (out.len)
        memcpy(out.data, octets, out.len);
    return out;
}

struct coap_token pdu_token(const coap_pdu_t *pdu)
{
    coap_bin_const_t t = coap_pdu_get_token(pdu);
    return take_token(t.s, t.length);
}

static struct slice option_value(const coap_opt_t *option)
{
    return (struct slice){ coap_opt_value(option), coap_opt_length(option) };
}

static uint32_t number_of(struct slice value)
{
    return coap_decode_var_bytes(value.data, value.len);
}

static void read_option(struct coap_request *r, uint16_t number, const coap_opt_t *option)
{
    struct slice value = option_value(option);
    switch (number) {
    case COAP_OPTION_URI_PATH:
        if (r->segments < COAP_SEGMENTS)
            r->segment[r->segments] = value;
        r->segments++;
        break;
    case COAP_OPTION_URI_QUERY:
        if (r->queries < COAP_QUERIES)
            r->query[r->queries] = value;
        r->queries++;
        break;
    case COAP_OPTION_ACCEPT:
        r->accept = (int)number_of(value);
        break;
    case COAP_OPTION_CONTENT_FORMAT:
        r->content_format = (int)number_of(value);
        break;
    case COAP_OPTION_OBSERVE:
        r->observe = (int)number_of(value);
        break;
    case COAP_OPTION_SIZE1:
        r->size1 = number_of(value);
        break;
    case COAP_OPTION_BLOCK1:
        r->block1 = (int)number_of(value);
        break;
    case COAP_OPTION_BLOCK2:
        r->block2 = true;
        break;
    case COAP_OPTION_IF_MATCH:
        r->if_none_match = r->if_none_match || value.len > 0;
        break;
    case COAP_OPTION_IF_NONE_MATCH:
        r->if_none_match = true;
        break;
    }
}

void pdu_read_request(const coap_pdu_t *pdu, struct coap_request *r)
{
    *r = (struct coap_request){ .method = (enum coap_method)coap_pdu_get_code(pdu), .accept = -1, .content_format = -1, .observe = -1, .block1 = -1 };
    r->token = pdu_token(pdu);
    coap_opt_iterator_t it;
    coap_option_iterator_init(pdu, &it, COAP_OPT_ALL);
    for (coap_opt_t *option = coap_option_next(&it); option; option = coap_option_next(&it))
        read_option(r, it.number, option);
    const uint8_t *data = NULL;
    size_t len = 0;
    if (coap_get_data(pdu, &len, &data))
        r->payload = (struct slice){ data, len };
}

void pdu_wipe(const coap_pdu_t *pdu)
{
    const uint8_t *data = NULL;
    size_t len = 0;
    if (coap_get_data(pdu, &len, &data))
        secret_zero((void *)(uintptr_t)data, len);
}

void pdu_read_response(const coap_pdu_t *pdu, struct coap_response *r)
{
    *r = (struct coap_response){ .code = (uint8_t)coap_pdu_get_code(pdu), .token = pdu_token(pdu), .content_format = -1, .block2 = -1 };
    struct writer location = writer_make(r->location, sizeof r->location - 1);
    coap_opt_iterator_t it;
    coap_option_iterator_init(pdu, &it, COAP_OPT_ALL);
    for (coap_opt_t *option = coap_option_next(&it); option; option = coap_option_next(&it)) {
        struct slice value = option_value(option);
        if (it.number == COAP_OPTION_CONTENT_FORMAT)
            r->content_format = (int)number_of(value);
        if (it.number == COAP_OPTION_BLOCK2)
            r->block2 = number_of(value);
        if (it.number == COAP_OPTION_MAXAGE)
            r->max_age = number_of(value);
        if (it.number == COAP_OPTION_ETAG)
            r->etag = take_token(value.data, value.len); /* RFC 7252 clause 5.10.6 */
        if (it.number != COAP_OPTION_LOCATION_PATH)
            continue;
        writer_u8(&location, '/');
        writer_put(&location, value.data, value.len);
    }
    if (location.failed)
        r->location[0] = '\0';
    const uint8_t *data = NULL;
    size_t len = 0;
    if (coap_get_data(pdu, &len, &data))
        r->payload = (struct slice){ data, len };
}

void pdu_add_number(coap_pdu_t *pdu, coap_option_num_t number, uint32_t value)
{
    uint8_t octets[4];
    coap_add_option(pdu, number, coap_encode_var_safe(octets, sizeof octets, value), octets);
}

/* The library writes options one behind the other, as on the wire. */
static bool add_options(coap_pdu_t *pdu, coap_option_num_t number, const uint8_t *octets, size_t len, int count)
{
    struct reader r = reader_make(octets, len);
    for (; count > 0; count--) {
        const coap_opt_t *option = &octets[len - reader_left(&r)];
        if (coap_opt_length(option) && !coap_add_option(pdu, number, coap_opt_length(option), coap_opt_value(option)))
            return false;
        (void)reader_take(&r, coap_opt_size(option));
    }
    return !r.failed;
}

/* RFC 3986 clause 2.1; the library leaves out a segment with a bad one. */
static bool has_good_escapes(const char *text)
{
    for (; *text; text++)
        if (text[0] == '%' && (!isxdigit((unsigned char)text[1]) || !isxdigit((unsigned char)text[2])))
            return false;
    return true;
}

bool pdu_add_uri(coap_pdu_t *pdu, const char *path)
{
    uint8_t octets[URI_OPTIONS];
    const char *query = &path[strcspn(path, "?#")];
    size_t len = sizeof octets;
    size_t from = path[0] == '/';
    if (!has_good_escapes(path))
        return false;
    int count = coap_split_path((const uint8_t *)&path[from], (size_t)(query - path) - from, octets, &len);
    if (count < 0 || !add_options(pdu, COAP_OPTION_URI_PATH, octets, len, count) || query[0] != '?')
        return count >= 0;
    len = sizeof octets;
    count = coap_split_query((const uint8_t *)&query[1], strcspn(&query[1], "#"), octets, &len);
    return count >= 0 && add_options(pdu, COAP_OPTION_URI_QUERY, octets, len, count);
}

static void add_location(coap_pdu_t *pdu, const uint16_t ids[2])
{
    for (size_t i = 0; i < 2 && (ids[0] || ids[1]); i++) {
        char text[6];
        int len = snprintf(text, sizeof text, "%u", (unsigned)ids[i]);
        coap_add_option(pdu, COAP_OPTION_LOCATION_PATH, (size_t)len, (const uint8_t *)text);
    }
}

/* Options in the order of their numbers: the library adds them faster so. */
void pdu_write_answer(const coap_pdu_t *request, const struct coap_request *r, coap_pdu_t *response, const struct coap_answer *answer)
{
    struct slice body = writer_slice(&answer->body);
    coap_pdu_set_code(response, (coap_pdu_code_t)answer->code);
    if (answer->observe >= 0)
        pdu_add_number(response, COAP_OPTION_OBSERVE, (uint32_t)answer->observe & 0xffffff);
    add_location(response, answer->created);
    if (r->block1 >= 0)
        pdu_add_number(response, COAP_OPTION_BLOCK1, (uint32_t)r->block1);
    if (answer->code == CODE_TOO_LARGE)
        pdu_add_number(response, COAP_OPTION_SIZE1, BLOCK1_BODY_MAX);
    if (answer->content_format < 0)
        return;
    if (body.len > PDU_BLOCK_SIZE || r->block2) {
        coap_add_data_blocked_response(request, response, (uint16_t)answer->content_format, -1, body.len, body.data);
        return;
    }
    pdu_add_number(response, COAP_OPTION_CONTENT_FORMAT, (uint32_t)answer->content_format);
    if (body.len)
        coap_add_data(response, body.len, body.data);
}
