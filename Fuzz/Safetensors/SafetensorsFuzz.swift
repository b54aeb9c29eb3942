// SPDX-License-Identifier: Apache-2.0
import ImporterFuzzing

/// Model files of any format, from weights in safetensors with a description of their layers.
@_cdecl("SafetensorsFuzz_main")
func main(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    fuzzImporters(count, arguments)
}
