/* SPDX-License-Identifier: Apache-2.0 */
/* The MID engine: AUTHENTICATE of the ACTIVE MIDs. An engine is opened at its first use and forgotten, keys and all, half a second after its
 * last; SQN is on disk, or below a ceiling that is, before RES leaves. */
#ifndef TRED_MIDE_H
#define TRED_MIDE_H

#include "tred/aka.h"
#include "tred/tre.h"

enum { MIDE_IDLE_MS = 500 };

struct engine;

/* The opened engine of an ACTIVE MID. NOT_FOUND; MID_BLOCKED, also if a stored record is damaged (it becomes BLOCKED); NOT_READY in other
 * states; else STORAGE, NO_MEMORY, INTERNAL. Valid until the next call of this room. */
enum error_code mide_open(struct tre *t, const char *id, struct engine **e);
unsigned mide_rights(const struct engine *e, unsigned peers); /* enum manifest_right, of any of these peers */
enum mid_type mide_type(const struct engine *e);
/* AUTHENTICATE (TS 33.102 section 6.3.3). AKA_OK: out is whole. AKA_SYNC: auts is set. The error is that of storing SQN: then nothing may
 * leave. The caller zeroes out. */
enum error_code mide_authenticate(struct tre *t, struct engine *e, const uint8_t rand[16], const uint8_t autn[16], enum aka_verdict *verdict,
                                  struct aka_out *out, uint8_t auts[14]);
/* AUTHENTICATE in the GSM context: out of RAND alone, no network is checked and no SQN moves. The caller zeroes both. */
enum error_code mide_gsm(struct engine *e, const uint8_t rand[16], uint8_t sres[AKA_SRES], uint8_t kc[AKA_KC]);
/* Before a session with the MID: what is stored of it is checked again if its policy says so (R3). MID_BLOCKED if it is damaged (it becomes
 * BLOCKED, and the engine is closed before the next request). */
enum error_code mide_check(struct tre *t, struct engine *e);
/* PIN1 (TS 31.101 section 11.1.9); empty: only asks. NONE if right, asked or none is set (*enabled false), MAC_MISMATCH if wrong, DENIED with no
 * tries left; else the error of storing the try. */
enum error_code mide_pin(struct tre *t, struct engine *e, struct slice pin, bool *enabled, uint8_t *left);
/* Closes what is no longer in use: after a change of the registry, and after idle time. */
void mide_refresh(struct tre *t);
/* Milliseconds until mide_refresh has work; -1: never. */
int mide_wait_ms(const struct tre *t);
void mide_close_all(struct tre *t);

#endif
