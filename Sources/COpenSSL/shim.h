// SPDX-License-Identifier: Apache-2.0
// The door to OpenSSL's libcrypto (Debian: libssl-dev). Macros that Swift cannot import get an inline
// function with the prefix copenssl_ here.
#ifndef MODELD_COPENSSL_H
#define MODELD_COPENSSL_H

#include <string.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

// MARK: Keys of elliptic curves. Nothing here leaves an error in the thread's queue.

/// Never asks the terminal: an encrypted key is an error.
static inline int copenssl_no_passphrase(char *buffer, int size, int is_writing, void *context) {
    (void)buffer;
    (void)size;
    (void)is_writing;
    (void)context;
    return -1;
}

/// The key of a PEM text, private or public; NULL when it holds none, or one that is encrypted.
static inline EVP_PKEY *copenssl_key(const void *text, int count, int is_private) {
    BIO *memory = BIO_new_mem_buf(text, count);
    if (memory == NULL) return NULL;
    EVP_PKEY *key = is_private ? PEM_read_bio_PrivateKey(memory, NULL, copenssl_no_passphrase, NULL)
                               : PEM_read_bio_PUBKEY(memory, NULL, copenssl_no_passphrase, NULL);
    BIO_free(memory);
    ERR_clear_error();
    return key;
}

/// Bits of the field of P-256, P-384 or P-521; 0 for any other key.
static inline int copenssl_curve_bits(EVP_PKEY *key) {
    char name[32];
    size_t count = 0;
    int bits = 0;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, name, sizeof name, &count)) {
        if (strcmp(name, "prime256v1") == 0) bits = 256;
        if (strcmp(name, "secp384r1") == 0) bits = 384;
        if (strcmp(name, "secp521r1") == 0) bits = 521;
    }
    ERR_clear_error();
    return bits;
}

/// Writes the public half as PEM (SubjectPublicKeyInfo); the count of its bytes, 0 when it does not fit.
static inline int copenssl_write_public_key(EVP_PKEY *key, char *out, int capacity) {
    BIO *memory = BIO_new(BIO_s_mem());
    char *text = NULL;
    int count = 0;
    if (memory != NULL && PEM_write_bio_PUBKEY(memory, key)) {
        long written = BIO_get_mem_data(memory, &text);
        if (written > 0 && written <= capacity) {
            memcpy(out, text, (size_t)written);
            count = (int)written;
        }
    }
    BIO_free(memory);
    ERR_clear_error();
    return count;
}

static inline const EVP_MD *copenssl_curve_digest(EVP_PKEY *key) {
    int bits = copenssl_curve_bits(key);
    return bits == 256 ? EVP_sha256() : bits == 384 ? EVP_sha384() : bits == 521 ? EVP_sha512() : NULL;
}

/// ECDSA over the curve's own digest of `message`; the count of bytes (DER) in `out`, 0 when it fails.
static inline size_t copenssl_sign(EVP_PKEY *key, const void *message, size_t message_count,
                                   unsigned char *out, size_t capacity) {
    const EVP_MD *digest = copenssl_curve_digest(key);
    EVP_MD_CTX *context = digest == NULL ? NULL : EVP_MD_CTX_new();
    size_t count = capacity;
    int done = context != NULL && EVP_DigestSignInit(context, NULL, digest, NULL, key) == 1 &&
               EVP_DigestSign(context, out, &count, (const unsigned char *)message, message_count) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return done ? count : 0;
}

/// 1 when `signature` (DER) is the key's for `message`, else 0.
static inline int copenssl_verify(EVP_PKEY *key, const void *signature, size_t signature_count,
                                  const void *message, size_t message_count) {
    const EVP_MD *digest = copenssl_curve_digest(key);
    EVP_MD_CTX *context = digest == NULL ? NULL : EVP_MD_CTX_new();
    int done = context != NULL && EVP_DigestVerifyInit(context, NULL, digest, NULL, key) == 1 &&
               EVP_DigestVerify(context, (const unsigned char *)signature, signature_count,
                                (const unsigned char *)message, message_count) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return done;
}

#endif
