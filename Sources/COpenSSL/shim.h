// SPDX-License-Identifier: Apache-2.0
// The door to OpenSSL's libcrypto (Debian: libssl-dev). Macros that Swift cannot import get an inline
// function with the prefix copenssl_ here.
#ifndef MODELD_COPENSSL_H
#define MODELD_COPENSSL_H

#include <openssl/evp.h>

#endif
