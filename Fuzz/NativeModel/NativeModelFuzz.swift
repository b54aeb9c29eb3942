// SPDX-License-Identifier: Apache-2.0
import CFuzzer
import Cryptography
import ModelFormat

/// Reads any bytes as a native model file, once as they are and once with a digest that fits, since no fuzzer
/// guesses one. What is accepted must be sound and must survive being written and read again.
@_cdecl("NativeModelFuzz_main")
func main(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    var count = count
    var arguments = arguments
    return LLVMFuzzerRunDriver(&count, &arguments) { data, size in
        var bytes = Array(UnsafeBufferPointer(start: data, count: size))
        check(bytes)
        if bytes.count >= 106 {
            bytes.replaceSubrange(42..<106, with: repeatElement(48, count: 64))
            bytes.replaceSubrange(42..<106, with: SHA256.digest(of: bytes.span).hexadecimalBytes)
            check(bytes)
        }
        return 0
    }
}

private func check(_ bytes: [UInt8]) {
    do {
        let graph = try NativeModel.read(bytes.span)
        let written = try NativeModel.write(graph)
        let again = try NativeModel.write(try NativeModel.read(written.span))
        precondition(written == again, "a graph changes when it is written and read")
    } catch {
        precondition(!error.description.isEmpty)
    }
}
