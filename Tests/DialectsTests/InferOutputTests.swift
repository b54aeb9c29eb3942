// SPDX-License-Identifier: Apache-2.0
import Serving
import Testing

/// Which outputs a V2 request may ask for, and how they are written.
struct InferOutputTests {
    private static let row = #"{"name":"input","shape":[1,2],"datatype":"FP64","data":[50,0]}"#

    private func ask(_ model: String, _ outputs: String, row: String = row) throws -> Outcome {
        try Exchange(model).infer(#"{"outputs":\#(outputs),"inputs":[\#(row)]}"#)
    }

    @Test func outputs_comeInTheOrderOfTheRequest() throws {
        let answer = try ask("classes", #"[{"name":"labels"},{"name":"margin"}]"#)
        #expect(
            answer.text
                == #"{"model_name":"classes","model_version":"1","outputs":["#
                + #"{"name":"labels","datatype":"INT64","shape":[1],"data":[10]},"#
                + #"{"name":"margin","datatype":"FP64","shape":[1,3],"data":[50.0,0.0,0.0]}]}"#
        )
    }

    @Test func anEmptyList_meansPredictions() throws {
        let input = #"{"name":"x","shape":[1],"datatype":"FP64","data":[0]}"#
        let answer = try ask("binary", "[]", row: input)
        #expect(
            answer.text?.hasSuffix(
                #""outputs":[{"name":"predictions","datatype":"FP64","shape":[1],"data":[0.5]}]}"#) == true)
    }

    @Test func labels_areTextWhereTheDataHadText() throws {
        let input = #"{"name":"x","shape":[2],"datatype":"FP64","data":[9,-9]}"#
        let answer = try ask("binary", #"[{"name":"labels"}]"#, row: input)
        #expect(
            answer.text?.hasSuffix(
                #"[{"name":"labels","datatype":"BYTES","shape":[2],"data":["yes","no"]}]}"#) == true)
    }

    @Test func bounds_areOutputsOfTheirOwn() throws {
        let input = #"{"name":"x","shape":[2],"datatype":"FP64","data":[5,-1]}"#
        let answer = try ask("sure", #"[{"name":"lower"},{"name":"upper"}]"#, row: input)
        #expect(
            answer.text?.hasSuffix(
                #"[{"name":"lower","datatype":"FP64","shape":[2],"data":[3.0,-3.0]},"#
                    + #"{"name":"upper","datatype":"FP64","shape":[2],"data":[7.0,1.0]}]}"#) == true,
            "\(answer.text ?? "")")
        #expect(try ask("pair", #"[{"name":"lower"}]"#).code != nil)
    }

    @Test func contributions_addUpToTheMargin() throws {
        let input =
            #"{"name":"b","shape":[1],"datatype":"FP64","data":[2]},"#
            + #"{"name":"a","shape":[1],"datatype":"FP64","data":[3]}"#
        let contributions =
            #"{"name":"contributions","datatype":"FP64","shape":[1,3],"data":[3.0,20.0,0.0]}"#
        let answer = try ask("pair", #"[{"name":"contributions"}]"#, row: input)
        #expect(answer.text?.hasSuffix(#""outputs":[\#(contributions)]}"#) == true)
        let explained = try Exchange("pair").infer(
            #"{"parameters":{"explain":true},"inputs":[\#(input)]}"#)
        let predictions = #"{"name":"predictions","datatype":"FP64","shape":[1],"data":[23.0]}"#
        #expect(explained.text?.hasSuffix(#""outputs":[\#(predictions),\#(contributions)]}"#) == true)
        let plain = try Exchange("pair").infer(
            #"{"parameters":{"explain":false},"inputs":[\#(input)]}"#)
        #expect(plain.text?.hasSuffix(#""outputs":[\#(predictions)]}"#) == true)
    }

    @Test func contributionsOfSeveralMargins_standOneBehindTheOther() throws {
        let answer = try ask("classes", #"[{"name":"contributions"}]"#)
        #expect(
            answer.text?.hasSuffix(#""shape":[1,9],"data":[50.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0]}]}"#)
                == true)
    }

    @Test func outputsThatAreNotThere_areRefused() throws {
        #expect(
            try ask("pair", #"[{"name":"labels"}]"#)
                == .refused(
                    .unknownOutput(
                        "labels", model: "pair", available: ["predictions", "margin", "contributions"])))
        #expect(
            try ask("pair", #"[{"name":"margin"},{"name":"margin"}]"#) == .refused(.repeatedOutput("margin")))
        #expect(try ask("pair", #"[{}]"#).code == "missing_field")
        #expect(try ask("pair", #"["margin"]"#).code == "malformed_body")
        #expect(
            try ask("classes", #"[{"name":"labels","parameters":{"classification":3}}]"#).code
                == "invalid_field")
    }

    // MARK: Classes

    /// The labels of "classes" are 10, 20 and 30; without a label for each value only its place is told.
    @Test func classification_listsTheLargestValuesFirst() throws {
        let answer = try ask("classes", #"[{"name":"margin","parameters":{"classification":2}}]"#)
        #expect(
            answer.text?.hasSuffix(
                #"[{"name":"margin","datatype":"BYTES","shape":[1,2],"data":["50.0:0:10","0.0:1:20"]}]}"#)
                == true)
        let input = #"{"name":"x","shape":[2],"datatype":"FP64","data":[0,-800]}"#
        let binary = try ask(
            "binary", #"[{"name":"probabilities","parameters":{"classification":9}}]"#, row: input)
        #expect(binary.text?.contains(#""shape":[2,2],"data":["0.5:0:no","0.5:1:yes","1.0:0:no","#) == true)
        let single = try ask("pair", #"[{"name":"predictions","parameters":{"classification":1}}]"#)
        #expect(single.text?.contains(#""shape":[1,1],"data":["50.0:0"]"#) == true)
    }

    @Test func classification_travelsInBinary() throws {
        let outputs = #"[{"name":"margin","parameters":{"classification":1,"binary_data":true}}]"#
        guard case .answer(let json, let binary) = try ask("classes", outputs) else {
            Issue.record("refused")
            return
        }
        #expect(json.hasSuffix(#""datatype":"BYTES","shape":[1,1],"parameters":{"binary_data_size":13}}]}"#))
        #expect(binary == [9, 0, 0, 0] + Array("50.0:0:10".utf8))
    }

    @Test func noClasses_areNoClassification() throws {
        let answer = try ask("pair", #"[{"name":"margin","parameters":{"classification":0}}]"#)
        #expect(answer.text?.hasSuffix(#""datatype":"FP64","shape":[1],"data":[50.0]}]}"#) == true)
    }

    // MARK: Numbers that are not finite

    @Test func notANumber_isNull() throws {
        let answer = try Exchange("identity").infer("x", "FP64", shape: "[2]", data: "[null,1]")
        #expect(answer.text?.hasSuffix(#""data":[null,1.0]}]}"#) == true)
    }

    @Test(arguments: ["10", "-10"])
    func anInfinity_isAnErrorThatNamesTheRow(_ value: String) throws {
        #expect(
            try Exchange("huge").infer("x", "FP64", shape: "[3]", data: "[1,0,\(value)]")
                == .refused(.infiniteOutput(output: "predictions", row: 2)))
    }

    @Test func binaryOutputs_carryInfinities() throws {
        let answer = try Exchange("huge").infer(
            #"""
            {"parameters":{"binary_data_output":true},
            "inputs":[{"name":"x","shape":[2],"datatype":"FP64","data":[10,null]}]}
            """#)
        guard case .answer(let text, let binary) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(text.hasSuffix(#""datatype":"FP64","shape":[2],"parameters":{"binary_data_size":16}}]}"#))
        #expect(binary.count == 16 && Array(binary[..<8]) == [0, 0, 0, 0, 0, 0, 0xf0, 0x7f])
        #expect(binary[15] & 0x7f == 0x7f && binary[14] & 0xf8 == 0xf8)
    }

    @Test func binaryAndTextOutputs_mix() throws {
        let input = #"{"name":"x","shape":[2],"datatype":"FP64","data":[9,-9]}"#
        let answer = try ask(
            "binary", #"[{"name":"labels","parameters":{"binary_data":true}},{"name":"margin"}]"#, row: input)
        guard case .answer(let text, let binary) = answer else {
            Issue.record("\(answer)")
            return
        }
        let outputs =
            #"[{"name":"labels","datatype":"BYTES","shape":[2],"parameters":{"binary_data_size":13}},"#
            + #"{"name":"margin","datatype":"FP64","shape":[2],"data":[9.0,-9.0]}]}"#
        #expect(text.hasSuffix(outputs))
        #expect(binary == [3, 0, 0, 0] + Array("yes".utf8) + [2, 0, 0, 0] + Array("no".utf8))
    }

    @Test func aListOfOutputs_decidesTheFormItself() throws {
        let answer = try Exchange("pair").infer(
            #"""
            {"parameters":{"binary_data_output":true},"outputs":[{"name":"margin"}],
            "inputs":[\#(Self.row)]}
            """#)
        #expect(answer.text?.hasSuffix(#""data":[50.0]}]}"#) == true)
    }
}
