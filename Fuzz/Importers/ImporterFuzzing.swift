// SPDX-License-Identifier: Apache-2.0
import CFuzzer
import ModelFormat

/// Runs libFuzzer over the readers of other libraries' files: any bytes are a model file of any format; what
/// is accepted must be a graph that the native format can hold. The corpus makes the difference between the
/// targets.
public func fuzzImporters(
    _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
    var count = count
    var arguments = arguments
    return LLVMFuzzerRunDriver(&count, &arguments) { data, size in
        let bytes = Array(UnsafeBufferPointer(start: data, count: size))
        do throws(FormatError) {
            let graph = try ModelFile.load(bytes.span, fileName: "fuzz")
            let written = try NativeModel.write(graph)
            let again = try NativeModel.write(try NativeModel.read(written.span))
            precondition(written == again, "a graph changes when it is written and read")
        } catch {
            precondition(!error.description.isEmpty)
        }
        return 0
    }
}
