/* SPDX-License-Identifier: Apache-2.0 */
/* Objects that show how the gateway is connected, from the agent's tree: 4 Connectivity Monitoring and 7 Connectivity Statistics (Core TS 1.1.1 appendices
 * E.5 and E.8; 4 as version 1.3 of the registry), 10 Cellular Connectivity 1.1. They exist while there is a modem. What the modem does not tell is left out. */
#include <string.h>

#include "base/text.h"
#include "lwm2m/objects/objects.h"
#include "lwm2m/objects/system.h"

enum { OBJECT_PROFILE = 11, KILO = 1000, RSSI_LEAST = -113, RSSI_MOST = -51 };

struct node *primary_modem(const struct objects *o)
{
    struct tree *t = o->device->tree;
    for (struct node *n = t ? tree_next(t, TREE_MODEM, NULL) : NULL; n; n = tree_next(t, TREE_MODEM, n)) {
        const struct tree_value *primary = node_get(n, "Primary");
        if (primary && primary->flag)
            return n;
    }
    return NULL;
}

static struct node *modem(const struct objects *o)
{
    struct node *primary = primary_modem(o);
    return primary || !o->device->tree ? primary : tree_next(o->device->tree, TREE_MODEM, NULL);
}

static struct node *next_connected(const struct objects *o, struct node *n)
{
    struct tree *t = o->device->tree;
    for (n = t ? tree_next(t, TREE_BEARER, n) : NULL; n && strcmp(node_text(n, "State"), "connected") != 0;)
        n = tree_next(t, TREE_BEARER, n);
    return n;
}

static struct node *connected(const struct objects *o)
{
    return next_connected(o, NULL);
}

static bool while_modem(struct objects *o, size_t index, uint16_t *id)
{
    *id = 0;
    return index == 0 && modem(o) != NULL;
}

static bool put_text(const char *text, struct value *v)
{
    *v = value_text(text);
    return v->octets.len > 0;
}

/* ---- 4 ---- */

/* The bearer's number for an access technology; the registry splits LTE and NR by duplex, which ModemManager does not tell: FDD and TDD, the usual ones. */
static bool bearer_number(const struct objects *o, struct value *v)
{
    static const struct {
        const char *access;
        int64_t number;
    } rows[] = { { "gsm", 0 }, { "umts", 2 }, { "cdma", 3 }, { "lte", 6 }, { "5gnr", 8 } };
    struct node *n = modem(o);
    for (size_t i = 0; n && i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].access, node_text(n, "AccessTechnology")) == 0) {
            *v = value_integer(VALUE_INTEGER, rows[i].number);
            return true;
        }
    return false;
}

static bool read_bearer(struct spot *s, struct value *v)
{
    return connected(s->o) && bearer_number(s->o, v);
}

static bool read_available(struct spot *s, struct value *v)
{
    s->id = 0;
    return s->index == 0 && bearer_number(s->o, v);
}

/* The modem whose radio is read; what is told now is of the last time that it was asked. */
static struct node *measured_modem(const struct objects *o)
{
    if (o->device->measure)
        o->device->measure(o->device->user);
    return modem(o);
}

/* A whole number of the modem, signed, that the tree has as text. */
static bool put_measured(const struct objects *o, const char *property, struct value *v)
{
    struct node *n = measured_modem(o);
    const char *text = n ? node_text(n, property) : "";
    bool below = text[0] == '-';
    uint64_t number;
    const char *digits = &text[below];
    if (!text_decimal((struct slice){ (const uint8_t *)digits, strlen(digits) }, INT16_MAX, &number))
        return false;
    *v = value_integer(VALUE_INTEGER, below ? -(int64_t)number : (int64_t)number);
    return true;
}

static bool put_number(const struct objects *o, const char *property, struct value *v)
{
    struct node *n = measured_modem(o);
    const struct tree_value *number = n ? node_get(n, property) : NULL;
    if (!number || !number->number)
        return false;
    *v = value_integer(VALUE_INTEGER, (int64_t)number->number);
    return true;
}

/* Mandatory: of a modem that tells no more than a percentage, the RSSI that ModemManager made it of (-113 .. -51 dBm, as +CSQ of TS 27.007). */
static bool read_strength(struct spot *s, struct value *v)
{
    bool known = put_measured(s->o, "SignalStrength", v);
    if (known || !put_number(s->o, "SignalPercent", v))
        return known;
    *v = value_integer(VALUE_INTEGER, RSSI_LEAST + v->integer * (RSSI_MOST - RSSI_LEAST) / 100);
    return true;
}

static bool read_quality(struct spot *s, struct value *v)
{
    return put_measured(s->o, "SignalQuality", v);
}

static bool read_noise(struct spot *s, struct value *v)
{
    return put_measured(s->o, "SignalToNoise", v);
}

static bool read_cell(struct spot *s, struct value *v)
{
    return put_number(s->o, "CellId", v);
}

static bool read_area(struct spot *s, struct value *v)
{
    return put_number(s->o, "AreaCode", v);
}

/* An address of a list in the tree, without its prefix length. */
bool bearer_address(const struct node *bearer, const char *property, size_t index, struct value *v)
{
    const struct tree_value *list = bearer ? node_get(bearer, property) : NULL;
    if (!list || list->type != TREE_TEXTS)
        return false;
    for (size_t i = 0; list->texts && list->texts[i]; i++)
        if (i == index) {
            *v = value_text(list->texts[i]);
            v->octets.len = strcspn(list->texts[i], "/");
            return true;
        }
    return false;
}

static bool read_address(struct spot *s, struct value *v)
{
    s->id = (uint16_t)s->index;
    return bearer_address(connected(s->o), "Addresses", s->index, v);
}

