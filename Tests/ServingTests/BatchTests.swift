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
        var options = BatchOptions()
        change(&options)
        var framer = BatchFramer(options)
        var pending = ByteBuffer()
        var output = ByteBuffer()
        var counts = BatchCounts()
        let bytes = Array(text.utf8)
        var read = 0
        var plan: BatchPlan?
        while true {
            let end = min(read + chunk, bytes.count)
            pending.append(bytes.span.extracting(read..<end))
            read = end
            let isAtEnd = read == bytes.count
            if plan == nil, let header = try framer.header(in: pending.bytes, isAtEnd: isAtEnd) {
                let (_, served) = try ServedModels.model(model)
                plan = try BatchPlan(BatchModel(served), options, names: header.names)
                plan?.appendHeader(to: &output)
                let lines = CSVFraming.lineCount(pending.bytes.extracting(0..<header.length))
                framer.advance(lines: lines)
                pending.removeFirst(header.length)
            }
            if let plan {
                let length = try framer.wholeRecords(pending.bytes, isAtEnd: isAtEnd)
                var worker = BatchWorker(plan)
                let whole = Array(String(copying: pending.bytes.extracting(0..<length)).utf8)
                var line = framer.advance(lines: CSVFraming.lineCount(whole.span))
                pending.removeFirst(length)
                var offset = 0
                while offset < whole.count {
                    counts.add(
                        try worker.answer(whole.span, from: &offset, line: &line, into: &output))
                }
            }
            if isAtEnd { break }
        }
        return (String(copying: output.bytes), counts)
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
}
