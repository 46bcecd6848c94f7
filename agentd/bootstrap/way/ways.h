/* SPDX-License-Identifier: Apache-2.0 */
/* The installed NAPDEFs of a context, and which of them is kept up now: by VALIDITY and serving network, by roaming policy, and only with the SIM with
 * which the context was bootstrapped (or others of its operator, if the site allows that), in whichever modem it is. Tells bearer/ to keep, drop or bar; reports each refusal once. */
#ifndef BOOTSTRAP_WAYS_H
#define BOOTSTRAP_WAYS_H

#include "bootstrap/site.h"

struct ways;

/* moved: another NAPDEF is up now, with its lease. */
struct ways *ways_new(struct site *site, void (*moved)(void *user, const struct lease *lease), void *user);
void ways_free(struct ways *w);
/* Opens what is installed, once the TRE is ready. context: what was known of it is read again; NULL: only what is not known yet. */
void ways_load(struct ways *w, const char *context);
/* Modem, SIM, serving network, policy or clock changed. */
void ways_look(struct ways *w);
/* While a job has a bearer of its own, nothing else is chosen; after it (false) the choice is made again and what is kept comes back. */
void ways_hold(struct ways *w, bool held);
/* The installed NAPDEF with that id, with its secret (out may be NULL), and its context. False: there is none, or it is not open. */
bool ways_napdef(struct ways *w, const char *id, struct napdef *out, char *context, size_t cap);
/* How many of that context are installed and open. */
size_t ways_count(const struct ways *w, const char *context);
enum { WAYS_MAX = SETTINGS_NAPDEFS }; /* of all contexts together */
bool ways_full(const struct ways *w);
/* Is it kept, up or on its way now? */
bool ways_uses(const struct ways *w, const char *id);
/* Into the open transaction: of those that are right equally, this one (NULL: none) is used in that context from now on, over restarts too. */
void ways_prefer(struct site *site, const char *context, const char *id);
/* That one is installed, new or in place of the former one of its id; used: it is up, and used from now on. */
void ways_put(struct ways *w, const char *context, const char *id, const struct napdef *napdef, bool used);
/* That one, which is not in use, is not installed any more: into the open transaction, and when it is committed. */
void ways_erase(struct site *site, const char *context, const char *id);
void ways_remove(struct ways *w, const char *id);
/* False while what is installed is still being opened. */
bool ways_known(const struct ways *w);
/* Copies of those of that context, or if it has none of the context whose bearers are kept, with their secrets; how many. */
size_t ways_copy(const struct ways *w, const char *context, struct napdef *out, size_t cap);
/* Into the open transaction: the SIM over which data goes is the one of that context from now on. */
void ways_bind_sim(struct site *site, const char *context);

#endif
