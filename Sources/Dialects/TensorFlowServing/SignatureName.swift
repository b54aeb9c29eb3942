// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving

/// `signature_name`: models here have one signature.
enum SignatureName {
    static func read(_ reader: inout JSONReader) throws {
        let name = try reader.readString()
        guard name.isEmpty || name == "serving_default" else {
            throw PredictError.unsupported("Serving signature name: \"\(name)\" not found in signature def")
        }
    }
}
