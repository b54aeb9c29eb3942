// SPDX-License-Identifier: Apache-2.0

/// What one ONNX file may hold: far beyond any sound model, and small enough to bound memory and time.
enum ONNXLimits {
    static let nodesMax = 200_000
    static let valuesMax = 400_000
    static let attributesMax = 256
    static let portsMax = 65_536
    static let rankMax = 8
    static let stringBytesMax = 1 << 20
    static let elementsMax = 1 << 31
    /// Graphs inside graphs (If, Loop, Scan).
    static let depthMax = 8
}
