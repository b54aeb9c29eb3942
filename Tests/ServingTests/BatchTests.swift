// SPDX-License-Identifier: Apache-2.0
import Base
import Serving
import Tabular
import Testing

@Suite struct BatchTests {
    /// What a run answers, the input coming in pieces of so many bytes.
    private func answers(
        _ text: String, _ model: String, chunk: Int = 1 << 16,
        _ change: (inout BatchOptions) -> Void = { _ in }
    ) throws -> (text: String, counts: BatchCounts) {
        let found = try answers(Array(text.utf8), model, chunk: chunk, change)
        return (String(decoding: found.bytes, as: UTF8.self), found.counts)
    }

    private func answers(
        _ bytes: [UInt8], _ model: String, chunk: Int = 1 << 16, separatesErrors: Bool = false,
        _ change: (inout BatchOptions) -> Void = { _ in }
    ) throws -> (bytes: [UInt8], errors: [UInt8], counts: BatchCounts) {
        var options = BatchOptions()
        change(&options)
        let (_, served) = try ServedModels.model(model)
        var framer = BatchFramer(options, for: BatchModel(served))
        var errors = ByteBuffer()
        var pending = ByteBuffer()
        var output = ByteBuffer()
        var counts = BatchCounts()
        var read = 0
        var plan: BatchPlan?
        while true {
            let end = min(read + chunk, bytes.count)
            pending.append(bytes.span.extracting(read..<end))
            read = end
            let isAtEnd = read == bytes.count
            if plan == nil, let header = try framer.header(in: pending.bytes, isAtEnd: isAtEnd) {
                plan = try BatchPlan(
                    BatchModel(served), options, names: header.names, separatesErrors: separatesErrors)
                plan?.appendHeader(to: &output)
                let lines = framer.lineCount(pending.bytes.extracting(0..<header.length))
                framer.advance(lines: lines)
                pending.removeFirst(header.length)
            }
            if let plan {
                let length = try framer.wholeRecords(pending.bytes, isAtEnd: isAtEnd)
                var worker = BatchWorker(plan)
                let whole = Array(copying: pending.bytes.extracting(0..<length))
                var line = framer.advance(lines: framer.lineCount(whole.span))
                pending.removeFirst(length)
                var offset = 0
                while offset < whole.count {
                    counts.add(
                        try worker.answer(whole.span, from: &offset, line: &line, into: &output))
                }
                worker.moveErrors(to: &errors)
            }
            if isAtEnd { break }
        }
        return (Array(copying: output.bytes), Array(copying: errors.bytes), counts)
    }

    private static let csv = #"""
        id,b,a,note
        1,1,2,"x, ""y"""
        2,x,3,

        3,"4",5,"two
        lines"
        4,1
        5,,1,z
        """#

    @Test func csvIsAnsweredAsCSV_howeverItArrives() throws {
        let expected = #"""
            id,note,predictions,error
            1,"x, ""y""",12.0,
            2,,,"line 3, column 2 (b): ""x"" is not a number"
            3,"two
            lines",45.0,
            ,,,line 7: 2 fields where the header has 4
            5,z,NaN,

            """#
        for chunk in [1 << 16, 1, 2, 3, 5, 11] {
            let found = try answers(Self.csv, "pair", chunk: chunk) { $0.kept = ["id", "note"] }
            #expect(found.text == expected, "\(chunk) bytes at a time")
            #expect(found.counts.records == 5 && found.counts.errors == 2)
        }
    }

    @Test func csvIsAnsweredAsJSON() throws {
        let found = try answers(Self.csv, "pair") {
            $0.output = .jsonLines
            $0.kept = ["id", "note"]
        }
        #expect(
            found.text == #"""
                {"id":"1","note":"x, \"y\"","predictions":12.0}
                {"id":"2","note":"","error":{"code":"csv_not_a_number","line":3,"column":2,"name":"b","reason":"\"x\" is not a number"}}
                {"id":"3","note":"two\nlines","predictions":45.0}
                {"id":null,"note":null,"error":{"code":"csv_ragged_row","line":7,"reason":"2 fields where the header has 4"}}
                {"id":"5","note":"z","predictions":null}

