/* SPDX-License-Identifier: Apache-2.0 */
/* Checks and octets; the order of fields is the format. */
#include "model/access_rights.h"

enum { VERSION = 1, FRESH = 0x80 /* in the octet of the count */ };

void access_rights_name(struct access_rights *r, uint16_t short_server_id)
{
    if (r->servers < ACCESS_SERVERS && !access_rights_names(r, short_server_id))
        r->server[r->servers++] = short_server_id;
}

static bool is_among(const uint16_t *list, size_t count, uint16_t id)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == id)
            return true;
    return false;
}

bool access_rights_names(const struct access_rights *r, uint16_t short_server_id)
{
    return is_among(r->server, r->servers, short_server_id);
}

static enum error_code check_row(const struct access_rights *r, size_t at, const uint16_t *accounts, size_t count, struct error *err)
{
    const struct access_row *row = &r->at[at];
    if (row->object == 0 || row->object == UINT16_MAX)
        return error_set(err, ERROR_INVALID, "/2/%zu: object %u has no rights", at, (unsigned)row->object);
    for (size_t i = 0; i < ACCESS_ROWS; i++)
        if (i != at && r->at[i].used && r->at[i].fresh && r->at[i].object == row->object && r->at[i].instance == row->instance)
            return error_set(err, ERROR_INVALID, "/2/%zu and /2/%zu are both of /%u/%u", i, at, (unsigned)row->object, (unsigned)row->instance);
    if (row->owner != ACCESS_BOOTSTRAP && !is_among(accounts, count, row->owner))
        return error_set(err, ERROR_INVALID, "/2/%zu: its owner %u is no server of this bootstrap", at, (unsigned)row->owner);
    for (size_t i = 0; i < row->count; i++)
        if (row->acl[i].short_server_id != ACCESS_DEFAULT && !is_among(accounts, count, row->acl[i].short_server_id))
            return error_set(err, ERROR_INVALID, "/2/%zu: it names %u, which is no server of this bootstrap", at, (unsigned)row->acl[i].short_server_id);
    return ERROR_NONE;
}

enum error_code access_rights_check(const struct access_rights *r, const uint16_t *accounts, size_t count, struct error *err)
{
    enum error_code code = ERROR_NONE;
    for (size_t i = 0; !code && i < ACCESS_ROWS; i++)
        if (r->at[i].used && r->at[i].fresh)
            code = check_row(r, i, accounts, count, err);
    return code;
}

/* ---- octets ---- */

void access_row_write(struct writer *w, size_t index, const struct access_row *row)
{
    writer_u16(w, (uint16_t)index);
    writer_u16(w, row->object);
    writer_u16(w, row->instance);
    writer_u16(w, row->owner);
    writer_u8(w, (uint8_t)(row->count | (row->fresh ? FRESH : 0)));
    for (size_t i = 0; i < row->count; i++) {
        writer_u16(w, row->acl[i].short_server_id);
        writer_u8(w, row->acl[i].rights);
    }
}

void access_row_read(struct reader *r, struct access_row rows[ACCESS_ROWS])
{
    struct access_row row = { .used = true };
    uint16_t index = reader_u16(r);
    row.object = reader_u16(r);
    row.instance = reader_u16(r);
    row.owner = reader_u16(r);
    uint8_t count = reader_u8(r);
    row.count = count & (FRESH - 1);
    row.fresh = count & FRESH;
    if (index >= ACCESS_ROWS || row.count > ACCESS_ENTRIES) {
        reader_fail(r);
        return;
    }
    for (size_t i = 0; i < row.count; i++) {
        row.acl[i].short_server_id = reader_u16(r);
        row.acl[i].rights = reader_u8(r) & ACCESS_ALL;
    }
    rows[index] = row;
}

void access_rights_write(struct writer *w, const struct access_rights *r)
{
    writer_u8(w, VERSION);
    writer_u8(w, r->written);
    writer_u8(w, (uint8_t)r->servers);
    for (size_t i = 0; i < r->servers; i++)
        writer_u16(w, r->server[i]);
    for (size_t i = 0; i < ACCESS_ROWS; i++)
        if (r->at[i].used)
            access_row_write(w, i, &r->at[i]);
}

bool access_rights_read(struct slice in, struct access_rights *out)
{
    struct reader r = reader_make(in.data, in.len);
    *out = (struct access_rights){ .servers = 0 };
    if (reader_u8(&r) != VERSION)
        return false;
    out->written = reader_u8(&r) != 0;
    size_t servers = reader_u8(&r);
    if (servers > ACCESS_SERVERS)
        return false;
    while (out->servers < servers)
        out->server[out->servers++] = reader_u16(&r);
    while (!r.failed && reader_left(&r))
        access_row_read(&r, out->at);
    return reader_done(&r);
}
