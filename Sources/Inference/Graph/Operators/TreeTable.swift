// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// The trees of a TreeEnsemble operator, in ONNX's own terms: modes may be mixed, a leaf may vote for several
/// outputs. Checked when made: every node is reached once, so that a walk ends.
struct TreeTable<Value: BinaryFloatingPoint & Sendable>: Sendable {
    enum Mode: UInt8, Sendable {
        case lessOrEqual, less, greaterOrEqual, greater, equal, notEqual, member, leaf

        init?(name: String) {
            switch name {
            case "BRANCH_LEQ": self = .lessOrEqual
            case "BRANCH_LT": self = .less
            case "BRANCH_GTE": self = .greaterOrEqual
            case "BRANCH_GT": self = .greater
            case "BRANCH_EQ": self = .equal
            case "BRANCH_NEQ": self = .notEqual
            case "LEAF": self = .leaf
            default: return nil
            }
        }
    }

    struct Node: Sendable {
        var mode: Mode
        var missingIsTrue: Bool
        var feature: Int32
        var threshold: Value
        /// Children of a branch; the votes of a leaf: first and how many.
        var whenTrue: Int32
        var whenFalse: Int32
    }

    struct Vote: Sendable {
        var output: Int32
        var weight: Value
    }

    var nodes: [Node] = []
    var votes: [Vote] = []
    var roots: [Int32] = []
    /// Of each `member` node, which says its list in `threshold`'s place.
    var members: [[Value]] = []

    var featuresMin: Int { (nodes.map { Int($0.feature) }.max() ?? -1) + 1 }

    /// Every branch leads to nodes of the table, and no node is met twice from the roots.
    func check() throws(OperatorError) {
        var isMet = [Bool](repeating: false, count: nodes.count)
        for root in roots {
            var pending = [root]
            while let place = pending.popLast() {
                guard nodes.indices.contains(Int(place)) else { throw OperatorError("a child \(place)") }
                guard !isMet[Int(place)] else { throw OperatorError("node \(place) is reached twice") }
                isMet[Int(place)] = true
                let node = nodes[Int(place)]
                if node.mode == .leaf { continue }
                guard node.feature >= 0 else { throw OperatorError("feature \(node.feature)") }
                pending.append(node.whenTrue)
                pending.append(node.whenFalse)
            }
        }
    }

    /// The leaf that a row ends at; `x` has at least `featuresMin` numbers.
    func leaf(of root: Int32, _ x: Span<Value>) -> Node {
        let nodes = nodes.span
        var node = nodes[Int(root)]
        while node.mode != .leaf {
            let value = x[Int(node.feature)]
            let isTrue: Bool
            switch node.mode {
            case .lessOrEqual: isTrue = value <= node.threshold
            case .less: isTrue = value < node.threshold
            case .greaterOrEqual: isTrue = value >= node.threshold
            case .greater: isTrue = value > node.threshold
            case .equal: isTrue = value == node.threshold
            case .notEqual: isTrue = value != node.threshold
            case .member: isTrue = members[Int(node.threshold)].contains(value)
            case .leaf: isTrue = true
            }
            let goesTrue = isTrue || node.missingIsTrue && value.isNaN
            node = nodes[Int(goesTrue ? node.whenTrue : node.whenFalse)]
        }
        return node
    }
}

/// How the votes of all trees become one score an output.
enum TreeAggregate: Sendable {
    case sum, average, minimum, maximum

    init(name: String) throws(OperatorError) {
        switch name {
        case "SUM": self = .sum
        case "AVERAGE": self = .average
        case "MIN": self = .minimum
        case "MAX": self = .maximum
        default: throw OperatorError("the aggregate \"\(name)\" is not known")
        }
    }
}

extension TreeTable {
    /// Scores of one row, and whether any tree voted for them.
    func score(
        _ x: Span<Value>, _ aggregate: TreeAggregate, into scores: inout [Value], _ isVoted: inout [Bool]
    ) {
        for output in scores.indices {
            scores[output] = 0
            isVoted[output] = false
        }
        for root in roots {
            let leaf = leaf(of: root, x)
            for index in Int(leaf.whenTrue)..<Int(leaf.whenTrue) + Int(leaf.whenFalse) {
                let vote = votes[index]
                let output = Int(vote.output)
                switch aggregate {
                case .sum, .average: scores[output] += vote.weight
                case .minimum:
                    scores[output] = isVoted[output] ? min(scores[output], vote.weight) : vote.weight
                case .maximum:
                    scores[output] = isVoted[output] ? max(scores[output], vote.weight) : vote.weight
                }
                isVoted[output] = true
            }
        }
        if aggregate == .average, !roots.isEmpty {
            for output in scores.indices { scores[output] /= Value(roots.count) }
        }
    }
}
