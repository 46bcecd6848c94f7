/* SPDX-License-Identifier: Apache-2.0 */
/* One watch = one port with a WMS client: open -> event report -> list (storage and tag, one after the other)
 * -> raw read of each message found or indicated, one at a time; what did not fit into the queue is listed again -> room of the storages.
 * Late answers of libqmi carry the watch's number, not its address:
 * a number that is not in the table any more is dropped, whatever it brings is given back. */
#include "modemd/sms_watch.h"

#include <libqmi-glib.h>

#include "base/log.h"
#include "modemd/qmi_port.h"
#include "modemd/sms_storage.h"

enum { CALL_S = 10, FULL_POLL_S = 30, QUEUE_MAX = 4096, STORAGES = 2 };

struct slot {
    QmiWmsStorageType storage;
    guint32 index;
};

struct sms_watch {
    guint number;
    char *device;
    struct sms_watch_events events;
    void *user;
    struct qmi_port *port;
    QmiClientWms *wms; /* the port's; NULL before it is open */
    gulong on_event;
    bool started, failed;
    unsigned list_step;
    GQueue queue; /* of struct slot, to be read */
    struct slot at; /* the one being read */
    bool reading, overflow, deleting;
    bool room_asked, room_unknown, full[STORAGES];
    unsigned room_wanted; /* bit: storage */
    guint poll;           /* while one is full: nobody tells when the user makes room */
};

static GHashTable *watches; /* number -> struct sms_watch */
static guint last_number;

static const struct {
    QmiWmsStorageType storage;
    QmiWmsMessageTagType tag;
} list_steps[] = {
    { QMI_WMS_STORAGE_TYPE_UIM, QMI_WMS_MESSAGE_TAG_TYPE_MT_READ },
    { QMI_WMS_STORAGE_TYPE_UIM, QMI_WMS_MESSAGE_TAG_TYPE_MT_NOT_READ },
    { QMI_WMS_STORAGE_TYPE_NV, QMI_WMS_MESSAGE_TAG_TYPE_MT_READ },
    { QMI_WMS_STORAGE_TYPE_NV, QMI_WMS_MESSAGE_TAG_TYPE_MT_NOT_READ },
};

static struct sms_watch *watch_of(gpointer number)
{
    return watches ? g_hash_table_lookup(watches, number) : NULL;
}

static gpointer number_of(const struct sms_watch *w)
{
    return GUINT_TO_POINTER(w->number);
}

/* The start failed, or the device went: tell once. The owner frees the watch. */
static void end(struct sms_watch *w, enum error_code status, const char *step, const char *why)
{
    if (w->failed)
        return;
    w->failed = true;
    if (!w->started) {
        log_warning(w->device, "SMS watch: %s: %s", step, why);
        w->events.started(w->user, w->device, status);
    } else {
        log_notice(w->device, "SMS watch lost: %s: %s", step, why);
        w->events.lost(w->user, w->device);
    }
}

static void read_next(struct sms_watch *w);
static void list_next(struct sms_watch *w);

static void deliver(struct sms_watch *w, const struct sms_place *place, struct slice tpdu)
{
    if (tpdu.len == 0 || tpdu.len > UINT8_MAX)
        log_debug(w->device, "a message of %zu octets is no TPDU; left alone", tpdu.len);
    else
        w->events.message(w->user, w->device, place, tpdu);
}

static void deliver_stored(struct sms_watch *w, GArray *raw)
{
    struct sms_place place = { .stored = true, .storage = (uint8_t)w->at.storage, .index = w->at.index };
    w->room_wanted |= place.storage < STORAGES ? 1u << place.storage : 0;
    deliver(w, &place, sms_storage_tpdu((struct slice){ (const uint8_t *)raw->data, raw->len }));
}

static void on_read(GObject *object, GAsyncResult *result, gpointer number)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QmiMessageWmsRawReadOutput) out = qmi_client_wms_raw_read_finish(QMI_CLIENT_WMS(object), result, &error);
    struct sms_watch *w = watch_of(number);
    if (!w)
        return;
    w->reading = false;
    QmiWmsMessageTagType tag;
    QmiWmsMessageFormat format;
    GArray *raw;
    if (!out || !qmi_message_wms_raw_read_output_get_result(out, &error) ||
        !qmi_message_wms_raw_read_output_get_raw_message_data(out, &tag, &format, &raw, &error))
        log_debug(w->device, "raw read: %s", error->message); /* deleted meanwhile, or no 3GPP message */
    else if (format == QMI_WMS_MESSAGE_FORMAT_GSM_WCDMA_POINT_TO_POINT)
        deliver_stored(w, raw);
    w = watch_of(number); /* an event may have ended it */
    if (w)
        read_next(w);
}

