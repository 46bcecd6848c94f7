/* SPDX-License-Identifier: Apache-2.0 */
/* The card in a QMI modem, through qmi-proxy next to ModemManager, by messages of the UIM service. Requests are built here by hand: libqmi before 1.36 has
 * no logical channels and APDUs, and OpenWrt's build of it no Read Record; one way for all needs no probing. Never VERIFY, never a write. */
#include <libqmi-glib.h>

#include "base/log.h"
#include "base/writer.h"
#include "modemd/card_apdu.h"
#include "modemd/card_io.h"
#include "modemd/qmi_port.h"

enum { CALL_S = 20, SLOT_1 = 1 };
enum { /* messages of the UIM service */
    UIM_READ_TRANSPARENT = 0x0020, UIM_READ_RECORD = 0x0021, UIM_FILE_ATTRIBUTES = 0x0024, UIM_SEND_APDU = 0x003B, UIM_LOGICAL_CHANNEL = 0x003F,
    UIM_OPEN_CHANNEL = 0x0042,
};
enum { /* their TLVs */
    TLV_SLOT = 0x01, TLV_SESSION = 0x01, TLV_FILE = 0x02, TLV_APDU = 0x02, TLV_RANGE = 0x03, TLV_AID = 0x10, TLV_APDU_CHANNEL = 0x10, TLV_CLOSE_CHANNEL = 0x11,
    OUT_CARD_RESULT = 0x10, OUT_CHANNEL = 0x10, OUT_APDU = 0x10, OUT_DATA = 0x11, OUT_OPEN_CARD_RESULT = 0x11,
};

struct qmi_card {
    guint number;
    char *name;
    struct card_events events;
    void *user;
    struct qmi_port *port;
    gulong on_status, on_refresh;
    bool started, dead; /* dead: the port is lost */
    enum card_ask_kind kind; /* of the ask at work */
    card_answer_fn *fn;      /* NULL: none */
    void *fn_user;
};

static GHashTable *cards; /* number -> struct qmi_card: late answers of libqmi carry the number */
static guint last_number;

static struct qmi_card *card_of(gpointer number)
{
    return cards ? g_hash_table_lookup(cards, number) : NULL;
}

static gpointer number_of(const struct qmi_card *c)
{
    return GUINT_TO_POINTER(c->number);
}

/* --- asks --- */

static void answer(struct qmi_card *c, enum error_code status, struct slice data)
{
    card_answer_fn *fn = c->fn;
    c->fn = NULL;
    if (fn)
        fn(c->fn_user, status, data);
}

static struct slice tlv_of(QmiMessage *reply, guint8 type)
{
    guint16 len = 0;
    const guint8 *data = qmi_message_get_raw_tlv(reply, type, &len);
    return (struct slice){ data, data ? len : 0 };
}

/* u16 length in little endian, then the octets. */
static bool counted(struct slice tlv, struct slice *out)
{
    struct reader r = reader_make(tlv.data, tlv.len);
    size_t len = reader_u8(&r);
    len |= (size_t)reader_u8(&r) << 8;
    *out = reader_take(&r, len);
    return !r.failed;
}

static uint16_t little(struct reader *r)
{
    uint16_t low = reader_u8(r);
    return (uint16_t)(low | reader_u8(r) << 8);
}

/* A refusal of the modem itself, as some firmware has it for channels, APDUs and files. */
static enum error_code of_protocol(const GError *error)
{
    if (g_error_matches(error, QMI_PROTOCOL_ERROR, QMI_PROTOCOL_ERROR_NO_SIM) || g_error_matches(error, QMI_PROTOCOL_ERROR, QMI_PROTOCOL_ERROR_UIM_UNINITIALIZED))
        return ERROR_NOT_READY;
    return error->domain == QMI_PROTOCOL_ERROR ? ERROR_NOT_SUPPORTED : ERROR_IO;
}

/* The protocol said no: because of what the card said, or by itself. */
static void refused(struct qmi_card *c, QmiMessage *reply, const GError *error)
{
    struct slice card = tlv_of(reply, c->kind == CARD_ASK_OPEN ? OUT_OPEN_CARD_RESULT : OUT_CARD_RESULT);
    enum error_code rc = card.len == 2 ? apdu_error(apdu_status(card)) : ERROR_NONE;
    log_debug(c->name, "card: %s", error->message);
    answer(c, rc ? rc : of_protocol(error), rc ? card : (struct slice){ NULL, 0 });
}

