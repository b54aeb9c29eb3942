// SPDX-License-Identifier: Apache-2.0

extension RegistryError {
    /// The description with paths as seen from the registry at `root`: for those who ask over a network, whom
    /// it does not concern where on a machine the registry stands.
    package func description(below root: String) -> String { Self.text(description, below: root) }

    static func text(_ text: String, below root: String) -> String {
        guard root.contains(where: { $0 != "/" && $0 != "." }) else { return text }
        let name = root.split(separator: "/").last.map { String($0) } ?? root
        var result = ""
        var rest = Substring(text)
        while let place = rest.firstRange(of: root) {
            result += rest[..<place.lowerBound]
            let isStart = result.last.map { " '\"(".contains($0) } ?? true
            rest = rest[place.upperBound...]
            if !isStart {
                result += root
            } else if rest.first == "/" {
                rest = rest.dropFirst()
            } else if rest.first.map({ " :,;)'\"".contains($0) }) ?? true {
                result += name
            } else {
                result += root
            }
        }
        return result + rest
    }
}
