// SPDX-License-Identifier: Apache-2.0
import Compression
import CFuzzer

/// Reads any bytes as compressed data: no trap, within the limit, and the same output however they are cut.
@_cdecl("InflateFuzz_main")
func main(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    var count = count
    var arguments = arguments
    return LLVMFuzzerRunDriver(&count, &arguments) { data, size in
        let bytes = Array(UnsafeBufferPointer(start: data, count: size))
        fuzzInflater(bytes.span)
        return 0
    }
}
