// SPDX-License-Identifier: Apache-2.0
import HTTP
import CFuzzer

/// Sends any bytes to a whole connection, parser to answers: no trap, and the same answers however they
/// are cut.
@_cdecl("HTTPConnectionFuzz_main")
func main(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    var count = count
    var arguments = arguments
    return LLVMFuzzerRunDriver(&count, &arguments) { data, size in
        let bytes = Array(UnsafeBufferPointer(start: data, count: size))
        fuzzConnection(bytes.span)
        return 0
    }
}
