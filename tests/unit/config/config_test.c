/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration files that are installed say what the programs do without them: each commented setting, put in force, changes nothing; and each
 * setting that the reader knows is there. */
#include <glib.h>
#include <glib/gstdio.h>

#include "agentd_config.h"
#include "modemd/settings_file.h"

/* The file with its settings in force, as a new file. */
static char *in_force(const char *path, unsigned *count)
{
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_autoptr(GRegex) setting = g_regex_new("^#([a-z0-9-]+=)", G_REGEX_MULTILINE, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    g_regex_match(setting, text, 0, &match);
    for (*count = 0; g_match_info_matches(match); (*count)++)
        g_match_info_next(match, NULL);
    g_autofree char *changed = g_regex_replace(setting, text, -1, 0, "\\1", 0, NULL);
    char *name = NULL;
    int fd = g_file_open_tmp("config-XXXXXX", &name, NULL);
    g_assert_cmpint(fd, >=, 0);
    g_assert_true(g_close(fd, NULL));
    g_assert_true(g_file_set_contents(name, changed, -1, NULL));
    return name;
}

static void test_agentd(void)
{
    struct agentd_config built_in, file, as_is;
    struct error err = { 0 };
    unsigned count;
    g_autofree char *path = in_force(AGENTD_CONF, &count);
    g_assert_cmpuint(count, ==, 30);
    g_assert_cmpint(config_load("/nonexistent/agentd.conf", &built_in, &err), ==, ERROR_NONE);
    g_assert_cmpint(config_load(AGENTD_CONF, &as_is, &err), ==, ERROR_NONE);
    g_assert_cmpint(config_load(path, &file, &err), ==, ERROR_NONE);
    g_unlink(path);
    g_assert_cmpstr(file.factory, ==, built_in.factory);
    g_assert_cmpstr(file.plugin, ==, built_in.plugin);
    g_assert_cmpstr(file.plugin_dir, ==, built_in.plugin_dir);
    g_assert_cmpint(file.uplink, ==, built_in.uplink);
    g_assert_cmpint(file.enable_modem, ==, built_in.enable_modem);
    g_assert_cmpstr(file.primary_modem, ==, built_in.primary_modem);
    g_assert_cmpint(file.any_sim_of_operator, ==, built_in.any_sim_of_operator);
    g_assert_cmpint(file.smart_card, ==, built_in.smart_card);
    g_assert_cmpstr(file.card_dm_oid, ==, built_in.card_dm_oid);
    g_assert_cmpint(file.default_nonce, ==, built_in.default_nonce);
    g_assert_cmpuint(file.lwm2m_triggers, ==, built_in.lwm2m_triggers);
    g_assert_true(file.lwm2m_version == LWM2M_1_1 && built_in.lwm2m_version == LWM2M_1_1);
    g_assert_true(file.queue_mode == built_in.queue_mode && file.awake_s == built_in.awake_s && file.awake_s == 93);
    g_assert_cmpmem(&file.roaming, sizeof file.roaming, &built_in.roaming, sizeof built_in.roaming);
    g_assert_cmpmem(&file.sources, sizeof file.sources, &built_in.sources, sizeof built_in.sources);
    g_assert_cmpuint(file.pull.retry_s, ==, built_in.pull.retry_s);
    g_assert_cmpuint(file.pull.interval_s, ==, built_in.pull.interval_s);
    g_assert_false(file.published_credentials || built_in.published_credentials);
    g_assert_cmpstr(file.bsf, ==, built_in.bsf);
    g_assert_false(file.place.known || built_in.place.known);
    g_assert_cmpint(file.log_level, ==, built_in.log_level);
    g_assert_cmpint(file.log_target, ==, built_in.log_target);
}

/* One key of [agent] with one value: what config_load says, and the configuration. */
static enum error_code load_line(const char *line, struct agentd_config *out)
{
    char *name = NULL;
    struct error err = { 0 };
    g_autofree char *text = g_strdup_printf("[agent]\n%s\n", line);
    int fd = g_file_open_tmp("config-XXXXXX", &name, NULL);
    g_assert_true(fd >= 0 && g_close(fd, NULL) && g_file_set_contents(name, text, -1, NULL));
    enum error_code rc = config_load(name, out, &err);
    g_unlink(name);
    g_free(name);
    return rc;
}

static void test_lwm2m_version(void)
{
    struct agentd_config c;
    g_assert_true(load_line("lwm2m-version=1.0", &c) == ERROR_NONE && c.lwm2m_version == LWM2M_1_0);
    g_assert_true(load_line("lwm2m-version=1.1", &c) == ERROR_NONE && c.lwm2m_version == LWM2M_1_1);
    g_assert_true(load_line("lwm2m-version=1.2", &c) == ERROR_NONE && c.lwm2m_version == LWM2M_1_2);
    g_assert_cmpint(load_line("lwm2m-version=1.3", &c), ==, ERROR_INVALID);
    g_assert_cmpint(load_line("lwm2m-version=", &c), ==, ERROR_INVALID);
}

static void test_cards(void)
{
    static const char *const bad[] = { "smart-card=maybe", "card-dm-oid=", "card-dm-oid=dm", "card-dm-oid=2", "card-dm-oid=2.23,43" };
    struct agentd_config c;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_cmpint(load_line(bad[i], &c), ==, ERROR_INVALID);
    g_assert_cmpint(load_line("card-dm-oid=2.23.43.7.9", &c), ==, ERROR_NONE);
    g_assert_cmpstr(c.card_dm_oid, ==, "2.23.43.7.9");
    g_assert_true(c.smart_card);
    g_assert_cmpint(load_line("smart-card=false", &c), ==, ERROR_NONE);
    g_assert_false(c.smart_card);
}

static void test_gba(void)
{
    static const char *const bad[] = { "[gba]\nbsf=http://bsf.example/", "[gba]\nbsf=bsf.example", "[gba]\nbsf=https://", "[gba]\nnaf=x" };
    struct agentd_config c;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_cmpint(load_line(bad[i], &c), ==, ERROR_INVALID);
    g_assert_cmpint(load_line("[gba]\nbsf=https://bsf.example:8443/ub", &c), ==, ERROR_NONE);
    g_assert_cmpstr(c.bsf, ==, "https://bsf.example:8443/ub");
}

static void test_location(void)
{
    static const char *const bad[] = { "latitude=91\nlongitude=0", "latitude=0\nlongitude=-180.1", "latitude=0", "longitude=0", "radius=1", "surveyed=2026-11-21T15:00:00Z",
                                       "latitude=0\nlongitude=0\nradius=-1", "latitude=0\nlongitude=0\naltitude=high", "latitude=0\nlongitude=0\nsurveyed=today",
                                       "source=gps", "latitude=0\nlongitude=0,5", "latitude=0\nlongitude=0\nheight=1" };
    struct agentd_config c;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *text = g_strdup_printf("[location]\n%s", bad[i]);
        g_assert_cmpint(load_line(text, &c), ==, ERROR_INVALID);
    }
    int64_t before = g_get_real_time() / G_USEC_PER_SEC;
    g_assert_cmpint(load_line("[location]\nsource=modem", &c), ==, ERROR_NONE);
    g_assert_true(c.place_of_modem && !c.place.known);
    g_assert_cmpint(load_line("[location]\nsource=surveyed\nlatitude=-90\nlongitude=18.0686", &c), ==, ERROR_NONE);
    g_assert_false(c.place_of_modem);
    g_assert_true(c.place.known && !c.place.has_altitude && !c.place.has_radius && c.place.latitude <= -90 && c.place.latitude >= -90);
    g_assert_cmpint(c.place.time, >=, before - 1); /* a file system may cut fractions of a second differently */
    g_assert_cmpint(load_line("[location]\nlatitude=0\nlongitude=-0.5\naltitude=-3.5\nradius=0\nsurveyed=2026-11-21T15:00:00Z", &c), ==, ERROR_NONE);
    g_assert_true(c.place.known && c.place.has_altitude && c.place.has_radius && c.place.altitude < -3.4 && c.place.longitude < -0.4);
    g_assert_cmpint(c.place.time, ==, 1795273200);
}

