/* SPDX-License-Identifier: Apache-2.0 */
/* No MID can be installed in this state of the tree. */
#include "tred/mid.h"
bool mid_check_all(struct tre *t) { (void)t; return true; }
enum mid_result mid_install(struct tre *t, const struct mid_package *p, const struct mid_row **row) { (void)t; (void)p; (void)row; return MID_BUSY; }
enum error_code mid_result_error(enum mid_result result) { (void)result; return ERROR_BUSY; }
enum error_code mid_set_state(struct tre *t, const char *id, enum mid_state state, const struct mid_row **row) { (void)t; (void)id; (void)state; (void)row; return ERROR_NOT_FOUND; }
