/* SPDX-License-Identifier: Apache-2.0 */
/* Writes from the end of the buffer to its beginning, because the newest event comes first and must not be the one that is cut. */
#include "bootstrap/history.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LINE_MAX_OCTETS = 320 };

struct page {
    char *out;
    size_t left; /* free octets at the beginning */
};

static bool put_line(void *user, const struct history_row *row)
{
    struct page *p = user;
    char line[LINE_MAX_OCTETS], when[24], job[32] = "";
    time_t at = (time_t)row->at;
    struct tm utc;
    (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &utc));
    if (row->job)
        (void)snprintf(job, sizeof job, "[job%llu] ", (unsigned long long)row->job);
    (void)snprintf(line, sizeof line, "%s %s%s%s%s\n", when, job, row->event, row->text[0] ? " " : "", row->text);
    size_t len = strlen(line);
    if (len > p->left)
        return false;
    p->left -= len;
    memcpy(&p->out[p->left], line, len);
    return true;
}

size_t history_text(struct store *s, uint64_t after, uint64_t until, char *out, size_t cap)
{
    struct page p = { out, cap };
    store_history_each(s, after, until, put_line, &p);
    memmove(out, &out[p.left], cap - p.left);
    return cap - p.left;
}
