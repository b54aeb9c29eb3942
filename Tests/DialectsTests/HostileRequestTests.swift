// SPDX-License-Identifier: Apache-2.0
import TestKit
import Testing

/// Bodies that somebody made to break the server: each is refused as the client's fault, and the next is
/// answered.
struct HostileRequestTests {
    private static let infer = #"""
        {"id":"é\n","parameters":{"binary_data_output":false,"p":1.5},"inputs":[
        {"name":"n","shape":[2,1],"datatype":"FP32","data":[[0.5],[-1e3]]},
        {"data":["red",null],"name":"c","shape":[2],"datatype":"BYTES"}],
        "outputs":[{"name":"margin","parameters":{"binary_data":false}}]}
        """#
    private static let instances = #"""
        {"signature_name":"serving_default","parameters":{"a":[true]},
        "instances":[{"n":NaN,"c":"red"},[-Infinity,null],{"c":"gr\u00fcn","n":-1.5e-3}]}
        """#

    @Test func everyTruncation_isAClientError() throws {
        let exchange = try Exchange("mixed")
        let infer = Array(Self.infer.utf8)
        let instances = Array(Self.instances.utf8)
        #expect(exchange.infer(infer).text != nil)
        #expect(exchange.predict(instances).text != nil)
        for length in infer.indices where !exchange.infer(Array(infer[..<length])).isClientError {
            Issue.record("\(length) bytes were answered")
        }
        for length in instances.indices where !exchange.predict(Array(instances[..<length])).isClientError {
            Issue.record("\(length) bytes were answered")
        }
        #expect(exchange.infer(infer).text != nil)
    }

    @Test func truncatedBinaryTensors_areClientErrors() throws {
        let exchange = try Exchange("mixed")
        let binary: [UInt8] = [3, 0, 0, 0] + Array("red".utf8) + [0, 0, 0x80, 0x3f]
        func body(_ first: Int, _ second: Int) -> String {
            #"""
            {"inputs":[
            {"name":"c","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":\#(first)}},
            {"name":"n","shape":[1],"datatype":"FP32","parameters":{"binary_data_size":\#(second)}}]}
            """#
        }
        #expect(exchange.infer(body(7, 4), binary: binary).text != nil)
        for length in binary.indices {
            #expect(exchange.infer(body(7, 4), binary: Array(binary[..<length])).isClientError)
            #expect(
                exchange.infer(body(length, binary.count - length), binary: binary).text == nil || length == 7
            )
        }
    }

    /// One byte changed at random: whatever is made of it, it is an answer or a client error.
    @Test func changedBytes_neverTrap() throws {
        let exchange = try Exchange("mixed")
        var random = SeededGenerator(seed: 11)
        for text in [Self.infer, Self.instances] {
            let bytes = Array(text.utf8)
            for _ in 0..<2000 {
                var changed = bytes
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let position = Int.random(in: changed.indices, using: &random)
                    changed[position] =
                        Bool.random(using: &random)
                        ? UInt8.random(in: 0...255, using: &random)
                        : bytes[Int.random(in: bytes.indices, using: &random)]
                }
                for outcome in [exchange.infer(changed), exchange.predict(changed)] {
                    #expect(outcome.text != nil || outcome.isClientError)
                }
            }
        }
    }

    @Test func deepNesting_isAClientError() throws {
        let exchange = try Exchange("pair")
        let depth = 200_000
        let arrays = String(repeating: "[", count: depth)
        let objects = String(repeating: #"{"a":"#, count: depth)
        for body in [
            arrays, objects, #"{"x":\#(arrays)"#, #"{"x":\#(objects)"#, #"{"inputs":[{"data":\#(arrays)"#,
            #"{"inputs":\#(arrays)"#, #"{"instances":\#(arrays)"#, #"{"instances":[\#(objects)"#,
            #"{"parameters":{"x":\#(arrays)"#, #"{"inputs":[{"parameters":{"x":\#(objects)"#,
        ] {
            #expect(exchange.infer(body).isClientError)
            #expect(exchange.predict(body).isClientError)
        }
    }

    @Test(arguments: ["x", "}", "{}", "\u{0}", ",", "1"])
    func bytesBehindTheBody_areRefused(_ rest: String) throws {
        let exchange = try Exchange("mixed")
        #expect(exchange.infer(Self.infer + rest).code == "malformed_body")
        #expect(exchange.predict(Self.instances + rest).code == "malformed_body")
        #expect(exchange.infer(Self.infer + " \r\n\t").text != nil)
    }

    @Test func bytesThatAreNotText_areRefused() throws {
        let exchange = try Exchange("mixed")
        let start = Array(#"{"inputs":[{"name":"c","shape":[1],"datatype":"BYTES","data":[""#.utf8)
        for name: [UInt8] in [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0x00], [0x5c]] {
            #expect(exchange.infer(start + name + Array(#""]}]}"#.utf8)).isClientError)
        }
    }
}
