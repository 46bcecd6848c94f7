/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of the LwM2M enabler that a server may be told. 1.1 where nothing else is said. */
#ifndef LWM2M_VERSION_H
#define LWM2M_VERSION_H

enum lwm2m_version { LWM2M_1_0 = -1, LWM2M_1_1, LWM2M_1_2 };

static inline const char *lwm2m_version_text(enum lwm2m_version v)
{
    return v == LWM2M_1_0 ? "1.0" : v == LWM2M_1_1 ? "1.1" : "1.2";
}

#endif
