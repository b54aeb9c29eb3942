// SPDX-License-Identifier: Apache-2.0
import ImporterFuzzing

/// Model files of any format, from scikit-learn's skops.
@_cdecl("SkopsFuzz_main")
func main(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    fuzzImporters(count, arguments)
}
