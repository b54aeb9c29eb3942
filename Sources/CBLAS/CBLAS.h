// SPDX-License-Identifier: Apache-2.0
// The few functions of the C interface of BLAS that are called, through pointers that dlsym found: nothing is
// linked, and no header of a BLAS package is needed to build. The numbers are those of the CBLAS standard.
#ifndef MODELD_CBLAS_H
#define MODELD_CBLAS_H

enum { modeld_cblas_row_major = 101, modeld_cblas_no_transpose = 111 };

// c = a * b; row-major, a is m x k, b is k x n, c is m x n, all without gaps.
static inline void modeld_cblas_sgemm(void *function, int m, int n, int k, const float *a, const float *b,
                                      float *c) {
    typedef void (*sgemm)(int layout, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                          const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
    ((sgemm)function)(modeld_cblas_row_major, modeld_cblas_no_transpose, modeld_cblas_no_transpose, m, n, k,
                      1, a, k, b, n, 0, c, n);
}

// Whether the CPU, and the system that saves its registers, have AVX2 and FMA.
static inline int modeld_cblas_has_fma(void) {
#ifdef __x86_64__
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return 0;
#endif
}

// The same for AVX-512: its foundation is all that is used.
static inline int modeld_cblas_has_wide(void) {
#ifdef __x86_64__
    return modeld_cblas_has_fma() && __builtin_cpu_supports("avx512f");
#else
    return 0;
#endif
}

// openblas_set_num_threads and bli_thread_set_num_threads, which takes a wider number in the same register.
static inline void modeld_cblas_set_threads(void *function, long count) {
    ((void (*)(long))function)(count);
}

#endif
