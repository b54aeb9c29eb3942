// SPDX-License-Identifier: Apache-2.0
import Base
import Serving
import Tabular
import Testing

@testable import DaemonApp

@Suite struct MultipartReaderTests {
    private func file(_ body: String, boundary: String = "xyz", chunk: Int) throws -> (String, String) {
        var reader = MultipartReader(boundary: boundary)
        var file = ByteBuffer()
        let bytes = Array(body.utf8)
        var start = 0
        while start < bytes.count {
            let end = min(start + chunk, bytes.count)
            try reader.read(bytes.span.extracting(start..<end), into: &file)
            start = end
        }
        try reader.finish()
        return (String(copying: file.bytes), reader.fileType)
    }

    private static func part(_ disposition: String, _ head: String, _ content: String) -> String {
        "--xyz\r\nContent-Disposition: form-data; \(disposition)\r\n\(head)\r\n\(content)\r\n"
    }

    private static let rows = part(
        "name=\"file\"; filename=\"rows.csv\"", "Content-Type: Text/CSV; charset=utf-8\r\n",
        "a,b\r\n--xy\r\n\r\n--x\r\n1,2\r\n")

    @Test(arguments: [
        ("alone", rows + "--xyz--\r\n"),
        ("behind a field", part("name=\"note\"", "", "filename\r\n--xy") + rows + "--xyz--"),
        ("with a preamble", "hello\r\n" + rows + "--xyz--\r\nepilogue"),
        ("the first of two", rows + part("name=\"b\"; filename=\"b\"", "", "no") + "--xyz--\r\n"),
    ])
    func theFirstFile_isTakenOut_howeverTheBodyArrives(name: String, body: String) throws {
        for chunk in [body.utf8.count, 1, 2, 3, 7, 19] {
            let (content, type) = try file(body, chunk: chunk)
            #expect(content == "a,b\r\n--xy\r\n\r\n--x\r\n1,2\r\n", "\(name), \(chunk) bytes at a time")
            #expect(type == "text/csv")
        }
    }

    @Test(arguments: [
        ("nothing", "", MultipartReader.Defect.noFile),
        ("no file", part("name=\"a\"", "", "x") + "--xyz--", .noFile),
        ("cut off", rows, .malformed),
        ("head without a colon", "--xyz\r\nnonsense\r\n\r\nx\r\n--xyz--", .malformed),
        ("endless head", "--xyz\r\n" + String(repeating: "a: b\r\n", count: 3000), .headTooLong),
    ])
    func brokenForms_areRefused(name: String, body: String, defect: MultipartReader.Defect) {
        for chunk in [max(body.utf8.count, 1), 5] {
            #expect(throws: defect, "\(name)") { try file(body, chunk: chunk) }
        }
    }

    @Test func theBoundary_isFoundInTheHeader() {
        #expect(MultipartReader.boundary(of: "multipart/form-data; boundary=a-b") == "a-b")
        #expect(MultipartReader.boundary(of: "Multipart/Form-Data; charset=x; Boundary=\"a b\"") == "a b")
        #expect(MultipartReader.boundary(of: "multipart/form-data") == nil)
        #expect(MultipartReader.boundary(of: "text/csv; boundary=x") == nil)
        #expect(
            MultipartReader.boundary(of: "multipart/form-data; boundary=" + String(repeating: "x", count: 71))
                == nil)
    }
}

@Suite struct ByteRangesTests {
    @Test(arguments: [
        ("bytes=0-", 0..<10), ("bytes=3-5", 3..<6), ("bytes=3-99", 3..<10), ("bytes=-4", 6..<10),
        ("bytes=-99", 0..<10), ("bytes=9-9", 9..<10),
    ])
    func oneRange_isUnderstood(text: String, range: Range<Int>) {
        #expect(ByteRanges.parse(text, size: 10) == .some(range))
    }

    @Test(arguments: ["bytes=10-", "bytes=10-20", "bytes=-0"])
    func whatIsNotThere_cannotBeSent(text: String) {
        #expect(ByteRanges.parse(text, size: 10) == .some(nil))
    }

    @Test(arguments: [
        "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-3", "bytes=1-2,4-5", "rows=1-2",
        "bytes=1-2-3",
        "bytes=99999999999999999999-", "bytes=+1-2",
    ])
    func whatMeansNothing_isPassedOver(text: String) {
        #expect(ByteRanges.parse(text, size: 10) == nil)
    }
}

@Suite struct JobDescriptionTests {
    @Test func whatIsWritten_isReadBack() throws {
        var options = BatchOptions()
        (options.input, options.output) = (.csv, .jsonLines)
        options.csv.delimiter = UInt8(ascii: ";")
        options.outputs = ["labels"]
        options.kept = ["id", "ä"]
        options.stopsAtBadRecord = true
        for path in [nil, "/data/rows.csv"] {
            var job = JobDescription(
                id: JobStore.makeIdentifier(), model: "m", version: "3", digest: "d", inputPath: path,
                inputSize: 100, inputModified: 5, names: ["a", "b"],
                ranges: path != nil
                    ? nil : [.init(start: 4, end: 50, line: 2), .init(start: 50, end: 100, line: 9)],
                options: options, created: 7)
            if path != nil { (job.start, job.rangeBytes) = (.init(position: 4, line: 2), 64) }
            #expect(JobDescription(job.document) == job)
            guard case .object(var object) = job.document else { return }
            object["format"] = .integer(2)
            #expect(JobDescription(.object(object)) == nil)
        }
    }

    @Test func aPace_answersWorkWithRest() {
        var whole = JobPace(percent: 100)
        #expect(whole.rest(after: 1 << 40) == 0 && whole.rest() == 0)
        var quarter = JobPace(percent: 25)
        #expect(quarter.rest(after: 2_000_000) == 6_000_000)
        // What is too short for a rest of its own is not forgotten.
        #expect(quarter.rest(after: 200_000) == 0)
        #expect(quarter.rest(after: 200_000) == 1_200_000)
        var little = JobPace(percent: 1)
        #expect(little.rest(after: 1_000_000_000) == 10_000_000_000)
        // The thread has worked since then, if only for this.
        var own = JobPace(percent: 1)
        var sum = 0 as UInt64
        for number in 0..<2_000_000 as Range<UInt64> { sum &+= number &* sum }
        #expect(own.rest() > 0 || sum == 1)
    }

    @Test func identifiers_areNamesOfDirectories_inTheOrderOfTime() {
        let names = (0..<50).map { _ in JobStore.makeIdentifier() }
        #expect(names.allSatisfy { JobStore.isIdentifier($0) } && Set(names).count == 50)
        for name in ["", ".", "..", "a/b", "A", ".x", String(repeating: "a", count: 41)] {
            #expect(!JobStore.isIdentifier(name))
        }
    }
}
