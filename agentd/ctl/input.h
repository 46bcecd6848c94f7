/* SPDX-License-Identifier: Apache-2.0 */
/* What agentctl hands to the agent by descriptor. */
#ifndef CTL_INPUT_H
#define CTL_INPUT_H

#include <stdbool.h>

/* A file ("-": standard input) copied into memory, so that pipes will do; at most 66 KiB, as agentd takes. A descriptor to close, -1 after having said
 * why. */
int input_document(const char *path);
/* The same of a text. */
int input_text(const char *text);
/* A PIN from a file (NULL: standard input; a terminal is asked without echo): the first line of at most 41 octets, in a pipe whose other end is closed.
 * No copy stays behind. A descriptor to close, -1 after having said why. */
int input_pin(const char *path);
/* One line from the terminal behind the question: is it "yes"? False, with a message, where standard input is no terminal. */
bool input_yes(const char *question, const char *otherwise);

#endif
