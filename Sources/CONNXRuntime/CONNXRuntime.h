// SPDX-License-Identifier: Apache-2.0
// The functions of ONNX Runtime's C interface that are called, through the table that `OrtGetApiBase` gives:
// nothing is linked, and no header of the package is needed to build. The table only ever grows, so a number
// means the same function in every version that has the table of `modeld_ort_version`.
//
// `api` is that table. Functions that return `void *` return a status: NULL, or an error to be released.
#ifndef MODELD_ONNX_RUNTIME_H
#define MODELD_ONNX_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

// Table 17 came with ONNX Runtime 1.17.
enum { modeld_ort_version = 17 };

enum {
    modeld_ort_release_environment = 92,
    modeld_ort_release_status = 93,
    modeld_ort_release_session = 95,
    modeld_ort_release_value = 96,
    modeld_ort_release_shape = 99,
    modeld_ort_release_options = 100,
};

// What a value is.
enum { modeld_ort_tensor = 1, modeld_ort_sequence = 2, modeld_ort_map = 3 };

#define MODELD_ORT(api, index, ...) ((void *(*)(__VA_ARGS__))(((void *const *)(api))[index]))

// NULL when the library is older than the table.
static inline const void *modeld_ort_table(void *get_base) {
    typedef struct {
        const void *(*get_table)(uint32_t version);
        const char *(*get_version)(void);
    } base;
    const base *found = ((const base *(*)(void))get_base)();
    return found ? found->get_table(modeld_ort_version) : NULL;
}

static inline const char *modeld_ort_library_version(void *get_base) {
    typedef struct {
        const void *(*get_table)(uint32_t version);
        const char *(*get_version)(void);
    } base;
    return ((const base *(*)(void))get_base)()->get_version();
}

static inline void modeld_ort_release(const void *api, long index, void *object) {
    ((void (*)(void *))(((void *const *)api)[index]))(object);
}

static inline const char *modeld_ort_message(const void *api, const void *status) {
    return ((const char *(*)(const void *))(((void *const *)api)[2]))(status);
}

// Says nothing on standard error: what goes wrong comes back as a status.
static inline void *modeld_ort_create_environment(const void *api, const char *name, void **environment) {
    enum { fatal = 4 };
    return MODELD_ORT(api, 3, int, const char *, void **)(fatal, name, environment);
}

// One thread, the caller's; no thread that spins; memory from the allocator of the process.
static inline void *modeld_ort_create_options(const void *api, void **options) {
    enum { all_optimizations = 99, fatal = 4 };
    void *status = MODELD_ORT(api, 10, void **)(options);
    if (!status) status = MODELD_ORT(api, 24, void *, int)(*options, 1);
    if (!status) status = MODELD_ORT(api, 25, void *, int)(*options, 1);
    if (!status) status = MODELD_ORT(api, 13, void *, int)(*options, 0);
    if (!status) status = MODELD_ORT(api, 17, void *)(*options);
    if (!status) status = MODELD_ORT(api, 19, void *)(*options);
    if (!status) status = MODELD_ORT(api, 22, void *, int)(*options, fatal);
    if (!status) status = MODELD_ORT(api, 23, void *, int)(*options, all_optimizations);
    typedef const char *text;
    if (!status)
        status = MODELD_ORT(api, 130, void *, text, text)(*options, "session.intra_op.allow_spinning", "0");
    if (!status)
        status = MODELD_ORT(api, 130, void *, text, text)(*options, "session.inter_op.allow_spinning", "0");
    return status;
}

// The bytes are not read any more when it returns.
static inline void *modeld_ort_create_session(const void *api, const void *environment, const void *bytes,
                                              size_t count, const void *options, void **session) {
    return MODELD_ORT(api, 8, const void *, const void *, size_t, const void *, void **)(
        environment, bytes, count, options, session);
}

static inline void *modeld_ort_allocator(const void *api, void **allocator) {
    return MODELD_ORT(api, 78, void **)(allocator);
}

// `outputs` holds NULL for each, and then values to be released.
static inline void *modeld_ort_run(const void *api, void *session, const char *const *input_names,
                                   void *const *inputs, size_t input_count, const char *const *output_names,
                                   size_t output_count, void **outputs) {
    return MODELD_ORT(api, 9, void *, const void *, const char *const *, void *const *, size_t,
                      const char *const *, size_t, void **)(
        session, NULL, input_names, inputs, input_count, output_names, output_count, outputs);
}

// A tensor whose memory the library owns.
static inline void *modeld_ort_create_tensor(const void *api, void *allocator, const int64_t *shape,
                                             size_t rank, int type, void **value) {
    return MODELD_ORT(api, 48, void *, const int64_t *, size_t, int, void **)(
        allocator, shape, rank, type, value);
}

static inline void *modeld_ort_elements(const void *api, void *value, void **elements) {
    return MODELD_ORT(api, 51, void *, void **)(value, elements);
}

static inline void *modeld_ort_fill_strings(const void *api, void *value, const char *const *texts,
                                            size_t count) {
    return MODELD_ORT(api, 52, void *, const char *const *, size_t)(value, texts, count);
}

static inline void *modeld_ort_string_bytes(const void *api, const void *value, size_t *bytes) {
    return MODELD_ORT(api, 53, const void *, size_t *)(value, bytes);
}

// The texts of a tensor, one behind the other, and where each begins.
static inline void *modeld_ort_string_content(const void *api, const void *value, void *bytes,
                                              size_t byte_count, size_t *offsets, size_t count) {
    return MODELD_ORT(api, 54, const void *, void *, size_t, size_t *, size_t)(
        value, bytes, byte_count, offsets, count);
}

// A tensor's element type and the sizes of its axes, at most `rank_max` of them; `rank` may be more.
static inline void *modeld_ort_describe(const void *api, const void *value, int *type, int64_t *sizes,
                                        size_t rank_max, size_t *rank) {
    void *shape = NULL;
    void *status = MODELD_ORT(api, 65, const void *, void **)(value, &shape);
    if (status) return status;
    status = MODELD_ORT(api, 60, const void *, int *)(shape, type);
    if (!status) status = MODELD_ORT(api, 61, const void *, size_t *)(shape, rank);
    if (!status && *rank <= rank_max)
        status = MODELD_ORT(api, 62, const void *, int64_t *, size_t)(shape, sizes, *rank);
    modeld_ort_release(api, modeld_ort_release_shape, shape);
    return status;
}

static inline void *modeld_ort_kind(const void *api, const void *value, int *kind) {
    return MODELD_ORT(api, 67, const void *, int *)(value, kind);
}

// Elements of a sequence; a map has two, its keys and its values.
static inline void *modeld_ort_count(const void *api, const void *value, size_t *count) {
    return MODELD_ORT(api, 81, const void *, size_t *)(value, count);
}

static inline void *modeld_ort_element(const void *api, const void *value, int index, void *allocator,
                                       void **element) {
    return MODELD_ORT(api, 80, const void *, int, void *, void **)(value, index, allocator, element);
}

#undef MODELD_ORT
#endif
