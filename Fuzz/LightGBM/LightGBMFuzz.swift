// SPDX-License-Identifier: Apache-2.0
import ImporterFuzzing

/// Model files of any format, from LightGBM's text.
@_cdecl("LightGBMFuzz_main")
func main(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    fuzzImporters(count, arguments)
}