/* Size u16, file id u16, type u8, record size u16, record count u16 and more; all little endian. */
static void answer_attributes(struct qmi_card *c, struct slice tlv)
{
    uint8_t space[7];
    struct writer w = writer_make(space, sizeof space);
    struct reader r = reader_make(tlv.data, tlv.len);
    uint16_t size = little(&r);
    (void)little(&r);
    bool records = reader_u8(&r) != 0; /* 0: transparent */
    uint16_t length = little(&r), count = little(&r);
    writer_u32(&w, size);
    writer_u16(&w, records ? length : 0);
    writer_u8(&w, (uint8_t)(records && count < 255 ? count : 0));
    answer(c, r.failed || (records && count >= 255) ? ERROR_MALFORMED : ERROR_NONE, writer_slice(&w));
}

static void take_reply(struct qmi_card *c, QmiMessage *reply)
{
    struct slice data = { NULL, 0 };
    bool good = true;
    switch (c->kind) {
    case CARD_ASK_OPEN:
        data = tlv_of(reply, OUT_CHANNEL);
        good = data.len == 1;
        break;
    case CARD_ASK_APDU:
        good = counted(tlv_of(reply, OUT_APDU), &data);
        break;
    case CARD_ASK_PART:
        good = counted(tlv_of(reply, OUT_DATA), &data);
        break;
    case CARD_ASK_ATTRIBUTES:
        answer_attributes(c, tlv_of(reply, OUT_DATA));
        return;
    case CARD_ASK_CLOSE:
        break;
    }
    answer(c, good ? ERROR_NONE : ERROR_MALFORMED, data);
}

static void on_reply(GObject *object, GAsyncResult *result, gpointer number)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QmiMessage) reply = qmi_device_command_full_finish(QMI_DEVICE(object), result, &error);
    struct qmi_card *c = card_of(number);
    if (!c)
        return;
    if (!reply) {
        bool late = g_error_matches(error, QMI_CORE_ERROR, QMI_CORE_ERROR_TIMEOUT);
        log_debug(c->name, "card: %s", error->message);
        answer(c, late ? ERROR_TIMEOUT : ERROR_IO, (struct slice){ NULL, 0 });
        return;
    }
    struct slice outcome = tlv_of(reply, 0x02); /* result u16, error u16 */
    struct reader r = reader_make(outcome.data, outcome.len);
    bool failed = little(&r) != 0;
    uint16_t why = little(&r);
    if (r.failed || failed) {
        g_autoptr(GError) protocol = g_error_new(QMI_PROTOCOL_ERROR, why, "protocol error %u", why);
        refused(c, reply, protocol);
        return;
    }
    take_reply(c, reply);
}

static QmiMessage *message_new(struct qmi_card *c, guint16 id)
{
    QmiClient *client = qmi_port_client(c->port);
    return qmi_message_new(QMI_SERVICE_UIM, qmi_client_get_cid(client), qmi_client_get_next_transaction_id(client), id);
}

static void add_tlv(QmiMessage *m, guint8 type, const struct writer *w)
{
    struct slice s = writer_slice(w);
    (void)qmi_message_add_raw_tlv(m, type, s.data, s.len, NULL);
}

static void add_octet(QmiMessage *m, guint8 type, uint8_t value)
{
    (void)qmi_message_add_raw_tlv(m, type, &value, 1, NULL);
}

static void put_little(struct writer *w, uint16_t v)
{
    writer_u8(w, (uint8_t)v);
    writer_u8(w, (uint8_t)(v >> 8));
}

static QmiMessage *message_open(struct qmi_card *c, const struct card_ask *ask)
{
    uint8_t space[APDU_MAX];
    struct writer w = writer_make(space, sizeof space);
    QmiMessage *m = message_new(c, UIM_OPEN_CHANNEL);
    writer_u8(&w, (uint8_t)ask->data.len);
    writer_put(&w, ask->data.data, ask->data.len);
    add_octet(m, TLV_SLOT, SLOT_1);
    add_tlv(m, TLV_AID, &w);
    return m;
}

static QmiMessage *message_apdu(struct qmi_card *c, const struct card_ask *ask)
{
    uint8_t space[APDU_MAX + 2];
    struct writer w = writer_make(space, sizeof space);
    QmiMessage *m = message_new(c, UIM_SEND_APDU);
    put_little(&w, (uint16_t)ask->data.len);
    writer_put(&w, ask->data.data, ask->data.len);
    add_octet(m, TLV_SLOT, SLOT_1);
    add_tlv(m, TLV_APDU, &w);
    add_octet(m, TLV_APDU_CHANNEL, ask->channel);
    return m;
}

static QmiMessage *message_close(struct qmi_card *c, const struct card_ask *ask)
{
    QmiMessage *m = message_new(c, UIM_LOGICAL_CHANNEL);
    add_octet(m, TLV_SLOT, SLOT_1);
    add_octet(m, TLV_CLOSE_CHANNEL, ask->channel);
    return m;
}

