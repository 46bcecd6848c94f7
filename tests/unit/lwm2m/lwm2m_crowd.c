/* SPDX-License-Identifier: Apache-2.0 */
/* Many LwM2M clients in one process, each bootstrapped and then registered, for tests under loss. Client N has the identity "bs-N" at the bootstrap server and
 * the endpoint "gw-N". Prints "bootstrapped N MS", "registered N MS" with the time since start, "failed N TEXT" for a bootstrap that gave up (it begins anew);
 * when it is ended (SIGTERM) "late N ..." for each that is not registered: what it waits for.
 * usage: lwm2m_crowd COUNT URI KEY-HEX */
#include <glib-unix.h>
#include <glib.h>
#include <signal.h>
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
    struct lwm2m_status status; /* of the client, at its last change */
    uint64_t since;             /* it bootstraps, or is in that state */
    unsigned failed;            /* bootstraps */
    bool registered;
    char endpoint[16];
};

static struct loop loop;
static GMainLoop *main_loop;
static uint64_t begun;
static struct member *members;
static unsigned count, waiting;
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
    m->status = *status;
    m->since = loop_now(&loop);
    if (status->state != LWM2M_REGISTERED || m->registered)
        return;
    m->registered = true;
    tell(m, "registered");
    if (--waiting == 0)
        g_main_loop_quit(main_loop);
}

static void on_bootstrap(void *user, const struct error *error, const struct lwm2m_account *accounts, size_t found, const struct access_rights *rights);

static void member_begin(struct member *m)
{
    struct error e = { 0 };
    struct lwm2m_bootstrap_task task = { .server = &m->server, .lease = &lease, .endpoint = m->endpoint, .patience_ms = PATIENCE_MS };
    m->since = loop_now(&loop);
    m->bootstrap = lwm2m_bootstrap_new(&loop, &task, on_bootstrap, m, &e);
    if (!m->bootstrap)
        g_error("bootstrap %u: %s", m->number, e.text);
}

static void on_bootstrap(void *user, const struct error *error, const struct lwm2m_account *accounts, size_t found, const struct access_rights *rights)
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
        m->failed++;
        member_begin(m);
        return;
    }
    tell(m, "bootstrapped");
    m->client = found > 1 ? lwm2m_client_new(&loop, &accounts[0], &lease, &device, on_state, m, &e) : NULL;
    if (!m->client)
        g_error("client %u: %s", m->number, e.text);
}

static void tell_late(const struct member *m, uint64_t now)
{
    const struct lwm2m_status *s = &m->status;
    unsigned long long since = now - m->since;
    char next[40] = "no contact is due";
    if (s->next_contact)
        g_snprintf(next, sizeof next, "next contact in %lld ms", (long long)(s->next_contact - now));
    if (m->client)
        printf("late %u %s for %llu ms, %s; %s\n", m->number, lwm2m_state_name(s->state), since, next, s->error.code ? s->error.text : "no failure");
    else
        printf("late %u bootstrap for %llu ms, %u failed before\n", m->number, since, m->failed);
}

static gboolean on_term(gpointer user)
{
    (void)user;
    for (unsigned i = 0; i < count; i++)
        if (!members[i].registered)
            tell_late(&members[i], loop_now(&loop));
    g_main_loop_quit(main_loop);
    return G_SOURCE_REMOVE;
}

int main(int argc, char **argv)
{
    count = argc == 4 ? (unsigned)g_ascii_strtoull(argv[1], NULL, 10) : 0;
    if (!count) {
        fprintf(stderr, "usage: lwm2m_crowd COUNT URI KEY-HEX\n");
        return 2;
    }
    log_set(LOG_LEVEL_ERROR, LOG_TARGET_STDERR, "lwm2m_crowd");
    loop_glib_init(&loop);
    main_loop = g_main_loop_new(NULL, FALSE);
    begun = loop_now(&loop);
    waiting = count;
    members = g_new0(struct member, count);
    g_unix_signal_add(SIGTERM, on_term, NULL);
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
    for (unsigned i = 0; i < count; i++) {
        lwm2m_client_free(members[i].client);
        lwm2m_bootstrap_free(members[i].bootstrap);
    }
    g_free(members);
    g_main_loop_unref(main_loop);
    loop_glib_done(&loop);
    return 0;
}
