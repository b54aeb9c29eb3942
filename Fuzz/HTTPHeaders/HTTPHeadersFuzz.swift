// SPDX-License-Identifier: Apache-2.0
import HTTP
import CFuzzer

/// Reads any bytes as URLs, queries and header values: no trap.
@_cdecl("HTTPHeadersFuzz_main")
func main(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    var count = count
    var arguments = arguments
    return LLVMFuzzerRunDriver(&count, &arguments) { data, size in
        let bytes = Array(UnsafeBufferPointer(start: data, count: size))
        fuzzHeaderValues(bytes.span)
        return 0
    }
}
