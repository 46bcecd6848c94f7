/* SPDX-License-Identifier: Apache-2.0 */
/* The devices of the personal network and the IMS identity that each was given (TR 33.812: an ISIM with several IMPUs). Shows the Device nodes; keeps them in
 * the store, so that they are the same after a restart. */
#ifndef PN_DEVICES_H
#define PN_DEVICES_H

#include "model/tree.h"
#include "store/store.h"
#include "trust/trust_aka.h"

enum { DEVICES_MAX = 32 };

struct devices;

/* With what the store has. */
struct devices *devices_new(struct store *store, struct tree *tree, struct trust *trust);
void devices_free(struct devices *d);
/* The TRE went away. */
void devices_lost(struct devices *d);
/* The rest: NOT_FOUND without such a device; STORAGE, NO_SPACE: then nothing has changed. */
/* INVALID (1..64 of A-Z a-z 0-9 - _ .), EXISTS, TOO_LARGE (more than DEVICES_MAX). */
enum error_code devices_add(struct devices *d, const char *name, struct error *err);
enum error_code devices_remove(struct devices *d, const char *name, struct error *err);
/* impu "": the next free one. EXISTS, NOT_FOUND. */
enum error_code devices_assign(struct devices *d, const char *name, const char *impu, struct error *err);
enum error_code devices_revoke(struct devices *d, const char *name, struct error *err); /* no error if there is none */

#endif
