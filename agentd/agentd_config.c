/* SPDX-License-Identifier: Apache-2.0 */
/* agentd.conf: a key file; strict, so that a misspelt setting is not silently a default. */
#include "agentd_config.h"

#include <glib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "config.h"
#include "glue/key_file.h"
#include "lwm2m/value.h"

enum { ALTITUDE_MAX = 20000, RADIUS_MAX = 1000000 /* metres */ };

static enum error_code bad_value(struct error *err, const char *key, const char *allowed)
{
    return error_set(err, ERROR_INVALID, "agentd.conf: %s must be %s", key, allowed);
}

static bool set_flag(const char *value, bool *out)
{
    *out = strcmp(value, "true") == 0;
    return *out || strcmp(value, "false") == 0;
}

static bool set_uplink(const char *value, enum uplink_policy *out)
{
    static const struct {
        const char *name;
        enum uplink_policy policy;
    } rows[] = { { "auto", UPLINK_AUTO }, { "cellular", UPLINK_CELLULAR }, { "host", UPLINK_HOST } };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(value, rows[i].name) == 0) {
            *out = rows[i].policy;
            return true;
        }
    return false;
}

static bool set_default_nonce(const char *value, enum default_nonce *out)
{
    static const char *const names[] = { "no", "octets", "text", "both" }; /* as the enum */
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(value, names[i]) == 0) {
            *out = (enum default_nonce)i;
            return true;
        }
    return false;
}

static bool set_count(const char *value, uint32_t max, uint32_t *out)
{
    uint64_t number;
    if (!text_decimal((struct slice){ (const uint8_t *)value, strlen(value) }, max, &number))
        return false;
    *out = (uint32_t)number;
    return true;
}

/* true, false, or home networks (MCC and MNC) separated by blanks. */
static bool set_roaming(const char *value, struct roaming_policy *out)
{
    *out = (struct roaming_policy){ 0 };
    if (set_flag(value, &out->all))
        return true;
    g_auto(GStrv) words = g_strsplit(value, " ", -1);
    for (char **word = words; *word; word++) {
        size_t len = strlen(*word);
        if (out->homes == G_N_ELEMENTS(out->home) || (len != 5 && len != 6) || strspn(*word, "0123456789") != len)
            return false;
        (void)text_copy(out->home[out->homes++], sizeof out->home[0], *word);
    }
    return out->homes > 0;
}

/* An IMEI (TS 23.003 6.2.1) or the sysfs path of a device; empty: none is preferred. */
static bool set_modem(const char *value, char *out, size_t cap)
{
    bool imei = strlen(value) == 15 && strspn(value, "0123456789") == 15;
    return (!value[0] || imei || strncmp(value, "/sys/devices/", 13) == 0) && text_copy(out, cap, value);
}

static bool set_bearer_sim(const char *value, bool *any_of_operator)
{
    *any_of_operator = strcmp(value, "operator") == 0;
    return *any_of_operator || strcmp(value, "same") == 0;
}

static bool set_lwm2m_version(const char *value, enum lwm2m_version *out)
{
    for (*out = LWM2M_1_0; *out < LWM2M_1_2 && strcmp(value, lwm2m_version_text(*out)) != 0;)
        ++*out;
    return strcmp(value, lwm2m_version_text(*out)) == 0;
}

static bool set_target(const char *value, enum log_target *out)
{
    *out = strcmp(value, "syslog") == 0 ? LOG_TARGET_SYSLOG : LOG_TARGET_STDERR;
    return *out == LOG_TARGET_SYSLOG || strcmp(value, "stderr") == 0;
}

static bool set_oid(const char *value, char *out, size_t cap)
{
    return strspn(value, "0123456789.") == strlen(value) && strchr(value, '.') && text_copy(out, cap, value);
}

