/* SPDX-License-Identifier: Apache-2.0 */
/* Packets between our programs: SOCK_SEQPACKET, one request or answer a packet, big endian
 *   u32 seq | u16 op | u16 status (an enum error_code; 0 in requests) | u32 body length | body
 * at most WIRE_MAX octets. A body over WIRE_INLINE travels as one passed descriptor (a sealed memfd) and the packet ends after
 * the header; other descriptors are secrets that an administrator passed through. Events have seq 0. */
#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/reader.h"

enum { WIRE_HEADER = 12, WIRE_INLINE = 16 * 1024, WIRE_MAX = 64 * 1024 };

struct wire_packet {
    uint32_t seq;
    uint16_t op;
    uint16_t status;
    int fd;              /* -1, or owned by whoever received the packet */
    struct slice body;   /* inside the buffer given to wire_receive */
};

/* Sends one packet, body as memfd when large; NO_SPACE would block is ERROR_BUSY, a closed peer ERROR_PEER_LOST. */
enum error_code wire_send(int sock, const struct wire_packet *packet);
/* Receives one packet into buf (WIRE_MAX octets). ERROR_PEER_LOST at the end, ERROR_BUSY if nothing is there (non-blocking socket),
 * ERROR_MALFORMED for anything that is not a packet (all descriptors closed). A large body is read from its memfd, which is closed. */
enum error_code wire_receive(int sock, void *buf, size_t cap, struct wire_packet *packet);
/* Connected non-blocking client socket, or -1 with errno. Path <= 107 octets; a leading '@' is an abstract name. */
int wire_connect(const char *path);
/* Listening non-blocking socket with the given mode on the file (an old socket file is replaced), or -1 with errno. */
int wire_listen(const char *path, mode_t mode);
/* User id of the peer (SO_PEERCRED); (uid_t)-1 if unknown. */
uid_t wire_peer_uid(int sock);

#endif
