// SPDX-License-Identifier: Apache-2.0

/// A server's complete answer.
package struct ClientResponse: Sendable {
    package var status: Int
    /// In the order of the answer, names as sent.
    package var headers: [(name: String, value: String)]
    /// Without transfer coding.
    package var body: [UInt8]

    package var bodyText: String { String(decoding: body, as: UTF8.self) }

    /// The first header with this name, in any case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