static void ask_room(struct sms_watch *w);

static gboolean on_poll(gpointer number)
{
    struct sms_watch *w = watch_of(number);
    if (!w)
        return G_SOURCE_REMOVE;
    w->poll = 0;
    w->room_wanted |= (1u << STORAGES) - 1;
    ask_room(w);
    return G_SOURCE_REMOVE;
}

static void on_room(gpointer number, uint8_t storage, bool ok, uint32_t size, uint32_t left)
{
    struct sms_watch *w = watch_of(number);
    if (!w)
        return;
    w->room_asked = false;
    w->room_unknown = w->room_unknown || (!ok && storage == QMI_WMS_STORAGE_TYPE_UIM); /* a modem without NV storage still tells of the card's */
    if (ok && size && w->full[storage] != (left == 0)) {
        w->full[storage] = left == 0;
        log_notice(w->device, "storage %u: %u of %u messages, %s", storage, size - left, size, left ? "room again" : "full");
        w->events.room(w->user, w->device, storage, size, left);
    }
    w = watch_of(number);
    if (!w)
        return;
    if ((w->full[0] || w->full[1]) && !w->poll)
        w->poll = g_timeout_add_seconds(FULL_POLL_S, on_poll, number);
    ask_room(w);
}

/* One storage at a time, when there is nothing to read. */
static void ask_room(struct sms_watch *w)
{
    if (w->room_asked || w->room_unknown || w->reading || !w->room_wanted)
        return;
    uint8_t storage = w->room_wanted & 1 ? 0 : 1;
    w->room_wanted &= ~(1u << storage);
    w->room_asked = true;
    sms_storage_room(w->wms, storage, on_room, number_of(w));
}

static void read_next(struct sms_watch *w)
{
    g_autofree struct slot *s = w->reading ? NULL : g_queue_pop_head(&w->queue);
    if (!s && !w->reading && w->overflow) {
        w->overflow = false;
        w->list_step = 0;
        list_next(w);
    }
    if (!s) {
        ask_room(w);
        return;
    }
    g_autoptr(QmiMessageWmsRawReadInput) in = qmi_message_wms_raw_read_input_new();
    qmi_message_wms_raw_read_input_set_message_memory_storage_id(in, s->storage, s->index, NULL);
    qmi_message_wms_raw_read_input_set_message_mode(in, QMI_WMS_MESSAGE_MODE_GSM_WCDMA, NULL);
    w->at = *s;
    w->reading = true;
    qmi_client_wms_raw_read(w->wms, in, CALL_S, NULL, on_read, number_of(w));
}

static gint same_slot(gconstpointer a, gconstpointer b)
{
    const struct slot *x = a, *y = b;
    return x->storage != y->storage || x->index != y->index;
}

/* False: the queue is full. */
static bool want(struct sms_watch *w, QmiWmsStorageType storage, guint32 index)
{
    struct slot s = { storage, index };
    if (g_queue_find_custom(&w->queue, &s, same_slot))
        return true;
    if (g_queue_get_length(&w->queue) >= QUEUE_MAX)
        return false;
    g_queue_push_tail(&w->queue, g_memdup2(&s, sizeof s));
    return true;
}

static void on_event_report(QmiClientWms *wms, QmiIndicationWmsEventReportOutput *out, gpointer number)
{
    (void)wms;
    struct sms_watch *w = watch_of(number);
    QmiWmsStorageType storage;
    guint32 index, transaction;
    QmiWmsAckIndicator ack;
    QmiWmsMessageFormat format;
    GArray *raw;
    if (!w)
        return;
    if (qmi_indication_wms_event_report_output_get_mt_message(out, &storage, &index, NULL)) {
        w->overflow = !want(w, storage, index) || w->overflow;
        read_next(w);
    }
    if (qmi_indication_wms_event_report_output_get_transfer_route_mt_message(out, &ack, &transaction, &format, &raw, NULL) &&
        format == QMI_WMS_MESSAGE_FORMAT_GSM_WCDMA_POINT_TO_POINT)
        deliver(w, &(struct sms_place){ .stored = false }, (struct slice){ (const uint8_t *)raw->data, raw->len });
}

static void on_listed(GObject *object, GAsyncResult *result, gpointer number)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QmiMessageWmsListMessagesOutput) out = qmi_client_wms_list_messages_finish(QMI_CLIENT_WMS(object), result, &error);
    struct sms_watch *w = watch_of(number);
    if (!w)
        return;
    GArray *rows;
    if (!out || !qmi_message_wms_list_messages_output_get_result(out, &error) ||
        !qmi_message_wms_list_messages_output_get_message_list(out, &rows, &error)) {
        log_debug(w->device, "list: %s", error->message); /* a storage that this modem lacks */
        rows = NULL;
    }
    for (guint i = 0; rows && i < rows->len; i++)
        (void)want(w, list_steps[w->list_step].storage,
                   g_array_index(rows, QmiMessageWmsListMessagesOutputMessageListElement, i).memory_index);
    w->list_step++;
    list_next(w);
}

