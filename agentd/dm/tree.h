/* SPDX-License-Identifier: Apache-2.0 */
/* The management tree: DevInfo, DevDetail, DMAcc, GatewayAgent (doc management-objects). A const table of leaves (nodes.c) and the operations on it
 * (tree.c), which answer with SyncML status codes. Nothing here waits: what the TRE must say is named by enum dm_ask and asked by remote.c. */
#ifndef DM_TREE_H
#define DM_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"
#include "dm/dm.h"
#include "model/mid.h"
#include "model/settings.h"
#include "model/tre_wire.h"

enum dm_status { /* SyncML RepPro 1.2, response status codes */
    DM_OK = 200, DM_AUTHENTICATED = 212, DM_CHUNK = 213, DM_NOT_EXECUTED = 215, DM_ROLLED_BACK = 216, DM_BAD_REQUEST = 400, DM_BAD_CREDENTIALS = 401,
    DM_NOT_FOUND = 404, DM_NOT_ALLOWED = 405, DM_OPTIONAL = 406, DM_NO_CREDENTIALS = 407, DM_CONFLICT = 409, DM_SIZE_REQUIRED = 411, DM_INCOMPLETE = 412,
    DM_TOO_LARGE = 413, DM_URI_TOO_LONG = 414, DM_BAD_FORMAT = 415, DM_EXISTS = 418, DM_FULL = 420, DM_SIZE_MISMATCH = 424, DM_DENIED = 425, DM_FAILED = 500,
    DM_ATOMIC_FAILED = 507,
};

enum dm_format { DM_BIN, DM_CHR, DM_INT, DM_NODE, DM_NULL, DM_BOOL };
enum dm_ask { DM_ASK_NOTHING, DM_ASK_EVIDENCE, DM_ASK_TOKEN, DM_ASK_CERTIFICATE, DM_ASK_PUBLIC_KEY, DM_ASK_TRANSPORT_KEY, DM_ASK_INSTALL,
              DM_ASK_APPLY, DM_ASK_RECEIPT, DM_ASK_REQUEST, DM_ASK_KEY_REQUEST, DM_ASK_ENROL };
enum { DM_NAME_CAP = 33, DM_URI_CAP = 128, DM_INSTANCES = 4, DM_PACKAGE_MAX = 49152, DM_VALUE_MAX = 1024, DM_ORDER_MAX = 8192, DM_RECEIPT_MAX = 2048,
       DM_CERTIFICATE_MIN = 64, DM_CERTIFICATE_MAX = 4096 };

struct dm_mid {
    char name[DM_NAME_CAP]; /* "": free */
    uint8_t *package;
    size_t package_len;
    bool attempted;
    enum mid_result result;
    struct mid_entry entry; /* if attempted and MID_OK */
};

struct dm_lwm2m {
    char name[DM_NAME_CAP]; /* "": free */
    unsigned has;           /* bits of the leaves that the server wrote */
    struct lwm2m_account account;
};

struct dm_order { /* an order of an issuer about its MIDs */
    uint8_t octets[DM_ORDER_MAX], receipt[DM_RECEIPT_MAX];
    size_t len, receipt_len;
    bool attempted;
    enum mid_result result;
};

struct dm_vendor { /* what the server wrote below ./GatewayAgent in this session */
    uint8_t nonce[64];
    size_t nonce_len;
    enum tre_form form; /* of the evidence */
    uint8_t certificate[DM_CERTIFICATE_MAX]; /* of the platform key, to be taken by Enrol */
    size_t certificate_len;
    struct dm_order order;
    struct dm_mid mid[DM_INSTANCES];
    struct dm_lwm2m lwm2m[DM_INSTANCES];
};

struct dm_tree {
    const struct dm_device *device; /* borrowed, like account */
    struct dm_account *account;
    struct dm_vendor vendor;
    bool management; /* what provisions (MIDs, LwM2M accounts) is not writable */
};

struct dm_value {
    enum dm_format format;
    size_t len;
    uint8_t octets[DM_VALUE_MAX];
};

struct dm_input { /* of Add and Replace */
    struct slice format; /* Meta Format, may be empty */
    struct slice data;
    bool opaque, add;
};

void dm_tree_clear(struct dm_tree *t);                                /* wipes what the server wrote */
bool dm_tree_save(const struct dm_tree *t, struct dm_tree *copy);     /* deep copy for Atomic; false without memory */
void dm_tree_restore(struct dm_tree *t, struct dm_tree *copy);        /* copy is used up */
void dm_tree_discard(struct dm_tree *copy);
/* Each answers with a SyncML status. uri as in LocURI. ask is set when the TRE has the answer; name is the instance, "" if none. */
int dm_tree_get(struct dm_tree *t, struct slice uri, struct dm_value *out, enum dm_ask *ask, char name[DM_NAME_CAP]);
int dm_tree_set(struct dm_tree *t, struct slice uri, const struct dm_input *in);
int dm_tree_delete(struct dm_tree *t, struct slice uri);
int dm_tree_exec(struct dm_tree *t, struct slice uri, enum dm_ask *ask, char name[DM_NAME_CAP]);
struct dm_mid *dm_tree_mid(struct dm_tree *t, const char *name); /* NULL if there is none */
/* An ACL ("Get=*&Replace=a+b") grants that command to the server; an empty one grants all to the server of the account (OMA DM Tree 1.2, ACL property). */
bool dm_acl_grants(const char *acl, const char *command, const char *server_id);
const char *dm_format_name(enum dm_format f);

#endif
