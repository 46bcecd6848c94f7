/* SPDX-License-Identifier: Apache-2.0 */
/* Countries and their mobile country codes (ITU-T E.212 annex). Owns the one table; asks nothing and keeps nothing. */
#ifndef MODEL_COUNTRY_H
#define MODEL_COUNTRY_H

#include <stdbool.h>
#include <stdint.h>

/* Whether alpha2 (ISO 3166-1, either case) is a country of the table. */
bool country_known(const char *alpha2);
/* Whether networks with that mobile country code serve the country; some codes serve several, some countries have several. */
bool country_has_mcc(const char *alpha2, unsigned mcc);

#endif
