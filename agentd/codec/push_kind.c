/* SPDX-License-Identifier: Apache-2.0 */
/* The table; const. No two rows fit one message. */
#include "codec/push_kind.h"

enum { ANY = -1 /* any application id or none */, NONE = -2 /* no such header */ };

static const struct {
    enum wsp_media media;
    int64_t application;
    enum push_kind kind;
} rows[] = {
    { WSP_MEDIA_CP_WBXML, ANY, PUSH_CP_WBXML },
    { WSP_MEDIA_CP_XML, ANY, PUSH_CP_XML },
    { WSP_MEDIA_COSE, ANY, PUSH_INSTRUCTION },
    { WSP_MEDIA_DM_WBXML, WSP_APPLICATION_SYNCML_DM, PUSH_DM_BOOTSTRAP },
    { WSP_MEDIA_DM_WBXML, NONE, PUSH_DM_BOOTSTRAP },
    { WSP_MEDIA_DM_NOTIFICATION, WSP_APPLICATION_SYNCML_DM, PUSH_DM_NOTIFICATION },
    { WSP_MEDIA_DM_NOTIFICATION, WSP_APPLICATION_LWM2M_DM, PUSH_LWM2M_TRIGGER },
};

static bool application_fits(int64_t wanted, const struct wsp_push *push)
{
    if (wanted == ANY)
        return true;
    return push->has_application_id ? (int64_t)push->application_id == wanted : wanted == NONE;
}

enum push_kind push_kind(const struct wsp_push *push)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].media == push->media && application_fits(rows[i].application, push))
            return rows[i].kind;
    return PUSH_FOREIGN;
}
