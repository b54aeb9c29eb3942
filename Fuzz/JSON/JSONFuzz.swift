// SPDX-License-Identifier: Apache-2.0
import Base
import CFuzzer

/// Reads any bytes as JSON: no trap, and reading and skipping agree.
@_cdecl("JSONFuzz_main")
func main(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    var count = count
    var arguments = arguments
    return LLVMFuzzerRunDriver(&count, &arguments) { data, size in
        let bytes = Array(UnsafeBufferPointer(start: data, count: size))
        fuzzJSON(bytes.span)
        return 0
    }
}
