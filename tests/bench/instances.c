/* SPDX-License-Identifier: Apache-2.0 */
/* What a request costs while its object has ever more instances: requests as values through the client's own dispatch (device_management_serve), on an object of
 * this program's own. No session and no codec of CoAP: their cost does not know how many instances there are, and would hide what does. Prints a table;
 * the figure is the least of some rounds of processor time. Must never be a test with a limit. usage: instances-bench */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "lwm2m/interfaces.h"
#include "lwm2m/objects/objects.h"

enum { MOST = 10000, REQUESTS = 20000, ROUNDS = 9, OBJECT = 26241 /* of the range that nobody registers */, SPREAD = 7919 /* prime to every size: each instance is asked */ };

static struct lwm2m_client client;
static struct servers shared;
static int64_t values[MOST + 1];
static size_t instances;

/* ---- what the client needs around it ---- */

static uint64_t now_ms(void *ctx)
{
    (void)ctx;
    return 1000;
}

static uint64_t add_timer(void *ctx, uint64_t delay, loop_timer_fn *fn, void *user)
{
    (void)ctx;
    (void)delay;
    (void)fn;
    (void)user;
    return 1;
}

static void cancel_timer(void *ctx, uint64_t id)
{
    (void)ctx;
    (void)id;
}

enum error_code coap_link_notify(struct coap_link *link, const struct coap_notification *n)
{
    (void)link;
    (void)n;
    return ERROR_NONE;
}

void registration_spoke(struct lwm2m_client *c)
{
    (void)c;
}

void registration_unsettle(struct lwm2m_client *c)
{
    (void)c;
}

/* ---- the object ---- */

static bool next_instance(struct objects *o, size_t index, uint16_t *id)
{
    (void)o;
    *id = (uint16_t)index;
    return index < instances;
}

static bool create(struct objects *o, uint16_t id)
{
    (void)o;
    values[id] = 0;
    instances++;
    return true;
}

static bool remove_last(struct objects *o, uint16_t id)
{
    (void)o;
    (void)id;
    instances--;
    return true;
}

static bool read_value(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, values[s->instance]);
    return true;
}

static void write_value(struct spot *s, const struct value *v)
{
    values[s->instance] = v ? v->integer : 0;
}

static bool execute_reset(struct spot *s, struct slice arguments)
{
    (void)arguments;
    values[s->instance] = 0;
    return true;
}

static const struct resource resources[] = {
    { 0, VALUE_INTEGER, OPERATION_READ | OPERATION_WRITE, .read = read_value, .write = write_value },
    { 1, VALUE_NONE, OPERATION_EXECUTE, .execute = execute_reset },
};

static const struct object many = { .id = OBJECT, .resources = resources, .count = sizeof resources / sizeof resources[0], .instance = next_instance, .create = create, .remove = remove_last };
static const struct object *const objects[] = { &object_device, &many };
static const struct model model = { objects, sizeof objects / sizeof objects[0] };

static void make_client(void)
{
    static const struct loop loop = { .now_ms = now_ms, .add_timer = add_timer, .cancel = cancel_timer };
    client.loop = &loop;
    client.records.model = &model;
    client.server = (struct server_values){ .short_server_id = 1, .lifetime = 300, .client = &client };
    client.objects = (struct objects){ .model = &model, .self = &client.server, .servers = &shared, .device = &client.device };
    shared.at[shared.count++] = &client.server;
}

/* ---- requests ---- */

struct row {
    const char *name;
    enum coap_method method;
    bool of_object;       /* else of an instance, and then perhaps of a resource */
    const char *resource; /* NULL: none */
    int format, accept;
    struct { const char *at; size_t len; } payload;
    enum coap_code code;
    bool absent;          /* an instance behind the last one */
    bool undo;            /* a Create: the Delete of what it made is measured with it */
};

