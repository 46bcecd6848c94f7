/* SPDX-License-Identifier: Apache-2.0 */
/* wpa_supplicant (and eapol_test) with external_sim=1: follows its control sockets and answers for the SIM. */
#ifndef USIMD_WPA_H
#define USIMD_WPA_H

#include "usimd/tre.h"

struct wpa;

/* folder: where the control sockets are made (/run/wpa_supplicant); each of them is attached as it appears. name: the MID to answer with, NULL
 * for whichever USIM is ACTIVE. NULL with a message if the folder cannot be watched. Texts are borrowed. */
struct wpa *wpa_new(const struct loop *loop, struct tre *tre, const char *folder, const char *name);
void wpa_free(struct wpa *w);

#endif
