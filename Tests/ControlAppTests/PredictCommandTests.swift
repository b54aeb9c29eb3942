// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ControlApp

@Suite struct PredictCommandTests {
    /// The model of `Tests/Fixtures/protocols/registry`, as a server describes it.
    private static let stump = """
        {"name":"stump","versions":["7"],"platform":"xgboost_json",\
        "inputs":[{"name":"input","datatype":"FP32","shape":[-1,2]}],\
        "outputs":[{"name":"predictions","datatype":"FP32","shape":[-1]},\
        {"name":"margin","datatype":"FP32","shape":[-1]}],"properties":{"features":"[\\"f0\\",\\"f1\\"]"}}
        """

    private static let penguins = """
        {"name":"penguins","versions":["1"],"platform":"native",\
        "inputs":[{"name":"island","datatype":"BYTES","shape":[-1,1]},\
        {"name":"mass","datatype":"FP64","shape":[-1,1]}],\
        "outputs":[{"name":"predictions","datatype":"FP64","shape":[-1,2]},\
        {"name":"probabilities","datatype":"FP64","shape":[-1,2]},\
        {"name":"labels","datatype":"BYTES","shape":[-1]},{"name":"margin","datatype":"FP64","shape":[-1,2]}]}
        """

    private static func answer(_ data: String, _ rows: Int) -> String {
        """
        {"model_name":"stump","model_version":"7","outputs":\
        [{"name":"predictions","datatype":"FP32","shape":[\(rows)],"data":[\(data)]}]}
        """
    }

    private static func request(_ rows: Int, _ data: String) -> String {
        """
        {"inputs":[{"name":"input","shape":[\(rows),2],"datatype":"FP32","data":[\(data)]}],\
        "outputs":[{"name":"predictions"}]}
        """
    }

    @Test(arguments: [
        ["--row", "f1=2.5,f0=1"], ["--json", #"{"f1":2.5,"f0":1}"#], ["--json", "[1, 2.5]"],
        ["--json", "[[1, 2.5]]"], ["--json", #"[{"f1":2.5,"f0":1}]"#],
    ])
    func oneRow_isSentInTheModelsOrderAndAnsweredAsJSON(arguments: [String]) throws {
        let answers: [String: StubServer.Answer] = [
            "GET /v2/models/stump": (200, Self.stump),
            "POST /v2/models/stump/infer": (200, Self.answer("-2.0", 1)),
        ]
        try StubServer.with(answers) { stub in
            let outcome = try Program.run(["predict", "stump", "--server", stub.address] + arguments)
            #expect(outcome == Program.Outcome(status: 0, output: "{\"predictions\":-2.0}\n", errors: ""))
            #expect(stub.requests.last?.body == Self.request(1, "1.0,2.5"))
        }
    }

    @Test func csv_isMatchedByNameBatchedAndPinnedToOneVersion() throws {
        let csv = "id,f1,f0,split\n1,1,0.5,a\n2,,-3e2,a\n3,NA,7,b\n"
        try StubServer.with { exchange in
            switch exchange.line {
            case "GET /v2/models/stump": (200, Self.stump)
            case "POST /v2/models/stump/infer": (200, Self.answer("1.5,0.1", 2))
            case "POST /v2/models/stump/versions/7/infer": (200, Self.answer("3.25", 1))
            default: (404, "{}")
            }
        } _: { stub in
            try Program.withFile("rows.csv", csv) { path in
                let outcome = try Program.run([
                    "predict", "stump", path, "--server", stub.address, "--batch", "2", "--output", "table",
                ])
                #expect(outcome.status == 0, "\(outcome)")
                #expect(outcome.lines == ["ROW  PREDICTIONS", "1    1.5", "2    0.1", "3    3.25"])
                #expect(outcome.errors == "modelctl: not used by the model: id, split\n")
                let bodies = stub.requests.dropFirst().map(\.body)
                #expect(bodies == [Self.request(2, "0.5,1.0,-300.0,null"), Self.request(1, "7.0,null")])
            }
        }
    }

    @Test func categories_travelByNameInTensorsOfTheirOwn() throws {
        let answer = """
            {"model_name":"penguins","model_version":"1","outputs":[\
            {"name":"predictions","datatype":"FP64","shape":[2,2],"data":[[0.25,0.75],[0.5,0.5]]},\
            {"name":"labels","datatype":"BYTES","shape":[2],"data":["Adelie","Gentoo"]}]}
            """
        let answers: [String: StubServer.Answer] = [
            "GET /v2/models/penguins/versions/1": (200, Self.penguins),
            "POST /v2/models/penguins/versions/1/infer": (200, answer),
        ]
        try StubServer.with(answers) { stub in
            let rows = "{\"mass\": 3750, \"island\": \"Dream\"}\n\n{\"island\": null, \"mass\": null}\n"
            let outcome = try Program.run(
                ["predict", "penguins@1"], input: rows,
                environment: ["MODELCTL_SERVER": "http://\(stub.address)/"])
            #expect(
                outcome.lines == [
                    #"{"predictions":[0.25,0.75],"labels":"Adelie"}"#,
                    #"{"predictions":[0.5,0.5],"labels":"Gentoo"}"#,
                ], "\(outcome)")
            #expect(
                stub.requests.last?.body == """
                    {"inputs":[{"name":"island","shape":[2,1],"datatype":"BYTES","data":["Dream",null]},\
                    {"name":"mass","shape":[2,1],"datatype":"FP64","data":[3750.0,null]}],\
                    "outputs":[{"name":"predictions"},{"name":"labels"}]}
                    """)
        }
    }

