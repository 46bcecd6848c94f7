/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the tree of a SyncML document, or with -e writes it again; for comparison with libwbxml. */
#include <stdio.h>
#include <string.h>

#include "codec/syncml.h"

static uint8_t doc[SYNCML_DOCUMENT_MAX], memory[256 * 1024] __attribute__((aligned(16))), out[SYNCML_DOCUMENT_MAX];

static void print_node(const struct syncml_node *n, int depth)
{
    printf("%d %s ", depth, syncml_name(n->element));
    for (size_t i = 0; i < n->text.len; i++)
        printf("%02x", n->text.data[i]);
    printf("\n");
    for (const struct syncml_node *c = n->child; c; c = c->next)
        print_node(c, depth + 1);
}

int main(int argc, char **argv)
{
    struct arena a = arena_make(memory, sizeof memory);
    struct error err = { .code = ERROR_NONE };
    const struct syncml_node *root = syncml_decode((struct slice){ doc, fread(doc, 1, sizeof doc, stdin) }, &a, &err);
    if (!root) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    if (argc > 1 && strcmp(argv[1], "-e") == 0) {
        struct writer w = writer_make(out, sizeof out);
        return !syncml_encode(root, &w) || fwrite(w.data, 1, w.len, stdout) != w.len;
    }
    print_node(root, 0);
    return 0;
}
