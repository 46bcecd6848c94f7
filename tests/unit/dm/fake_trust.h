/* SPDX-License-Identifier: Apache-2.0 */
/* A TRE for tests of the DM session: settings of what it answers. */
#ifndef TEST_FAKE_TRUST_H
#define TEST_FAKE_TRUST_H

#include "trust/trust.h"

struct fake_trust_setup {
    enum mid_result result;   /* of Install */
    enum error_code error;    /* of every call */
    uint32_t delay_ms;
    size_t evidence_len;      /* at least so long */
    const char *package_file; /* where an installed package is written to */
};

struct trust *fake_trust_new(const struct loop *loop, const struct fake_trust_setup *setup);
void fake_trust_free(struct trust *t);

#endif