                """#)
    }

    private static let json = #"""
        {"id": "q\"", "x": 0}
        {"x": null, "id": [1, {}]}
        {"id": 7}

        [0]
        {"x": 1e999}
        ?

        """#

    @Test func jsonIsAnsweredAsJSON_howeverItArrives() throws {
        for chunk in [1 << 16, 1, 7] {
            let found = try answers(Self.json, "binary", chunk: chunk) {
                ($0.input, $0.output) = (.jsonLines, .jsonLines)
                $0.kept = ["id"]
                $0.outputs = ["labels", "probabilities"]
            }
            let lines = found.text.split(separator: "\n").map { String($0) }
            #expect(found.counts.records == 6 && found.counts.errors == 3 && lines.count == 6)
            #expect(lines[0] == #"{"id":"q\"","labels":"no","probabilities":[0.5,0.5]}"#)
            #expect(lines[1] == #"{"id":[1, {}],"labels":"no","probabilities":[null,null]}"#)
            #expect(lines[2].hasPrefix(#"{"id":7,"error":{"code":"missing_features","line":3,"name":"x""#))
            #expect(lines[3] == #"{"id":null,"labels":"no","probabilities":[0.5,0.5]}"#)
            #expect(lines[4].hasPrefix(#"{"id":null,"error":{"code":"json_malformed","line":6,"column":7"#))
            #expect(lines[5].hasPrefix(#"{"id":null,"error":{"code":"json_malformed","line":7,"column":1"#))
        }
    }

    @Test func jsonIsAnsweredAsCSV() throws {
        let found = try answers(
            "{\"id\":\"a,b\",\"x\":0}\n{\"id\":5,\"x\":0}\n{\"id\":null,\"x\":0}\n", "binary"
        ) {
            ($0.input, $0.output) = (.jsonLines, .csv)
            $0.kept = ["id"]
        }
        #expect(found.text == "id,predictions,error\n\"a,b\",0.5,\n5,0.5,\n,0.5,\n")
    }

    @Test func severalValuesHaveColumnsOfTheirOwn() throws {
        let found = try answers("x,y\n0,0\n", "classes") {
            $0.outputs = ["labels", "margin", "probabilities", "contributions"]
        }
        let header = """
            labels,margin_10,margin_20,margin_30,probabilities_10,probabilities_20,probabilities_30,\
            contributions_0_x,contributions_0_y,contributions_0_expected,contributions_1_x,\
            contributions_1_y,contributions_1_expected,contributions_2_x,contributions_2_y,\
            contributions_2_expected,error
            """
        #expect(found.text.hasPrefix(header + "\n"))
        #expect(found.text.split(separator: "\n")[1].hasPrefix("10,0.0,0.0,0.0,0.33333333"))
    }

    @Test func stoppingAtABadRecord_answersThoseBeforeIt() throws {
        #expect(throws: BatchError.self) {
            try answers(Self.csv, "pair") { $0.stopsAtBadRecord = true }
        }
        let found = try answers("a,b\n1,2\n", "pair") { $0.stopsAtBadRecord = true }
        #expect(found.text == "predictions\n21.0\n")
    }

    @Test func withoutAHeader_columnsAreTheFeatures() throws {
        let found = try answers("1;2\n3;4", "pair") {
            $0.hasHeader = false
            $0.csv.delimiter = UInt8(ascii: ";")
        }
        #expect(found.text == "21.0;\n43.0;\n")
    }

    @Test func aByteOrderMark_isSkipped() throws {
        #expect(try answers("\u{FEFF}a,b\n1,2\n", "pair").counts.errors == 0)
        let found = try answers("\u{FEFF}[1,2]\n", "pair") { $0.input = .jsonLines }
        #expect(found.counts.records == 1 && found.counts.errors == 0)
    }

    @Test(arguments: [
        ("", "csv_no_header"), ("a,a\n", "csv_duplicate_name"), ("a\n1\n", "missing_features"),
        ("a,b\n\"" + String(repeating: "x", count: 5 << 20), "record_too_long"),
    ])
    func whatCannotBeRun_isRefused(text: String, code: String) {
        let error = #expect(throws: BatchError.self) { try answers(text, "pair") }
        #expect(error?.code == code)
    }

    @Test func optionsThatDoNotFit_areRefused() {
        let unknown = #expect(throws: BatchError.self) {
            try answers("a,b\n", "pair") { $0.outputs = ["probabilities"] }
        }
        #expect(unknown?.code == "unknown_output")
        let kept = #expect(throws: BatchError.self) { try answers("a,b\n", "pair") { $0.kept = ["id"] } }
        #expect(kept?.code == "unknown_columns")
        let ambiguous = #expect(throws: BatchError.self) {
            try answers("a,b,predictions\n", "pair") { $0.kept = ["predictions"] }
        }
        #expect(ambiguous?.code == "ambiguous_name")
    }

    // MARK: Bare numbers

    private static func bytes(_ values: [Float]) -> [UInt8] {
        values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
    }

    private static func bytes(_ values: [Double]) -> [UInt8] {
        values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
    }

    @Test func bareNumbers_areAnswered_howeverTheyArrive() throws {
        for chunk in [1 << 16, 1, 3, 8, 13] {
            let single = try answers(Self.bytes([1, 2, 3, 4, .nan, 1] as [Float]), "pair", chunk: chunk) {
                ($0.input, $0.output) = (.fp32, .fp32)
            }
            #expect(single.bytes.prefix(8) == Self.bytes([21, 43] as [Float])[...], "\(chunk)")
            #expect(single.bytes.count == 12 && single.counts.records == 3 && single.counts.errors == 0)
            let double = try answers(Self.bytes([1, 2, 0.1, 0.2] as [Double]), "pair", chunk: chunk) {
                ($0.input, $0.output) = (.fp64, .fp64)
            }
            let found = try answers("a,b\n1,2\n0.1,0.2\n", "pair") { $0.output = .jsonLines }
            #expect(double.bytes.prefix(8) == Self.bytes([21] as [Double])[...])
            #expect(found.text.hasPrefix("{\"predictions\":21.0}\n") && double.bytes.count == 16)
        }
    }

    @Test func bareNumbersThatAreCutOff_areABadRecord() throws {
        let found = try answers(Self.bytes([1, 2, 3] as [Float]), "pair") {
            ($0.input, $0.output) = (.fp32, .jsonLines)
        }
        #expect(
            String(decoding: found.bytes, as: UTF8.self) == """
                {"predictions":21.0}
                {"error":{"code":"ragged_record","line":2,"reason":"4 bytes where a record has 8"}}

