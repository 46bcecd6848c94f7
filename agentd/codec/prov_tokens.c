/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as three independent implementations have them (libwbxml 0.11.8, Kannel 1.4.5, tshark 4.0.17); spelling of the printed form. Page 1 follows
 * the later edition: 90..93 are value pieces, 80..83 stay global tokens. */
#include "codec/prov_tokens.h"

#define TEXT(text) { (const uint8_t *)text, sizeof text - 1 }
#define BEGINS(attribute) { true, attribute, WORD_OTHER, 0 }
#define WITH(attribute, word) { true, attribute, WORD_##word, LEN_##word }
#define NAME(word) WITH(PROV_NAME, word)
#define TYPE(word) WITH(PROV_TYPE, word)

enum {
#define X(symbol, text) LEN_##symbol = sizeof text - 1,
    PROV_WORDS(X)
#undef X
};

const struct prov_attribute_token prov_attribute_tokens[PROV_PAGES + 1][PROV_TOKENS] = {
    [0][0x05] = BEGINS(PROV_NAME), [0][0x06] = BEGINS(PROV_VALUE), [0][0x07] = NAME(NAME), [0][0x08] = NAME(NAP_ADDRESS),
    [0][0x09] = NAME(NAP_ADDRTYPE), [0][0x0a] = NAME(CALLTYPE), [0][0x0b] = NAME(VALIDUNTIL), [0][0x0c] = NAME(AUTHTYPE),
    [0][0x0d] = NAME(AUTHNAME), [0][0x0e] = NAME(AUTHSECRET), [0][0x0f] = NAME(LINGER), [0][0x10] = NAME(BEARER), [0][0x11] = NAME(NAPID),
    [0][0x12] = NAME(COUNTRY), [0][0x13] = NAME(NETWORK), [0][0x14] = NAME(INTERNET), [0][0x15] = NAME(PROXY_ID),
    [0][0x16] = NAME(PROXY_PROVIDER_ID), [0][0x17] = NAME(DOMAIN), [0][0x18] = NAME(PROVURL), [0][0x19] = NAME(PXAUTH_TYPE),
    [0][0x1a] = NAME(PXAUTH_ID), [0][0x1b] = NAME(PXAUTH_PW), [0][0x1c] = NAME(STARTPAGE), [0][0x1d] = NAME(BASAUTH_ID),
    [0][0x1e] = NAME(BASAUTH_PW), [0][0x1f] = NAME(PUSHENABLED), [0][0x20] = NAME(PXADDR), [0][0x21] = NAME(PXADDRTYPE),
    [0][0x22] = NAME(TO_NAPID), [0][0x23] = NAME(PORTNBR), [0][0x24] = NAME(SERVICE), [0][0x25] = NAME(LINKSPEED),
    [0][0x26] = NAME(DNLINKSPEED), [0][0x27] = NAME(LOCAL_ADDR), [0][0x28] = NAME(LOCAL_ADDRTYPE), [0][0x29] = NAME(CONTEXT_ALLOW),
    [0][0x2a] = NAME(TRUST), [0][0x2b] = NAME(MASTER), [0][0x2c] = NAME(SID), [0][0x2d] = NAME(SOC), [0][0x2e] = NAME(WSP_VERSION),
    [0][0x2f] = NAME(PHYSICAL_PROXY_ID), [0][0x30] = NAME(CLIENT_ID), [0][0x31] = NAME(DELIVERY_ERR_SDU), [0][0x32] = NAME(DELIVERY_ORDER),
    [0][0x33] = NAME(TRAFFIC_CLASS), [0][0x34] = NAME(MAX_SDU_SIZE), [0][0x35] = NAME(MAX_BITRATE_UPLINK),
    [0][0x36] = NAME(MAX_BITRATE_DNLINK), [0][0x37] = NAME(RESIDUAL_BER), [0][0x38] = NAME(SDU_ERROR_RATIO),
    [0][0x39] = NAME(TRAFFIC_HANDL_PRIO), [0][0x3a] = NAME(TRANSFER_DELAY), [0][0x3b] = NAME(GUARANTEED_BITRATE_UPLINK),
    [0][0x3c] = NAME(GUARANTEED_BITRATE_DNLINK), [0][0x3d] = NAME(PXADDR_FQDN), [0][0x3e] = NAME(PROXY_PW), [0][0x3f] = NAME(PPGAUTH_TYPE),
    [0][0x45] = BEGINS(PROV_VERSION), [0][0x46] = WITH(PROV_VERSION, VERSION_1_0), [0][0x47] = NAME(PULLENABLED), [0][0x48] = NAME(DNS_ADDR),
    [0][0x49] = NAME(MAX_NUM_RETRY), [0][0x4a] = NAME(FIRST_RETRY_TIMEOUT), [0][0x4b] = NAME(REREG_THRESHOLD), [0][0x4c] = NAME(T_BIT),
    [0][0x4e] = NAME(AUTH_ENTITY), [0][0x4f] = NAME(SPI), [0][0x50] = BEGINS(PROV_TYPE), [0][0x51] = TYPE(PXLOGICAL),
    [0][0x52] = TYPE(PXPHYSICAL), [0][0x53] = TYPE(PORT), [0][0x54] = TYPE(VALIDITY), [0][0x55] = TYPE(NAPDEF),
    [0][0x56] = TYPE(BOOTSTRAP), [0][0x57] = TYPE(VENDORCONFIG), [0][0x58] = TYPE(CLIENTIDENTITY), [0][0x59] = TYPE(PXAUTHINFO),
    [0][0x5a] = TYPE(NAPAUTHINFO), [0][0x5b] = TYPE(ACCESS), [0][0x5c] = TYPE(BEARERINFO), [0][0x5d] = TYPE(DNS_ADDRINFO),
    [1][0x05] = BEGINS(PROV_NAME), [1][0x06] = BEGINS(PROV_VALUE), [1][0x07] = NAME(NAME), [1][0x14] = NAME(INTERNET),
    [1][0x1c] = NAME(STARTPAGE), [1][0x22] = NAME(TO_NAPID), [1][0x23] = NAME(PORTNBR), [1][0x24] = NAME(SERVICE),
    [1][0x2e] = NAME(AACCEPT), [1][0x2f] = NAME(AAUTHDATA), [1][0x30] = NAME(AAUTHLEVEL), [1][0x31] = NAME(AAUTHNAME),
    [1][0x32] = NAME(AAUTHSECRET), [1][0x33] = NAME(AAUTHTYPE), [1][0x34] = NAME(ADDR), [1][0x35] = NAME(ADDRTYPE),
    [1][0x36] = NAME(APPID), [1][0x37] = NAME(APROTOCOL), [1][0x38] = NAME(PROVIDER_ID), [1][0x39] = NAME(TO_PROXY), [1][0x3a] = NAME(URI),
    [1][0x3b] = NAME(RULE), [1][0x3c] = NAME(APPREF), [1][0x3d] = NAME(TO_APPREF), [1][0x3e] = NAME(PRI_SSID),
    [1][0x3f] = NAME(PRI_U_SSID), [1][0x40] = NAME(PRI_H_SSID), [1][0x41] = NAME(S_SSID), [1][0x42] = NAME(S_U_SSID),
    [1][0x43] = NAME(NETMODE), [1][0x44] = NAME(SECMODE), [1][0x45] = NAME(EAPTYPE), [1][0x46] = NAME(USERNAME),
    [1][0x47] = NAME(PASSWORD), [1][0x48] = NAME(REALM), [1][0x49] = NAME(USE_PSEUD), [1][0x4c] = NAME(VER_SER_REALM),
    [1][0x4d] = NAME(CLIENT_AUTH), [1][0x4e] = NAME(SES_VAL_TIME), [1][0x4f] = NAME(CIP_SUIT), [1][0x50] = BEGINS(PROV_TYPE),
    [1][0x53] = TYPE(PORT), [1][0x55] = TYPE(APPLICATION), [1][0x56] = TYPE(APPADDR), [1][0x57] = TYPE(APPAUTH),
    [1][0x58] = TYPE(CLIENTIDENTITY), [1][0x59] = TYPE(RESOURCE), [1][0x5a] = TYPE(WLAN), [1][0x5b] = NAME(ENCAPS), [1][0x5c] = TYPE(EAP),
    [1][0x5d] = TYPE(CERT), [1][0x5e] = TYPE(WEPKEY), [1][0x60] = NAME(PEAP_V0), [1][0x61] = NAME(PEAP_V1), [1][0x62] = NAME(PEAP_V2),
    [1][0x63] = NAME(ISS_NAME), [1][0x64] = NAME(SUB_NAME), [1][0x65] = NAME(CERT_TYPE), [1][0x66] = NAME(SER_NUM),
    [1][0x67] = NAME(SUB_KEY_ID), [1][0x68] = NAME(THUMBPRINT), [1][0x69] = NAME(WPA_PRES_KEY_ASC), [1][0x6a] = NAME(WPA_PRES_KEY_HEX),
    [1][0x6b] = NAME(WEPKEYIND), [1][0x6c] = NAME(WEPAUTHMODE), [1][0x6d] = NAME(LENGTH), [1][0x6e] = NAME(INDEX), [1][0x6f] = NAME(DATA),
    [1][0x70] = NAME(WLANHAND), [1][0x71] = NAME(EDIT_SET), [1][0x72] = NAME(VIEW_SET), [1][0x73] = NAME(FORW_SET),
};