static bool read_router(struct spot *s, struct value *v)
{
    struct node *n = connected(s->o);
    s->id = 0;
    return s->index == 0 && n && put_text(node_text(n, "Gateway"), v);
}

static bool read_apn(struct spot *s, struct value *v)
{
    struct node *n = connected(s->o);
    s->id = 0;
    return s->index == 0 && n && put_text(node_text(n, "Apn"), v);
}

/* MCC is the first three digits of the operator, MNC the rest (ITU-T E.212). */
static bool operator_part(const struct objects *o, size_t from, size_t len, struct value *v)
{
    struct node *n = modem(o);
    const char *id = n ? node_text(n, "OperatorId") : "";
    uint64_t number;
    if (strlen(id) < 5 || !text_decimal((struct slice){ (const uint8_t *)&id[from], len ? len : strlen(id) - from }, 999, &number))
        return false;
    *v = value_integer(VALUE_INTEGER, (int64_t)number);
    return true;
}

static bool read_mnc(struct spot *s, struct value *v)
{
    return operator_part(s->o, 3, 0, v);
}

static bool read_mcc(struct spot *s, struct value *v)
{
    return operator_part(s->o, 0, 3, v);
}

enum { R = OPERATION_READ, E = OPERATION_EXECUTE };

static const struct resource monitoring[] = {
    { 0, VALUE_INTEGER, R, .mandatory = true, .read = read_bearer },
    { 1, VALUE_INTEGER, R, .multiple = true, .mandatory = true, .read = read_available },
    { 2, VALUE_INTEGER, R, .mandatory = true, .read = read_strength },
    { 3, VALUE_INTEGER, R, .read = read_quality },
    { 4, VALUE_STRING, R, .multiple = true, .mandatory = true, .read = read_address },
    { 5, VALUE_STRING, R, .multiple = true, .read = read_router },
    { 7, VALUE_STRING, R, .multiple = true, .read = read_apn },
    { 8, VALUE_INTEGER, R, .read = read_cell },
    { 9, VALUE_INTEGER, R, .read = read_mnc },
    { 10, VALUE_INTEGER, R, .read = read_mcc },
    { 11, VALUE_INTEGER, R, .read = read_noise },
    { 12, VALUE_INTEGER, R, .read = read_area },
};

const struct object object_monitoring = { .id = 4, .version = "1.3", .resources = monitoring, .count = sizeof monitoring / sizeof monitoring[0],
                                          .instance = while_modem };

/* ---- 7 ---- */

/* Both counters of the connected bearer's interface; false: there is none, or it was made anew since and counts from zero again. */
static bool read_counters(const struct objects *o, uint64_t *sent, uint64_t *received)
{
    struct node *n = connected(o);
    const char *root = o->device->root ? o->device->root : "";
    return n && system_counter(root, node_text(n, "Interface"), "tx_bytes", sent) && system_counter(root, node_text(n, "Interface"), "rx_bytes", received);
}

/* Adds what went by since the last look. An interface that was made anew counts from zero: all that it says is new. */
static void look_at_counters(struct objects *o)
{
    struct statistics *s = &o->servers->statistics;
    uint64_t sent, received;
    if (!s->running || !read_counters(o, &sent, &received))
        return;
    s->sent += sent >= s->last_sent ? sent - s->last_sent : sent;
    s->received += received >= s->last_received ? received - s->last_received : received;
    s->last_sent = sent;
    s->last_received = received;
}

static bool read_sent(struct spot *s, struct value *v)
{
    look_at_counters(s->o);
    *v = value_integer(VALUE_INTEGER, (int64_t)(s->o->servers->statistics.sent / KILO));
    return s->o->servers->statistics.started;
}

static bool read_received(struct spot *s, struct value *v)
{
    look_at_counters(s->o);
    *v = value_integer(VALUE_INTEGER, (int64_t)(s->o->servers->statistics.received / KILO));
    return s->o->servers->statistics.started;
}

static bool execute_start(struct spot *s, struct slice arguments)
{
    (void)arguments;
    struct statistics begun = { .started = true, .running = true };
    bool counted = read_counters(s->o, &begun.last_sent, &begun.last_received);
    if (counted)
        s->o->servers->statistics = begun;
    return counted;
}

static bool execute_stop(struct spot *s, struct slice arguments)
{
    (void)arguments;
    look_at_counters(s->o);
    s->o->servers->statistics.running = false;
    return true;
}

static const struct resource statistics[] = {
    { 2, VALUE_INTEGER, R, .continuous = true, .read = read_sent },
    { 3, VALUE_INTEGER, R, .continuous = true, .read = read_received },
    { 6, VALUE_NONE, E, .execute = execute_start },
    { 7, VALUE_NONE, E, .execute = execute_stop },
};

const struct object object_statistics = { .id = 7, .resources = statistics, .count = sizeof statistics / sizeof statistics[0], .instance = while_modem };

/* ---- 10 ---- */

/* The n-th profile whose bearer is connected, as a link to its instance of object 11. */
static bool read_activated(struct spot *s, struct value *v)
{
    uint16_t id;
    size_t left = s->index;
    for (size_t i = 0; object_profile.instance(s->o, i, &id); i++) {
        if (!profile_connected(s->o, id) || left-- > 0)
            continue;
        s->id = id;
        *v = value_integer(VALUE_OBJLNK, (int64_t)OBJECT_PROFILE << 16 | id);
        return true;
    }
    return false;
}

static const struct resource cellular[] = {
    { 11, VALUE_OBJLNK, R, .multiple = true, .mandatory = true, .read = read_activated },
};

const struct object object_cellular = { .id = 10, .version = "1.1", .resources = cellular, .count = sizeof cellular / sizeof cellular[0], .instance = while_modem };
