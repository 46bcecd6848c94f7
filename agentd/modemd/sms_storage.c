/* SPDX-License-Identifier: Apache-2.0 */
/* Two short procedures on a WMS client: ask, and read - compare - delete. Each owns its struct until its answer. */
#include "modemd/sms_storage.h"

#include <string.h>

enum { CALL_S = 10, TPDU_MAX = 255, GET_STORE_MAX_SIZE = 0x0036 };
enum { TLV_RESULT = 0x02, TLV_STORAGE = 0x01, TLV_MODE = 0x10, TLV_SIZE = 0x01, TLV_LEFT = 0x10 };

struct slice sms_storage_tpdu(struct slice raw)
{
    struct reader r = reader_make(raw.data, raw.len);
    (void)reader_take(&r, reader_u8(&r));
    size_t left = reader_left(&r);
    return r.failed || left == 0 || left > TPDU_MAX ? (struct slice){ NULL, 0 } : reader_take(&r, left);
}

/* --- room --- */

struct asking {
    uint8_t storage;
    sms_storage_room_fn *fn;
    gpointer number;
};

static bool read_u32(QmiMessage *m, uint8_t tlv, uint32_t *out)
{
    guint16 len = 0;
    const guint8 *data = qmi_message_get_raw_tlv(m, tlv, &len);
    struct reader r = reader_make(data, data ? len : 0);
    struct slice s = reader_take(&r, 4);
    if (r.failed)
        return false;
    *out = (uint32_t)s.data[0] | (uint32_t)s.data[1] << 8 | (uint32_t)s.data[2] << 16 | (uint32_t)s.data[3] << 24;
    return true;
}

static void on_room(GObject *object, GAsyncResult *result, gpointer data)
{
    g_autofree struct asking *a = data;
    g_autoptr(QmiMessage) m = qmi_device_command_full_finish(QMI_DEVICE(object), result, NULL);
    uint32_t code = 1, size = 0, left = 0;
    bool ok = m && read_u32(m, TLV_RESULT, &code) && code == 0 && read_u32(m, TLV_SIZE, &size) && read_u32(m, TLV_LEFT, &left);
    a->fn(a->number, a->storage, ok, size, left);
}

static bool write_u8(QmiMessage *m, uint8_t tlv, uint8_t value)
{
    gsize start = qmi_message_tlv_write_init(m, tlv, NULL);
    return start && qmi_message_tlv_write_guint8(m, value, NULL) && qmi_message_tlv_write_complete(m, start, NULL);
}

void sms_storage_room(QmiClientWms *wms, uint8_t storage, sms_storage_room_fn *fn, gpointer number)
{
    QmiClient *client = QMI_CLIENT(wms);
    g_autoptr(QmiMessage) m = qmi_message_new(QMI_SERVICE_WMS, qmi_client_get_cid(client), qmi_client_get_next_transaction_id(client), GET_STORE_MAX_SIZE);
    struct asking *a = g_new0(struct asking, 1);
    *a = (struct asking){ .storage = storage, .fn = fn, .number = number };
    (void)write_u8(m, TLV_STORAGE, storage);
    (void)write_u8(m, TLV_MODE, QMI_WMS_MESSAGE_MODE_GSM_WCDMA);
    qmi_device_command_full(QMI_DEVICE(qmi_client_peek_device(client)), m, NULL, CALL_S, NULL, on_room, a);
}

/* --- deletion --- */

struct deletion {
    QmiClientWms *wms;
    uint8_t storage, sha256[32];
    uint32_t index;
    sms_storage_deleted_fn *fn;
    gpointer number;
};

static void finish(struct deletion *d, enum error_code status)
{
    d->fn(d->number, status);
    g_object_unref(d->wms);
    g_free(d);
}

static void on_deleted(GObject *object, GAsyncResult *result, gpointer data)
{
    g_autoptr(QmiMessageWmsDeleteOutput) out = qmi_client_wms_delete_finish(QMI_CLIENT_WMS(object), result, NULL);
    finish(data, out && qmi_message_wms_delete_output_get_result(out, NULL) ? ERROR_NONE : ERROR_IO);
}

static bool is_meant(const struct deletion *d, QmiMessageWmsRawReadOutput *out)
{
    GArray *raw;
    uint8_t digest[32];
    gsize len = sizeof digest;
    if (!out || !qmi_message_wms_raw_read_output_get_result(out, NULL) || !qmi_message_wms_raw_read_output_get_raw_message_data(out, NULL, NULL, &raw, NULL))
        return false;
    struct slice tpdu = sms_storage_tpdu((struct slice){ (const uint8_t *)raw->data, raw->len });
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, tpdu.data, (gssize)tpdu.len);
    g_checksum_get_digest(sum, digest, &len);
    return tpdu.len && memcmp(digest, d->sha256, sizeof digest) == 0;
}

static void on_read(GObject *object, GAsyncResult *result, gpointer data)
{
    struct deletion *d = data;
    g_autoptr(QmiMessageWmsRawReadOutput) out = qmi_client_wms_raw_read_finish(QMI_CLIENT_WMS(object), result, NULL);
    if (!is_meant(d, out)) {
        finish(d, ERROR_NOT_FOUND);
        return;
    }
    g_autoptr(QmiMessageWmsDeleteInput) in = qmi_message_wms_delete_input_new();
    qmi_message_wms_delete_input_set_memory_storage(in, (QmiWmsStorageType)d->storage, NULL);
    qmi_message_wms_delete_input_set_memory_index(in, d->index, NULL);
    qmi_message_wms_delete_input_set_message_mode(in, QMI_WMS_MESSAGE_MODE_GSM_WCDMA, NULL);
    qmi_client_wms_delete(d->wms, in, CALL_S, NULL, on_deleted, d);
}

void sms_storage_delete(QmiClientWms *wms, uint8_t storage, uint32_t index, const uint8_t sha256[32], sms_storage_deleted_fn *fn, gpointer number)
{
    struct deletion *d = g_new0(struct deletion, 1);
    *d = (struct deletion){ .wms = g_object_ref(wms), .storage = storage, .index = index, .fn = fn, .number = number };
    memcpy(d->sha256, sha256, sizeof d->sha256);
    g_autoptr(QmiMessageWmsRawReadInput) in = qmi_message_wms_raw_read_input_new();
    qmi_message_wms_raw_read_input_set_message_memory_storage_id(in, (QmiWmsStorageType)storage, index, NULL);
    qmi_message_wms_raw_read_input_set_message_mode(in, QMI_WMS_MESSAGE_MODE_GSM_WCDMA, NULL);
    qmi_client_wms_raw_read(wms, in, CALL_S, NULL, on_read, d);
}
