/* SPDX-License-Identifier: Apache-2.0 */
/* Target: a message as it comes from the air, through its route to the reader of its body. What a route takes, the modem's test of fixed offsets lets
 * through: else it would never be seen. */
#include "bootstrap/start/route.h"
#include "fuzz.h"
#include "modem/modem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct settings settings;
    struct wsp_push push;
    const struct route *route = NULL;
    struct error err = { 0 };
    enum error_code rc = route_find("sms-qmi", (struct slice){ data, size }, &push, &route, &err);
    fuzz_check_error(rc, &err);
    FUZZ_ASSERT((rc == ERROR_NONE) == (route != NULL));
    if (rc)
        return 0;
    FUZZ_ASSERT(modem_sms_sort((struct slice){ data, size }) == MODEM_SMS_OURS);
    fuzz_check_inside(push.body, data, size);
    if (!route->read)
        return 0;
    settings_clear(&settings);
    struct trigger t = { .kind = route->kind, .settings = &settings };
    rc = route->read(&push, &t, &err);
    fuzz_check_error(rc, &err);
    if (!rc && t.kind == TRIGGER_SETTINGS)
        fuzz_check_settings(&settings);
    return 0;
}
