/* SPDX-License-Identifier: Apache-2.0 */
/* What a Bootstrap-Request Trigger reaches. The bootstrap interface (Core TS 1.1.1 clause 6.1) is not part of this client: who asks is told so. */
#include <stdio.h>

#include "lwm2m/lwm2m.h"

enum error_code lwm2m_request_bootstrap(struct error *err)
{
    enum error_code rc = error_set(err, ERROR_NOT_SUPPORTED, "LwM2M bootstrap was asked for, and this client has no bootstrap interface");
    if (err)
        (void)snprintf(err->hint, sizeof err->hint, "send an OMA CP or OMA DM bootstrap instead");
    return rc;
}
