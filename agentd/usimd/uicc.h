/* SPDX-License-Identifier: Apache-2.0 */
/* A UICC made of MIDs (TS 102 221, TS 31.102, TS 31.103): files, logical channels, PIN, AUTHENTICATE. Answers APDUs; what needs the trusted
 * environment it asks its owner for. */
#ifndef USIMD_UICC_H
#define USIMD_UICC_H

#include <stdbool.h>

#include "base/writer.h"
#include "usimd/tre.h"
#include "usimd/uicc_files.h"

enum { UICC_CHANNELS = 20, UICC_APPS = 2, UICC_PIN = 8, UICC_ANSWER_MAX = 258 };

enum uicc_ask_kind { UICC_ASK_NOTHING, UICC_ASK_AKA, UICC_ASK_PIN };
struct uicc_ask {
    enum uicc_ask_kind kind;
    const char *mid;
    enum tre_purpose purpose;
    uint8_t rand[16], autn[16]; /* autn: zeros in the GSM context */
    uint8_t pin[UICC_PIN];
    size_t pin_len; /* 0: how many tries are left */
};

struct uicc_channel {
    bool open;
    int df; /* -1: MF; else the application */
    struct uicc_file ef; /* count 0: none selected */
    size_t record;       /* last one read, from 1; 0: none */
};

struct uicc {
    struct uicc_app apps[UICC_APPS];
    size_t count;
    bool inline_data; /* data and 9000 at once, also where T=0 would say 61xx */
    struct uicc_channel channels[UICC_CHANNELS];
    bool verified[UICC_APPS];
    uint8_t waiting[UICC_ANSWER_MAX]; /* for GET RESPONSE */
    size_t waiting_len;
    struct { /* the command that waits for the trusted environment */
        size_t app;
        bool want_data; /* with Le */
        bool asks_only; /* VERIFY without digits */
        bool gsm;       /* AUTHENTICATE in the GSM context */
        enum uicc_ask_kind kind;
    } open;
};

/* Cold or warm reset: channel 0 at the MF, PINs unverified. */
void uicc_reset(struct uicc *u);
/* One command. True: out (UICC_ANSWER_MAX) holds the answer. False: *ask says what is needed; then one of the two below gives the answer. */
bool uicc_command(struct uicc *u, struct slice command, struct writer *out, struct uicc_ask *ask);
void uicc_take_aka(struct uicc *u, enum error_code status, const struct tre_aka *aka, struct writer *out);
void uicc_take_pin(struct uicc *u, enum error_code status, bool enabled, uint8_t left, struct writer *out);
/* The answer to reset: T=0, historical octets of a UICC. */
struct slice uicc_atr(void);

#endif
