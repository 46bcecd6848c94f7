/* SPDX-License-Identifier: Apache-2.0 */
/* WSP connectionless push (S-Unit-Push) header: content type, its SEC and MAC parameters, application id. Everything else is skipped by its value
 * class. This is all that is read of a message before its MAC is verified. */
#ifndef CODEC_WSP_H
#define CODEC_WSP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"

enum wsp_media {
    WSP_MEDIA_OTHER,
    WSP_MEDIA_CP_WBXML,        /* application/vnd.wap.connectivity-wbxml */
    WSP_MEDIA_CP_XML,          /* text/vnd.wap.connectivity-xml */
    WSP_MEDIA_DM_WBXML,        /* application/vnd.syncml.dm+wbxml */
    WSP_MEDIA_DM_XML,          /* application/vnd.syncml.dm+xml */
    WSP_MEDIA_DM_NOTIFICATION, /* application/vnd.syncml.notification */
    WSP_MEDIA_COSE,            /* application/cose (RFC 9052), as text alone */
};

/* X-Wap-Application-Id (OMNA). LwM2M is registered as 9A, which its own example sends as a short integer: 1A is left of it; a long integer keeps 9A. Both
 * become the one below. */
#define WSP_APPLICATION_ANY 0x00u
#define WSP_APPLICATION_SYNCML_DM 0x07u
#define WSP_APPLICATION_LWM2M_DM 0x1Au
#define WSP_APPLICATION_OTHER 0xFFFFFFFFu /* a text that is not known */

struct wsp_push {
    uint8_t tid;
    enum wsp_media media;
    struct slice media_text;   /* textual type as sent, empty for a short integer */
    bool has_sec, has_mac, has_application_id;
    uint8_t sec;               /* SEC parameter as sent; meaning is checked by whoever has the key */
    struct slice mac_text;
    uint32_t application_id;   /* X-Wap-Application-Id as a number; a text becomes its number, or OTHER */
    struct slice body;         /* never empty */
};

/* pdu is borrowed for the life of out. TRUNCATED, MALFORMED (with offset), NOT_SUPPORTED for another PDU type. */
enum error_code wsp_push_parse(struct slice pdu, struct wsp_push *out, struct error *err);
/* The MAC parameter: exactly 40 hex digits, all of upper or all of lower case (ProvBoot 5.2; senders use either, and a changed octet is never the
 * same MAC). MALFORMED otherwise. */
enum error_code wsp_mac_decode(const struct wsp_push *push, uint8_t mac[20], struct error *err);
/* Name of the media type, for people; static. */
const char *wsp_media_name(enum wsp_media m);

#endif
