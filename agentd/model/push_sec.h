/* SPDX-License-Identifier: Apache-2.0 */
/* How a provisioning push is authenticated: the SEC parameter (OMA-WAP-ProvBoot 1.1 section 5.2). */
#ifndef MODEL_PUSH_SEC_H
#define MODEL_PUSH_SEC_H

enum push_sec { PUSH_NETWPIN = 0, PUSH_USERPIN = 1, PUSH_USERNETWPIN = 2, PUSH_USERPINMAC = 3 };

#endif