const struct slice prov_value_tokens[PROV_PAGES][PROV_TOKENS] = {
    [0][0x05] = TEXT("IPV4"), [0][0x06] = TEXT("IPV6"), [0][0x07] = TEXT("E164"), [0][0x08] = TEXT("ALPHA"), [0][0x09] = TEXT("APN"),
    [0][0x0a] = TEXT("SCODE"), [0][0x0b] = TEXT("TETRA-ITSI"), [0][0x0c] = TEXT("MAN"), [0][0x10] = TEXT("ANALOG-MODEM"), [0][0x11] = TEXT("V.120"),
    [0][0x12] = TEXT("V.110"), [0][0x13] = TEXT("X.31"), [0][0x14] = TEXT("BIT-TRANSPARENT"), [0][0x15] = TEXT("DIRECT-ASYNCHRONOUS-DATA-SERVICE"),
    [0][0x1a] = TEXT("PAP"), [0][0x1b] = TEXT("CHAP"), [0][0x1c] = TEXT("HTTP-BASIC"), [0][0x1d] = TEXT("HTTP-DIGEST"), [0][0x1e] = TEXT("WTLS-SS"),
    [0][0x1f] = TEXT("MD5"), [0][0x22] = TEXT("GSM-USSD"), [0][0x23] = TEXT("GSM-SMS"), [0][0x24] = TEXT("ANSI-136-GUTS"),
    [0][0x25] = TEXT("IS-95-CDMA-SMS"), [0][0x26] = TEXT("IS-95-CDMA-CSD"), [0][0x27] = TEXT("IS-95-CDMA-PACKET"), [0][0x28] = TEXT("ANSI-136-CSD"),
    [0][0x29] = TEXT("ANSI-136-GPRS"), [0][0x2a] = TEXT("GSM-CSD"), [0][0x2b] = TEXT("GSM-GPRS"), [0][0x2c] = TEXT("AMPS-CDPD"),
    [0][0x2d] = TEXT("PDC-CSD"), [0][0x2e] = TEXT("PDC-PACKET"), [0][0x2f] = TEXT("IDEN-SMS"), [0][0x30] = TEXT("IDEN-CSD"),
    [0][0x31] = TEXT("IDEN-PACKET"), [0][0x32] = TEXT("FLEX/REFLEX"), [0][0x33] = TEXT("PHS-SMS"), [0][0x34] = TEXT("PHS-CSD"),
    [0][0x35] = TEXT("TETRA-SDS"), [0][0x36] = TEXT("TETRA-PACKET"), [0][0x37] = TEXT("ANSI-136-GHOST"), [0][0x38] = TEXT("MOBITEX-MPAK"),
    [0][0x39] = TEXT("CDMA2000-1X-SIMPLE-IP"), [0][0x3a] = TEXT("CDMA2000-1X-MOBILE-IP"), [0][0x3b] = TEXT("3G-GSM"), [0][0x3c] = TEXT("WLAN"),
    [0][0x45] = TEXT("AUTOBAUDING"), [0][0x4a] = TEXT("CL-WSP"), [0][0x4b] = TEXT("CO-WSP"), [0][0x4c] = TEXT("CL-SEC-WSP"),
    [0][0x4d] = TEXT("CO-SEC-WSP"), [0][0x4e] = TEXT("CL-SEC-WTA"), [0][0x4f] = TEXT("CO-SEC-WTA"), [0][0x50] = TEXT("OTA-HTTP-TO"),
    [0][0x51] = TEXT("OTA-HTTP-TLS-TO"), [0][0x52] = TEXT("OTA-HTTP-PO"), [0][0x53] = TEXT("OTA-HTTP-TLS-PO"), [0][0x60] = TEXT("AAA"),
    [0][0x61] = TEXT("HA"), [1][0x06] = TEXT("IPV6"), [1][0x07] = TEXT("E164"), [1][0x08] = TEXT("ALPHA"), [1][0x0d] = TEXT("APPSRV"),
    [1][0x0e] = TEXT("OBEX"), [1][0x10] = TEXT(","), [1][0x11] = TEXT("HTTP-"), [1][0x12] = TEXT("BASIC"), [1][0x13] = TEXT("DIGEST"),
    [1][0x60] = TEXT("AAA"), [1][0x61] = TEXT("HA"),
};