static void test_modems(void)
{
    static const char *const bad[] = { "primary-modem=35353535000000", "primary-modem=35353535000000x", "primary-modem=/dev/cdc-wdm0",
                                       "bearer-sim=", "bearer-sim=any" };
    struct agentd_config c;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_cmpint(load_line(bad[i], &c), ==, ERROR_INVALID);
    g_assert_cmpint(load_line("primary-modem=353535350000004", &c), ==, ERROR_NONE);
    g_assert_cmpstr(c.primary_modem, ==, "353535350000004");
    g_assert_false(c.any_sim_of_operator);
    g_assert_cmpint(load_line("primary-modem=/sys/devices/pci0000:00/usb1/1-1", &c), ==, ERROR_NONE);
    g_assert_cmpint(load_line("bearer-sim=operator", &c), ==, ERROR_NONE);
    g_assert_true(c.any_sim_of_operator);
}

static void test_triggers(void)
{
    static const char *const bad[] = { "default-nonce=yes", "default-nonce=", "lwm2m-triggers=-1", "lwm2m-triggers=3601", "lwm2m-triggers=six", "lwm2m-nosec=maybe", "lwm2m-bootstrap-pack=1" };
    static const char *const nonces[] = { "default-nonce=no", "default-nonce=octets", "default-nonce=text", "default-nonce=both" };
    struct agentd_config c;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_cmpint(load_line(bad[i], &c), ==, ERROR_INVALID);
    for (size_t i = 0; i < G_N_ELEMENTS(nonces); i++) {
        g_assert_cmpint(load_line(nonces[i], &c), ==, ERROR_NONE);
        g_assert_cmpint(c.default_nonce, ==, (int)i); /* as enum default_nonce */
    }
    g_assert_cmpint(load_line("lwm2m-nosec=true", &c), ==, ERROR_NONE);
    g_assert_true(c.lwm2m_nosec && !c.lwm2m_pack);
    g_assert_cmpint(load_line("lwm2m-bootstrap-pack=true", &c), ==, ERROR_NONE);
    g_assert_true(c.lwm2m_pack && !c.lwm2m_nosec);
    g_assert_cmpint(load_line("lwm2m-triggers=0", &c), ==, ERROR_NONE);
    g_assert_cmpuint(c.lwm2m_triggers, ==, 0);
    g_assert_cmpint(load_line("lwm2m-triggers=3600", &c), ==, ERROR_NONE);
    g_assert_cmpuint(c.lwm2m_triggers, ==, 3600);
}

