// SPDX-License-Identifier: Apache-2.0

/// Why a document is not one that this project reads, and where (line and column from 1).
package struct YAMLError: Error, Equatable, CustomStringConvertible {
    package enum Reason: Sendable, Equatable {
        /// libyaml's own words about broken syntax or encoding.
        case syntax(String)
        case tooManyBytes(limit: Int)
        case tooDeep(limit: Int)
        case tooManyNodes(limit: Int)
        case anchorOrAlias
        case tag
        case mergeKey
        case keyNotScalar
        case duplicateKey(String, first: YAMLMark)
        case severalDocuments
        case outOfMemory
    }

    package var reason: Reason
    package var mark: YAMLMark

    package init(_ reason: Reason, at mark: YAMLMark) {
        self.reason = reason
        self.mark = mark
    }

    /// A stable name of the defect, for machines.
    package var code: String {
        switch reason {
        case .syntax: "yaml_syntax"
        case .tooManyBytes: "yaml_too_many_bytes"
        case .tooDeep: "yaml_too_deep"
        case .tooManyNodes: "yaml_too_many_nodes"
        case .anchorOrAlias: "yaml_anchor_or_alias"
        case .tag: "yaml_tag"
        case .mergeKey: "yaml_merge_key"
        case .keyNotScalar: "yaml_key_not_scalar"
        case .duplicateKey: "yaml_duplicate_key"
        case .severalDocuments: "yaml_several_documents"
        case .outOfMemory: "yaml_out_of_memory"
        }
    }

    /// What is wrong and what to do, without the place.
    package var message: String {
        switch reason {
        case .syntax(let words): "not valid YAML: \(words)"
        case .tooManyBytes(let limit): "the document is larger than \(limit) bytes"
        case .tooDeep(let limit): "nested deeper than \(limit) levels"
        case .tooManyNodes(let limit): "more than \(limit) values"
        case .anchorOrAlias: "anchors (&) and aliases (*) are not supported; write the value out"
        case .tag: "tags (!) are not supported; remove it"
        case .mergeKey: "the merge key << is not supported; write the keys out"
        case .keyNotScalar: "a key must be a plain name, not a list or a mapping"
        case .duplicateKey(let key, let first):
            "the key \"\(key)\" was already given at \(first); remove one of the two"
        case .severalDocuments: "a second document begins here; put one document into a file"
        case .outOfMemory: "out of memory"
        }
    }

    /// `LINE:COLUMN: message`; put the file's name and a colon in front.
    package var description: String { "\(mark): \(message)" }
}
