/* SPDX-License-Identifier: Apache-2.0 */
/* One connection a question, as short as the question. Must never keep an octet of what is asked. */
#include "trust/ask.h"

#include <poll.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/wire.h"
#include "base/writer.h"
#include "model/fields.h"
#include "model/tre_wire.h"

enum { LABEL_ROOM = 256 };

static bool wait_for(int fd, short events)
{
    struct pollfd p = { .fd = fd, .events = events };
    return poll(&p, 1, TRUST_ASK_WAIT_MS) == 1;
}

static enum error_code exchange(int fd, const struct wire_packet *question, struct slice *answer)
{
    static uint8_t octets[WIRE_MAX];
    struct wire_packet a;
    enum error_code rc = wait_for(fd, POLLOUT) ? wire_send(fd, question) : ERROR_TIMEOUT;
    for (bool done = false; !rc && !done;) { /* events to agentd have seq 0 */
        rc = wait_for(fd, POLLIN) ? wire_receive(fd, octets, sizeof octets, &a) : ERROR_TIMEOUT;
        done = !rc && a.seq == question->seq;
    }
    if (!rc)
        *answer = a.body;
    return rc ? rc : (enum error_code)a.status;
}

enum error_code trust_ask(const char *socket, uint16_t op, struct slice body, struct slice *answer)
{
    struct wire_packet question = { .seq = 1, .op = op, .fd = -1, .body = body };
    int fd = wire_connect(socket);
    if (fd < 0)
        return ERROR_PEER_LOST;
    enum error_code rc = exchange(fd, &question, answer);
    close(fd);
    return rc;
}

enum error_code trust_seal_now(const char *socket, const char *label, struct slice plain, struct slice *blob)
{
    uint8_t body[LABEL_ROOM + TRUST_ASK_PLAIN_MAX];
    struct writer w = writer_make(body, sizeof body);
    fields_put_text(&w, label);
    writer_put(&w, plain.data, plain.len);
    enum error_code rc = w.failed ? ERROR_TOO_LARGE : trust_ask(socket, TRE_OP_SEAL, writer_slice(&w), blob);
    secret_zero(body, sizeof body);
    return rc;
}
