/* SPDX-License-Identifier: Apache-2.0 */
/* What the administrator does with accounts: add one by hand, remove one, contact, disable, send. The last account of a management server is never removed
 * (DESIGN trust rule 7): the gateway would be out of reach. */
#ifndef BOOTSTRAP_ACCOUNTS_H
#define BOOTSTRAP_ACCOUNTS_H

#include "bootstrap/service/service.h"
#include "bootstrap/site.h"

struct accounts;

/* error NULL: node is the account (borrowed). */
typedef void accounts_added_fn(void *user, const struct error *error, const struct node *node);
typedef void accounts_sent_fn(void *user, enum error_code status, const char *text);

struct accounts *accounts_new(struct site *site, struct service *service);
void accounts_free(struct accounts *a); /* NULL is fine; what is being added is dropped, its fn not called */
/* A LwM2M account of lines "key=value": uri, server-id, identity, key (hexadecimal digits), and if wanted endpoint and lifetime. It is sealed, installed in the
 * context "local" (which no bootstrap replaces) and registers. fn once. INVALID, INCOMPLETE, EXISTS, BUSY, NOT_READY and what sealing and storing say. */
void accounts_add(struct accounts *a, struct slice text, accounts_added_fn *fn, void *user);
/* LwM2M (after de-registration) or OMA DM. NOT_FOUND, BUSY, POLICY (the last one). */
enum error_code accounts_remove(struct accounts *a, const char *account_id, struct error *err);
/* LwM2M: Register now if it is not registered, also one that is disabled. NOT_FOUND, NOT_READY. */
enum error_code accounts_connect(struct accounts *a, const char *account_id, struct error *err);
/* LwM2M: de-registered for so many seconds, 0: until accounts_connect or the next start. */
enum error_code accounts_disable(struct accounts *a, const char *account_id, uint32_t seconds, struct error *err);
/* LwM2M Send; fn once, at once or when the server has answered. */
void accounts_send(struct accounts *a, const char *account_id, const char *paths, const char *format, accounts_sent_fn *fn, void *user);

#endif