static bool set_seconds(const char *value, uint64_t max, uint32_t *out)
{
    uint64_t seconds = 0;
    bool good = text_decimal((struct slice){ (const uint8_t *)value, strlen(value) }, max, &seconds) && seconds > 0;
    *out = (uint32_t)seconds;
    return good;
}

static enum error_code set_agent(struct agentd_config *c, const char *key, const char *value, struct error *err)
{
    if (strcmp(key, "factory") == 0)
        return text_copy(c->factory, sizeof c->factory, value) ? ERROR_NONE : bad_value(err, key, "a path of at most 255 octets");
    if (strcmp(key, "bearer-plugin") == 0)
        return text_is_name(value, "-", 31) && text_copy(c->plugin, sizeof c->plugin, value) ? ERROR_NONE : bad_value(err, key, "a name");
    if (strcmp(key, "plugin-directory") == 0)
        return text_copy(c->plugin_dir, sizeof c->plugin_dir, value) ? ERROR_NONE : bad_value(err, key, "a path of at most 255 octets");
    if (strcmp(key, "uplink") == 0)
        return set_uplink(value, &c->uplink) ? ERROR_NONE : bad_value(err, key, "auto, cellular or host");
    if (strcmp(key, "enable-modem") == 0)
        return set_flag(value, &c->enable_modem) ? ERROR_NONE : bad_value(err, key, "true or false");
    if (strcmp(key, "primary-modem") == 0)
        return set_modem(value, c->primary_modem, sizeof c->primary_modem) ? ERROR_NONE : bad_value(err, key, "an IMEI of 15 digits or a path in /sys/devices");
    if (strcmp(key, "bearer-sim") == 0)
        return set_bearer_sim(value, &c->any_sim_of_operator) ? ERROR_NONE : bad_value(err, key, "same or operator");
    if (strcmp(key, "allow-roaming") == 0)
        return set_roaming(value, &c->roaming) ? ERROR_NONE : bad_value(err, key, "true, false, or home networks such as 24008 26201");
    if (strcmp(key, "default-nonce") == 0)
        return set_default_nonce(value, &c->default_nonce) ? ERROR_NONE : bad_value(err, key, "no, octets, text or both");
    if (strcmp(key, "lwm2m-triggers") == 0)
        return set_count(value, 3600, &c->lwm2m_triggers) ? ERROR_NONE : bad_value(err, key, "0 to 3600");
    if (strcmp(key, "lwm2m-version") == 0)
        return set_lwm2m_version(value, &c->lwm2m_version) ? ERROR_NONE : bad_value(err, key, "1.0, 1.1 or 1.2");
    if (strcmp(key, "lwm2m-queue-mode") == 0)
        return set_flag(value, &c->queue_mode) ? ERROR_NONE : bad_value(err, key, "true or false");
    if (strcmp(key, "lwm2m-awake-time") == 0)
        return set_seconds(value, 86400, &c->awake_s) ? ERROR_NONE : bad_value(err, key, "1..86400 seconds");
    if (strcmp(key, "lwm2m-nosec") == 0)
        return set_flag(value, &c->lwm2m_nosec) ? ERROR_NONE : bad_value(err, key, "true or false");
    if (strcmp(key, "lwm2m-bootstrap-pack") == 0)
        return set_flag(value, &c->lwm2m_pack) ? ERROR_NONE : bad_value(err, key, "true or false");
    if (strcmp(key, "smart-card") == 0)
        return set_flag(value, &c->smart_card) ? ERROR_NONE : bad_value(err, key, "true or false");
    if (strcmp(key, "card-dm-oid") == 0)
        return set_oid(value, c->card_dm_oid, sizeof c->card_dm_oid) ? ERROR_NONE : bad_value(err, key, "an object identifier, e.g. 2.23.43.7.1");
    return error_set(err, ERROR_INVALID, "agentd.conf: unknown key %.40s in [agent]", key);
}

