/* SPDX-License-Identifier: Apache-2.0 */
/* The program around the trusted environment, the same for each back end. */
#ifndef TRED_PROGRAM_H
#define TRED_PROGRAM_H

#include "tred/backend.h"

/* main() of the program `name`; returns its exit status. */
int program_main(const char *name, const struct backend_table *table, int argc, char **argv);

#endif
