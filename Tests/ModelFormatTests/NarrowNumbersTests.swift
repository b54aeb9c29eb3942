// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import TestKit
import Testing

@testable import ModelFormat

/// Files whose numbers take fewer bytes hold the same model.
@Suite struct NarrowNumbersTests {
    @Test(arguments: 0..<Graphs.all.count)
    func everyKindOfGraph_comesBackTheSame(index: Int) throws {
        let (_, graph) = Graphs.all[index]
        let narrow = try NativeModel.write(graph, isNarrow: true)
        let read = try NativeModel.read(narrow.span)
        #expect(try NativeModel.write(read) == NativeModel.write(graph))
        #expect(try NativeModel.write(read, isNarrow: true) == narrow)
    }

    @Test(arguments: 0..<Graphs.all.count)
    func whatIsReadInOnePass_isTheSame(index: Int) throws {
        let narrow = try NativeModel.write(Graphs.all[index].graph, isNarrow: true)
        try TemporaryDirectory.with { directory in
            let path = try directory.write(narrow, to: "model.safetensors")
            let file = try FileDescriptor(reading: path)
            let native = NativeModelFile(reading: file)
            let read = try #require(try native?.graph())
            #expect(try NativeModel.write(read, isNarrow: true) == narrow)
        }
    }

    @Test func narrowFiles_areRequiredToBeUnderstood() throws {
        let narrow = String(decoding: try NativeModel.write(Graphs.trees, isNarrow: true), as: UTF8.self)
        #expect(narrow.contains(#"\"requires\":[\"tensors.narrow\"]"#))
        #expect(narrow.contains(#""estimator.features":{"dtype":"I8""#))
        #expect(narrow.contains(#""estimator.lefts":{"dtype":"I16""#))
        #expect(!String(decoding: try NativeModel.write(Graphs.trees), as: UTF8.self).contains("narrow"))
    }

    @Test func wholeNumbersWithAStep_comeOutAgain() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            let largest = pow(10, Double.random(in: -6...6, using: &generator))
            let step = NarrowNumbers.step(largest: largest)
            #expect(Double(step) * 127 >= largest)
            #expect(Double(step) * 127 <= largest * 1.0001)
            var numbers = (0..<64).map { _ in
                Double(Float(Int.random(in: -127...127, using: &generator)) * step)
            }
            numbers[5] = -Double(Float(127) * step)
            let (values, steps) = try #require(NarrowNumbers.int8(numbers, rows: 1))
            #expect(steps == [step])
            #expect(values.map { Double(Float($0) * step) } == numbers)
        }
        #expect(NarrowNumbers.int8([1, 0.3], rows: 1) == nil)
        #expect(NarrowNumbers.int8([0, 0], rows: 1)?.values == [0, 0])
    }

    @Test func onlyNumbersThatFit_areNarrow() {
        #expect(NarrowNumbers.float16Bits([1, -0.5, 65_504]) == [0x3C00, 0xB800, 0x7BFF])
        #expect(NarrowNumbers.float16Bits([65_536]) == nil)
        #expect(NarrowNumbers.float16Bits([0.1]) == nil)
    }
}