/* Names with commas between; each at most once. */
static bool set_sources(const char *value, struct source_order *out)
{
    static const char *const names[SOURCE_KINDS] = { [SOURCE_UI] = "ui", [SOURCE_BBN] = "bbn", [SOURCE_SMS] = "sms",
                                                     [SOURCE_FACTORY] = "factory", [SOURCE_LAN] = "lan" };
    g_auto(GStrv) words = g_strsplit(value, ",", SOURCE_KINDS + 1);
    unsigned seen = 0;
    *out = (struct source_order){ .count = 0 };
    for (char **word = words; *word; word++) {
        size_t i = 0;
        while (i < SOURCE_KINDS && strcmp(g_strstrip(*word), names[i]) != 0)
            i++;
        if (i == SOURCE_KINDS || seen & 1U << i)
            return false;
        seen |= 1U << i;
        out->kind[out->count++] = (enum source_kind)i;
    }
    return out->count > 0;
}

static enum error_code set_briefing(struct agentd_config *c, const char *key, const char *value, struct error *err)
{
    if (strcmp(key, "sources") == 0)
        return set_sources(value, &c->sources) ? ERROR_NONE : bad_value(err, key, "some of ui,bbn,sms,factory,lan, each once");
    if (strcmp(key, "retry") == 0)
        return set_seconds(value, 3600, &c->pull.retry_s) ? ERROR_NONE : bad_value(err, key, "1..3600 seconds");
    if (strcmp(key, "interval") == 0)
        return set_seconds(value, 7 * 86400, &c->pull.interval_s) ? ERROR_NONE : bad_value(err, key, "1..604800 seconds");
    if (strcmp(key, "published-credentials") == 0)
        return set_flag(value, &c->published_credentials) ? ERROR_NONE : bad_value(err, key, "true or false");
    return error_set(err, ERROR_INVALID, "agentd.conf: unknown key %.40s in [briefing]", key);
}

static bool set_url(const char *value, char *out, size_t cap)
{
    char host[256];
    uint16_t port;
    struct error err;
    return text_copy(out, cap, value) && (!value[0] || uri_split(value, "https", host, sizeof host, &port, &err) == ERROR_NONE);
}

static enum error_code set_gba(struct agentd_config *c, const char *key, const char *value, struct error *err)
{
    if (strcmp(key, "bsf") == 0)
        return set_url(value, c->bsf, sizeof c->bsf) ? ERROR_NONE : bad_value(err, key, "an https URL of at most 255 octets");
    return error_set(err, ERROR_INVALID, "agentd.conf: unknown key %.40s in [gba]", key);
}

static bool set_real(const char *value, double least, double most, double *out, bool *set)
{
    double real = 0;
    if (!value[0])
        return true;
    *set = real_parse((struct slice){ (const uint8_t *)value, strlen(value) }, &real) && real >= least && real <= most;
    *out = *set ? real : 0;
    return *set;
}

static enum error_code set_location(struct agentd_config *c, const char *key, const char *value, struct error *err)
{
    struct place *p = &c->place;
    if (strcmp(key, "source") == 0) {
        c->place_of_modem = strcmp(value, "modem") == 0;
        return c->place_of_modem || strcmp(value, "surveyed") == 0 || !value[0] ? ERROR_NONE : bad_value(err, key, "surveyed or modem");
    }
    if (strcmp(key, "latitude") == 0)
        return set_real(value, -90, 90, &p->latitude, &c->has_latitude) ? ERROR_NONE : bad_value(err, key, "-90 to 90 degrees");
    if (strcmp(key, "longitude") == 0)
        return set_real(value, -180, 180, &p->longitude, &c->has_longitude) ? ERROR_NONE : bad_value(err, key, "-180 to 180 degrees");
    if (strcmp(key, "altitude") == 0)
        return set_real(value, -ALTITUDE_MAX, ALTITUDE_MAX, &p->altitude, &p->has_altitude) ? ERROR_NONE : bad_value(err, key, "metres above sea level");
    if (strcmp(key, "radius") == 0)
        return set_real(value, 0, RADIUS_MAX, &p->radius, &p->has_radius) ? ERROR_NONE : bad_value(err, key, "metres");
    if (strcmp(key, "surveyed") == 0)
        return !value[0] || text_time((struct slice){ (const uint8_t *)value, strlen(value) }, &p->time) ? ERROR_NONE : bad_value(err, key, "a time such as 2026-11-21T15:00:00Z");
    return error_set(err, ERROR_INVALID, "agentd.conf: unknown key %.40s in [location]", key);
}

