/* SPDX-License-Identifier: Apache-2.0 */
/* Reading one file of a card, by APDUs on a channel of its own, else by the modem's own file messages. Promises: the channel is closed whatever happens. */
#ifndef MODEMD_CARD_READ_H
#define MODEMD_CARD_READ_H

#include "modemd/card_io.h"

enum { CARD_AID_MAX = 16, CARD_PATH_MAX = 8, CARD_FILE_MAX = 32768 };

struct card_file {
    bool records;
    uint8_t aid[CARD_AID_MAX], df[CARD_PATH_MAX], path[CARD_PATH_MAX]; /* as in MODEMD_OP_CARD_READ */
    size_t aid_len, df_len, path_len;
};

struct card_read;

/* status NONE: content is the file. Else status_word is the card's, or 0. The read frees itself after the call. */
typedef void card_read_fn(void *user, enum error_code status, uint16_t status_word, enum card_way way, uint8_t record_length, struct slice content);

struct card_read *card_read_start(const struct card_backend *backend, void *io, const struct card_file *file, card_read_fn *fn, void *user);
/* Forgets it: fn is not called. The back end must be stopped with it: an open channel ends with its connection. */
void card_read_free(struct card_read *r);

#endif
