// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTP

@Suite struct RequestParserTests {
    @Test(arguments: RequestTable.all)
    func request_isJudgedAsTheRFCDemands(_ sample: RequestCase) {
        let trace = ParserTrace(sample.bytes)
        #expect(trace.defect == sample.defect, "\(trace)")
        #expect(trace.messages.filter(\.isComplete).count == sample.count, "\(trace)")
        if let body = sample.body {
            #expect(trace.messages.last.map { String(decoding: $0.body, as: UTF8.self) } == body, "\(trace)")
        }
    }

    @Test func table_isLargeAndNamesItsSentences() {
        #expect(RequestTable.all.count >= 250, "\(RequestTable.all.count) cases")
        #expect(Set(RequestTable.all.map(\.testDescription)).count == RequestTable.all.count)
        #expect(RequestTable.rules.allSatisfy { $0.reference.contains(#/^\d{4} §\d/#) })
    }

    @Test(arguments: RequestTable.all)
    func request_isJudgedTheSameByteByByteAndAtEverySplit(_ sample: RequestCase) {
        let whole = ParserTrace(sample.bytes)
        let dripped = ParserTrace(sample.bytes, cuts: Array(0..<sample.bytes.count))
        #expect(dripped.messages == whole.messages && dripped.defect == whole.defect, "dripped: \(dripped)")
        // Long cases differ only in a run of equal bytes: each of the ends of the run is enough.
        let cuts =
            sample.bytes.count <= 2_000
            ? Array(0..<sample.bytes.count) : Array(sample.bytes.indices.suffix(200))
        for cut in cuts {
            let split = ParserTrace(sample.bytes, cuts: [cut])
            #expect(
                split.messages == whole.messages && split.defect == whole.defect, "cut at \(cut): \(split)")
        }
    }

    @Test(arguments: RequestTable.all)
    func request_isJudgedTheSameWhenItsHeadWasReadBefore(_ sample: RequestCase) {
        let fresh = ParserTrace(sample.bytes)
        var parser = RequestParser()
        _ = ParserTrace(sample.bytes, with: &parser)
        for cuts in [[], [sample.bytes.count / 2], [max(sample.bytes.count - 1, 0)], []] {
            let again = ParserTrace(sample.bytes, cuts: cuts, with: &parser)
            #expect(again.messages == fresh.messages && again.defect == fresh.defect, "again: \(again)")
        }
        var another = RequestParser()
        for other in RequestTable.all.prefix(40) {
            _ = ParserTrace(other.bytes, with: &another)
            #expect(ParserTrace(sample.bytes, with: &another) == fresh, "after \(other.testDescription)")
        }
    }

    @Test func head_isKnownByAllOfItsBytes() {
        let head = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nX: 1\r\n\r\n"
        var parser = RequestParser()
        func isRepeated(_ text: String, _ parser: inout RequestParser) -> Bool {
            let bytes = Array(text.utf8)
            parser.reset(at: 0)
            guard parser.next(bytes.span) == .head else { return false }
            return parser.isHeadRepeated
        }
        #expect(!isRepeated(head + "{}", &parser))
        #expect(isRepeated(head + "[]", &parser))
        #expect(parser.head.contentLength == 2 && parser.head.method == .post)
        for index in head.indices where head[index].isLetter || head[index].isNumber {
            let other = head.replacingCharacters(at: index, with: "b")
            #expect(!isRepeated(other, &parser), "\(other)")
            #expect(!isRepeated(head, &parser) || parser.head.contentLength == 2)
            #expect(isRepeated(head, &parser))
        }
        // Nothing of a head is left behind it.
        parser.reset(at: 0)
        #expect(
            parser.head.method == .other && parser.head.contentLength == nil && parser.head.fields.isEmpty)
        // Long ones are read anew each time.
        let filler = String(repeating: "y", count: RequestParser.knownHeadBytesMax)
        let long = head.dropLast(2) + "Y: \(filler)\r\n\r\n"
        #expect(!isRepeated(String(long), &parser) && !isRepeated(String(long), &parser))
    }

    @Test func head_isTakenApart() {
        let trace = ParserTrace(Array("POST /a%2fb?x=1&y HTTP/1.1\r\nHost: h:1\r\nX-y:  v w \r\n\r\n".utf8))
        #expect(trace.messages.map(\.head) == ["POST /a%2fb?x=1&y 1.1 keep 0 Host=h:1,X-y=v w"])
    }

    @Test func chunkedBody_isJoined() {
        let text =
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
            + "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nT: 1\r\n\r\n"
        let trace = ParserTrace(Array(text.utf8))
        #expect(trace.messages.first.map { String(decoding: $0.body, as: UTF8.self) } == "hello world")
    }

    @Test func keepAlive_followsVersionAndConnection() {
        func keeps(_ version: String, _ connection: String) -> Bool {
            let trace = ParserTrace(Array("GET / HTTP/\(version)\r\nHost: a\r\n\(connection)\r\n".utf8))
            return trace.messages.first?.head.contains(" keep ") ?? false
        }
        #expect(keeps("1.1", ""))
        #expect(!keeps("1.1", "Connection: close\r\n"))
        #expect(!keeps("1.1", "Connection: keep-alive\r\nConnection: close\r\n"))
        #expect(!keeps("1.0", ""))
        #expect(keeps("1.0", "Connection: keep-alive\r\n"))
        #expect(!keeps("1.0", "Connection: keep-alive, close\r\n"))
    }

    @Test func millionsOfSmallChunks_areRefused() {
        var limits = Limits()
        limits.chunkCountFree = 100
        var text = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        text += String(repeating: "1\r\na\r\n", count: 200)
        #expect(ParserTrace(Array(text.utf8), limits: limits).defect == .chunksTooSmall)
    }

    @Test func largeChunks_mayBeMany() {
        var limits = Limits()
        limits.chunkCountFree = 10
        var text = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        text +=
            String(repeating: "100\r\n" + String(repeating: "a", count: 256) + "\r\n", count: 50)
            + "0\r\n\r\n"
        #expect(ParserTrace(Array(text.utf8), limits: limits).defect == nil)
    }

    @Test func bodyAtTheLimit_isAcceptedAndOneByteMoreIsNot() {
        var limits = Limits()
        limits.bodyBytesMax = 10
        for (length, defect) in [(10, nil), (11, RequestDefect.bodyTooLarge)] {
            let body = String(repeating: "a", count: length)
            let fixed = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n\(body)"
            #expect(ParserTrace(Array(fixed.utf8), limits: limits).defect == defect)
            let size = String(length - 4, radix: 16)
            let chunked =
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\naaaa\r\n\(size)\r\n"
            #expect(ParserTrace(Array(chunked.utf8), limits: limits).defect == defect)
        }
    }

    @Test func lengthLimits_doNotDependOnTheSplit() {
        var limits = Limits()
        limits.requestLineBytesMax = 20
        limits.headBytesMax = 60
        for length in 1..<50 {
            for ending in ["\r\n", "\n", "\r"] {
                let path = String(repeating: "a", count: length)
                let line = Array("GET /\(path) HTTP/1.1\(ending)Host: a\r\n\r\n".utf8)
                let field = Array("GET / HTTP/1.1\r\nHost: a\r\nX: \(path)\(ending)Y: z\r\n\r\n".utf8)
                for bytes in [line, field] {
                    let whole = ParserTrace(bytes, limits: limits)
                    let dripped = ParserTrace(bytes, cuts: Array(0..<bytes.count), limits: limits)
                    #expect(whole.messages == dripped.messages && whole.defect == dripped.defect)
                }
            }
        }
    }

    @Test func characterSets_areThoseOfTheRFCs() {
        let alphanumeric = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        func check(_ set: ASCIISet, _ extra: String) {
            let members = Set((alphanumeric + extra).utf8)
            for byte in UInt8.min...UInt8.max {
                #expect(set.contains(byte) == members.contains(byte), "byte \(byte)")
            }
        }
        check(.token, "!#$%&'*+-.^_`|~")
        check(.path, "-._~!$&'()*+,;=:@/%")
        check(.query, "-._~!$&'()*+,;=:@/%?")
        check(.registeredName, "-._~!$&'()*+,;=%")
    }

    @Test func everyDefect_hasItsStatus() {
        #expect(RequestDefect.allCases.allSatisfy { (400...505).contains($0.status.code) })
        #expect(RequestDefect.methodUnknown.status == 501)
        #expect(RequestDefect.versionUnsupported.status == 505)
        #expect(RequestDefect.targetTooLong.status == 414)
        #expect(RequestDefect.headTooLarge.status == 431)
        #expect(RequestDefect.bodyTooLarge.status == 413)
        #expect(RequestDefect.expectationUnknown.status == 417)
        #expect(RequestDefect.headerTimeout.status == 408)
    }
}

extension String {
    fileprivate func replacingCharacters(at index: Index, with character: Character) -> String {
        self[..<index] + String(character) + self[self.index(after: index)...]
    }
}