/* A place is latitude and longitude at least; it was surveyed when the file was written, unless the file says when. */
static enum error_code check_location(struct agentd_config *c, const char *path, struct error *err)
{
    struct stat st;
    bool more = c->place.has_altitude || c->place.has_radius || c->place.time;
    c->place.known = c->has_latitude && c->has_longitude;
    if (!c->place.known && (more || c->has_latitude || c->has_longitude))
        return error_set(err, ERROR_INVALID, "agentd.conf: [location] needs both latitude and longitude");
    if (c->place.known && !c->place.time && stat(path, &st) == 0)
        c->place.time = st.st_mtime;
    return ERROR_NONE;
}

static enum error_code set_log(struct agentd_config *c, const char *key, const char *value, struct error *err)
{
    if (strcmp(key, "level") == 0)
        return log_level_from_name(value, &c->log_level) ? ERROR_NONE : bad_value(err, key, "err, warning, notice, info or debug");
    if (strcmp(key, "target") == 0)
        return set_target(value, &c->log_target) ? ERROR_NONE : bad_value(err, key, "stderr or syslog");
    return error_set(err, ERROR_INVALID, "agentd.conf: unknown key %.40s in [log]", key);
}

static enum error_code set_group(struct agentd_config *c, GKeyFile *file, const char *group, struct error *err)
{
    static const struct {
        const char *name;
        enum error_code (*set)(struct agentd_config *c, const char *key, const char *value, struct error *err);
    } groups[] = { { "agent", set_agent }, { "briefing", set_briefing }, { "gba", set_gba }, { "location", set_location }, { "log", set_log } };
    size_t g = 0;
    while (g < G_N_ELEMENTS(groups) && strcmp(group, groups[g].name) != 0)
        g++;
    if (g == G_N_ELEMENTS(groups))
        return error_set(err, ERROR_INVALID, "agentd.conf: unknown group [%.40s]", group);
    g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, NULL);
    for (char **key = keys; key && *key; key++) {
        g_autofree char *value = g_key_file_get_string(file, group, *key, NULL);
        enum error_code rc = groups[g].set(c, *key, value ? value : "", err);
        if (rc)
            return rc;
    }
    return ERROR_NONE;
}

enum error_code config_load(const char *path, struct agentd_config *out, struct error *err)
{
    *out = (struct agentd_config){ .factory = AGENT_CONF_DIR "/factory.json", .plugin = "modemmanager", .plugin_dir = AGENT_PLUGIN_DIR,
                                   .uplink = UPLINK_AUTO, .enable_modem = true, .smart_card = true, .card_dm_oid = "2.23.43.7.1",
                                   .default_nonce = DEFAULT_NONCE_OCTETS, .lwm2m_triggers = 6, .awake_s = 93, .log_level = LOG_LEVEL_INFO,
                                   .sources = { { SOURCE_UI, SOURCE_BBN, SOURCE_SMS, SOURCE_FACTORY }, SOURCE_LAN }, /* all but the LAN */
                                   .pull = { .retry_s = 60, .interval_s = 86400 } };
    g_autoptr(GKeyFile) file = key_file_read(path, false, NULL, err);
    if (!file)
        return ERROR_INVALID;
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    for (char **group = groups; *group; group++) {
        enum error_code rc = set_group(out, file, *group, err);
        if (rc)
            return rc;
    }
    return check_location(out, path, err);
}
