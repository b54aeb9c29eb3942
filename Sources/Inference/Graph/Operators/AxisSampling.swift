// SPDX-License-Identifier: Apache-2.0

/// Which elements of an axis make up each element of the resized one. Coordinates are Float32, as in ONNX
/// Runtime: the nearest element may depend on their last bit.
struct AxisSampling: Sendable {
    /// How a position of the result becomes a coordinate of the input.
    enum Coordinates: String, Sendable {
        case halfPixel = "half_pixel"
        case symmetric = "half_pixel_symmetric"
        case pytorch = "pytorch_half_pixel"
        case corners = "align_corners"
        case asymmetric
        case cropped = "tf_crop_and_resize"
        case halfPixelNearest = "tf_half_pixel_for_nn"
    }

    enum Rounding: String, Sendable {
        case preferringDown = "round_prefer_floor"
        case preferringUp = "round_prefer_ceil"
        case down = "floor"
        case up = "ceil"
        /// Of operator sets before 11: down where the axis grows, up where it shrinks.
        case simple
    }

    enum Mode: Sendable, Equatable {
        case nearest(Rounding)
        case linear
        /// The coefficient, and whether neighbours outside count for nothing.
        case cubic(Float, excludesOutside: Bool)
    }

    let mode: Mode
    let coordinates: Coordinates

    init(_ description: OperatorDescription, isOld: Bool) throws(OperatorError) {
        let word = try description.string(
            "coordinate_transformation_mode", default: isOld ? "asymmetric" : "half_pixel")
        guard let coordinates = Coordinates(rawValue: word) else {
            throw OperatorError(unsupported: "the coordinates \"\(word)\" are not known")
        }
        self.coordinates = coordinates
        switch try description.string("mode", default: "nearest") {
        case "nearest":
            let word = try description.string(
                "nearest_mode", default: isOld ? "simple" : "round_prefer_floor")
            guard let rounding = Rounding(rawValue: word) else {
                throw OperatorError("the rounding \"\(word)\" is not known")
            }
            mode = .nearest(rounding)
        case "linear", "bilinear": mode = .linear
        case "cubic":
            mode = .cubic(
                try description.float("cubic_coeff_a", default: -0.75),
                excludesOutside: try description.flag("exclude_outside"))
        case let other: throw OperatorError(unsupported: "the mode \"\(other)\" is not known")
        }
    }

    /// Every element of a resized axis as a weighted sum of `tapCount` elements.
    struct Plan {
        /// Parallel: [elements, tapCount].
        var places: [Int] = []
        var weights: [Double] = []
        var tapCount: Int
        /// Of each element: whether its coordinate lies outside the axis, where that counts.
        var isOutside: [Bool] = []
        var isIdentity = false
    }

    /// - Parameters:
    ///   - size: of the axis, from 1.
    ///   - region: of the axis, as fractions, where it is cropped.
    func plan(size: Int, resized: Int, scale: Float, region: (start: Float, end: Float)) -> Plan {
        // ONNX Runtime leaves such an axis alone, whatever its region.
        if size == resized && scale == 1 {
            return Plan(
                places: Array(0..<size), weights: Array(repeating: 1, count: size), tapCount: 1,
                isOutside: Array(repeating: false, count: size), isIdentity: true)
        }
        var plan = Plan(tapCount: tapCount)
        plan.isOutside.reserveCapacity(resized)
        for index in 0..<resized {
            let place = coordinate(index, size: size, resized: resized, scale: scale, region: region)
            plan.isOutside.append(
                coordinates == .cropped && !(place >= 0 && place <= Float(size - 1)))
            switch mode {
            case .nearest(let rounding):
                plan.places.append(clamp(nearest(place, rounding, isShrinking: scale < 1), size))
                plan.weights.append(1)
            case .linear: addLinear(min(max(place, 0), Float(size - 1)), size, &plan)
            case .cubic(let a, let excludesOutside): addCubic(place, size, a, excludesOutside, &plan)
            }
        }
        return plan
    }

    private var tapCount: Int {
        switch mode {
        case .nearest: 1
        case .linear: 2
        case .cubic: 4
        }
    }

    private func clamp(_ place: Int, _ size: Int) -> Int { min(max(place, 0), size - 1) }

    private func coordinate(
        _ index: Int, size: Int, resized: Int, scale: Float, region: (start: Float, end: Float)
    ) -> Float {
        let x = Float(index)
        let last = Float(size - 1)
        switch coordinates {
        case .halfPixel: return (x + 0.5) / scale - 0.5
        case .symmetric:
            let adjustment = Float(resized) / (scale * Float(size))
            return Float(size) / 2 * (1 - adjustment) + (x + 0.5) / scale - 0.5
        case .pytorch: return resized > 1 ? (x + 0.5) / scale - 0.5 : 0
        case .corners: return resized > 1 ? x * last / Float(resized - 1) : 0
        case .asymmetric: return x / scale
        case .cropped:
            guard resized > 1 else { return 0.5 * (region.start + region.end) * last }
            return region.start * last + x * (region.end - region.start) * last / Float(resized - 1)
        case .halfPixelNearest: return (x + 0.5) / scale
        }
    }

    private func nearest(_ x: Float, _ rounding: Rounding, isShrinking: Bool) -> Int {
        switch rounding {
        case .preferringDown:
            let down = x.rounded(.down)
            return Int(bounded: x == down + 0.5 ? down : x.rounded())
        case .preferringUp: return Int(bounded: x.rounded())
        case .down: return Int(bounded: x.rounded(.down))
        case .up: return Int(bounded: x.rounded(.up))
        case .simple: return Int(bounded: isShrinking ? x.rounded(.up) : x.rounded(.towardZero))
        }
    }

    private func addLinear(_ x: Float, _ size: Int, _ plan: inout Plan) {
        let first = clamp(Int(bounded: x), size)
        let second = min(first + 1, size - 1)
        let share = first == second ? 0 : Double(x - Float(first))
        plan.places += [first, second]
        plan.weights += [1 - share, share]
    }

    private func addCubic(
        _ x: Float, _ size: Int, _ a: Float, _ excludesOutside: Bool, _ plan: inout Plan
    ) {
        let first = Int(bounded: x.rounded(.down))
        let s = Double(x - x.rounded(.down))
        let a = Double(a)
        func far(_ d: Double) -> Double { ((a * d - 5 * a) * d + 8 * a) * d - 4 * a }
        func near(_ d: Double) -> Double { ((a + 2) * d - (a + 3)) * d * d + 1 }
        var weights = [far(s + 1), near(s), near(1 - s), far(2 - s)]
        if excludesOutside {
            for tap in 0..<4 where !(0..<size).contains(first - 1 + tap) { weights[tap] = 0 }
            let sum = weights.reduce(0, +)
            for tap in 0..<4 { weights[tap] /= sum }
        }
        for tap in 0..<4 { plan.places.append(clamp(first - 1 + tap, size)) }
        plan.weights += weights
    }
}

extension Int {
    /// A whole number, kept far from where sums of a few overflow; 0 for NaN.
    init(bounded value: Float) {
        self = value.isNaN ? 0 : Int(Swift.min(Swift.max(value, -1e12), 1e12))
    }
}
