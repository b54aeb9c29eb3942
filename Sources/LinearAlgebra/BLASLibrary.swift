// SPDX-License-Identifier: Apache-2.0
private import CBLAS
import Glibc
private import Synchronization

/// The BLAS that Debian's alternatives point `libblas.so.3` to, opened when the first model asks for it.
///
/// Linked, OpenBLAS would cost every start 2 ms, 3.4 MB and a second thread. Immutable once opened.
@safe package final class BLASLibrary: Sendable {
    package enum Kind: String, Sendable {
        case openBLAS = "OpenBLAS"
        case blis = "BLIS"
    }

    package let kind: Kind
    // Safe because the pointer is code of a library that is never closed.
    private nonisolated(unsafe) let sgemm: UnsafeMutableRawPointer
    /// OpenBLAS that was built for a single thread keeps its work memory unguarded: two callers at once get
    /// wrong numbers now and then.
    private let isSerial: Bool
    private static let turn = Mutex(())

    /// Nil when no library is found, or one without a symbol by which a fast one is known: the reference
    /// BLAS loses to our own kernel by a factor of three to five.
    package static let shared: BLASLibrary? = BLASLibrary(path: "libblas.so.3")

    package init?(path: String) {
        // Safe because both strings live for the calls. Read when the library is loaded; 0: what is set
        // stays.
        unsafe setenv("OPENBLAS_NUM_THREADS", "1", 0)
        unsafe setenv("BLIS_NUM_THREADS", "1", 0)
        // Safe because the strings live for the calls, and the library is never closed.
        guard let handle = unsafe dlopen(path, RTLD_NOW | RTLD_LOCAL),
            let sgemm = unsafe dlsym(handle, "cblas_sgemm")
        else { return nil }
        // Safe because these are the documented signatures of the two functions.
        if unsafe dlsym(handle, "openblas_get_config") != nil {
            kind = .openBLAS
            isSerial = unsafe Self.isBuiltSerial(handle)
            if let set = unsafe dlsym(handle, "openblas_set_num_threads") {
                unsafe modeld_cblas_set_threads(set, 1)
            }
        } else if unsafe dlsym(handle, "bli_info_get_version_str") != nil {
            kind = .blis
            isSerial = false
            if let set = unsafe dlsym(handle, "bli_thread_set_num_threads") {
                unsafe modeld_cblas_set_threads(set, 1)
            }
        } else {
            return nil
        }
        unsafe self.sgemm = sgemm
    }

    /// `openblas_get_parallel`: 0 for a build without threads, 1 and 2 for those with.
    private static func isBuiltSerial(_ handle: UnsafeMutableRawPointer) -> Bool {
        // Safe because this is the function's documented signature, and the library is never closed.
        guard let symbol = unsafe dlsym(handle, "openblas_get_parallel") else { return true }
        let parallel = unsafe unsafeBitCast(symbol, to: (@convention(c) () -> CInt).self)
        return parallel() == 0
    }

    /// c = a · b, row-major; shapes [m, k], [k, n] and [m, n].
    func multiply(
        _ a: Span<Float>, _ b: Span<Float>, into c: inout MutableSpan<Float>, rows m: Int, inner k: Int,
        columns n: Int
    ) {
        precondition(m > 0 && k > 0 && n > 0, "a product of empty matrices is not BLAS's")
        precondition(a.count == m * k && b.count == k * n && c.count == m * n, "the shapes do not fit")
        guard let m = Int32(exactly: m), let k = Int32(exactly: k), let n = Int32(exactly: n) else {
            preconditionFailure("a matrix side beyond 31 bits; WeightMatrix keeps those from BLAS")
        }
        // Safe because the preconditions give the pointers as many numbers as the shapes say.
        unsafe a.withUnsafeBufferPointer { a in
            unsafe b.withUnsafeBufferPointer { b in
                unsafe c.withUnsafeMutableBufferPointer { c in
                    if isSerial { Self.turn._unsafeLock() }
                    unsafe modeld_cblas_sgemm(
                        sgemm, m, n, k, a.baseAddress, b.baseAddress, c.baseAddress)
                    if isSerial { Self.turn._unsafeUnlock() }
                }
            }
        }
    }
}
