/* SPDX-License-Identifier: Apache-2.0 */
/* Which NAPDEF fits which network: a VALIDITY that names country, network or time, several of them, several NAPDEFs, TO-NAPID. */
#include <glib.h>
#include <string.h>

#include "model/country.h"
#include "model/settings.h"

enum { JAN_2030 = 1893456000 };

static const struct fit_row {
    const char *name;
    struct napdef_validity validity[2];
    size_t validities;
    const char *plmn;
    int64_t now;
    enum napdef_fit fit;
} fits[] = {
    { "no validity", { { .until = 0 } }, 0, "26201", 0, NAPDEF_FITS_ANYWHERE },
    { "no validity, no network", { { .until = 0 } }, 0, "", 0, NAPDEF_FITS_ANYWHERE },
    { "empty validity", { { .until = 0 } }, 1, "26201", 0, NAPDEF_FITS_ANYWHERE },
    { "country", { { .country = "DE" } }, 1, "26201", 0, NAPDEF_FITS_COUNTRY },
    { "country in lower case", { { .country = "de" } }, 1, "26202", 0, NAPDEF_FITS_COUNTRY },
    { "country as mcc", { { .country = "262" } }, 1, "26203", 0, NAPDEF_FITS_COUNTRY },
    { "other mcc", { { .country = "263" } }, 1, "26203", 0, NAPDEF_UNFIT },
    { "other country", { { .country = "FR" } }, 1, "26201", 0, NAPDEF_UNFIT },
    { "country of several codes", { { .country = "US" } }, 1, "316010", 0, NAPDEF_FITS_COUNTRY },
    { "first country", { { .country = "AD" } }, 1, "21301", 0, NAPDEF_FITS_COUNTRY },
    { "last country", { { .country = "ZW" } }, 1, "64801", 0, NAPDEF_FITS_COUNTRY },
    { "first of two blocks", { { .country = "GE" } }, 1, "28201", 0, NAPDEF_FITS_COUNTRY },
    { "second of two blocks", { { .country = "GE" } }, 1, "28901", 0, NAPDEF_FITS_COUNTRY },
    { "between two blocks", { { .country = "GE" } }, 1, "28801", 0, NAPDEF_UNFIT },
    { "code of several countries", { { .country = "RE" } }, 1, "64700", 0, NAPDEF_FITS_COUNTRY },
    { "country, no network known", { { .country = "DE" } }, 1, "", 0, NAPDEF_UNFIT },
    { "network", { { .network = "26201" } }, 1, "26201", 0, NAPDEF_FITS_NETWORK },
    { "other network", { { .network = "26201" } }, 1, "26202", 0, NAPDEF_UNFIT },
    { "network of three digits", { { .network = "310410" } }, 1, "310410", 0, NAPDEF_FITS_NETWORK },
    { "network is no prefix", { { .network = "31041" } }, 1, "310410", 0, NAPDEF_UNFIT },
    { "network, no network known", { { .network = "26201" } }, 1, "", 0, NAPDEF_UNFIT },
    { "network of a country", { { .country = "DE", .network = "26201" } }, 1, "26201", 0, NAPDEF_FITS_NETWORK },
    { "network of another country", { { .country = "FR", .network = "26201" } }, 1, "26201", 0, NAPDEF_UNFIT },
    { "network code in a country", { { .country = "DE", .network = "01" } }, 1, "26201", 0, NAPDEF_FITS_NETWORK },
    { "network code in another country", { { .country = "FR", .network = "01" } }, 1, "26201", 0, NAPDEF_UNFIT },
    { "network code, no network known", { { .network = "01" } }, 1, "", 0, NAPDEF_UNFIT },
    { "sid", { { .sid = "1" } }, 1, "26201", 0, NAPDEF_UNFIT },
    { "soc", { { .soc = "1" } }, 1, "26201", 0, NAPDEF_UNFIT },
    { "one second before the end", { { .until = JAN_2030 } }, 1, "26201", JAN_2030 - 1, NAPDEF_FITS_ANYWHERE },
    { "at the end", { { .until = JAN_2030 } }, 1, "26201", JAN_2030, NAPDEF_UNFIT },
    { "time not known", { { .until = 1 } }, 1, "26201", 0, NAPDEF_FITS_ANYWHERE },
    { "one of two holds", { { .country = "FR" }, { .country = "DE" } }, 2, "26201", 0, NAPDEF_FITS_COUNTRY },
    { "the better of two", { { .network = "26201" }, { .country = "DE" } }, 2, "26201", 0, NAPDEF_FITS_NETWORK },
    { "none of two", { { .country = "FR" }, { .country = "ES" } }, 2, "26201", 0, NAPDEF_UNFIT },
    { "a serving network that is none", { { .country = "262" } }, 1, "2620", 0, NAPDEF_UNFIT },
};

