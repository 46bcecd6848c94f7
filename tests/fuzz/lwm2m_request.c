/* SPDX-License-Identifier: Apache-2.0 */
/* Target: what a server's datagrams do to a client, from the CoAP message (parsed by libcoap) to the message that answers it. Up to four messages, each behind
 * two octets of length; the first octet chooses the version of LwM2M. Every request has an answer of the table; a refused one changes no value. */
#include <coap3/coap.h>
#include <string.h>

#include "fuzz.h"
#include "lwm2m/interfaces.h"
#include "lwm2m/pdu.h"

enum { MESSAGES = 4, MESSAGE_MAX = 1500 };

/* ---- a client without a session, and a clock that stands ---- */

static uint8_t body[COAP_ANSWER_MAX];

static uint64_t now_ms(void *user)
{
    (void)user;
    return 1000;
}

static uint64_t add_timer(void *user, uint64_t ms, loop_timer_fn *fn, void *fn_user)
{
    (void)user, (void)ms, (void)fn, (void)fn_user;
    return 1;
}

static void cancel(void *user, uint64_t id)
{
    (void)user, (void)id;
}

static uint64_t current_time(void *user)
{
    (void)user;
    return 1700000000;
}

static bool accept_order(void *user)
{
    (void)user;
    return true;
}

enum error_code coap_link_notify(struct coap_link *link, const struct coap_notification *n)
{
    (void)link, (void)n;
    return ERROR_NONE;
}

void registration_spoke(struct lwm2m_client *c)
{
    (void)c;
}

void registration_unsettle(struct lwm2m_client *c)
{
    (void)c;
}

static struct lwm2m_client *make(void)
{
    static const struct loop loop = { .now_ms = now_ms, .add_timer = add_timer, .cancel = cancel };
    static struct lwm2m_client c;
    static struct servers shared;
    if (c.loop)
        reporting_clear(&c);
    memset(&c, 0, sizeof c);
    c.loop = &loop;
    c.device = (struct lwm2m_device){ .manufacturer = "m", .model = "m", .serial = "s", .firmware_version = "1", .current_time = current_time, .reboot = accept_order };
    c.records.model = &model_managed;
    memset(&shared, 0, sizeof shared);
    c.server = (struct server_values){ .short_server_id = 7, .lifetime = 300, .client = &c };
    c.objects = (struct objects){ .model = &model_managed, .self = &c.server, .servers = &shared, .device = &c.device };
    shared.at[shared.count++] = &c.server;
    return &c;
}

/* ---- oracles ---- */

/* Transport TS 1.1.1 table 6.7, and RFC 7252 clause 5.10.8 for conditions. */
static bool is_answer(enum coap_code code)
{
    switch (code) {
    case CODE_CREATED:
    case CODE_DELETED:
    case CODE_CHANGED:
    case CODE_CONTENT:
    case CODE_BAD_REQUEST:
    case CODE_UNAUTHORIZED:
    case CODE_NOT_FOUND:
    case CODE_METHOD_NOT_ALLOWED:
    case CODE_NOT_ACCEPTABLE:
    case CODE_PRECONDITION_FAILED:
    case CODE_TOO_LARGE:
    case CODE_UNSUPPORTED_FORMAT:
    case CODE_INTERNAL:
    case CODE_FORBIDDEN:
        return true;
    case CODE_CONTINUE:
    case CODE_BAD_OPTION:
    case CODE_INCOMPLETE:
        break;
    }
    return false;
}

/* What servers may write, as one text. */
static struct slice snapshot(struct lwm2m_client *c, uint8_t *out, size_t cap)
{
    static const struct path written[] = { { .depth = PATH_OBJECT, .id = { 1 } }, { .depth = PATH_OBJECT, .id = { 16 } } };
    struct writer w = writer_make(out, cap);
    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++)
        FUZZ_ASSERT(objects_read(&c->objects, &written[i], &c->records) && format_senml_cbor.put(&w, &written[i], &c->records));
    FUZZ_ASSERT(!w.failed);
    return writer_slice(&w);
}

static void check_answer(const coap_pdu_t *request, const struct coap_request *r, const struct coap_answer *a)
{
    FUZZ_ASSERT(is_answer(a->code) && !(a->code == CODE_CONTENT && (a->body.failed || a->content_format < 0)));
    FUZZ_ASSERT(a->code == CODE_CONTENT || (a->content_format < 0 && a->observe < 0));
    coap_pdu_t *response = coap_pdu_init(COAP_MESSAGE_ACK, COAP_EMPTY_CODE, 1, MESSAGE_MAX);
    FUZZ_ASSERT(response);
    pdu_write_answer(request, r, response, a);
    const uint8_t *data = NULL;
    size_t len = 0;
    (void)coap_get_data(response, &len, &data);
    FUZZ_ASSERT(len <= PDU_BLOCK_SIZE && coap_pdu_get_code(response) > 0);
    coap_delete_pdu(response);
}

static void serve(struct lwm2m_client *c, const coap_pdu_t *pdu)
{
    static uint8_t before[COAP_ANSWER_MAX], after[COAP_ANSWER_MAX];
    struct coap_request r;
    struct coap_answer a = { .code = CODE_INTERNAL, .content_format = -1, .observe = -1, .body = writer_make(body, sizeof body) };
    pdu_read_request(pdu, &r);
    if (r.method < METHOD_GET || r.method > METHOD_IPATCH)
        return;
    struct slice old = snapshot(c, before, sizeof before);
    device_management_serve(c, &r, &a);
    check_answer(pdu, &r, &a);
    if (a.code >= CODE_BAD_REQUEST || a.code == CODE_CONTENT)
        FUZZ_ASSERT(slice_equal(old, snapshot(c, after, sizeof after)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_make(data, size);
    struct lwm2m_client *c = make();
    coap_set_log_level(LOG_EMERG);
    c->version = (enum lwm2m_version)(reader_u8(&r) % 3) + LWM2M_1_0;
    if (c->version == LWM2M_1_2)
        c->objects.model = c->records.model = &model_managed_1_2;
    for (unsigned i = 0; i < MESSAGES && reader_left(&r); i++) {
        uint16_t len = reader_u16(&r);
        struct slice message = reader_take(&r, len > reader_left(&r) ? reader_left(&r) : len);
        coap_pdu_t *pdu = r.failed ? NULL : coap_pdu_init(0, 0, 0, MESSAGE_MAX);
        if (pdu && coap_pdu_parse(COAP_PROTO_UDP, message.data, message.len, pdu))
            serve(c, pdu);
        coap_delete_pdu(pdu);
    }
    return 0;
}