    @Test func outputs_areThoseAskedFor() throws {
        let answers: [String: StubServer.Answer] = [
            "GET /v2/models/stump": (200, Self.stump),
            "POST /v2/models/stump/infer": (200, Self.answer("1", 1)),
        ]
        try StubServer.with(answers) { stub in
            _ = try Program.run([
                "predict", "stump", "--server", stub.address, "--json", "[1,2]", "--outputs",
                "margin,predictions",
            ])
            let body = stub.requests.last?.body ?? ""
            #expect(body.hasSuffix(#""outputs":[{"name":"margin"},{"name":"predictions"}]}"#), "\(body)")
        }
    }

    @Test func theServersRefusal_isOneLineWithTheRows() throws {
        let answers: [String: StubServer.Answer] = [
            "GET /v2/models/stump": (200, Self.stump),
            "POST /v2/models/stump/infer": (400, #"{"error":"row 0 is no good"}"#),
        ]
        try StubServer.with(answers) { stub in
            let outcome = try Program.run([
                "predict", "stump", "--server", stub.address, "--row", "f0=1,f1=2",
            ])
            #expect(outcome.status == 65)
            #expect(outcome.output.isEmpty)
            #expect(
                outcome.errors == "modelctl: http://\(stub.address)/v2/models/stump/infer answered 400: "
                    + "row 0 is no good (row 1 of the input)\n")
        }
    }

    @Test(arguments: [
        (["--row", "f0=1"], "--row: missing: f1; write NAME= for a value that is not known"),
        (["--row", "f0=1,f1=2,f2=3"], "--row: the model has no feature \"f2\"; it has f0, f1"),
        (["--row", "f0=x,f1=2"], "--row: f0 is a number, not \"x\""),
        (["--row", "f0=1,f0=2"], "--row: f0 is given twice"),
        (["--row", "f0"], "--row: \"f0\" is not NAME=VALUE"),
        (["--json", #"{"f0":1}"#], "--json: the feature \"f1\" is missing; give it"),
        (["--json", #"[{"f0":1,"f1":2},{"f0":1,"f1":"a"}]"#], "--json, row 2: f1 is a number, not \"a\""),
        (["--json", "[1]"], "--json: 1 values where the model has 2 features: f0, f1"),
        (["--json", "{"], "--json:1:2: "),
        (["--json", "7"], "--json: a row is an object or an array, not 7"),
        (["--json", "[]"], "--json: there are no rows"),
    ])
    func rowsThatDoNotFit_areRefusedBeforeTheyAreSent(arguments: [String], message: String) throws {
        try StubServer.with(["GET /v2/models/stump": (200, Self.stump)]) { stub in
            let outcome = try Program.run(["predict", "stump", "--server", stub.address] + arguments)
            #expect(outcome.status == 65)
            #expect(outcome.errors.hasPrefix("modelctl: \(message)"), "\(outcome.errors)")
            #expect(outcome.errors.split(separator: "\n").count == 1)
            #expect(stub.requests.count == 1)
        }
    }

    @Test(arguments: [
        ("f0,f1\n1,2\n3,four\n", "standard input, line 3: f1 is a number, not \"four\""),
        ("1,2\n3,4\n", "standard input, line 1: the features \"f0\", \"f1\" are missing; is the first line"),
        ("f0,f1\n1\n", "standard input: line 2: 1 field where the header has 2"),
        ("", "standard input: there are no rows"),
        ("f0,f1\n", "standard input: there are no rows"),
        ("{\"f0\":1,\"f1\":2}\n{\"f0\":1,\"f1\":}\n", "standard input:2:"),
    ])
    func brokenInput_isReportedWithItsLine(input: String, message: String) throws {
        try StubServer.with(["GET /v2/models/stump": (200, Self.stump)]) { stub in
            let outcome = try Program.run(["predict", "stump", "--server", stub.address], input: input)
            #expect(outcome.status == 65, "\(outcome)")
            #expect(outcome.errors.hasPrefix("modelctl: \(message)"), "\(outcome.errors)")
        }
    }

    @Test(arguments: [
        "{}", "[]", #"{"outputs":[]}"#, #"{"outputs":[{"name":"p","shape":[2],"data":[1,2]}]}"#,
        #"{"outputs":[{"name":"p","shape":[1,3],"data":[1,2]}]}"#, #"{"outputs":[{"name":"p","data":[1]}]}"#,
        #"{"outputs":[{"name":"p","shape":[1,-9223372036854775808],"data":[1]}]}"#, "<html>",
    ])
    func answersThatAreNone_areNotTrusted(answer: String) throws {
        let answers: [String: StubServer.Answer] = [
            "GET /v2/models/stump": (200, Self.stump), "POST /v2/models/stump/infer": (200, answer),
        ]
        try StubServer.with(answers) { stub in
            let outcome = try Program.run(["predict", "stump", "--server", stub.address, "--json", "[1,2]"])
            #expect(outcome.status == 76, "\(outcome)")
            #expect(outcome.errors.contains("does not answer like modeld"), "\(outcome.errors)")
        }
    }

    @Test func missingFile_isNamed() throws {
        try StubServer.with(["GET /v2/models/stump": (200, Self.stump)]) { stub in
            let outcome = try Program.run(["predict", "stump", "/nonexistent.csv", "--server", stub.address])
            #expect(outcome.status == 66)
            #expect(outcome.errors == "modelctl: open /nonexistent.csv: No such file or directory\n")
        }
    }
}
