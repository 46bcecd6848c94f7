/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as three independent implementations have them (libwbxml 0.11.8, Kannel 1.4.5, tshark 4.0.17); spelling of the printed form. Page 1 follows
 * the later edition: 90..93 are value pieces, 80..83 stay global tokens. */
#include "codec/prov_tokens.h"

static const struct prov_attribute_token attribute_rows[] = {
    { 0, 0x05, PROV_NAME, NULL }, { 0, 0x06, PROV_VALUE, NULL }, { 0, 0x07, PROV_NAME, "NAME" }, { 0, 0x08, PROV_NAME, "NAP-ADDRESS" },
    { 0, 0x09, PROV_NAME, "NAP-ADDRTYPE" }, { 0, 0x0a, PROV_NAME, "CALLTYPE" }, { 0, 0x0b, PROV_NAME, "VALIDUNTIL" },
    { 0, 0x0c, PROV_NAME, "AUTHTYPE" }, { 0, 0x0d, PROV_NAME, "AUTHNAME" }, { 0, 0x0e, PROV_NAME, "AUTHSECRET" },
    { 0, 0x0f, PROV_NAME, "LINGER" }, { 0, 0x10, PROV_NAME, "BEARER" }, { 0, 0x11, PROV_NAME, "NAPID" }, { 0, 0x12, PROV_NAME, "COUNTRY" },
    { 0, 0x13, PROV_NAME, "NETWORK" }, { 0, 0x14, PROV_NAME, "INTERNET" }, { 0, 0x15, PROV_NAME, "PROXY-ID" },
    { 0, 0x16, PROV_NAME, "PROXY-PROVIDER-ID" }, { 0, 0x17, PROV_NAME, "DOMAIN" }, { 0, 0x18, PROV_NAME, "PROVURL" },
    { 0, 0x19, PROV_NAME, "PXAUTH-TYPE" }, { 0, 0x1a, PROV_NAME, "PXAUTH-ID" }, { 0, 0x1b, PROV_NAME, "PXAUTH-PW" },
    { 0, 0x1c, PROV_NAME, "STARTPAGE" }, { 0, 0x1d, PROV_NAME, "BASAUTH-ID" }, { 0, 0x1e, PROV_NAME, "BASAUTH-PW" },
    { 0, 0x1f, PROV_NAME, "PUSHENABLED" }, { 0, 0x20, PROV_NAME, "PXADDR" }, { 0, 0x21, PROV_NAME, "PXADDRTYPE" },
    { 0, 0x22, PROV_NAME, "TO-NAPID" }, { 0, 0x23, PROV_NAME, "PORTNBR" }, { 0, 0x24, PROV_NAME, "SERVICE" },
    { 0, 0x25, PROV_NAME, "LINKSPEED" }, { 0, 0x26, PROV_NAME, "DNLINKSPEED" }, { 0, 0x27, PROV_NAME, "LOCAL-ADDR" },
    { 0, 0x28, PROV_NAME, "LOCAL-ADDRTYPE" }, { 0, 0x29, PROV_NAME, "CONTEXT-ALLOW" }, { 0, 0x2a, PROV_NAME, "TRUST" },
    { 0, 0x2b, PROV_NAME, "MASTER" }, { 0, 0x2c, PROV_NAME, "SID" }, { 0, 0x2d, PROV_NAME, "SOC" }, { 0, 0x2e, PROV_NAME, "WSP-VERSION" },
    { 0, 0x2f, PROV_NAME, "PHYSICAL-PROXY-ID" }, { 0, 0x30, PROV_NAME, "CLIENT-ID" }, { 0, 0x31, PROV_NAME, "DELIVERY-ERR-SDU" },
    { 0, 0x32, PROV_NAME, "DELIVERY-ORDER" }, { 0, 0x33, PROV_NAME, "TRAFFIC-CLASS" }, { 0, 0x34, PROV_NAME, "MAX-SDU-SIZE" },
    { 0, 0x35, PROV_NAME, "MAX-BITRATE-UPLINK" }, { 0, 0x36, PROV_NAME, "MAX-BITRATE-DNLINK" }, { 0, 0x37, PROV_NAME, "RESIDUAL-BER" },
    { 0, 0x38, PROV_NAME, "SDU-ERROR-RATIO" }, { 0, 0x39, PROV_NAME, "TRAFFIC-HANDL-PRIO" }, { 0, 0x3a, PROV_NAME, "TRANSFER-DELAY" },
    { 0, 0x3b, PROV_NAME, "GUARANTEED-BITRATE-UPLINK" }, { 0, 0x3c, PROV_NAME, "GUARANTEED-BITRATE-DNLINK" },
    { 0, 0x3d, PROV_NAME, "PXADDR-FQDN" }, { 0, 0x3e, PROV_NAME, "PROXY-PW" }, { 0, 0x3f, PROV_NAME, "PPGAUTH-TYPE" },
    { 0, 0x45, PROV_VERSION, NULL }, { 0, 0x46, PROV_VERSION, "1.0" }, { 0, 0x47, PROV_NAME, "PULLENABLED" },
    { 0, 0x48, PROV_NAME, "DNS-ADDR" }, { 0, 0x49, PROV_NAME, "MAX-NUM-RETRY" }, { 0, 0x4a, PROV_NAME, "FIRST-RETRY-TIMEOUT" },
    { 0, 0x4b, PROV_NAME, "REREG-THRESHOLD" }, { 0, 0x4c, PROV_NAME, "T-BIT" }, { 0, 0x4e, PROV_NAME, "AUTH-ENTITY" },
    { 0, 0x4f, PROV_NAME, "SPI" }, { 0, 0x50, PROV_TYPE, NULL }, { 0, 0x51, PROV_TYPE, "PXLOGICAL" }, { 0, 0x52, PROV_TYPE, "PXPHYSICAL" },
    { 0, 0x53, PROV_TYPE, "PORT" }, { 0, 0x54, PROV_TYPE, "VALIDITY" }, { 0, 0x55, PROV_TYPE, "NAPDEF" },
    { 0, 0x56, PROV_TYPE, "BOOTSTRAP" }, { 0, 0x57, PROV_TYPE, "VENDORCONFIG" }, { 0, 0x58, PROV_TYPE, "CLIENTIDENTITY" },
    { 0, 0x59, PROV_TYPE, "PXAUTHINFO" }, { 0, 0x5a, PROV_TYPE, "NAPAUTHINFO" }, { 0, 0x5b, PROV_TYPE, "ACCESS" },
    { 0, 0x5c, PROV_TYPE, "BEARERINFO" }, { 0, 0x5d, PROV_TYPE, "DNS-ADDRINFO" }, { 1, 0x05, PROV_NAME, NULL },
    { 1, 0x06, PROV_VALUE, NULL }, { 1, 0x07, PROV_NAME, "NAME" }, { 1, 0x14, PROV_NAME, "INTERNET" }, { 1, 0x1c, PROV_NAME, "STARTPAGE" },
    { 1, 0x22, PROV_NAME, "TO-NAPID" }, { 1, 0x23, PROV_NAME, "PORTNBR" }, { 1, 0x24, PROV_NAME, "SERVICE" },
    { 1, 0x2e, PROV_NAME, "AACCEPT" }, { 1, 0x2f, PROV_NAME, "AAUTHDATA" }, { 1, 0x30, PROV_NAME, "AAUTHLEVEL" },
    { 1, 0x31, PROV_NAME, "AAUTHNAME" }, { 1, 0x32, PROV_NAME, "AAUTHSECRET" }, { 1, 0x33, PROV_NAME, "AAUTHTYPE" },
    { 1, 0x34, PROV_NAME, "ADDR" }, { 1, 0x35, PROV_NAME, "ADDRTYPE" }, { 1, 0x36, PROV_NAME, "APPID" },
    { 1, 0x37, PROV_NAME, "APROTOCOL" }, { 1, 0x38, PROV_NAME, "PROVIDER-ID" }, { 1, 0x39, PROV_NAME, "TO-PROXY" },
    { 1, 0x3a, PROV_NAME, "URI" }, { 1, 0x3b, PROV_NAME, "RULE" }, { 1, 0x3c, PROV_NAME, "APPREF" }, { 1, 0x3d, PROV_NAME, "TO-APPREF" },
    { 1, 0x3e, PROV_NAME, "PRI-SSID" }, { 1, 0x3f, PROV_NAME, "PRI-U-SSID" }, { 1, 0x40, PROV_NAME, "PRI-H-SSID" },
    { 1, 0x41, PROV_NAME, "S-SSID" }, { 1, 0x42, PROV_NAME, "S-U-SSID" }, { 1, 0x43, PROV_NAME, "NETMODE" },
    { 1, 0x44, PROV_NAME, "SECMODE" }, { 1, 0x45, PROV_NAME, "EAPTYPE" }, { 1, 0x46, PROV_NAME, "USERNAME" },
    { 1, 0x47, PROV_NAME, "PASSWORD" }, { 1, 0x48, PROV_NAME, "REALM" }, { 1, 0x49, PROV_NAME, "USE-PSEUD" },
    { 1, 0x4c, PROV_NAME, "VER-SER-REALM" }, { 1, 0x4d, PROV_NAME, "CLIENT-AUTH" }, { 1, 0x4e, PROV_NAME, "SES-VAL-TIME" },
    { 1, 0x4f, PROV_NAME, "CIP-SUIT" }, { 1, 0x50, PROV_TYPE, NULL }, { 1, 0x53, PROV_TYPE, "PORT" }, { 1, 0x55, PROV_TYPE, "APPLICATION" },
    { 1, 0x56, PROV_TYPE, "APPADDR" }, { 1, 0x57, PROV_TYPE, "APPAUTH" }, { 1, 0x58, PROV_TYPE, "CLIENTIDENTITY" },
    { 1, 0x59, PROV_TYPE, "RESOURCE" }, { 1, 0x5a, PROV_TYPE, "WLAN" }, { 1, 0x5b, PROV_NAME, "ENCAPS" }, { 1, 0x5c, PROV_TYPE, "EAP" },
    { 1, 0x5d, PROV_TYPE, "CERT" }, { 1, 0x5e, PROV_TYPE, "WEPKEY" }, { 1, 0x60, PROV_NAME, "PEAP-V0" }, { 1, 0x61, PROV_NAME, "PEAP-V1" },
    { 1, 0x62, PROV_NAME, "PEAP-V2" }, { 1, 0x63, PROV_NAME, "ISS-NAME" }, { 1, 0x64, PROV_NAME, "SUB-NAME" },
    { 1, 0x65, PROV_NAME, "CERT-TYPE" }, { 1, 0x66, PROV_NAME, "SER-NUM" }, { 1, 0x67, PROV_NAME, "SUB-KEY-ID" },
    { 1, 0x68, PROV_NAME, "THUMBPRINT" }, { 1, 0x69, PROV_NAME, "WPA-PRES-KEY-ASC" }, { 1, 0x6a, PROV_NAME, "WPA-PRES-KEY-HEX" },
    { 1, 0x6b, PROV_NAME, "WEPKEYIND" }, { 1, 0x6c, PROV_NAME, "WEPAUTHMODE" }, { 1, 0x6d, PROV_NAME, "LENGTH" },
    { 1, 0x6e, PROV_NAME, "INDEX" }, { 1, 0x6f, PROV_NAME, "DATA" }, { 1, 0x70, PROV_NAME, "WLANHAND" }, { 1, 0x71, PROV_NAME, "EDIT-SET" },
    { 1, 0x72, PROV_NAME, "VIEW-SET" }, { 1, 0x73, PROV_NAME, "FORW-SET" },
};

