// SPDX-License-Identifier: Apache-2.0
import CFuzzer
import HTTP

/// Reads any bytes as HTTP/1.1 requests, whole and in pieces: no trap, and the same verdict.
@_cdecl("HTTPRequestFuzz_main")
func main(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    var count = count
    var arguments = arguments
    return LLVMFuzzerRunDriver(&count, &arguments) { data, size in
        let bytes = Array(UnsafeBufferPointer(start: data, count: size))
        fuzzRequestParser(bytes.span)
        return 0
    }
}
