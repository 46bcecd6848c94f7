/* SPDX-License-Identifier: Apache-2.0 */
/* CoAP messages of the library as the values of coap.h, and back. */
#ifndef LWM2M_PDU_H
#define LWM2M_PDU_H

#include <coap3/coap.h>

#include "lwm2m/coap.h"

enum { PDU_BLOCK_SIZE = 1024, PDU_BLOCK_SZX = 6 };

struct coap_token pdu_token(const coap_pdu_t *pdu);
/* All of r borrows from the message. */
void pdu_read_request(const coap_pdu_t *pdu, struct coap_request *r);
void pdu_read_response(const coap_pdu_t *pdu, struct coap_response *r);
void pdu_wipe(const coap_pdu_t *pdu); /* its payload, when nobody needs it any more */
/* Into the response that the library made; r is what was read of the request: its Block1 is echoed. A body over PDU_BLOCK_SIZE, or one asked for in blocks,
 * goes out as the block that the request names. */
void pdu_write_answer(const coap_pdu_t *request, const struct coap_request *r, coap_pdu_t *response, const struct coap_answer *answer);
/* Uri-Path and Uri-Query of what follows the authority of a URI; false if they do not fit. */
bool pdu_add_uri(coap_pdu_t *pdu, const char *path);
void pdu_add_number(coap_pdu_t *pdu, coap_option_num_t number, uint32_t value);

#endif