/* The file's id, and the path before it with the octets of each id swapped (as ModemManager sends it). */
static QmiMessage *message_file(struct qmi_card *c, guint16 id, const struct card_ask *ask)
{
    static const uint8_t session[] = { QMI_UIM_SESSION_TYPE_CARD_SLOT_1, 0 };
    uint8_t space[APDU_MAX];
    struct writer w = writer_make(space, sizeof space);
    struct reader path = reader_make(ask->file.data, ask->file.len - 2), last = reader_make(&ask->file.data[ask->file.len - 2], 2);
    QmiMessage *m = message_new(c, id);
    put_little(&w, reader_u16(&last));
    writer_u8(&w, (uint8_t)reader_left(&path));
    while (reader_left(&path))
        put_little(&w, reader_u16(&path));
    (void)qmi_message_add_raw_tlv(m, TLV_SESSION, session, sizeof session, NULL);
    add_tlv(m, TLV_FILE, &w);
    if (ask->kind == CARD_ASK_PART) {
        w = writer_make(space, sizeof space);
        put_little(&w, ask->at);
        put_little(&w, ask->length);
        add_tlv(m, TLV_RANGE, &w);
    }
    return m;
}

static QmiMessage *message_of(struct qmi_card *c, const struct card_ask *ask)
{
    switch (ask->kind) {
    case CARD_ASK_OPEN:
        return message_open(c, ask);
    case CARD_ASK_APDU:
        return message_apdu(c, ask);
    case CARD_ASK_CLOSE:
        return message_close(c, ask);
    case CARD_ASK_ATTRIBUTES:
        return message_file(c, UIM_FILE_ATTRIBUTES, ask);
    case CARD_ASK_PART:
        return message_file(c, ask->records ? UIM_READ_RECORD : UIM_READ_TRANSPARENT, ask);
    }
    return NULL;
}

static gboolean on_no_channel(gpointer number)
{
    struct qmi_card *c = card_of(number);
    if (c)
        answer(c, ERROR_NOT_SUPPORTED, (struct slice){ NULL, 0 });
    return G_SOURCE_REMOVE;
}

static void qmi_ask(void *io, const struct card_ask *ask, card_answer_fn *fn, void *user)
{
    struct qmi_card *c = io;
    c->kind = ask->kind;
    c->fn = fn;
    c->fn_user = user;
    if (ask->kind == CARD_ASK_OPEN && ask->data.len == 0) {
        g_idle_add(on_no_channel, number_of(c)); /* modems open a channel to an application only; the files of 3F00 they give themselves */
        return;
    }
    g_autoptr(QmiMessage) m = message_of(c, ask);
    qmi_device_command_full(qmi_port_device(c->port), m, NULL, CALL_S, NULL, on_reply, number_of(c));
}

/* --- events --- */

/* The state of the first card of the list; the modem's own slot is the one we read. */
static void on_card_status(QmiClientUim *client, QmiIndicationUimCardStatusOutput *out, gpointer number)
{
    (void)client;
    struct qmi_card *c = card_of(number);
    GArray *rows;
    if (!c || !c->started || !qmi_indication_uim_card_status_output_get_card_status(out, NULL, NULL, NULL, NULL, &rows, NULL) || rows->len == 0)
        return;
    QmiUimCardState state = g_array_index(rows, QmiIndicationUimCardStatusOutputCardStatusCardsElement, 0).card_state;
    c->events.changed(c->user, state == QMI_UIM_CARD_STATE_PRESENT ? CARD_PRESENT : CARD_ABSENT);
}

/* The modem waits for each of its clients before it goes on (TS 31.111 6.4.7). */
static void complete_refresh(struct qmi_card *c, QmiUimSessionType type, GArray *aid)
{
    g_autoptr(QmiMessageUimRefreshCompleteInput) in = qmi_message_uim_refresh_complete_input_new();
    qmi_message_uim_refresh_complete_input_set_session(in, type, aid, NULL);
    qmi_message_uim_refresh_complete_input_set_info(in, TRUE, NULL);
    qmi_client_uim_refresh_complete(QMI_CLIENT_UIM(qmi_port_client(c->port)), in, CALL_S, NULL, NULL, NULL);
}

