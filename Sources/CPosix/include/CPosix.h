// SPDX-License-Identifier: Apache-2.0
// POSIX and Linux macros and inline helpers that Swift cannot import by itself. Nothing here holds state.
#ifndef MODELD_CPOSIX_H
#define MODELD_CPOSIX_H

#include <errno.h>

/// The calling thread's errno; read it at once after a failed call.
static inline int cposix_errno(void) { return errno; }

#endif
