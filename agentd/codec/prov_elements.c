/* SPDX-License-Identifier: Apache-2.0 */
/* Elements and attributes of the DTD, by number. */
#include "codec/prov_elements.h"

enum { INSIDE = 1U << PROV_CHARACTERISTIC | 1U << PROV_PARM };

const struct prov_element_row prov_elements[PROV_PARM + 1] = {
    [PROV_DOCUMENT] = { "wap-provisioningdoc", 1, INSIDE, PROV_MAY(PROV_VERSION) },
    [PROV_CHARACTERISTIC] = { "characteristic", PROV_MAX_CHARACTERISTICS, INSIDE, PROV_MUST(PROV_TYPE) },
    [PROV_PARM] = { "parm", PROV_MAX_PARMS, 0, PROV_MUST(PROV_NAME) | PROV_MAY(PROV_VALUE) },
};
static const char *const attributes[PROV_ATTRIBUTES] = { "version", "type", "name", "value" };

const char *prov_element_name(enum prov_element e)
{
    return prov_elements[e].name;
}

const char *prov_attribute_name(enum prov_attribute a)
{
    return attributes[a];
}
