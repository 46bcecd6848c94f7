/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of base/error.h, which is what to include. */
#ifndef BASE_ERROR_LIST_H
#define BASE_ERROR_LIST_H

/* X(symbol, D-Bus name, what happened, what to do about it) */
#define ERROR_LIST(X) \
    X(NONE, "None", "no error", "") \
    X(INTERNAL, "Internal", "internal error", "report it with the output of agentctl export") \
    X(NO_MEMORY, "NoMemory", "out of memory", "free memory on the gateway") \
    X(INVALID, "Invalid", "invalid argument", "check the argument against the manual page") \
    X(TRUNCATED, "Truncated", "input ends too early", "send the whole message") \
    X(MALFORMED, "Malformed", "input is not well formed", "check the sender; agentctl decode shows where") \
    X(TOO_LARGE, "TooLarge", "input exceeds a bound", "shorten it; the bounds are in agentd(8)") \
    X(NOT_SUPPORTED, "NotSupported", "not supported by this build or machine", "see Manager.Capabilities") \
    X(NOT_FOUND, "NotFound", "no such object", "agentctl list shows what exists") \
    X(EXISTS, "Exists", "exists already", "") \
    X(BUSY, "Busy", "busy with other work", "wait for the running job: agentctl job list") \
    X(NOT_READY, "NotReady", "not ready", "see agentctl status for what is missing") \
    X(TIMEOUT, "Timeout", "no answer in time", "check the peer and the bearer") \
    X(CANCELLED, "Cancelled", "cancelled", "") \
    X(NOT_CANCELLABLE, "NotCancellable", "too late to cancel", "reopen the context instead") \
    X(PEER_LOST, "PeerLost", "the peer went away", "it is tried again by itself; see the peer's log") \
    X(DENIED, "Denied", "not permitted", "check the policy of the peer") \
    X(IO, "Io", "input or output failed", "see the log for the system's reason") \
    X(NO_SPACE, "NoSpace", "storage is full", "free space in the state directory") \
    X(STORAGE, "StorageFailed", "the state store failed", "check the file system of the state directory") \
    X(NEWER_STATE, "NewerState", "state was written by a newer version", "install that version again") \
    X(MAC_MISSING, "MacMissing", "message carries no MAC", "the sender must authenticate (SEC and MAC)") \
    X(MAC_MISMATCH, "MacMismatch", "MAC does not fit the message", "check the device PIN at the bootstrap server") \
    X(SEC_UNKNOWN, "SecUnknown", "unknown security method", "the sender must use SEC 0..3") \
    X(PIN_REQUIRED, "PinRequired", "a PIN is needed", "agentctl context pin NAME reads the digits from the terminal or a file") \
    X(POLICY, "PolicyDenied", "refused by policy", "see agentd.conf(5) for what is allowed") \
    X(RATE_LIMITED, "RateLimited", "too many of these in a while", "wait; the bounds are in agentd.conf(5)") \
    X(REPLAYED, "Replayed", "message was seen before", "send a new message") \
    X(WRONG_SUBJECT, "WrongSubject", "instruction is for another gateway", "issue it for this gateway id") \
    X(EXPIRED, "Expired", "instruction is not valid at this time", "issue a new one; check the clock of both sides") \
    X(UNKNOWN_KEY, "UnknownKey", "instruction is signed by an unknown key", "sign with a key of instruction_keys in the factory data") \
    X(NOT_FOR_US, "NotForUs", "message is for another application", "the sender must use a content type and application id of the table in agentd(8)") \
    X(CONTEXT_COMMITTED, "ContextCommitted", "context is bootstrapped already", "reopen it first: agentctl context reopen") \
    X(UNPROVISIONED, "Unprovisioned", "no factory data", "run agent-tred --provision and install factory.json") \
    X(NO_MODEM, "NoModem", "no usable modem", "see agentctl show modem") \
    X(SIM_LOCKED, "SimLocked", "the SIM is locked", "agentctl sim pin") \
    X(SIM_PUK, "SimPuk", "the SIM wants its PUK", "unlock it in a phone; the operator has the PUK") \
    X(PIN_WRONG, "PinWrong", "the card refused the PIN", "agentctl show sim tells how many tries are left") \
    X(PIN_LAST, "PinLastTry", "the card has one try left", "unlock it in a phone; this agent never makes the last try") \
    X(NOT_REGISTERED, "NotRegistered", "modem is not registered in a network", "check antenna, SIM and roaming settings") \
    X(ROAMING, "Roaming", "the modem is roaming and may not use data there", "allow-roaming in agentd.conf(5), then agentctl reload") \
    X(OTHER_SIM, "OtherSim", "the bearer belongs to another SIM", "put the former card back, or bootstrap with this one") \
    X(BEARER_REFUSED, "BearerRefused", "the network refused the bearer", "check APN, user and password of the NAPDEF") \
    X(BEARER_LOST, "BearerLost", "the bearer went down", "it is tried again by itself") \
    X(LINK, "LinkFailed", "the network port could not be set up", "see the log of agent-modemd") \
    X(NAME_LOOKUP, "NameLookup", "the server's name could not be resolved", "check the DNS of the bearer and the host name") \
    X(CONNECT, "ConnectFailed", "no connection to the server", "check server, route and firewall") \
    X(TLS_UNTRUSTED, "TlsUntrusted", "the server's certificate is not trusted", "check the factory roots or the pin of the bootstrap") \
    X(TLS, "TlsFailed", "TLS failed", "check protocol version and clock") \
    X(HTTP, "HttpStatus", "the server answered with an HTTP error", "check the server's log") \
    X(SERVER_CLOSED, "ServerClosed", "the server closed the connection early", "try again; check the server's log") \
    X(SERVER_AUTH, "ServerAuth", "the server did not prove its identity", "check the server credentials of the account") \
    X(CLIENT_AUTH, "ClientAuth", "the server refused our credentials", "check the client credentials of the account") \
    X(KEY_UNANSWERED, "KeyUnanswered", "the server went silent after the key exchange", "if it lasts, check the credentials of the account; else the way to the server") \
    X(PROXY, "ProxyFailed", "the HTTP proxy could not be used", "check PXLOGICAL of the bootstrap, and the log of the proxy") \
    X(PROTOCOL, "Protocol", "the peer broke the protocol", "check the server's log") \
    X(SERVER_STATUS, "ServerStatus", "the server reported an error", "check the server's log") \
    X(INCOMPLETE, "Incomplete", "a mandatory setting is missing", "the server must send it") \
    X(CLOCK, "ClockUntrusted", "the clock is not trusted yet", "wait for network time or set the clock") \
    X(HOOK, "HookFailed", "the administrator's hook failed", "see the hook's words in the log of agent-sysd") \
    X(MID_SIGNATURE, "MidSignature", "MID package: decryption, signature or chain", "check issuer certificate and transport key") \
    X(MID_TARGET, "MidTarget", "MID package is for another TRE", "issue it for this TRE id") \
    X(MID_BINDING, "MidBinding", "MID package: token or nonce does not fit", "issue it for this registration") \
    X(MID_VERSION, "MidVersion", "MID package: version is not newer", "raise the version") \
    X(MID_POLICY, "MidPolicy", "MID package: policy or validity", "check validity and policy") \
    X(MID_BACKEND, "MidBackend", "MID package demands a stronger back end", "see Manager.TreBackend") \
    X(MID_SELFTEST, "MidSelfTest", "MID package: self-test failed", "check K, OPc and the known answer") \
    X(MID_BLOCKED, "MidBlocked", "MID is blocked", "its issuer must unblock it") \
    X(TRE_BLOCKED, "TreBlocked", "the trusted environment is blocked", "Manager.TreCause and the log of agent-tred say why") \
    X(TPM, "TpmFailed", "the TPM does not answer, or refused", "check /dev/tpmrm0 and the group of the service, then restart it") \
    X(PLATFORM, "PlatformChanged", "the platform is in no state that its maker approved", "boot the approved firmware, or install its platform.policy") \
    X(OTHER_TPM, "OtherTpm", "the state was sealed by another TPM, or this one was cleared", "a copy opens nowhere else; provision this gateway anew") \
    X(ROLLED_BACK, "RolledBack", "the state is older than what the TPM knows of it", "put the newest state back, or provision the gateway anew") \
    X(ENROLMENT, "EnrolmentDue", "the device certificate was issued for other programs", "the operator enrols the gateway anew, or agent-tred --certificate FILE")

#endif
