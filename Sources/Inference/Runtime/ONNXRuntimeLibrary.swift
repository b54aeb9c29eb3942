// SPDX-License-Identifier: Apache-2.0
private import CONNXRuntime
import Glibc
private import Synchronization

/// ONNX Runtime's shared library, opened when the first model needs it and never closed. Immutable.
///
/// Nothing is linked: who has no model that needs it pays nothing (docs/decisions/0015-onnx-runtime.md).
@safe package final class ONNXRuntimeLibrary: Sendable {
    /// Where it is looked for when no path is given: wherever the system looks for libraries.
    static let defaultNames = ["libonnxruntime.so.1", "libonnxruntime.so"]

    /// `1.32.0`.
    package let version: String
    // Safe because the table, the environment and the allocator belong to a library that is never closed,
    // and the library's functions may be called by any thread.
    nonisolated(unsafe) let api: UnsafeRawPointer
    // Safe because of the same.
    nonisolated(unsafe) let environment: UnsafeMutableRawPointer
    nonisolated(unsafe) let allocator: UnsafeMutableRawPointer

    /// By path; "" for the default names.
    private static let opened = Mutex<[String: ONNXRuntimeLibrary]>([:])

    /// The library at `path`, or where the system finds it; the same one for the same path. One that could
    /// not be opened is tried again the next time: it may have been installed.
    ///
    /// - Throws: why it cannot be used, in words for the person who installs it.
    package static func open(path: String?) throws(ONNXRuntimeError) -> ONNXRuntimeLibrary {
        let key = path ?? ""
        let result = opened.withLock { opened -> Result<ONNXRuntimeLibrary, ONNXRuntimeError> in
            if let library = opened[key] { return .success(library) }
            do throws(ONNXRuntimeError) {
                let library = try ONNXRuntimeLibrary(names: path.map { [$0] } ?? defaultNames)
                opened[key] = library
                return .success(library)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private init(names: [String]) throws(ONNXRuntimeError) {
        // Safe because strings live for the calls, a message is copied before the next call, and the library
        // is never closed.
        var reason = ""
        var handle: UnsafeMutableRawPointer?
        for name in names where unsafe handle == nil {
            unsafe handle = dlopen(name, RTLD_NOW | RTLD_LOCAL)
            if unsafe handle == nil, reason.isEmpty {
                reason = unsafe dlerror().map { unsafe String(cString: $0) } ?? "\(name) cannot be opened"
            }
        }
        guard let handle = unsafe handle else { throw .notInstalled(reason: reason) }
        // Safe because this is the documented name and signature of the library's one entry.
        guard let base = unsafe dlsym(handle, "OrtGetApiBase") else {
            throw .unusable(reason: "\(names[0]) has no function OrtGetApiBase: it is another library")
        }
        guard let api = unsafe modeld_ort_table(base) else {
            throw .unusable(reason: "\(names[0]) is older than 1.17, the first version that is used here")
        }
        version = unsafe String(cString: modeld_ort_library_version(base))
        unsafe self.api = api
        var environment: UnsafeMutableRawPointer?
        try unsafe Self.check(api, modeld_ort_create_environment(api, "modeld", &environment))
        var allocator: UnsafeMutableRawPointer?
        try unsafe Self.check(api, modeld_ort_allocator(api, &allocator))
        guard let environment = unsafe environment, let allocator = unsafe allocator else {
            throw .unusable(reason: "\(names[0]) made no environment")
        }
        unsafe self.environment = environment
        unsafe self.allocator = allocator
    }

    /// Turns a status into an error, and releases it.
    func check(_ status: UnsafeMutableRawPointer?) throws(ONNXRuntimeError) {
        // Safe because the status comes from this table and is used nowhere else.
        try unsafe Self.check(api, status)
    }

    private static func check(
        _ api: UnsafeRawPointer, _ status: UnsafeMutableRawPointer?
    ) throws(ONNXRuntimeError) {
        // Safe because the message is copied before the status that owns it is released.
        guard let status = unsafe status else { return }
        let message = unsafe String(cString: modeld_ort_message(api, status))
        unsafe modeld_ort_release(api, modeld_ort_release_status, status)
        throw .failed(reason: message)
    }
}

/// Why ONNX Runtime does not do what is asked of it.
package enum ONNXRuntimeError: Error, Equatable {
    /// There is no such library.
    case notInstalled(reason: String)
    /// The library cannot be used here.
    case unusable(reason: String)
    /// What it says itself about a model or a request.
    case failed(reason: String)

    package var reason: String {
        switch self {
        case .notInstalled(let reason), .unusable(let reason), .failed(let reason): reason
        }
    }
}
