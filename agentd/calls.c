/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what came by descriptor, bounded and never blocking, and hands on. */
#include "calls.h"

#include <ctype.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd_config.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"

enum { DOCUMENT_MAX = 66 * 1024 }; /* 32 KiB as hex, with line ends */

static size_t read_all(int fd, uint8_t *out, size_t cap)
{
    size_t len = 0;
    for (ssize_t n = 1; n > 0 && len < cap; len += n > 0 ? (size_t)n : 0)
        n = pread(fd, &out[len], cap - len, (off_t)len);
    return len;
}

/* Hex with white space becomes octets in place; anything else stays as it is. */
static size_t unhex(uint8_t *data, size_t len)
{
    size_t digits = 0, out = 0;
    for (size_t i = 0; i < len; i++) {
        if (!isxdigit(data[i]) && !isspace(data[i]))
            return len;
        digits += isxdigit(data[i]) != 0;
    }
    if (!digits || digits % 2)
        return len;
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        if (isxdigit(data[i]))
            data[n++] = data[i];
    return text_hex_decode((struct slice){ data, n }, data, n, &out) ? out : len;
}

/* COSE_Mac0 or COSE_Sign1: a tag and a list of four, where a push has its PDU type. */
static bool is_instruction(const uint8_t *data, size_t len)
{
    return len > 2 && (data[0] == 0xD1 || data[0] == 0xD2) && data[1] == 0x84;
}

static void call_bootstrap(void *user, int fd, bus_job_fn *fn, void *fn_user)
{
    struct calls *c = user;
    struct error e = { 0 };
    struct stat st;
    uint8_t *data = NULL;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        error_set(&e, ERROR_INVALID, "the document must be a regular file");
    else if (st.st_size <= 0 || st.st_size > DOCUMENT_MAX)
        error_set(&e, ERROR_TOO_LARGE, "the document must have 1..%d octets", DOCUMENT_MAX);
    else if (!(data = malloc(DOCUMENT_MAX)))
        error_set(&e, ERROR_NO_MEMORY, "document");
    if (e.code) {
        fn(fn_user, &e, "");
        return;
    }
    size_t len = unhex(data, read_all(fd, data, DOCUMENT_MAX));
    conductor_bootstrap(c->conductor, is_instruction(data, len) ? "instruction" : "file", (struct slice){ data, len }, fn, fn_user);
    secret_zero(data, DOCUMENT_MAX);
    free(data);
}

static enum error_code call_reopen(void *user, const char *context, struct error *err)
{
    return conductor_reopen(((struct calls *)user)->conductor, context, err);
}

static void call_submit_pin(void *user, const char *context, const char *digits, bus_job_fn *fn, void *fn_user)
{
    conductor_submit_pin(((struct calls *)user)->conductor, context, digits, fn, fn_user);
}

static enum error_code call_cancel(void *user, const char *job_id, struct error *err)
{
    return conductor_cancel(((struct calls *)user)->conductor, job_id, err);
}

static enum error_code call_update(void *user, const char *account_id, struct error *err)
{
    return service_update(((struct calls *)user)->service, account_id, err);
}

static void call_send_pin(void *user, const char *sim_id, const char *pin, bus_done_fn *fn, void *fn_user)
{
    struct calls *c = user;
    if (c->site->modem)
        modem_send_pin(c->site->modem, sim_id, pin, fn, fn_user);
    else
        fn(fn_user, ERROR_NO_MODEM, "no modem");
}

/* Log level and roaming take effect at once; paths and plug-ins at the next start. */
static enum error_code call_reload(void *user, struct error *err)
{
    struct calls *c = user;
    struct agentd_config config;
    enum error_code rc = config_load(c->config_path, &config, err);
    if (rc)
        return rc;
    log_set_level(config.log_level);
    c->site->allow_roaming = config.allow_roaming;
    conductor_poke(c->conductor);
    return ERROR_NONE;
}

struct bus_calls calls_table(struct calls *calls)
{
    return (struct bus_calls){ .user = calls, .bootstrap = call_bootstrap, .reopen_context = call_reopen, .submit_pin = call_submit_pin,
                               .reload = call_reload, .job_cancel = call_cancel,
                               .account_update = call_update, .sim_send_pin = call_send_pin };
}
