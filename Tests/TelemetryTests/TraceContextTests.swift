// SPDX-License-Identifier: Apache-2.0
import Telemetry
import Testing

struct TraceContextTests {
    private func parse(_ text: String) -> TraceContext? {
        let bytes = Array(text.utf8)
        return TraceContext(bytes.span)
    }

    @Test func validHeader_isRead() throws {
        let context = try #require(parse("00-0af7651916cd43dd8448eb211c80319c-00ad6b7169203331-01"))
        #expect(context.traceText == "0af7651916cd43dd8448eb211c80319c")
        #expect(context.parentText == "00ad6b7169203331")
        #expect(context.isSampled && context.flags == 1)
        #expect(parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-fe")?.isSampled == false)
    }

    @Test func laterVersions_mayHaveMoreFields() {
        #expect(parse("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") != nil)
        #expect(parse("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what") != nil)
        #expect(parse("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what") == nil)
    }

    @Test(arguments: [
        "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        // Version 0 has exactly four fields.
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01",
        "0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-+1",
        " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
    ])
    func malformedHeader_startsNoTrace(_ text: String) { #expect(parse(text) == nil) }
}