static void list_next(struct sms_watch *w)
{
    if (w->list_step == G_N_ELEMENTS(list_steps)) {
        w->room_wanted = (1u << STORAGES) - 1;
        read_next(w);
        return;
    }
    g_autoptr(QmiMessageWmsListMessagesInput) in = qmi_message_wms_list_messages_input_new();
    qmi_message_wms_list_messages_input_set_storage_type(in, list_steps[w->list_step].storage, NULL);
    qmi_message_wms_list_messages_input_set_message_tag(in, list_steps[w->list_step].tag, NULL);
    qmi_message_wms_list_messages_input_set_message_mode(in, QMI_WMS_MESSAGE_MODE_GSM_WCDMA, NULL);
    qmi_client_wms_list_messages(w->wms, in, CALL_S, NULL, on_listed, number_of(w));
}

static void on_reporting(GObject *object, GAsyncResult *result, gpointer number)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QmiMessageWmsSetEventReportOutput) out = qmi_client_wms_set_event_report_finish(QMI_CLIENT_WMS(object), result, &error);
    struct sms_watch *w = watch_of(number);
    if (!w)
        return;
    if (!out || !qmi_message_wms_set_event_report_output_get_result(out, &error)) {
        end(w, ERROR_IO, "event report", error->message);
        return;
    }
    w->started = true;
    log_notice(w->device, "SMS watch runs");
    w->events.started(w->user, w->device, ERROR_NONE);
    w = watch_of(number);
    if (w)
        list_next(w);
}

static void on_port_opened(void *user, enum error_code status, const char *step, const char *why)
{
    struct sms_watch *w = user;
    if (status) {
        end(w, status, step, why);
        return;
    }
    w->wms = QMI_CLIENT_WMS(qmi_port_client(w->port));
    w->on_event = g_signal_connect(w->wms, "event-report", G_CALLBACK(on_event_report), number_of(w));
    g_autoptr(QmiMessageWmsSetEventReportInput) in = qmi_message_wms_set_event_report_input_new();
    qmi_message_wms_set_event_report_input_set_new_mt_message_indicator(in, TRUE, NULL);
    qmi_client_wms_set_event_report(w->wms, in, CALL_S, NULL, on_reporting, number_of(w));
}

static void on_port_lost(void *user)
{
    end(user, ERROR_IO, "device", "gone, or qmi-proxy ended");
}

struct sms_watch *sms_watch_start(const char *path, const char *device, const struct sms_watch_events *events, void *user)
{
    static const struct qmi_port_events port_events = { .opened = on_port_opened, .lost = on_port_lost };
    if (!watches)
        watches = g_hash_table_new(NULL, NULL);
    struct sms_watch *w = g_new0(struct sms_watch, 1);
    *w = (struct sms_watch){ .number = ++last_number, .device = g_strdup(device), .events = *events, .user = user };
    g_queue_init(&w->queue);
    g_hash_table_insert(watches, number_of(w), w);
    w->port = qmi_port_open(path, QMI_SERVICE_WMS, &port_events, w);
    return w;
}

static void on_deleted(gpointer number, enum error_code status)
{
    struct sms_watch *w = watch_of(number);
    if (!w)
        return;
    w->deleting = false;
    w->room_wanted |= (1u << STORAGES) - 1;
    w->events.deleted(w->user, w->device, status);
    w = watch_of(number);
    if (w)
        ask_room(w);
}

enum error_code sms_watch_delete(struct sms_watch *w, const struct sms_place *place, const uint8_t sha256[32])
{
    if (!w->started || w->failed || place->storage >= STORAGES)
        return ERROR_NOT_READY;
    if (w->deleting)
        return ERROR_BUSY;
    w->deleting = true;
    sms_storage_delete(w->wms, place->storage, place->index, sha256, on_deleted, number_of(w));
    return ERROR_NONE;
}

void sms_watch_free(struct sms_watch *w)
{
    if (!w)
        return;
    g_hash_table_remove(watches, number_of(w));
    if (w->on_event)
        g_signal_handler_disconnect(w->wms, w->on_event);
    qmi_port_close(w->port);
    g_queue_clear_full(&w->queue, g_free);
    if (w->poll)
        g_source_remove(w->poll);
    g_free(w->device);
    g_free(w);
}
