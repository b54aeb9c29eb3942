// SPDX-License-Identifier: Apache-2.0
import CFuzzer
import YAML

/// Reads any bytes as a YAML document: an answer or an error with its place, within the limits.
@_cdecl("YAMLFuzz_main")
func main(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    var count = count
    var arguments = arguments
    return LLVMFuzzerRunDriver(&count, &arguments) { data, size in
        check(Array(UnsafeBufferPointer(start: data, count: size)))
        return 0
    }
}

private func check(_ bytes: [UInt8]) {
    do {
        if let value = try YAMLDocument.parse(bytes.span) {
            precondition(depth(of: value) <= YAMLDocument.Limits().depth)
        }
    } catch {
        precondition(error.mark.line >= 1 && error.mark.column >= 1 && !error.description.isEmpty)
    }
}

private func depth(of value: YAMLValue) -> Int {
    switch value.content {
    case .scalar: 0
    case .sequence(let elements): 1 + (elements.map(depth).max() ?? 0)
    case .mapping(let entries): 1 + (entries.map { depth(of: $0.value) }.max() ?? 0)
    }
}