static void on_refresh(QmiClientUim *client, QmiIndicationUimRefreshOutput *out, gpointer number)
{
    (void)client;
    struct qmi_card *c = card_of(number);
    QmiUimRefreshStage stage;
    QmiUimSessionType type;
    GArray *aid, *files;
    if (!c || !qmi_indication_uim_refresh_output_get_event(out, &stage, NULL, &type, &aid, &files, NULL))
        return;
    switch (stage) {
    case QMI_UIM_REFRESH_STAGE_START:
        complete_refresh(c, type, aid);
        return;
    case QMI_UIM_REFRESH_STAGE_END_WITH_SUCCESS:
    case QMI_UIM_REFRESH_STAGE_END_WITH_FAILURE: /* part of it may have happened */
        if (c->started)
            c->events.changed(c->user, CARD_REFRESHED);
        return;
    case QMI_UIM_REFRESH_STAGE_WAIT_FOR_OK: /* for clients that asked for a vote: we did not */
        return;
    }
}

/* --- start --- */

static void on_registered_refresh(GObject *object, GAsyncResult *result, gpointer number)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QmiMessageUimRefreshRegisterAllOutput) out = qmi_client_uim_refresh_register_all_finish(QMI_CLIENT_UIM(object), result, &error);
    struct qmi_card *c = card_of(number);
    if (!c || c->dead)
        return;
    if (!out || !qmi_message_uim_refresh_register_all_output_get_result(out, &error))
        log_info(c->name, "card: no news of a refresh by its issuer: %s", error->message);
    c->started = true;
    c->events.started(c->user, ERROR_NONE);
}

static void on_registered_events(GObject *object, GAsyncResult *result, gpointer number)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QmiMessageUimRegisterEventsOutput) out = qmi_client_uim_register_events_finish(QMI_CLIENT_UIM(object), result, &error);
    struct qmi_card *c = card_of(number);
    if (!c || c->dead)
        return;
    if (!out || !qmi_message_uim_register_events_output_get_result(out, &error))
        log_info(c->name, "card: no news of its state: %s", error->message);
    g_autoptr(QmiMessageUimRefreshRegisterAllInput) in = qmi_message_uim_refresh_register_all_input_new();
    g_autoptr(GArray) aid = g_array_new(FALSE, FALSE, sizeof(guint8));
    qmi_message_uim_refresh_register_all_input_set_info(in, TRUE, NULL);
    qmi_message_uim_refresh_register_all_input_set_session(in, QMI_UIM_SESSION_TYPE_PRIMARY_GW_PROVISIONING, aid, NULL);
    qmi_client_uim_refresh_register_all(QMI_CLIENT_UIM(object), in, CALL_S, NULL, on_registered_refresh, number);
}

static void on_port_opened(void *user, enum error_code status, const char *step, const char *why)
{
    struct qmi_card *c = user;
    if (status) {
        log_info(c->name, "card: %s: %s", step, why);
        c->events.started(c->user, status);
        return;
    }
    QmiClient *client = qmi_port_client(c->port);
    c->on_status = g_signal_connect(client, "card-status", G_CALLBACK(on_card_status), number_of(c));
    c->on_refresh = g_signal_connect(client, "refresh", G_CALLBACK(on_refresh), number_of(c));
    g_autoptr(QmiMessageUimRegisterEventsInput) in = qmi_message_uim_register_events_input_new();
    qmi_message_uim_register_events_input_set_event_registration_mask(in, QMI_UIM_EVENT_REGISTRATION_FLAG_CARD_STATUS, NULL);
    qmi_client_uim_register_events(QMI_CLIENT_UIM(client), in, CALL_S, NULL, on_registered_events, number_of(c));
}

static void on_port_lost(void *user)
{
    struct qmi_card *c = user;
    c->dead = true;
    if (c->started)
        c->events.lost(c->user);
    else
        c->events.started(c->user, ERROR_IO);
}

static void *qmi_start(const char *place, const char *name, const struct card_events *events, void *user)
{
    static const struct qmi_port_events port_events = { .opened = on_port_opened, .lost = on_port_lost };
    if (!cards)
        cards = g_hash_table_new(NULL, NULL);
    struct qmi_card *c = g_new0(struct qmi_card, 1);
    *c = (struct qmi_card){ .number = ++last_number, .name = g_strdup(name), .events = *events, .user = user };
    g_hash_table_insert(cards, number_of(c), c);
    c->port = qmi_port_open(place, QMI_SERVICE_UIM, &port_events, c);
    return c;
}

static void qmi_stop(void *io)
{
    struct qmi_card *c = io;
    g_hash_table_remove(cards, number_of(c));
    if (c->on_status)
        g_signal_handler_disconnect(qmi_port_client(c->port), c->on_status);
    if (c->on_refresh)
        g_signal_handler_disconnect(qmi_port_client(c->port), c->on_refresh);
    qmi_port_close(c->port);
    g_free(c->name);
    g_free(c);
}

const struct card_backend card_qmi = { .name = "qmi", .way = CARD_WAY_CHANNEL, .files = true, .start = qmi_start, .ask = qmi_ask, .stop = qmi_stop };
