// SPDX-License-Identifier: Apache-2.0
import Registry
import Testing

struct ModelNameTests {
    @Test(arguments: ["a", "churn", "0", "A.b_c-9", "x..y", String(repeating: "n", count: 64)])
    func ordinaryNames_areValid(_ name: String) { #expect(ModelName.isValid(name)) }

    @Test(arguments: [
        "", ".", "..", ".hidden", "-a", "_a", "a/b", "../a", "a b", "a\n", "a\0", "é", "ａ", "a%2f", "a\\b",
        "a:b",
        "a;b", String(repeating: "n", count: 65),
    ])
    func hostileNames_areRefused(_ name: String) { #expect(!ModelName.isValid(name)) }

    @Test(arguments: [("0", 0), ("1", 1), ("20240131", 20_240_131), ("9223372036854775807", Int64.max)])
    func decimalNumbers_areVersions(_ text: String, _ number: Int64) {
        #expect(ModelVersion(text)?.number == number)
        #expect(ModelVersion(text)?.description == text)
    }

    @Test(arguments: [
        "", "00", "01", "-1", "+1", "1.0", "1e3", " 1", "1 ", "v1", "٣", "9223372036854775808", "0x1",
        "latest", ".1",
    ])
    func otherTexts_areNoVersions(_ text: String) { #expect(ModelVersion(text) == nil) }

    @Test func theLastVersion_hasNoNext() { #expect(ModelVersion(.max).next == nil) }
}
