/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of agent-tred: one table for both sides (numbers, permit table, bounds), and the layout of each body.
 * Layout words: u8 u16 u32 u64 big endian; text and octets = u16 length and that many octets; rest = up to the end. */
#ifndef MODEL_TRE_WIRE_H
#define MODEL_TRE_WIRE_H

enum tre_state { TRE_UNPROVISIONED = 1, TRE_READY = 2, TRE_BLOCKED = 4 };
enum tre_peer { TRE_PEER_AGENTD = 1, TRE_PEER_ROOT = 2, TRE_PEER_USIMD = 4 };

/* X(symbol, number, peers that may ask, states in which, smallest body, largest body) */
#define TRE_ANY_STATE (TRE_UNPROVISIONED | TRE_READY | TRE_BLOCKED)
#define TRE_ANY_PEER (TRE_PEER_AGENTD | TRE_PEER_ROOT | TRE_PEER_USIMD)
#define TRE_OPS(X) \
    X(STATUS, 1, TRE_ANY_PEER, TRE_ANY_STATE, 0, 0) \
    X(KEYS, 2, TRE_PEER_AGENTD | TRE_PEER_ROOT, TRE_READY | TRE_BLOCKED, 0, 0) \
    X(VERIFY_PUSH, 3, TRE_PEER_AGENTD, TRE_READY, 38, 40000) \
    X(SEAL, 4, TRE_PEER_AGENTD, TRE_READY, 2, 40000) \
    X(UNSEAL, 5, TRE_PEER_AGENTD, TRE_READY, 2, 41000) \
    X(TOKEN_OPEN, 6, TRE_PEER_AGENTD, TRE_READY, 3, 66) \
    X(TOKEN_SPEND, 7, TRE_PEER_AGENTD, TRE_READY, 3, 66) \
    X(EVIDENCE, 8, TRE_PEER_AGENTD, TRE_READY, 21, 512) \
    X(MID_INSTALL, 9, TRE_PEER_AGENTD, TRE_READY, 12, 49300) \
    X(MID_LIST, 10, TRE_ANY_PEER, TRE_READY | TRE_BLOCKED, 0, 0) \
    X(MID_SET_STATE, 11, TRE_PEER_AGENTD, TRE_READY, 4, 67) \
    X(MID_ORDER, 12, TRE_PEER_AGENTD, TRE_READY, 9, 16392) \
    X(PFC_REQUEST, 13, TRE_PEER_AGENTD, TRE_READY, 1, 1) X(PFC_CERTIFICATE, 14, TRE_PEER_AGENTD, TRE_READY, 64, 4096) \
    X(VERIFY_NOTIFICATION, 16, TRE_PEER_AGENTD, TRE_READY, 32, 12000) \
    X(AUTHENTICATE, 32, TRE_PEER_AGENTD | TRE_PEER_USIMD, TRE_READY, 36, 99) \
    X(SESSION_END, 33, TRE_PEER_AGENTD | TRE_PEER_USIMD, TRE_READY, 4, 4) \
    X(EAP_KEYS, 34, TRE_PEER_AGENTD | TRE_PEER_USIMD, TRE_READY, 9, 520) \
    X(DIGEST, 35, TRE_PEER_AGENTD | TRE_PEER_USIMD, TRE_READY, 38, 4096) \
    X(NAF_KEY, 36, TRE_PEER_AGENTD | TRE_PEER_USIMD, TRE_READY, 5, 400) \
    X(READ_FILE, 37, TRE_PEER_AGENTD | TRE_PEER_USIMD, TRE_READY, 5, 83) \
    X(VERIFY_PIN, 38, TRE_PEER_AGENTD | TRE_PEER_USIMD, TRE_READY, 5, 75) \
    X(GBA_BIND, 39, TRE_PEER_AGENTD, TRE_READY, 12, 600) \
    X(VERIFY_INSTRUCTION, 21, TRE_PEER_AGENTD, TRE_READY, 33, 12500) \
    X(SIGN_REQUEST, 22, TRE_PEER_AGENTD, TRE_READY, 1, 1600) \
    X(CREDENTIALS, 23, TRE_PEER_AGENTD, TRE_READY, 7, 400) \
    X(HANDSHAKE_SIGN, 24, TRE_PEER_AGENTD, TRE_READY, 24, 16000)

