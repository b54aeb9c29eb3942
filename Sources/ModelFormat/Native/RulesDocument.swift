// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// The members of `estimator` that say how its numbers are compared and added up, as they are written.
struct RulesDocument {
    private var numberType: String?
    private var inputType: String?
    private var sumType: String?
    private var comparison: String?
    private var categoryRule: String?
    private var aggregation: String?
    private var scale: Double?
    private var rowMargins: String?

    /// Reads the value of the member `name` when it is one of these.
    mutating func read(_ name: String, _ document: inout DocumentReader) throws(FormatError) -> Bool {
        switch name {
        case "number_type": numberType = try document.readString()
        case "input_type": inputType = try document.readString()
        case "sum_type": sumType = try document.readString()
        case "comparison": comparison = try document.readString()
        case "category_rule": categoryRule = try document.readString()
        case "aggregation": aggregation = try document.readString()
        case "scale": scale = try document.readDouble()
        case "row_margins": rowMargins = try document.readString()
        default: return false
        }
        return true
    }

    /// The type of a linear model.
    func linearType() throws(FormatError) -> NumberType {
        try RulesDocument.number(numberType, member: "number_type", default: .float64)
    }

    /// The rules of trees; what is absent is as in the first files.
    func treeRules() throws(FormatError) -> TreeRules {
        var rules = TreeRules()
        rules.inputType = try RulesDocument.number(inputType, member: "input_type", default: .float32)
        rules.sumType = try RulesDocument.number(sumType, member: "sum_type", default: .float32)
        if let comparison {
            guard let known = TreeRules.Comparison(rawValue: comparison) else {
                throw .unknownPart("comparison \"\(comparison)\"")
            }
            rules.comparison = known
        }
        if let categoryRule {
            guard let known = TreeRules.CategoryRule(rawValue: categoryRule) else {
                throw .unknownPart("category_rule \"\(categoryRule)\"")
            }
            rules.categoryRule = known
        }
        if let rowMargins {
            guard let known = TreeRules.RowMargins(rawValue: rowMargins) else {
                throw .unknownPart("row_margins \"\(rowMargins)\"")
            }
            rules.rowMargins = known
        }
        switch aggregation {
        case nil, "on_base": rules.aggregation = .onBase
        case "average": rules.aggregation = .average
        case "scaled":
            guard let scale else { throw .missingPart("estimator.scale") }
            rules.aggregation = .scaled(scale)
        case let other?: throw .unknownPart("aggregation \"\(other)\"")
        }
        return rules
    }

    private static func number(
        _ word: String?, member: String, default standard: NumberType
    ) throws(FormatError) -> NumberType {
        guard let word else { return standard }
        guard let type = NumberType(rawValue: word) else { throw .unknownPart("\(member) \"\(word)\"") }
        return type
    }
}