static const struct row rows[] = {
    { "Read resource, text", METHOD_GET, false, "0", -1, CONTENT_TEXT, { "", 0 }, CODE_CONTENT, false, false },
    { "Read instance, SenML CBOR", METHOD_GET, false, NULL, -1, CONTENT_SENML_CBOR, { "", 0 }, CODE_CONTENT, false, false },
    { "Discover instance", METHOD_GET, false, NULL, -1, CONTENT_LINK, { "", 0 }, CODE_CONTENT, false, false },
    { "Write resource", METHOD_PUT, false, "0", CONTENT_TEXT, -1, { "42", 2 }, CODE_CHANGED, false, false },
    { "Execute", METHOD_POST, false, "1", -1, -1, { "", 0 }, CODE_CHANGED, false, false },
    { "Read of an instance that is not there", METHOD_GET, false, "0", -1, CONTENT_TEXT, { "", 0 }, CODE_NOT_FOUND, true, false },
    { "Create and Delete", METHOD_POST, true, NULL, CONTENT_TLV, -1, { "\xc1\x00\x07", 3 }, CODE_CREATED, false, true },
};

static struct slice text_slice(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

static void serve(const struct coap_request *r, enum coap_code wanted)
{
    uint8_t body[COAP_ANSWER_MAX];
    struct coap_answer a = { .content_format = -1, .observe = -1, .body = writer_make(body, sizeof body) };
    device_management_serve(&client, r, &a);
    if (a.code != wanted) {
        (void)fprintf(stderr, "code %u.%02u\n", (unsigned)a.code >> 5, (unsigned)a.code & 31);
        exit(1);
    }
}

static void ask(const struct row *row, size_t instance)
{
    char object[8], number[8];
    struct coap_request r = { .method = row->method, .content_format = row->format, .accept = row->accept, .observe = -1, .block1 = -1, .payload = { (const uint8_t *)row->payload.at, row->payload.len } };
    (void)snprintf(object, sizeof object, "%d", OBJECT);
    (void)snprintf(number, sizeof number, "%u", (unsigned)(uint16_t)instance);
    r.segment[r.segments++] = text_slice(object);
    if (!row->of_object)
        r.segment[r.segments++] = text_slice(number);
    if (row->resource)
        r.segment[r.segments++] = text_slice(row->resource);
    serve(&r, row->code);
    if (!row->undo)
        return;
    (void)snprintf(number, sizeof number, "%u", (unsigned)(uint16_t)(instances - 1));
    r = (struct coap_request){ .method = METHOD_DELETE, .content_format = -1, .accept = -1, .observe = -1, .block1 = -1, .segment = { text_slice(object), text_slice(number) }, .segments = 2 };
    serve(&r, CODE_DELETED);
}

static double cpu_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double measure(const struct row *row, size_t count)
{
    double best = 0;
    instances = count;
    for (unsigned round = 0; round < ROUNDS; round++) {
        double begun = cpu_ns();
        for (size_t i = 0; i < REQUESTS; i++)
            ask(row, i * SPREAD % count + (row->absent ? count : 0));
        double each = (cpu_ns() - begun) / REQUESTS;
        best = round == 0 || each < best ? each : best;
    }
    return best;
}

int main(void)
{
    static const size_t sizes[] = { 10, 100, 1000, MOST };
    enum { SIZES = sizeof sizes / sizeof sizes[0] };
    make_client();
    (void)printf("| ns of processor time a request, at so many instances | 10 | 100 | 1000 | 10000 | 10000 to 10 |\n|---|---|---|---|---|---|\n");
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        double figure[SIZES];
        (void)printf("| %s", rows[k].name);
        for (size_t i = 0; i < SIZES; i++) {
            figure[i] = measure(&rows[k], sizes[i]);
            (void)printf(" | %.0f", figure[i]);
        }
        (void)printf(" | %.2f |\n", figure[SIZES - 1] / figure[0]);
    }
    return 0;
}
