/* SPDX-License-Identifier: Apache-2.0 */
/* Object 2 of LwM2M (Core TS 1.1.1 clause 8, appendix E.3) as values: which server owns an object instance, and who else may do what with it. Also as a bootstrap
 * writes it: the rows of its servers, all of them. No secrets. */
#ifndef MODEL_ACCESS_RIGHTS_H
#define MODEL_ACCESS_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"

enum access_right { ACCESS_READ = 1, ACCESS_WRITE = 2, ACCESS_EXECUTE = 4, ACCESS_DELETE = 8, ACCESS_CREATE = 16, ACCESS_ALL = 31 }; /* bits of /2/x/2 */
enum { ACCESS_ROWS = 128, ACCESS_ENTRIES = 9, ACCESS_SERVERS = 16, ACCESS_WHOLE_OBJECT = 65535 /* as instance: rights of Create */,
       ACCESS_BOOTSTRAP = 65535 /* as owner */, ACCESS_DEFAULT = 0 };

struct access_entry {
    uint16_t short_server_id; /* ACCESS_DEFAULT: of those that are not named */
    uint8_t rights;
};
struct access_row { /* an instance of object 2; its index is the instance id */
    bool used;
    bool fresh; /* a bootstrap wrote it; of an account: that has not come into service since */
    uint16_t object, instance, owner;
    size_t count;
    struct access_entry acl[ACCESS_ENTRIES];
};

/* What a bootstrap leaves. written: object 2 was written or deleted in it; else all stays as it is. */
struct access_rights {
    bool written;
    uint16_t server[ACCESS_SERVERS]; /* those that it has or had accounts for */
    size_t servers;
    struct access_row at[ACCESS_ROWS];
};

void access_rights_name(struct access_rights *r, uint16_t short_server_id); /* one more of its servers */
bool access_rights_names(const struct access_rights *r, uint16_t short_server_id);
/* Of the fresh rows: each of an object instance that has no other one, its owner a server of accounts (or ACCESS_BOOTSTRAP), and so those of its entries. INVALID,
 * with the instance and what is wrong. */
enum error_code access_rights_check(const struct access_rights *r, const uint16_t *accounts, size_t count, struct error *err);

void access_row_write(struct writer *w, size_t index, const struct access_row *row);
void access_row_read(struct reader *r, struct access_row rows[ACCESS_ROWS]); /* fails the reader if it is none */
void access_rights_write(struct writer *w, const struct access_rights *r);
bool access_rights_read(struct slice in, struct access_rights *out);

#endif
