/* SPDX-License-Identifier: Apache-2.0 */
/* Registration tokens: they bind a MID package to one registration (R16, R23). One open token a context; random; single use. */
#ifndef TRED_TOKEN_H
#define TRED_TOKEN_H

#include "tred/tre.h"

/* The open token of the context, made and stored if there is none. NO_SPACE with REGISTRY_TOKENS contexts open. */
enum error_code token_open(struct tre *t, const char *context, uint8_t token[TRE_TOKEN_LEN]);
/* Forgets token and nonce for ever; no error if none is open. */
enum error_code token_spend(struct tre *t, const char *context);
/* Stores the nonce (<= REGISTRY_NONCE_MAX octets) of the evidence for the open token. NOT_READY if none is open. */
enum error_code token_set_nonce(struct tre *t, const char *context, struct slice nonce);

#endif
