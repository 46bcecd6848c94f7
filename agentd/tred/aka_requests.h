/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of the MID engine (model/tre_wire.h, from AUTHENTICATE on). */
#ifndef TRED_AKA_REQUESTS_H
#define TRED_AKA_REQUESTS_H

#include "base/writer.h"
#include "tred/tre.h"

bool aka_requests_has(uint16_t op);
/* One of them, permitted by the table, outside any heap scope: those that need one open it. */
enum error_code aka_requests_run(struct tre *t, unsigned peers, uint16_t op, struct reader *in, struct writer *out);

#endif
