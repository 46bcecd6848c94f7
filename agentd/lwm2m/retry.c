/* SPDX-License-Identifier: Apache-2.0 */
/* Defaults are those of the TS: 5 attempts, 60 s doubling, sequences a day apart, one of them. */
#include "lwm2m/retry.h"

enum { RETRY_COUNT = 5, RETRY_TIMER_S = 60, SEQUENCE_DELAY_S = 86400, SEQUENCE_COUNT = 1, OWN_MAX_S = 3600, DELAY_MAX_S = 30 * 86400 };

static uint64_t doubled(uint64_t first, unsigned times, uint64_t limit)
{
    uint64_t delay = first;
    for (unsigned n = 0; n < times && delay < limit; n++)
        delay *= 2;
    return delay < limit ? delay : limit;
}

struct retry retry_after(const struct server_values *v, unsigned failures)
{
    static const uint32_t rules = 1u << SERVER_RETRY_COUNT | 1u << SERVER_RETRY_TIMER | 1u << SERVER_SEQUENCE_DELAY | 1u << SERVER_SEQUENCE_COUNT;
    uint32_t count = server_value(v, SERVER_RETRY_COUNT, RETRY_COUNT), timer = server_value(v, SERVER_RETRY_TIMER, RETRY_TIMER_S);
    uint64_t sequences = server_value(v, SERVER_SEQUENCE_COUNT, SEQUENCE_COUNT);
    count = count ? count : 1;
    timer = timer ? timer : 1; /* never a busy loop */
    sequences = sequences ? sequences : 1;
    struct retry r = { .sequence_over = failures >= count, .all_over = failures >= count * sequences };
    unsigned nth = (failures - 1) % count; /* within its sequence */
    if (!(v->set.written & rules))
        r.delay_s = doubled(RETRY_TIMER_S, failures - 1, OWN_MAX_S);
    else if (nth + 1 < count)
        r.delay_s = doubled(timer, nth, DELAY_MAX_S);
    else
        r.delay_s = doubled(server_value(v, SERVER_SEQUENCE_DELAY, SEQUENCE_DELAY_S), 0, DELAY_MAX_S);
    r.delay_s = r.delay_s ? r.delay_s : 1;
    return r;
}
