/* SPDX-License-Identifier: Apache-2.0 */
/* MIDs in the TRE: installation (doc mid-package section 3), integrity, lifecycle. */
#ifndef TRED_MID_H
#define TRED_MID_H

#include "tred/manifest.h"
#include "tred/tre.h"

/* Checks the stored record of each MID and blocks those that are damaged (R2, R4); removes what erased MIDs and interrupted installations
 * left. False if any is damaged. */
bool mid_check_all(struct tre *t);

struct mid_package {
    const char *context;
    uint64_t now; /* Unix seconds; 0: clock not trusted */
    struct slice octets;
};
/* *row: the MID's row in the registry after MID_OK. The old MID of that id stays as it is after anything else. */
enum mid_result mid_install(struct tre *t, const struct mid_package *p, const struct mid_row **row);
enum error_code mid_result_error(enum mid_result result);
/* One step of the lifecycle asked by agentd. NOT_FOUND; POLICY if there is no such arrow, another MID of the context is ACTIVE, the MIDE may
 * not be shared, or only its issuer may erase it; MID_BLOCKED if the record is damaged (it becomes BLOCKED); else STORAGE. */
enum error_code mid_set_state(struct tre *t, const char *id, enum mid_state state, const struct mid_row **row);

/* The stored manifest of an installed MID, to be freed (also after an error). STORAGE if the record is damaged; NO_MEMORY, INTERNAL. */
enum error_code mid_read(const struct tre *t, const struct mid_row *m, struct manifest *out);
/* NONE if its record and its sequence numbers open as the registry knows them, STORAGE if not (R2); NO_MEMORY, INTERNAL: nothing is known. */
enum error_code mid_verify(const struct tre *t, const struct mid_row *m);
/* Notes and logs a step that the lifecycle allowed in a row that is yet to be committed; note may be "". */
void mid_enter(struct mid_row *m, enum mid_state state, enum mid_reason reason, const char *note);
/* Overwrites and removes what is stored of a MID whose row, already committed, holds no keys any more (R20). False if any of it may
 * still be readable: then it is done again when the step is asked again, and at the next start. */
bool mid_forget(const struct tre *t, const struct mid_row *m);
/* A record of that MID was found damaged: it becomes BLOCKED (R3, R4). Returns MID_BLOCKED. */
enum error_code mid_damaged(struct tre *t, const char *id);

#endif