static bool roaming(const char *value, struct roaming_policy *out)
{
    struct agentd_config config;
    struct error err = { 0 };
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "roaming-XXXXXX", NULL), *text = g_strdup_printf("[agent]\nallow-roaming=%s\n", value);
    close(g_mkstemp(path));
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    bool good = config_load(path, &config, &err) == ERROR_NONE;
    g_unlink(path);
    *out = config.roaming;
    return good;
}

static void test_roaming(void)
{
    struct roaming_policy r;
    g_assert_true(roaming("false", &r) && !r.all && r.homes == 0);
    g_assert_true(roaming("true", &r) && r.all);
    g_assert_true(roaming("24008 310410", &r) && !r.all && r.homes == 2);
    g_assert_cmpstr(r.home[1], ==, "310410");
    g_assert_false(roaming("", &r) || roaming("2400", &r) || roaming("2400a", &r) || roaming("2400810", &r) || roaming("24008,26201", &r) ||
                   roaming("24001 24002 24003 24004 24005 24006 24007 24008 24009", &r));
}

static void test_modemd(void)
{
    struct modemd_settings built_in, file;
    struct error err = { 0 };
    unsigned count;
    g_autofree char *path = in_force(MODEMD_CONF, &count);
    g_assert_cmpuint(count, ==, 3);
    g_assert_cmpint(modemd_settings_read("/nonexistent/agent-modemd.conf", false, &built_in, &err), ==, ERROR_NONE);
    g_assert_cmpint(modemd_settings_read(path, true, &file, &err), ==, ERROR_NONE);
    g_unlink(path);
    g_assert_true(g_strv_equal((const char *const *)file.port_patterns, (const char *const *)built_in.port_patterns));
    g_assert_cmpstr(file.device_directory, ==, built_in.device_directory);
    modemd_settings_clear(&built_in);
    modemd_settings_clear(&file);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/config/gba", test_gba);
    g_test_add_func("/config/agentd", test_agentd);
    g_test_add_func("/config/location", test_location);
    g_test_add_func("/config/modems", test_modems);
    g_test_add_func("/config/triggers", test_triggers);
    g_test_add_func("/config/cards", test_cards);
    g_test_add_func("/config/lwm2m version", test_lwm2m_version);
    g_test_add_func("/config/roaming", test_roaming);
    g_test_add_func("/config/modemd", test_modemd);
    return g_test_run();
}
