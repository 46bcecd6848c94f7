/* SPDX-License-Identifier: Apache-2.0 */
/* leftovers.c with a clock that the test turns and an agent-modemd that the test plays: which parts are deleted when, and which are never lost from the table,
 * however many messages come meanwhile. The trace has storage/index of each deletion asked for. */
#include <stdio.h>
#include <string.h>

#include "../support/fake_loop.h"
#include "modem/room.h"

enum { PARTS = 512, GRACE_MS = 5000, PATIENCE_MS = 60000, ATTEMPTS = 5 };

static struct fake_loop fake;
static struct modem modem;
static struct modem_watch watch;
static struct leftovers *l;
static bool busy;
static unsigned failures, disowned, cancelled;

static struct {
    access_done_fn *fn;
    void *user;
    struct access_place place;
    uint8_t digest[32];
    unsigned asked;
} call;

uint32_t access_sms_delete(struct access *a, const char *device, const struct access_place *place, const uint8_t sha256[32], access_done_fn *fn, void *user)
{
    (void)a, (void)device;
    call.fn = fn;
    call.user = user;
    call.place = *place;
    memcpy(call.digest, sha256, sizeof call.digest);
    return ++call.asked;
}

void access_cancel(struct access *a, uint32_t id)
{
    (void)a, (void)id;
    cancelled++;
    call.fn = NULL;
}

bool messages_busy(const struct modem *m)
{
    (void)m;
    return busy;
}

void messages_disown(struct modem *m)
{
    disowned += m == &modem;
}

static void check(const char *what, bool good)
{
    failures += !good;
    (void)printf("%s - %s\n", good ? "ok" : "not ok", what);
}

static struct slice text(const char *s)
{
    return (struct slice){ (const uint8_t *)s, strlen(s) };
}

static uint32_t note(uint32_t index, const char *tpdu)
{
    return leftovers_note(l, &(struct access_place){ .stored = true, .storage = 1, .index = index }, text(tpdu));
}

/* A whole message in one part, handed on and to be deleted. */
static bool settled(uint32_t index, const char *tpdu)
{
    char handle[32];
    uint32_t number = note(index, tpdu);
    leftovers_join(l, &number, 1, handle, sizeof handle);
    return leftovers_delete(l, handle);
}

/* agent-modemd answers what is open; the index that it was about, -1: nothing is open. */
static long answer(enum error_code status)
{
    access_done_fn *fn = call.fn;
    call.fn = NULL;
    if (!fn)
        return -1;
    long index = (long)call.place.index;
    fn(call.user, status);
    return index;
}

static void begin(const char *what)
{
    (void)printf("# %s\n", what);
    fake_loop_init(&fake);
    modem = (struct modem){ .watch = &watch };
    watch = (struct modem_watch){ .loop = &fake.loop, .primary = &modem, .route = { .device = "cdc-wdm0", .running = true } };
    busy = false;
    disowned = cancelled = 0;
    memset(&call, 0, sizeof call);
    l = leftovers_new(&watch);
}

static void end(void)
{
    leftovers_free(l);
    check("no timer is left", fake_loop_pending(&fake) == 0);
}

static void test_grace(void)
{
    begin("a part is deleted some seconds after its message was settled, and only it");
    check("settled", settled(7, "seven") && note(8, "eight"));
    fake_loop_run(&fake, GRACE_MS - 1);
    check("not yet", call.asked == 0);
    fake_loop_run(&fake, 1);
    check("now", call.asked == 1);
    uint8_t digest[32];
    gsize len = sizeof digest;
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, (const guint8 *)"seven", 5);
    g_checksum_get_digest(sum, digest, &len);
    g_checksum_free(sum);
    check("by its digest", memcmp(call.digest, digest, sizeof digest) == 0);
    check("by its place", answer(ERROR_NONE) == 7 && disowned == 1);
    fake_loop_run(&fake, 10 * PATIENCE_MS);
    check("nothing else", call.asked == 1);
    check("not stored: no number, no handle of ours", leftovers_note(l, &(struct access_place){ .index = 9 }, text("nine")) == 0 && !leftovers_delete(l, "/sms/9"));
    end();
}