                """)
        let csv = try answers("a,b\n1,x\n", "pair") { $0.output = .fp64 }
        #expect(csv.counts.errors == 1)
    }

    @Test func badRecords_areNotANumberAmongNumbers() throws {
        let found = try answers(Array("a,b\n1,x\n1,2\n".utf8), "pair") { $0.output = .fp32 }
        #expect(found.bytes == Self.bytes([.nan, 21] as [Float]))
    }

    @Test func whatIsNoNumber_isRefusedAmongNumbers() {
        let label = #expect(throws: BatchError.self) {
            try answers("x\n1\n", "binary") { ($0.output, $0.outputs) = (.fp32, ["labels"]) }
        }
        #expect(label == .notNumbers("the output \"labels\", a text,"))
        let kept = #expect(throws: BatchError.self) {
            try answers("", "pair") { ($0.input, $0.kept) = (.fp32, ["a"]) }
        }
        #expect(kept == .notNumbers("the column \"a\""))
        let intervals = #expect(throws: BatchError.self) {
            try answers("x\n1\n", "binary") { $0.outputs = ["intervals"] }
        }
        #expect(intervals?.description.contains("no output \"intervals\"") == true)
    }

    @Test func intervals_areBothBounds() throws {
        let csv = try answers("x\n5\n", "sure") { $0.outputs = ["predictions", "intervals"] }
        #expect(csv.text == "predictions,lower,upper,error\n5.0,3.0,7.0,\n")
        let lines = try answers("{\"x\":-1}\n", "sure") {
            ($0.input, $0.output, $0.outputs) = (.jsonLines, .jsonLines, ["upper"])
        }
        #expect(lines.text == "{\"upper\":1.0}\n")
        let numbers = try answers(Array("x\n5\n".utf8), "sure") {
            ($0.output, $0.outputs) = (.fp64, ["intervals"])
        }
        #expect(numbers.bytes == Self.bytes([3, 7] as [Double]))
    }

    // MARK: Vertex AI

    private static let instances = #"""
        {"a": 1, "b": 2, "id": "x"}
        [3, 4]
        {"a": "no", "b": 2, "id": 7}
        nonsense
        """#

    @Test func instances_areAnsweredAsVertexAnswersThem() throws {
        for chunk in [1 << 16, 1, 9] {
            let found = try answers(
                Array(Self.instances.utf8), "pair", chunk: chunk, separatesErrors: true
            ) { ($0.input, $0.output) = (.jsonLines, .vertex) }
            #expect(
                String(decoding: found.bytes, as: UTF8.self) == """
                    {"instance":{"a": 1, "b": 2, "id": "x"},"prediction":21.0}
                    {"instance":[3, 4],"prediction":43.0}

