/* SPDX-License-Identifier: Apache-2.0 */
/* The words of wpa_supplicant's external SIM interface (control interface events CTRL-REQ-SIM, commands CTRL-RSP-SIM). */
#ifndef USIMD_WPA_TEXT_H
#define USIMD_WPA_TEXT_H

#include "base/reader.h"
#include "usimd/tre.h"

enum wpa_event { WPA_OTHER, WPA_UMTS_AUTH, WPA_GSM_AUTH, WPA_TERMINATING };

enum { WPA_ANSWER_MAX = 256, WPA_RANDS = 3 };

struct wpa_request {
    uint32_t network;
    uint8_t rand[WPA_RANDS][16], autn[16]; /* UMTS-AUTH: one and AUTN; GSM-AUTH: two or three */
    size_t rands;
};

struct wpa_triplet { /* what a 2G network expects for a RAND */
    uint8_t kc[8], sres[4];
};

/* What a datagram says; WPA_OTHER for what is not meant for a SIM, or not whole. */
enum wpa_event wpa_parse(struct slice datagram, struct wpa_request *q);
/* The command that answers: keys or AUTS; UMTS-FAIL if status is an error, the MAC was wrong, or keys were not given. cap WPA_ANSWER_MAX; the
 * caller zeroes out. Length of the text. */
size_t wpa_answer(const struct wpa_request *q, enum error_code status, const struct tre_aka *a, char out[WPA_ANSWER_MAX]);
/* The same for GSM-AUTH: of each RAND; NULL: GSM-FAIL. */
size_t wpa_answer_gsm(const struct wpa_request *q, const struct wpa_triplet triplets[WPA_RANDS], char out[WPA_ANSWER_MAX]);

#endif
