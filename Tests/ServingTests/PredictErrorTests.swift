// SPDX-License-Identifier: Apache-2.0
import Serving
import Testing

struct PredictErrorTests {
    /// One of each case.
    private static let all: [PredictError] = [
        .unknownModel("m"), .unknownVersion(model: "m", version: "1"),
        .unknownAlias(model: "m", alias: "a"), .notLoaded(model: "m"), .tooManyRequests(model: "m"),
        .overloaded(waiting: 7, retryAfterSeconds: 2),
        .notReady(model: "m", version: nil, reason: "it is loading"),
        .malformedBody(detail: "expected ':'", line: 1, column: 2), .missingField("inputs"),
        .repeatedField("inputs"), .invalidField("shape", reason: "it has no dimension"),
        .unexpectedInput("z", model: "m", expected: ["a"]), .repeatedInput("a"),
        .missingInputs(["a"], model: "m"), .wrongDatatype(input: "a", given: "BYTES", expected: "a number"),
        .wrongShape(input: "a", given: [2, 3], expected: "[rows]"),
        .wrongElementCount(input: "a", expected: 3, given: "only 2 elements"),
        .wrongValue(input: "a", row: 0, reason: "it is no number"),
        .unknownOutput("o", model: "m", available: ["predictions"]), .repeatedOutput("o"),
        .tooManyRows(limit: 3), .rowsExceedBody(rows: 4, columns: 2, bodySize: 7),
        .answerTooLarge(output: "contributions", rows: 5, limit: 4),
        .infiniteOutput(output: "predictions", row: 4),
        .unsupported("shared memory is not supported"), .notAnswerable(model: "m", reason: "shapes differ"),
        .noDefaultModel(["a", "b"]), .unsupportedMediaType("image/png", supported: ["text/csv"]),
        .timedOut(limit: 3),
    ]

    @Test func codes_areUniqueAndPlain() {
        let codes = Self.all.map(\.code)
        #expect(Set(codes).count == codes.count)
        for code in codes {
            #expect(
                !code.isEmpty && code.utf8.allSatisfy { $0 == UInt8(ascii: "_") || $0 > 0x60 && $0 < 0x7b })
        }
    }

    @Test func descriptions_areOneLineAndDiffer() {
        let descriptions = Self.all.map(\.description)
        #expect(Set(descriptions).count == descriptions.count)
        for description in descriptions { #expect(!description.isEmpty && !description.contains("\n")) }
    }

    @Test func aMalformedBody_hasItsPlace() {
        let error = PredictError.malformedBody(
            detail: "expected an array, found a string", line: 2, column: 9, offset: 30,
            path: "inputs[0].shape")
        #expect(
            error.description
                == "the body is not valid at line 2, column 9 (byte 30), 'inputs[0].shape': "
                + "expected an array, found a string")
    }

    @Test func aRow_isNamedOnce() {
        let error = PredictError.missingInputs(["a"], model: "m").inRow(3).inRow(4)
        #expect(error == .missingInputs(["a"], model: "m", row: 3))
        #expect(error.description == "model 'm' got no value for required input(s) 'a' in row 3")
        #expect(PredictError.repeatedInput("a").inRow(3) == .repeatedInput("a"))
    }

    @Test func aVersionThatIsNotReady_isNamed() {
        let error = PredictError.notReady(model: "m", version: "7", reason: "it is loading")
        #expect(error.description == "model 'm' version 7 is not ready: it is loading")
    }
}
