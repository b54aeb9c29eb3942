// SPDX-License-Identifier: Apache-2.0

extension Substring {
    /// Without the spaces and tabs around it (OWS, RFC 9110, section 5.6.3).
    var withoutBlanks: String {
        var text = self
        while text.first == " " || text.first == "\t" { text = text.dropFirst() }
        while text.last == " " || text.last == "\t" { text = text.dropLast() }
        return String(text)
    }
}
