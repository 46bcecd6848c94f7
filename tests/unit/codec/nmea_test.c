/* SPDX-License-Identifier: Apache-2.0 */
/* RMC sentences of receivers. */
#include <glib.h>
#include <string.h>

#include "codec/nmea.h"

static bool read_sentence(const char *text, struct nmea_rmc *out)
{
    return nmea_rmc_read((struct slice){ (const uint8_t *)text, strlen(text) }, out);
}

/* The sentence with its checksum. */
static bool read_body(const char *body, struct nmea_rmc *out)
{
    unsigned sum = 0;
    for (const char *p = body; *p; p++)
        sum ^= (unsigned char)*p;
    g_autofree char *text = g_strdup_printf("$%s*%02X", body, sum);
    return read_sentence(text, out);
}

static void a_moving_receiver_tells_when_and_how(void)
{
    struct nmea_rmc r;
    g_assert_true(read_sentence("$GPRMC,225446,A,4916.45,N,12311.12,W,000.5,054.7,191194,020.3,E*68", &r)); /* of 2094: two digits */
    g_assert_cmpint(r.time, ==, 3941045686);
    g_assert_true(read_body("GNRMC,150001.25,A,5919.7580,N,01804.1160,E,36.0,271.5,211126,,,A", &r));
    g_assert_cmpint(r.time, ==, 1795273201);
    g_assert_true(r.has_speed && r.speed > 18.519 && r.speed < 18.521 && r.has_course && r.course > 271.49 && r.course < 271.51);
    g_assert_true(read_body("GPRMC,000000,A,,,,,,,010100", &r)); /* a fix that does not move */
    g_assert_true(r.time == 946684800 && !r.has_speed && !r.has_course);
    g_assert_true(read_body("GPRMC,235959,A,,,,,7,360,311299,", &r));
    g_assert_true(r.speed > 3.60 && r.speed < 3.602 && r.course > 359.9);
    g_assert_true(read_sentence("$GPRMC,000000,A,,,,,,,010100*26\r\n", &r) && r.time == 946684800);
}

static void what_is_not_one_says_nothing(void)
{
    static const char *const bodies[] = {
        "GPRMC,225446,V,4916.45,N,12311.12,W,000.5,054.7,191194", "GPGGA,225446,A,4916.45,N,12311.12,W,000.5,054.7,191194", "GPRMC,225446,A,4916.45,N,12311.12,W,000.5,054.7",
        "GPRMC,2254,A,,,,,,,191194", "GPRMC,225446x,A,,,,,,,191194", "GPRMC,225446,A,,,,,,,19119", "GPRMC,245446,A,,,,,,,191194", "GPRMC,225446,A,,,,,,,300294",
        "GPRMC,225446,A,,,,,-1,,191194", "GPRMC,225446,A,,,,,1.2.3,,191194", "GPRMC,225446,A,,,,,,360.1,191194", "GPRMC,225446,A,,,,,10000,,191194",
        "GPRMC,225446,A,,,,,1.0000001,,191194", "GPRMC,235959,A,,,,,7.,.5,311299", "RMC,225446,A,,,,,,,191194", "", "GPRMC",
    };
    static const char *const sentences[] = { "$GPRMC,000000,A,,,,,,,010100*0", "$GPRMC,000000,A,,,,,,,010100", "GPRMC,000000,A,,,,,,,010100*00", "$*00", "", "$",
                                             "$GPRMC,225446,A,4916.45,N,12311.12,W,000.5,054.7,191194,020.3,E*69", "$GPRMC,225446,A,4916.45,N,12311.12,W,000.5,054.7,191194,020.3,E*68x" };
    struct nmea_rmc r;
    for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
        g_test_message("%s", bodies[i]);
        g_assert_false(read_body(bodies[i], &r));
        g_assert_true(r.time == 0 && !r.has_speed && !r.has_course);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(sentences); i++) {
        g_test_message("%s", sentences[i]);
        g_assert_false(read_sentence(sentences[i], &r));
    }
    g_assert_false(read_body("GPRMC,000000,A,,,,,,,010100,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", &r)); /* longer than any */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/codec/nmea/moving", a_moving_receiver_tells_when_and_how);
    g_test_add_func("/codec/nmea/refused", what_is_not_one_says_nothing);
    return g_test_run();
}
