/* SPDX-License-Identifier: Apache-2.0 */
/* OMA DM Notification 1.2 (Package #0): digest and trigger. Only the form is judged here; whether the digest fits is for whoever has the secret of
 * the server, so nothing of this may be acted on before that. */
#ifndef CODEC_NOTIFICATION_H
#define CODEC_NOTIFICATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"

enum { NOTIFICATION_DIGEST = 16, NOTIFICATION_HEADER = 8, NOTIFICATION_VERSION = 11, NOTIFICATION_SERVER_MAX = 255 };
enum notification_ui { NOTIFICATION_UNSPECIFIED, NOTIFICATION_BACKGROUND, NOTIFICATION_INFORMATIVE, NOTIFICATION_INTERACTIVE };

struct notification {
    struct slice digest;   /* NOTIFICATION_DIGEST octets */
    struct slice trigger;  /* all behind it: what the digest covers */
    enum notification_ui ui;
    bool by_server;        /* initiator: the server, else the client or its user */
    uint32_t future;       /* 27 bits without meaning yet; kept, since the digest covers them */
    uint16_t session_id;
    struct slice server_id; /* 1..255 octets without control characters */
    struct slice vendor;    /* may be empty */
};

/* body is borrowed for the life of out. TRUNCATED; NOT_SUPPORTED (a version other than 1.1, the one of DM 1.2); MALFORMED. */
enum error_code notification_parse(struct slice body, struct notification *out, struct error *err);
/* digest, header, server id and vendor part; trigger is not looked at. False if out is too small or a field does not fit. */
bool notification_write(const struct notification *n, struct writer *out);
const char *notification_ui_name(enum notification_ui ui); /* unspecified, background, informative, interactive */

#endif