static void check_fit(gconstpointer data)
{
    const struct fit_row *row = data;
    struct napdef n = { .validities = row->validities };
    memcpy(n.validity, row->validity, sizeof row->validity);
    g_assert_cmpint(napdef_fit(&n, row->plmn, row->now), ==, row->fit);
}

/* Home, one partner network, a neighbour country, and two for everywhere else. */
static struct settings *document(void)
{
    struct settings *s = settings_new();
    s->napdefs = 5;
    strcpy(s->napdef[0].napid, "world");
    strcpy(s->napdef[1].napid, "world2");
    s->napdef[1].internet = true;
    strcpy(s->napdef[2].napid, "germany");
    s->napdef[2].validities = 1;
    strcpy(s->napdef[2].validity[0].country, "DE");
    strcpy(s->napdef[3].napid, "home");
    s->napdef[3].validities = 1;
    strcpy(s->napdef[3].validity[0].network, "26201");
    strcpy(s->napdef[4].napid, "france");
    s->napdef[4].internet = true;
    s->napdef[4].validities = 1;
    strcpy(s->napdef[4].validity[0].country, "FR");
    s->napdef[4].validity[0].until = JAN_2030;
    return s;
}

static void the_best_is_chosen(void)
{
    static const struct {
        const char *plmn;
        int64_t now;
        const char *napid;
    } rows[] = { { "26201", 1, "home" }, { "26202", 1, "germany" }, { "20801", 1, "france" }, { "20801", JAN_2030, "world" }, { "21401", 1, "world" },
                 { "", 1, "world" } };
    struct settings *s = document();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpstr(napdef_for_network(s->napdef, s->napdefs, rows[i].plmn, rows[i].now)->napid, ==, rows[i].napid);
    g_assert_null(napdef_for_network(&s->napdef[2], 3, "21401", 1));
    g_assert_null(napdef_for_network(s->napdef, 0, "26201", 1));
    settings_free(s);
}

static void the_account_limits_the_choice(void)
{
    static const struct {
        const char *to[2], *plmn, *napid; /* napid NULL: none */
        bool named;
        uint32_t except;
    } rows[] = {
        { { NULL }, "26201", "home", true },
        { { NULL }, "26201", "germany", true, 1 << 3 },
        { { "world", "germany" }, "26201", "world", true, 1 << 2 },
        { { "france" }, "20801", NULL, true, ~0U },
        { { "world", "germany" }, "26201", "germany", true },
        { { "world", "france" }, "26201", "world", true },
        { { "france" }, "26201", NULL, true },
        { { "INTERNET" }, "26201", "world2", true },
        { { "INTERNET" }, "20801", "france", true },
        { { "INTERNET", "home" }, "26201", "home", true },
        { { "nowhere" }, "26201", NULL, false },
    };
    struct settings *s = document();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct dm_account a = { 0 };
        bool named = !rows[i].named;
        for (size_t k = 0; k < 2 && rows[i].to[k]; k++)
            strcpy(a.napid[a.napids++], rows[i].to[k]);
        const struct napdef *n = settings_way(s, &a, rows[i].plmn, 1, rows[i].except, &named);
        g_assert_cmpstr(n ? n->napid : NULL, ==, rows[i].napid);
        g_assert_true(named == rows[i].named);
    }
    settings_free(s);
}

static void countries(void)
{
    g_assert_true(country_known("DE") && country_known("de") && country_known("FK") && country_known("GR"));
    g_assert_false(country_known("") || country_known("D") || country_known("DEU") || country_known("ZZ"));
    size_t known = 0; /* each row of the table is found, and nothing else */
    for (char first = 'A'; first <= 'Z'; first++)
        for (char second = 'A'; second <= 'Z'; second++)
            known += country_known((char[]){ first, second, '\0' });
    g_assert_cmpuint(known, ==, 242);
    for (unsigned octet = 1; octet < 256; octet++)
        g_assert_true(country_known((char[]){ 'D', (char)octet, '\0' }) == (strchr("EeJjKkMmOoZz", (int)octet) != NULL));
    g_assert_true(country_has_mcc("GB", 235) && country_has_mcc("GE", 282) && country_has_mcc("GE", 289) && !country_has_mcc("GE", 283));
    g_assert_true(!country_has_mcc("US", 317) && !country_has_mcc("US", 309));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(fits); i++) {
        g_autofree char *path = g_strdup_printf("/napdef/fit/%s", fits[i].name);
        g_test_add_data_func(path, &fits[i], check_fit);
    }
    g_test_add_func("/napdef/the best is chosen", the_best_is_chosen);
    g_test_add_func("/napdef/the account limits the choice", the_account_limits_the_choice);
    g_test_add_func("/napdef/countries", countries);
    return g_test_run();
}
