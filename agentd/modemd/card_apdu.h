/* SPDX-License-Identifier: Apache-2.0 */
/* The few commands that are ever sent to a card (TS 102 221 clause 11), and the gate that lets through no other. Pure. */
#ifndef MODEMD_CARD_APDU_H
#define MODEMD_CARD_APDU_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/writer.h"

enum { APDU_MAX = 32, APDU_CHANNEL_MAX = 19, APDU_PART = 240 /* octets asked for at a time */ };

void apdu_open_channel(struct writer *w);
void apdu_close_channel(struct writer *w, uint8_t channel);
void apdu_select_aid(struct writer *w, uint8_t channel, struct slice aid);
/* path: 2 octets: below the present application; more: from 3F00, which stands in front. Answers with the FCP. */
void apdu_select_path(struct writer *w, uint8_t channel, struct slice path);
void apdu_read_binary(struct writer *w, uint8_t channel, uint16_t offset, uint8_t length);
void apdu_read_record(struct writer *w, uint8_t channel, uint8_t record, uint8_t length);
/* Makes a SELECT ask for its answer at once (Le), as T=1 wants it; with T=0 the card says 61xx. Other commands stay. */
void apdu_want_answer(struct writer *w);
void apdu_get_response(struct writer *w, uint8_t channel, uint8_t length);

/* True for the commands above in these very forms; all but the opening and closing of channels on channels 1..19 only. */
bool apdu_allowed(struct slice apdu);
/* The last two octets of an answer; 0 if it has less. */
uint16_t apdu_status(struct slice answer);
/* What a status word means for the file (TS 102 221 10.2.1): NONE for 9000, 91xx, 62xx, 63xx; NOT_FOUND, PIN_REQUIRED, NOT_SUPPORTED, IO. */
enum error_code apdu_error(uint16_t status);

#endif
