// SPDX-License-Identifier: Apache-2.0
import HTTP
import CFuzzer

/// Reads any bytes as a chunked body: the verdict of a slow decoder, however they are cut.
@_cdecl("HTTPChunkedFuzz_main")
func main(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    var count = count
    var arguments = arguments
    return LLVMFuzzerRunDriver(&count, &arguments) { data, size in
        let bytes = Array(UnsafeBufferPointer(start: data, count: size))
        fuzzChunkedBody(bytes.span)
        return 0
    }
}
