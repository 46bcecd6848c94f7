/* SPDX-License-Identifier: Apache-2.0 */
/* Apply: what a bootstrap brings is sealed by the TRE, staged beside what works, and later committed or dropped as a whole. */
#ifndef BOOTSTRAP_APPLY_H
#define BOOTSTRAP_APPLY_H

#include "bootstrap/site.h"

enum { APPLY_ITEMS = SETTINGS_NAPDEFS + SETTINGS_DM + SETTINGS_LWM2M };

struct apply;
typedef void apply_done_fn(void *user, const struct error *error);

/* Seals the DM accounts and the LwM2M accounts of settings for context, and if a bearer carried the session, every NAPDEF that may (settings_names);
 * fn once from the loop. settings are borrowed until then. */
struct apply *apply_seal(struct site *site, const struct settings *settings, bool bearers, const char *context, apply_done_fn *fn, void *user);
void apply_free(struct apply *a); /* NULL is fine; cancels */
/* Writes the sealed items into the open transaction of the store. */
void apply_stage(const struct apply *a, bool staged, uint64_t job);
/* Seals one installed DM account again (its nonces moved on), to be written with staged false and job 0. */
struct apply *apply_account(struct site *site, const struct dm_account *account, const char *context, apply_done_fn *fn, void *user);

/* Opens what is installed: fn once from the loop with its octets, or why not. Returns the call, for trust_cancel; 0: there is no such item, and fn is not called. */
uint32_t apply_open(struct site *site, const char *kind, const char *id, trust_octets_fn *fn, void *user);

/* Ids of items: "usim-NAP1", "usim-com.example.dm", "usim-1"; also the label under which the TRE seals, with the kind in front. */
void apply_id(const char *context, const char *name, char *out, size_t cap);
void apply_label(const char *kind, const char *id, char *out, size_t cap);

#endif
