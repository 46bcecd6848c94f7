/* SPDX-License-Identifier: Apache-2.0 */
/* The factory's two commands (doc factory-data): --provision, once, and --certificate. Each fills err with what, where and why. */
#ifndef TRED_PROVISION_H
#define TRED_PROVISION_H

#include "base/error.h"
#include "tred/backend.h"

/* Validates file whole, makes the keys, stores the identity in state, then writes pfc.csr, transport.csr and tre-id to out_dir.
 * EXISTS if it was done before: nothing changes. */
enum error_code provision_run(struct backend *b, const char *state, const char *file, const char *out_dir, struct error *err);
/* Installs the PEM certificate of the PfC key. */
enum error_code provision_certificate(struct backend *b, const char *state, const char *file, struct error *err);

#endif
