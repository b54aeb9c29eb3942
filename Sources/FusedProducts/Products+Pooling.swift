// SPDX-License-Identifier: Apache-2.0

extension Products {
    /// The largest or the mean of what a window shows, for each of `channels` numbers that stand side by side
    /// at each place; `count` places.
    ///
    /// - Parameters:
    ///   - window: where the window's places are, counted from its first; `windowCount` of them.
    ///   - mean: the mean instead of the largest. The sum runs in the order of the places.
    ///   - inputTable: where each window begins, as `outputTable` says where its answer goes.
    package static func pool(
        _ input: UnsafePointer<Float>, inputTable: UnsafePointer<Int>, window: UnsafePointer<Int>,
        windowCount: Int, channels: Int, mean: Bool, output: UnsafeMutablePointer<Float>,
        outputTable: UnsafePointer<Int>, count: Int
    ) {
        for place in 0..<count {
            // Safe because the caller's memory has all places of every window, and room for the answers; so
            // in all that follows.
            let source = unsafe input + inputTable[place]
            let target = unsafe output + outputTable[place]
            var channel = 0
            while channel &+ 16 <= channels {
                unsafe pool(Lanes.self, source + channel, window, windowCount, mean, target + channel) {
                    $0.replacing(with: $1, where: $1 .> $0)
                }
                channel &+= 16
            }
            if channels & 8 != 0 {
                unsafe pool(SIMD8<Float>.self, source + channel, window, windowCount, mean, target + channel)
                {
                    $0.replacing(with: $1, where: $1 .> $0)
                }
                channel &+= 8
            }
            if channels & 4 != 0 {
                unsafe pool(SIMD4<Float>.self, source + channel, window, windowCount, mean, target + channel)
                {
                    $0.replacing(with: $1, where: $1 .> $0)
                }
                channel &+= 4
            }
            if channels & 2 != 0 {
                unsafe pool(SIMD2<Float>.self, source + channel, window, windowCount, mean, target + channel)
                {
                    $0.replacing(with: $1, where: $1 .> $0)
                }
                channel &+= 2
            }
            if channels & 1 != 0 {
                unsafe poolOne(source + channel, window, windowCount, mean, target + channel)
            }
        }
    }

    /// `larger` is written for each width: over any width, the compiler compares lane by lane, with a branch
    /// for each, and an image took twice as long.
    @inline(__always) private static func pool<Part: SIMD<Float>>(
        _: Part.Type, _ source: UnsafePointer<Float>, _ window: UnsafePointer<Int>, _ windowCount: Int,
        _ mean: Bool, _ target: UnsafeMutablePointer<Float>, _ larger: (Part, Part) -> Part
    ) {
        // Safe because the window's places have as many channels as the part has lanes, and so has the
        // target.
        let first = unsafe UnsafeRawPointer(source + window[0]).loadUnaligned(as: Part.self)
        var value = mean ? Part.zero + first : first
        for index in 1..<windowCount {
            let element = unsafe UnsafeRawPointer(source + window[index]).loadUnaligned(as: Part.self)
            value = mean ? value + element : larger(value, element)
        }
        if mean { value /= Float(windowCount) }
        unsafe UnsafeMutableRawPointer(target).storeBytes(of: value, as: Part.self)
    }

    private static func poolOne(
        _ source: UnsafePointer<Float>, _ window: UnsafePointer<Int>, _ windowCount: Int, _ mean: Bool,
        _ target: UnsafeMutablePointer<Float>
    ) {
        // Safe because the window has all its places.
        var value = unsafe mean ? 0 + source[window[0]] : source[window[0]]
        for index in 1..<windowCount {
            let element = unsafe source[window[index]]
            if mean { value += element } else if element > value { value = element }
        }
        unsafe target.pointee = mean ? value / Float(windowCount) : value
    }
}
