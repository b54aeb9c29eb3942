// SPDX-License-Identifier: Apache-2.0
import Base

extension JSONValue {
    /// The value as one line of JSON, without the line end.
    var line: String {
        var buffer = ByteBuffer()
        write(into: &buffer)
        return String(copying: buffer.bytes)
    }

    /// The value for a cell of a table: texts bare, everything else as JSON.
    var cell: String { string ?? line }
}

extension JSONObject {
    /// From pairs in their order; nil values are left out.
    init(pairs: [(String, JSONValue?)]) {
        self.init()
        for (key, value) in pairs { if let value { self[key] = value } }
    }
}
