/* SPDX-License-Identifier: Apache-2.0 */
/* Target: reassembly. Each four octets of input are one part: who sent it, reference and ports, number of parts and place, time and length. The content of
 * a part follows from its key and its place, so that a whole message can be told from a mixture. */
#include <string.h>

#include "codec/sms_assembly.h"
#include "fuzz.h"

enum { STEP = 4, PARTS = 64 };

static size_t part_len(uint8_t key, uint8_t seq)
{
    return 1U + (key * 7U + seq * 31U) % SMS_PART_MAX;
}

static void fill(uint8_t *out, uint8_t key, uint8_t seq)
{
    for (size_t i = 0; i < part_len(key, seq); i++)
        out[i] = (uint8_t)(key + seq * 3U + i);
}

static void check_whole(struct slice whole, uint8_t key, uint8_t total)
{
    uint8_t part[SMS_PART_MAX];
    size_t at = 0;
    for (unsigned seq = 1; seq <= total; seq++) {
        size_t len = part_len(key, (uint8_t)seq);
        fill(part, key, (uint8_t)seq);
        FUZZ_ASSERT(at + len <= whole.len && memcmp(&whole.data[at], part, len) == 0);
        at += len;
    }
    FUZZ_ASSERT(at == whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sms_assembly a;
    uint64_t now = 0;
    memset(&a, 0, sizeof a);
    for (size_t i = 0; i + STEP <= size && i < PARTS * STEP; i += STEP) {
        uint8_t content[SMS_PART_MAX], sender[2] = { data[i] & 3, 0x91 }, key = data[i] & 0x7f;
        uint8_t total = (uint8_t)(1 + (data[i + 1] & 0x7f) % (key & 4 ? 5 : 127)), seq = (uint8_t)(1 + data[i + 2] % total);
        uint8_t whole_key = (uint8_t)((key & 0x6bU) * 5U + total); /* ports are not always there */
        fill(content, whole_key, seq);
        struct sms_deliver s = { .sender = { sender, 2 }, .binary = true, .concatenated = true, .wide_ref = (key & 8) != 0, .ref = key >> 5, .total = total,
                                 .seq = seq, .has_ports = (key & 16) != 0, .dst_port = 2948, .src_port = (uint16_t)(key & 4),
                                 .data = { content, part_len(whole_key, seq) } };
        struct slice whole = { NULL, 0 };
        now += data[i + 3] == 0xff ? SMS_ASSEMBLY_EXPIRY_MS : data[i + 3] * 100U;
        if (sms_assembly_add(&a, &s, now, &whole))
            check_whole(whole, whole_key, total);
    }
    fuzz_check_assembly(&a);
    return 0;
}
