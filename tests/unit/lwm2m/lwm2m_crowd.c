/* SPDX-License-Identifier: Apache-2.0 */
/* Many LwM2M clients in one process, each bootstrapped and then registered, for tests under loss. Client N has the identity "bs-N" at the bootstrap server and
 * the endpoint "gw-N". Prints "bootstrapped N MS", "registered N MS" with the time since start, "failed N TEXT" for a bootstrap that gave up (it begins anew).
 * usage: lwm2m_crowd COUNT URI KEY-HEX */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "glue/loop_glib.h"
#include "lwm2m/bootstrap.h"
#include "lwm2m/lwm2m.h"

enum { PATIENCE_MS = 780000 }; /* as a job */

struct member {
    unsigned number;
    struct lwm2m_account server;
    struct lwm2m_bootstrap *bootstrap;
    struct lwm2m_client *client;
    bool registered;
    char endpoint[16];
};

static struct loop loop;
static GMainLoop *main_loop;
static uint64_t begun;
static unsigned waiting;
static const struct lease lease;

static uint64_t current_time(void *user)
{
    (void)user;
    return (uint64_t)g_get_real_time() / 1000000;
}

static void tell(const struct member *m, const char *what)
{
    printf("%s %u %llu\n", what, m->number, (unsigned long long)(loop_now(&loop) - begun));
    fflush(stdout);
}

static void on_state(void *user, const struct lwm2m_status *status)
{
    struct member *m = user;
    if (status->state != LWM2M_REGISTERED || m->registered)
        return;
    m->registered = true;
    tell(m, "registered");
    if (--waiting == 0)
        g_main_loop_quit(main_loop);
}

static void on_bootstrap(void *user, const struct error *error, const struct lwm2m_account *accounts, size_t count, const struct access_rights *rights);

static void member_begin(struct member *m)
{
    struct error e = { 0 };
    struct lwm2m_bootstrap_task task = { .server = &m->server, .lease = &lease, .endpoint = m->endpoint, .patience_ms = PATIENCE_MS };
    m->bootstrap = lwm2m_bootstrap_new(&loop, &task, on_bootstrap, m, &e);
    if (!m->bootstrap)
        g_error("bootstrap %u: %s", m->number, e.text);
}

static void on_bootstrap(void *user, const struct error *error, const struct lwm2m_account *accounts, size_t count, const struct access_rights *rights)
{
    (void)rights;
    static const struct lwm2m_device device = { .manufacturer = "m", .model = "m", .serial = "s", .hardware_version = "1", .firmware_version = "1", .gateway_id = "g",
                                                .current_time = current_time };
    struct member *m = user;
    struct error e = { 0 };
    lwm2m_bootstrap_free(m->bootstrap);
    m->bootstrap = NULL;
    if (error) {
        printf("failed %u %s\n", m->number, error->text);
        member_begin(m);
        return;
    }
    tell(m, "bootstrapped");
    m->client = count > 1 ? lwm2m_client_new(&loop, &accounts[0], &lease, &device, on_state, m, &e) : NULL;
    if (!m->client)
        g_error("client %u: %s", m->number, e.text);
}

int main(int argc, char **argv)
{
    unsigned count = argc == 4 ? (unsigned)g_ascii_strtoull(argv[1], NULL, 10) : 0;
    if (!count) {
        fprintf(stderr, "usage: lwm2m_crowd COUNT URI KEY-HEX\n");
        return 2;
    }
    log_set(LOG_LEVEL_ERROR, LOG_TARGET_STDERR, "lwm2m_crowd");
    loop_glib_init(&loop);
    main_loop = g_main_loop_new(NULL, FALSE);
    begun = loop_now(&loop);
    waiting = count;
    g_autofree struct member *members = g_new0(struct member, count);
    for (unsigned i = 0; i < count; i++) {
        struct member *m = &members[i];
        m->number = i;
        g_snprintf(m->endpoint, sizeof m->endpoint, "gw-%u", i);
        g_snprintf(m->server.identity, sizeof m->server.identity, "bs-%u", i);
        (void)text_copy(m->server.uri, sizeof m->server.uri, argv[2]);
        if (!text_hex_decode((struct slice){ (const uint8_t *)argv[3], strlen(argv[3]) }, m->server.key, sizeof m->server.key, &m->server.key_len))
            return 2;
        member_begin(m);
    }
    g_main_loop_run(main_loop);
    for (unsigned i = 0; i < count; i++)
        lwm2m_client_free(members[i].client);
    g_main_loop_unref(main_loop);
    loop_glib_done(&loop);
    return 0;
}