static void test_overrun(void)
{
    begin("what waits for its deletion is not pushed out by what comes meanwhile");
    check("settled", settled(0, "the first"));
    for (uint32_t i = 1; i < 3 * PARTS; i++)
        (void)note(i, "one of a flood");
    fake_loop_run(&fake, GRACE_MS);
    check("the first one is deleted", answer(ERROR_NONE) == 0);
    end();

    begin("nor while it is being deleted");
    check("settled", settled(0, "the first"));
    fake_loop_run(&fake, GRACE_MS);
    for (uint32_t i = 1; i < 3 * PARTS; i++)
        (void)note(i, "one of a flood");
    check("the modem was busy", answer(ERROR_TIMEOUT) == 0);
    fake_loop_run(&fake, GRACE_MS);
    check("tried again", answer(ERROR_NONE) == 0);
    end();

    begin("among those that nobody wants deleted the oldest goes");
    for (uint32_t i = 0; i < PARTS; i++)
        (void)note(i, "one of a flood");
    (void)note(PARTS, "one more");
    check("not the youngest", settled(PARTS, "one more") && settled(PARTS - 1, "one of a flood"));
    uint32_t second = note(1, "one of a flood"), first = note(0, "one of a flood");
    check("but the first", second == 2 && first == PARTS + 2);
    end();

    begin("the table full of what waits");
    bool all = true;
    for (uint32_t i = 0; i < PARTS; i++, fake.now++)
        all = all && settled(i, "one of a flood");
    char handle[32];
    uint32_t none = note(PARTS, "one too many");
    leftovers_join(l, &none, 1, handle, sizeof handle);
    check("takes no more", all && none == 0 && handle[0] == '\0');
    size_t deleted = 0;
    for (; deleted < PARTS; deleted++) {
        fake_loop_run(&fake, deleted ? 0 : GRACE_MS);
        if (answer(ERROR_NONE) != (long)deleted)
            break;
    }
    check("all are deleted, in their order", deleted == PARTS);
    check("and there is room again", settled(PARTS, "one too many"));
    fake_loop_run(&fake, GRACE_MS);
    check("for it", answer(ERROR_NONE) == PARTS);
    end();
}

static void test_same_place(void)
{
    begin("a place has one message");
    (void)settled(3, "former");
    uint32_t former = note(3, "former");
    check("listed once more it is the same part", former && note(3, "former") == former);
    check("another message there is another part", note(3, "latter") > former);
    fake_loop_run(&fake, 10 * PATIENCE_MS);
    check("which nobody wants deleted", call.asked == 0);
    (void)settled(3, "latter");
    (void)note(3, "latter");
    fake_loop_run(&fake, GRACE_MS);
    check("until it is settled, and listed once more", answer(ERROR_NONE) == 3);
    end();
}

static void test_patience(void)
{
    begin("ModemManager's unfinished messages come first, for a minute");
    (void)settled(1, "one");
    busy = true;
    fake_loop_run(&fake, GRACE_MS + PATIENCE_MS - 1000);
    check("it waits", call.asked == 0);
    fake_loop_run(&fake, 2000);
    check("but not for ever", answer(ERROR_NONE) == 1);
    busy = false;
    watch.route.running = false;
    (void)settled(2, "two");
    fake_loop_run(&fake, 10 * PATIENCE_MS);
    check("without the route nothing can be deleted", call.asked == 1);
    watch.route.running = true;
    fake_loop_run(&fake, 1000);
    check("it is when the route is back", answer(ERROR_NONE) == 2);
    end();
}

static void test_refusals(void)
{
    begin("a deletion that fails is tried again, not for ever, and the next one has its turn");
    (void)settled(1, "one");
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        fake_loop_run(&fake, GRACE_MS);
        check("tried", answer(ERROR_IO) == 1);
    }
    fake_loop_run(&fake, 10 * PATIENCE_MS);
    check("given up", call.asked == ATTEMPTS && disowned == 0);
    (void)settled(2, "two");
    fake_loop_run(&fake, GRACE_MS);
    check("something else lies there", answer(ERROR_NOT_FOUND) == 2);
    fake_loop_run(&fake, 10 * PATIENCE_MS);
    check("so it is over", call.asked == ATTEMPTS + 1);
    (void)settled(3, "three");
    (void)settled(5, "five");
    fake_loop_run(&fake, GRACE_MS);
    leftovers_clear(l);
    check("the device went: the call too", cancelled == 1 && answer(ERROR_NONE) == -1);
    (void)settled(4, "four");
    fake_loop_run(&fake, GRACE_MS);
    check("what is deleted next is the new one's", answer(ERROR_NONE) == 4);
    fake_loop_run(&fake, 10 * PATIENCE_MS);
    check("and what waited for the former one is forgotten", call.asked == ATTEMPTS + 3);
    end();
}

int main(void)
{
    test_grace();
    test_overrun();
    test_same_place();
    test_patience();
    test_refusals();
    (void)printf("%u failed\n", failures);
    return failures != 0;
}
