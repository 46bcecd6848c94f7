/* SPDX-License-Identifier: Apache-2.0 */
/* A self-signed certificate made for the test; its key was thrown away. Lines of its PEM form, for a JSON text. */
#ifndef FACTORY_CERTIFICATE_H
#define FACTORY_CERTIFICATE_H

#define CERT_LINES \
    "MIIBfzCCASWgAwIBAgIUcyxGSaXBv+5+oI7MMBbCDo8RAcgwCgYIKoZIzj0EAwIw\\n" \
    "FDESMBAGA1UEAwwJVGVzdCBSb290MCAXDTI2MTEyMTAzMjMzNVoYDzIxMjYxMDI4\\n" \
    "MDMyMzM1WjAUMRIwEAYDVQQDDAlUZXN0IFJvb3QwWTATBgcqhkjOPQIBBggqhkjO\\n" \
    "PQMBBwNCAASu/v1lHlW7TUK9KXncsrMbYekVbKnN7LiB0ygHI9yjCx6cIyDm4JsN\\n" \
    "gmUC2iZpfjKiZRI28Azf9ABKA4Gaxkb5o1MwUTAdBgNVHQ4EFgQURucuihHwM3/i\\n" \
    "FPMgPOssL23iawEwHwYDVR0jBBgwFoAURucuihHwM3/iFPMgPOssL23iawEwDwYD\\n" \
    "VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiB6Qflb5GUV6N9u9iIvAqyY\\n" \
    "E+jwfXS014u0KdPHagthSgIhAKCtHHMRCKuDeogo44YhsOvnWtiEH3P2PR3DCnym\\n" \
    "YLin\\n" \
    ""

#endif