static const struct prov_value_token value_rows[] = {
    { 0, 0x85, "IPV4" }, { 0, 0x86, "IPV6" }, { 0, 0x87, "E164" }, { 0, 0x88, "ALPHA" }, { 0, 0x89, "APN" }, { 0, 0x8a, "SCODE" },
    { 0, 0x8b, "TETRA-ITSI" }, { 0, 0x8c, "MAN" }, { 0, 0x90, "ANALOG-MODEM" }, { 0, 0x91, "V.120" }, { 0, 0x92, "V.110" },
    { 0, 0x93, "X.31" }, { 0, 0x94, "BIT-TRANSPARENT" }, { 0, 0x95, "DIRECT-ASYNCHRONOUS-DATA-SERVICE" }, { 0, 0x9a, "PAP" },
    { 0, 0x9b, "CHAP" }, { 0, 0x9c, "HTTP-BASIC" }, { 0, 0x9d, "HTTP-DIGEST" }, { 0, 0x9e, "WTLS-SS" }, { 0, 0x9f, "MD5" },
    { 0, 0xa2, "GSM-USSD" }, { 0, 0xa3, "GSM-SMS" }, { 0, 0xa4, "ANSI-136-GUTS" }, { 0, 0xa5, "IS-95-CDMA-SMS" },
    { 0, 0xa6, "IS-95-CDMA-CSD" }, { 0, 0xa7, "IS-95-CDMA-PACKET" }, { 0, 0xa8, "ANSI-136-CSD" }, { 0, 0xa9, "ANSI-136-GPRS" },
    { 0, 0xaa, "GSM-CSD" }, { 0, 0xab, "GSM-GPRS" }, { 0, 0xac, "AMPS-CDPD" }, { 0, 0xad, "PDC-CSD" }, { 0, 0xae, "PDC-PACKET" },
    { 0, 0xaf, "IDEN-SMS" }, { 0, 0xb0, "IDEN-CSD" }, { 0, 0xb1, "IDEN-PACKET" }, { 0, 0xb2, "FLEX/REFLEX" }, { 0, 0xb3, "PHS-SMS" },
    { 0, 0xb4, "PHS-CSD" }, { 0, 0xb5, "TETRA-SDS" }, { 0, 0xb6, "TETRA-PACKET" }, { 0, 0xb7, "ANSI-136-GHOST" },
    { 0, 0xb8, "MOBITEX-MPAK" }, { 0, 0xb9, "CDMA2000-1X-SIMPLE-IP" }, { 0, 0xba, "CDMA2000-1X-MOBILE-IP" }, { 0, 0xbb, "3G-GSM" },
    { 0, 0xbc, "WLAN" }, { 0, 0xc5, "AUTOBAUDING" }, { 0, 0xca, "CL-WSP" }, { 0, 0xcb, "CO-WSP" }, { 0, 0xcc, "CL-SEC-WSP" },
    { 0, 0xcd, "CO-SEC-WSP" }, { 0, 0xce, "CL-SEC-WTA" }, { 0, 0xcf, "CO-SEC-WTA" }, { 0, 0xd0, "OTA-HTTP-TO" },
    { 0, 0xd1, "OTA-HTTP-TLS-TO" }, { 0, 0xd2, "OTA-HTTP-PO" }, { 0, 0xd3, "OTA-HTTP-TLS-PO" }, { 0, 0xe0, "AAA" }, { 0, 0xe1, "HA" },
    { 1, 0x86, "IPV6" }, { 1, 0x87, "E164" }, { 1, 0x88, "ALPHA" }, { 1, 0x8d, "APPSRV" }, { 1, 0x8e, "OBEX" }, { 1, 0x90, "," },
    { 1, 0x91, "HTTP-" }, { 1, 0x92, "BASIC" }, { 1, 0x93, "DIGEST" }, { 1, 0xe0, "AAA" }, { 1, 0xe1, "HA" },
};

/* Rows stand in the order of page and token. */
static int order(uint8_t page, uint8_t token, uint8_t row_page, uint8_t row_token)
{
    return page != row_page ? page - row_page : token - row_token;
}

const struct prov_attribute_token *prov_attribute_token(uint8_t page, uint8_t token)
{
    size_t from = 0, to = sizeof attribute_rows / sizeof *attribute_rows;
    while (from < to) {
        size_t at = (from + to) / 2;
        int where = order(page, token, attribute_rows[at].page, attribute_rows[at].token);
        if (where == 0)
            return &attribute_rows[at];
        from = where > 0 ? at + 1 : from;
        to = where > 0 ? to : at;
    }
    return NULL;
}

const struct prov_value_token *prov_value_token(uint8_t page, uint8_t token)
{
    size_t from = 0, to = sizeof value_rows / sizeof *value_rows;
    while (from < to) {
        size_t at = (from + to) / 2;
        int where = order(page, token, value_rows[at].page, value_rows[at].token);
        if (where == 0)
            return &value_rows[at];
        from = where > 0 ? at + 1 : from;
        to = where > 0 ? to : at;
    }
    return NULL;
}
