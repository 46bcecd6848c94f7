/* SPDX-License-Identifier: Apache-2.0 */
/* Object 20, Event Log 1.0 (OMA-TS-LWM2M_Eventlog): the agent's history, which is always kept. Start and Stop choose the part of it that a server reads; without
 * them it is all. One line of text an event, the newest that fit. */
#include "lwm2m/objects/objects.h"

enum { LOG_MAX = 3072 /* a Read of all objects must fit beside it */, STATUS_VALID = 1, GENERIC_VENDOR = 0 /* of LogClass generic, of LogDataFormat vendor specific */ };

static bool while_history(const struct objects *o)
{
    return o->device->history && o->device->history_last;
}

static bool read_zero(struct spot *s, struct value *v)
{
    (void)s;
    *v = value_integer(VALUE_INTEGER, GENERIC_VENDOR);
    return true;
}

static bool check_zero(const struct value *v)
{
    return v->integer == GENERIC_VENDOR;
}

static void write_zero(struct spot *s, const struct value *v)
{
    (void)s;
    (void)v;
}

/* Without an argument the log begins empty; with one it goes on where it was. */
static bool execute_start(struct spot *s, struct slice arguments)
{
    struct event_log *log = &s->o->servers->event_log;
    if (arguments.len == 0)
        log->after = s->o->device->history_last(s->o->device->user);
    log->until = 0;
    log->running = true;
    return true;
}

static bool execute_stop(struct spot *s, struct slice arguments)
{
    struct event_log *log = &s->o->servers->event_log;
    log->until = s->o->device->history_last(s->o->device->user);
    log->after = arguments.len ? log->until : log->after; /* with an argument it is emptied */
    log->running = false;
    return true;
}

static bool read_status(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, s->o->servers->event_log.running ? 0 : STATUS_VALID);
    return true;
}

static bool read_data(struct spot *s, struct value *v)
{
    static char text[LOG_MAX]; /* until the answer is written */
    const struct event_log *log = &s->o->servers->event_log;
    size_t len = s->o->device->history(s->o->device->user, log->after, log->until ? log->until : UINT64_MAX, text, sizeof text);
    *v = (struct value){ .type = VALUE_OPAQUE, .octets = { (const uint8_t *)text, len } };
    return true;
}

enum { R = OPERATION_READ, RW = OPERATION_READ | OPERATION_WRITE, E = OPERATION_EXECUTE };

static const struct resource resources[] = {
    { 4010, VALUE_INTEGER, RW, .read = read_zero, .check = check_zero, .write = write_zero },
    { 4011, VALUE_NONE, E, .execute = execute_start },
    { 4012, VALUE_NONE, E, .execute = execute_stop },
    { 4013, VALUE_INTEGER, R, .read = read_status },
    { 4014, VALUE_OPAQUE, R, .mandatory = true, .continuous = true, .read = read_data },
    { 4015, VALUE_INTEGER, RW, .read = read_zero, .check = check_zero, .write = write_zero },
};

const struct object object_event_log = { .id = 20, .resources = resources, .count = sizeof resources / sizeof resources[0], .present = while_history };
