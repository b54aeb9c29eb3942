// SPDX-License-Identifier: Apache-2.0
// The door to OpenSSL's libssl (Debian: libssl-dev): macros that Swift cannot import, and the BIO that keeps
// the socket's reads and writes ours. Nothing here holds state.
#ifndef MODELD_COPENSSL_TLS_H
#define MODELD_COPENSSL_TLS_H

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// MARK: The socket's BIO. OpenSSL's own writes with write(2), which raises SIGPIPE.

static inline int copenssl_socket_number(BIO *bio) { return (int)(intptr_t)BIO_get_data(bio); }

static inline int copenssl_socket_write(BIO *bio, const char *bytes, int count) {
    BIO_clear_retry_flags(bio);
    int sent = (int)send(copenssl_socket_number(bio), bytes, (size_t)count, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
    return sent;
}

static inline int copenssl_socket_read(BIO *bio, char *bytes, int count) {
    BIO_clear_retry_flags(bio);
    int received = (int)recv(copenssl_socket_number(bio), bytes, (size_t)count, 0);
    if (received < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
    if (received == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return received;
}

static inline long copenssl_socket_control(BIO *bio, int command, long number, void *pointer) {
    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    return command == BIO_CTRL_FLUSH;
}

static inline int copenssl_socket_create(BIO *bio) {
    BIO_set_init(bio, 1);
    return 1;
}

/// The kind of BIO that `copenssl_attach` takes; NULL without memory. Make one and keep it.
static inline BIO_METHOD *copenssl_socket_method(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
    if (method == NULL) return NULL;
    BIO_meth_set_write(method, copenssl_socket_write);
    BIO_meth_set_read(method, copenssl_socket_read);
    BIO_meth_set_ctrl(method, copenssl_socket_control);
    BIO_meth_set_create(method, copenssl_socket_create);
    return method;
}

/// Lets `ssl` read and write the socket `number`, which it does not own. 1, or 0 without memory.
static inline int copenssl_attach(SSL *ssl, const BIO_METHOD *method, int number) {
    BIO *bio = BIO_new(method);
    if (bio == NULL) return 0;
    BIO_set_data(bio, (void *)(intptr_t)number);
    SSL_set_bio(ssl, bio, bio);
    return 1;
}

// MARK: Contexts

/// http/1.1, or no connection: who speaks only other protocols shall hear it in the handshake (RFC 7301,
/// section 3.2).
static inline int copenssl_select_http11(SSL *ssl, const unsigned char **out, unsigned char *out_length,
                                         const unsigned char *offered, unsigned int length, void *context) {
    (void)ssl;
    (void)context;
    static const char name[] = "http/1.1";
    const unsigned int name_length = sizeof name - 1;
    for (unsigned int at = 0; at < length && offered[at] < length - at; at += offered[at] + 1u) {
        if (offered[at] != name_length || memcmp(offered + at + 1, name, name_length) != 0) continue;
        *out = offered + at + 1;
        *out_length = (unsigned char)name_length;
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// Never asks the terminal: an encrypted key is an error.
static inline int copenssl_no_password(char *buffer, int size, int is_writing, void *context) {
    (void)buffer;
    (void)size;
    (void)is_writing;
    (void)context;
    return -1;
}

/// What servers and clients have in common. 1, or 0 and the error queue.
static inline int copenssl_context_prepare(SSL_CTX *context, int version_min) {
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    // One recv for each record instead of one for its header and one for its content.
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_default_passwd_cb(context, copenssl_no_password);
    return SSL_CTX_set_min_proto_version(context, version_min) == 1 &&
           SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!eNULL") == 1 &&
           SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                             "TLS_CHACHA20_POLY1305_SHA256") == 1 &&
           SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1;
}

static inline void copenssl_context_serve_http(SSL_CTX *context) {
    SSL_CTX_set_alpn_select_cb(context, copenssl_select_http11, NULL);
    // Tickets carry the session, so one is enough: it may be used again.
    SSL_CTX_set_num_tickets(context, 1);
}

static inline int copenssl_context_add_chain(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add0_chain_cert(context, certificate);
}

/// The keys that tickets are encrypted with: `copenssl_ticket_keys_size` bytes.
enum { copenssl_ticket_keys_size = 80 };

static inline int copenssl_context_take_ticket_keys(SSL_CTX *context, void *out) {
    return (int)SSL_CTX_get_tlsext_ticket_keys(context, out, copenssl_ticket_keys_size);
}

static inline int copenssl_context_set_ticket_keys(SSL_CTX *context, void *keys) {
    return (int)SSL_CTX_set_tlsext_ticket_keys(context, keys, copenssl_ticket_keys_size);
}

static inline int copenssl_set_host_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

// MARK: PEM

/// The next certificate of a PEM text, NULL at its end or at something broken (then the error queue says it).
static inline X509 *copenssl_read_certificate(BIO *text) {
    return PEM_read_bio_X509(text, NULL, copenssl_no_password, NULL);
}

static inline EVP_PKEY *copenssl_read_key(BIO *text) {
    return PEM_read_bio_PrivateKey(text, NULL, copenssl_no_password, NULL);
}

/// Whether the queue's last error says that the PEM text held nothing more.
static inline int copenssl_is_end_of_pem(void) {
    unsigned long code = ERR_peek_last_error();
    return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

/// Seconds from the Unix epoch to the end of the certificate's validity; 0 when it cannot be told.
static inline int64_t copenssl_not_after(const X509 *certificate) {
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, seconds = 0;
    int known = epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(certificate));
    ASN1_TIME_free(epoch);
    return known ? (int64_t)days * 86400 + seconds : 0;
}

// MARK: Who the other side is

static inline int copenssl_bio_bytes(BIO *memory, const char **out) {
    return (int)BIO_get_mem_data(memory, out);
}

/// The subject in the order and form of RFC 2253, with UTF-8 as it is.
static inline int copenssl_print_subject(BIO *out, const X509 *certificate) {
    return X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0,
                              XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
}

static inline GENERAL_NAMES *copenssl_subject_names(const X509 *certificate) {
    return (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}

static inline int copenssl_name_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }

/// One name's kind (GEN_DNS, GEN_URI, GEN_EMAIL, GEN_IPADD or another) and its bytes; no bytes for the rest.
static inline int copenssl_name(const GENERAL_NAMES *names, int index, const unsigned char **bytes,
                                int *count) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    const ASN1_STRING *text = NULL;
    *bytes = NULL;
    *count = 0;
    switch (name->type) {
    case GEN_DNS:
    case GEN_URI:
    case GEN_EMAIL: text = name->d.ia5; break;
    case GEN_IPADD: text = name->d.iPAddress; break;
    default: return name->type;
    }
    *bytes = ASN1_STRING_get0_data(text);
    *count = ASN1_STRING_length(text);
    return name->type;
}

static inline void copenssl_free_names(GENERAL_NAMES *names) { GENERAL_NAMES_free(names); }

#endif