/* STATUS        -> u8 state, u8 enum tre_backend, 16 octets TRE id, text gateway id, text program version, u16 error code: why BLOCKED
 * KEYS          -> octets PfC SPKI, octets transport SPKI, octets PfC certificate (DER each; the last may be empty)
 * VERIFY_PUSH   u8 sec (0..3), u8 MAC length (0 or 20), MAC octets, 32 octets SHA-256 of the whole message (counts the tries),
 *               text IMSI digits (may be empty), text typed digits (empty: the device PIN is used), rest document -> u8 tries left.
 *               MAC_MISSING, MAC_MISMATCH, SEC_UNKNOWN, INVALID (form of the digits), DENIED (no tries left),
 *               PIN_REQUIRED (digits must be typed: USERPINMAC, no device PIN, or too many wrong MACs before this fitting one)
 * SEAL          text label (1..128), rest plain -> rest blob. UNSEAL text label, rest blob -> rest plain. A blob opens with its own label only.
 * TOKEN_OPEN    text context -> 32 octets registration token; the open one again. TOKEN_SPEND text context; no error if none is open
 * EVIDENCE      text context, octets nonce (16..64), text host facts (<= 256), u64 now in Unix seconds (0: clock untrusted), u8 enum tre_form
 *               -> rest COSE_Sign1. ENROLMENT: the certificate names other programs. NOT_READY without an open token, NOT_SUPPORTED (form that the back end cannot give). The nonce becomes that of the registration.
 * MID_INSTALL   text context, u64 now (0: untrusted), rest package
 *               -> u8 result (doc mid-package section 5), then on 0: one MID entry. The status is the matching ERROR_MID_*.
 * MID_LIST      -> u8 count, entries. Entry = text MID id, u8 type, u32 version, u8 state (enum mid_state), text issuer, u8 algorithm,
 *               u64 not-after (Unix seconds), text context, u8 reason (enum mid_reason)
 * MID_SET_STATE text MID id, u8 new state -> MID entry. POLICY if the lifecycle has no such arrow.
 * MID_ORDER     u64 now (0: untrusted), rest order (doc mid-package, section 4) -> u8 result, rest receipt: COSE_Sign1, empty if the order is not
 *               proved to be of an issuer for this TRE. The status is that of the result
 * PFC_REQUEST   u8 0: -> rest DER PKCS #10 of the PfC key (doc management-objects, section 4); 1: COSE_Sign1 by it over its successor's. PFC_CERTIFICATE rest DER. INVALID
 * VERIFY_NOTIFICATION  text label and octets blob of a sealed OMA DM account, u8 readings of the default nonce that are allowed (enum tre_nonce), rest
 *               Package #0 (digest and trigger) -> u8 enum tre_nonce: which one fits. MAC_MISMATCH, NOT_FOUND (another server, or no secret of it)
 * The MID engine. The MID must be ACTIVE (else NOT_READY, MID_BLOCKED) and its ACL must allow the peer what it asks (else DENIED); agentd
 * may have RES without being named. Sessions are the peer's own, hold one RAND's keys for a day at most, and give way to newer ones.
 * AUTHENTICATE  text MID id, u8 purpose (enum tre_purpose), 16 octets RAND, 16 octets AUTN
 *               -> u8 verdict (enum tre_verdict), u32 session (0: none), octets RES, octets CK, octets IK, octets AUTS; empty is what the
 *               verdict does not give or the ACL keeps. USIM, ISIM: RES, with `ckik` also CK and IK. EAP: RES and a session. GBA (`gba`)
 *               and DIGEST: a session, also out of step (then with the empty password). GSM (`gsm`, AUTN of zeros): SRES as RES, with `ckik` also Kc as CK
 * SESSION_END   u32 session; no error if there is none
 * EAP_KEYS      u32 session, u8 EAP type (23, 50), octets identity, octets network name (empty for 23) -> rest keys: of RFC 4187 section 7
 *               or RFC 9048 section 3.3. `msk`. PROTOCOL if the AMF separation bit is missing for type 50
 * DIGEST        u32 session, u8 version (1, 2), u8 qop (0 none, 1 auth, 2 auth-int), u32 nc, 16 octets MD5 of the body, octets username,
 *               octets realm, octets nonce, octets uri, octets method (empty: response-auth), octets cnonce -> 32 hex digits
 * GBA_BIND      u32 session of purpose GBA, u32 seconds of life (1..31 days), text B-TID, octets IMPI: its keys become Ks of the MID, never on disk
 * NAF_KEY       text MID id, octets NAF_Id -> u32 seconds that are left, text B-TID, 32 octets Ks_NAF. `gba`; agentd `naf`, and of Ua 01 00 01 yy zz alone. NOT_READY: no Ks, of which agentd hears
 * READ_FILE     text MID id, octets path (empty: all) -> u16 count, then octets path and octets content each, in the order of the package:
 *               files of one path are the records of a linear one. `identity`
 * VERIFY_PIN    text MID id, octets digits (empty: asks only) -> u8 enabled, u8 tries left. MAC_MISMATCH if wrong, DENIED if blocked
 *
 * Events (seq 0). To agent-usimd: MID_LIST: the registry has changed; GBA_BIND, text MID id: new Ks. To agentd: NAF_KEY, text MID id: Ks is wanted.
 * VERIFY_INSTRUCTION  32 octets MAC, rest MAC_structure (doc bootstrap-instruction) -> u8 0. MAC_MISMATCH (counted like that of a push), PIN_REQUIRED (no
 *               device PIN), DENIED (fits, but too many did not: nobody can type digits for an instruction)
 * HANDSHAKE_SIGN  rest what the CertificateVerify of a client of DTLS 1.2, TLS 1.2 or 1.3 covers -> 64 octets: ES256 by the PfC key. INVALID: it is none
 * SIGN_REQUEST  rest payload -> rest COSE_Sign1 by the PfC key with external_aad "gateway-agent request v1", which makes it no evidence
 * CREDENTIALS   u8 kind (enum tre_credentials), text, text. PIN: client name, server name -> text B64(H(client:PIN)), text B64(H(server:PIN)).
 *               KEYED: IMEI, ServerID -> text ClientPW, text ServerPW, octets ClientNonce, octets ServerNonce. PSK: endpoint, server -> octets key.
 *               NAMED: name of a pre-shared key of the factory, any text -> octets key.
 *               NOT_READY without a derivation key, PIN_REQUIRED without a device PIN, NOT_FOUND: no key of that name */
enum tre_op {
#define X(symbol, number, peers, states, min, max) TRE_OP_##symbol = (number),
    TRE_OPS(X)
#undef X
};

enum tre_form { TRE_FORM_SEMI_AUTONOMOUS = 0, TRE_FORM_AUTONOMOUS = 1, TRE_FORM_REMOTE = 2 };
enum tre_purpose { TRE_FOR_USIM = 1, TRE_FOR_ISIM = 2, TRE_FOR_EAP = 3, TRE_FOR_GBA = 4, TRE_FOR_DIGEST = 5, TRE_FOR_GSM = 6 };
enum tre_verdict { TRE_AKA_OK = 0, TRE_AKA_SYNC = 1, TRE_AKA_MAC = 2 };
enum tre_nonce { TRE_NONCE_STORED = 0, TRE_NONCE_ZERO = 1, TRE_NONCE_TEXT = 2 };
enum tre_credentials { TRE_CREDENTIALS_PIN = 0, TRE_CREDENTIALS_KEYED = 1, TRE_CREDENTIALS_PSK = 2, TRE_CREDENTIALS_NAMED = 3 };
enum { TRE_TOKEN_LEN = 32, TRE_ID_LEN = 16, TRE_MID_MAX = 8 };

#endif
