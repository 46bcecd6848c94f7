/* SPDX-License-Identifier: Apache-2.0 */
/* Root writes state in the name of the directory's owner, who will run the service. */
#ifndef BASE_OWNER_H
#define BASE_OWNER_H

#include <stdbool.h>

/* Acts as the owner of the open directory from now on; nothing for anybody but root. False with errno. */
bool owner_become(int dir);
/* Back to who started the program. */
bool owner_end(void);

#endif
