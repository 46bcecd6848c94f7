/* SPDX-License-Identifier: Apache-2.0 */
/* factory: the operator's and the manufacturer's side of derived credentials, offline. What it prints is secret: it is meant for a pipe. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "codec/factory_credentials.h"
#include "ctl/verbs.h"

static const char usage[] = "agentctl factory credentials IMEI SERVER-ID KEYFILE | published METHOD IMEI SERVER-ID | device-key IMEI KEYFILE |"
                            " psk ENDPOINT SERVER KEYFILE";

/* 64..128 hex digits, as in factory-secret.conf. */
static bool read_key(const char *path, struct secret *out)
{
    char text[2 * FACTORY_KEY_MAX + 2] = "";
    uint8_t key[FACTORY_KEY_MAX];
    size_t len = 0;
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f)
        (void)fclose(f);
    while (n && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        n--;
    bool good = text_hex_decode((struct slice){ (const uint8_t *)text, n }, key, sizeof key, &len) && len >= FACTORY_KEY_MIN && secret_set(out, key, len);
    secret_zero(text, sizeof text);
    secret_zero(key, sizeof key);
    if (!good)
        ctl_fail(CTL_USAGE, "it must hold 64 to 128 hex digits", "%s is no key", path);
    return good;
}

static int print_credentials(enum factory_method method, struct slice key, const char *imei, const char *server_id)
{
    struct factory_credentials c;
    char nonce[2][32] = { "", "" };
    if (!factory_credentials(method, key, imei, server_id, &c))
        return ctl_fail(CTL_USAGE, "an IMEI has 15 digits, a ServerID 1 to 255 octets", "no credentials for %s at %s", imei, server_id);
    (void)text_base64_encode((struct slice){ c.client_nonce, c.nonce_len }, nonce[0], sizeof nonce[0]);
    (void)text_base64_encode((struct slice){ c.server_nonce, c.nonce_len }, nonce[1], sizeof nonce[1]);
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s}", "UserName", c.user, "ClientPW", c.client, "ServerPW", c.server, "ClientNonce", nonce[0],
                          "ServerNonce", nonce[1]);
    ctl_print_json(o);
    secret_zero(&c, sizeof c);
    return CTL_OK;
}

static int print_hex(const uint8_t *data, size_t len)
{
    char hex[2 * FACTORY_KEY_MAX + 1];
    puts(text_hex(data, len, hex));
    secret_zero(hex, sizeof hex);
    return CTL_OK;
}

static int with_key(const char *what, char **argv, struct slice key)
{
    uint8_t out[FACTORY_PSK];
    int code;
    if (strcmp(what, "credentials") == 0)
        return print_credentials(FACTORY_KEYED, key, argv[1], argv[2]);
    bool ok = strcmp(what, "psk") == 0 ? factory_psk(key, argv[1], argv[2], out) : factory_device_key(key, argv[1], out);
    code = ok ? print_hex(out, sizeof out) : ctl_fail(CTL_USAGE, usage, "no key for %s", argv[1]);
    secret_zero(out, sizeof out);
    return code;
}

int verb_factory(struct ctl *c, int argc, char **argv)
{
    static const struct {
        const char *what;
        int argc;
    } rows[] = { { "credentials", 4 }, { "device-key", 3 }, { "psk", 4 } };
    enum factory_method method;
    (void)c;
    if (argc == 4 && strcmp(argv[0], "published") == 0)
        return factory_method_from_name(argv[1], &method) && method != FACTORY_KEYED
                   ? print_credentials(method, (struct slice){ NULL, 0 }, argv[2], argv[3])
                   : ctl_fail(CTL_USAGE, "fcs11384 or fcs14345", "unknown method %s", argv[1]);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (argc != rows[i].argc || strcmp(argv[0], rows[i].what) != 0)
            continue;
        struct secret *key = secret_new();
        int code = CTL_USAGE;
        if (key && read_key(argv[argc - 1], key))
            code = with_key(rows[i].what, argv, secret_slice(key));
        secret_free(key);
        return code;
    }
    return ctl_fail(CTL_USAGE, usage, "factory needs an action and its words");
}
