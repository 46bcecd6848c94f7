/* SPDX-License-Identifier: Apache-2.0 */
/* Verdict over one push message with keys at hand: the offline twin of what start stage and TRE do together. */
#ifndef CTL_PUSH_CHECK_H
#define CTL_PUSH_CHECK_H

#include "base/arena.h"
#include "codec/prov.h"
#include "codec/wsp.h"

enum push_mac { PUSH_MAC_OK, PUSH_MAC_BAD, PUSH_MAC_MISSING, PUSH_MAC_UNCHECKED };

struct push_check {
    bool accepted;
    struct error error;      /* why not; code NONE when accepted */
    bool has_header;         /* push holds something */
    struct wsp_push push;
    enum push_mac mac;
    struct error auth_error; /* what authentication alone says */
    struct prov_node *document; /* NULL if not parsed */
};

/* imsi, pin: NULL if not known; pin is the typed string (with check digits for USERPINMAC). pdu and arena outlive out. */
void push_check_run(struct slice pdu, const char *imsi, const char *pin, struct arena *arena, struct push_check *out);
const char *push_mac_name(enum push_mac m); /* ok, bad, missing, unchecked */
const char *push_sec_name(const struct wsp_push *push); /* NETWPIN, ..; NULL without SEC, "unknown" over 3 */

#endif
