/* SPDX-License-Identifier: Apache-2.0 */
/* What an instruction asks for, as settings (doc bootstrap-instruction, section 3). Below instruction.c; needs nothing of the gateway. */
#ifndef BOOTSTRAP_INSTRUCTION_MECHANISM_H
#define BOOTSTRAP_INSTRUCTION_MECHANISM_H

#include "model/bei.h"

/* Account, bearer and context of an authenticated payload into *out, which is empty. NOT_SUPPORTED for what the mechanism has no use for, INCOMPLETE, INVALID. */
enum error_code instruction_settings(const struct bei *b, struct settings *out, struct error *err);

#endif