                    """)
            let errors = String(decoding: found.errors, as: UTF8.self).split(separator: "\n")
            let first =
                #"{"instance":{"a": "no", "b": 2, "id": 7},"error":{"code":3,"status":"INVALID_ARGUMENT","#
                + #""message":"line 3 (a): expected a number or null, got a string"}}"#
            #expect(errors.first.map { String($0) } == first, "\(errors)")
            #expect(
                errors.count == 2
                    && errors[1].hasPrefix(#"{"instance":"nonsense","error":{"code":3,"status":"#))
        }
    }

    @Test func aKey_standsInTheInstancesPlace() throws {
        let found = try answers(Self.instances, "pair") {
            ($0.input, $0.output) = (.jsonLines, .vertex)
            $0.vertex.key = "id"
        }
        let lines = found.text.split(separator: "\n")
        #expect(
            lines[0] == #"{"key":"x","prediction":21.0}"# && lines[1] == #"{"key":null,"prediction":43.0}"#)
        #expect(lines[2].hasPrefix(#"{"key":7,"error":{"code":3,"#))
    }

    @Test func rowsOfCSV_areInstancesOfVertex() throws {
        // Names that the model does not know: the columns that are for it, in their order.
        let text = "id,first,second,note\n7,1,2,\"a \"\"b\"\"\"\nq,x,2,\n"
        let found = try answers(text, "pair") {
            $0.output = .vertex
            $0.vertex.excluded = ["id", "note"]
        }
        let lines = found.text.split(separator: "\n")
        #expect(lines[0] == #"{"instance":[7,1,2,"a \"b\""],"prediction":21.0}"#)
        #expect(lines[1].hasPrefix(#"{"instance":["q","x",2,null],"error":"#))
        let keyed = try answers("b,id,a\n2,k,1\n", "pair") {
            $0.output = .vertex
            $0.vertex.key = "id"
            $0.vertex.included = ["a", "b"]
            $0.outputs = ["predictions", "contributions"]
        }
        #expect(
            keyed.text == #"{"key":"k","prediction":{"predictions":21.0,"contributions":[1.0,20.0,0.0]}}"#
                + "\n",
            "\(keyed.text)")
    }

    @Test func aFeature_cannotBeKeptFromTheModel() {
        for change in [
            { $0.vertex.key = "a" }, { $0.vertex.excluded = ["a"] }, { $0.vertex.included = ["b"] },
        ] as [(inout BatchOptions) -> Void] {
            let error = #expect(throws: BatchError.self) {
                try answers("a,b\n1,2\n", "pair") {
                    $0.output = .vertex
                    change(&$0)
                }
            }
            #expect(error == .withheldFeature("a"))
        }
    }
}
