// SPDX-License-Identifier: Apache-2.0
import CFuzzer
import Registry

/// Reads any bytes as the `MLmodel` of an MLflow directory, which names the file of the model.
@_cdecl("MLflowFuzz_main")
func main(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    var count = count
    var arguments = arguments
    return LLVMFuzzerRunDriver(&count, &arguments) { data, size in
        let bytes = Array(UnsafeBufferPointer(start: data, count: size))
        let name = MLflowModel.modelFile(bytes.span)
        precondition(name != "", "the model's file has no name")
        return 0
    }
}
