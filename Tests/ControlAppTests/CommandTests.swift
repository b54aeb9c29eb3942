// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ControlApp

@Suite struct CommandTests {
    private static let index = """
        [{"name":"a","version":"1","state":"READY"},{"name":"a","version":"2","state":"UNAVAILABLE",\
        "reason":"golden sample 3 differs\\u001b[2J"}]
        """
    private static let metadata = """
        {"name":"a","versions":["1"],"platform":"native","inputs":[{"name":"input","datatype":"FP64",\
        "shape":[-1,1]}],"outputs":[{"name":"predictions","datatype":"FP64","shape":[-1]}],\
        "properties":{"features":"[\\"width\\"]","digest":"abc"}}
        """

    @Test func list_showsEveryVersionAndHidesControlCharacters() throws {
        let answers: [String: StubServer.Answer] = [
            "POST /v2/repository/index": (200, Self.index),
            "GET /v2/models/a/versions/1": (200, Self.metadata),
        ]
        try StubServer.with(answers) { stub in
            let table = try Program.run(["list", "--server", stub.address])
            #expect(
                table.lines == [
                    "MODEL  VERSION  STATE        FORMAT  REASON",
                    "a      1        READY        native",
                    "a      2        UNAVAILABLE          golden sample 3 differs\u{FFFD}[2J",
                ], "\(table)")
            let json = try Program.run(["list", "--server", stub.address, "--output", "json"])
            #expect(
                json.lines.first
                    == #"{"name":"a","version":"1","state":"READY","ready":true,"format":"native"}"#)
            #expect(json.status == 0)
        }
    }

    @Test func show_namesTheFeatures() throws {
        try StubServer.with(["GET /v2/models/a": (200, Self.metadata)]) { stub in
            let outcome = try Program.run(["show", "a", "--server", stub.address])
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("\nNAME   KIND\nwidth  numeric\n"), "\(outcome.output)")
            #expect(outcome.output.contains("digest    abc\n"))
            let json = try Program.run(["show", "a", "--server", stub.address, "--output", "json"])
            #expect(
                json.output.contains(#""features":[{"name":"width","kind":"numeric"}]"#), "\(json.output)")
        }
    }

    @Test func unknownModel_isTheServersWord() throws {
        let answers: [String: StubServer.Answer] = [
            "GET /v2/models/x%20y": (404, #"{"error":"no model 'x y'"}"#)
        ]
        try StubServer.with(answers) { stub in
            let outcome = try Program.run(["show", "x y", "--server", stub.address])
            #expect(outcome.status == 65)
            #expect(
                outcome.errors
                    == "modelctl: http://\(stub.address)/v2/models/x%20y answered 404: no model 'x y'\n")
        }
    }

    @Test func registryAndFile_areReadWithoutAServer() throws {
        let registry = Program.fixtures + "/protocols/registry"
        let list = try Program.run(["list", "--registry", registry])
        #expect(list.output.contains("stump  1        CHECKED  xgboost-json"), "\(list)")
        for place in [["stump", "--registry", registry], ["--file", registry + "/stump/1/model.json"]] {
            let show = try Program.run(["show"] + place)
            #expect(show.status == 0)
            #expect(show.output.contains("trees, 1 with 3 nodes"), "\(show)")
        }
        let unknown = try Program.run(["show", "stump@9", "--registry", registry])
        #expect(unknown.status == 65 && unknown.errors.contains("there is no model stump@9"), "\(unknown)")
    }

    @Test func verify_saysWhatIsRefusedAndWhy() throws {
        let good = try Program.run(["verify", Program.fixtures + "/protocols/registry"])
        #expect(good.status == 0 && good.output.hasSuffix("1 ok, 0 refused\n"), "\(good)")
        try Program.withFile("model.json", #"{"learner": {"#) { path in
            let bad = try Program.run(["verify", path])
            #expect(bad.status == 1 && bad.output.hasPrefix("refused  "), "\(bad)")
            let json = try Program.run(["verify", path, "--output", "json"])
            #expect(json.status == 1 && json.output.contains(#""ok":false,"code":""#), "\(json)")
        }
        let absent = try Program.run(["verify", "/nonexistent"])
        #expect(absent.status == 1 && absent.output.contains("No such file or directory"), "\(absent)")
    }

    @Test func health_isOneBit() throws {
        let answers: [String: StubServer.Answer] = [
            "GET /v2/health/live": (200, #"{"live":true}"#),
            "GET /v2/health/ready": (503, #"{"ready":false}"#),
        ]
        try StubServer.with(answers) { stub in
            let live = try Program.run(["health", "--live"], environment: ["MODELD_LISTEN": stub.address])
            #expect(live == Program.Outcome(status: 0, output: "live\n", errors: ""))
            let ready = try Program.run(["health"], environment: ["MODELD_LISTEN": stub.address])
            #expect(ready.status == 1 && ready.errors == "modelctl: http://\(stub.address) is not ready\n")
        }
    }

    @Test func absentServer_isNamedWithWhatToDo() throws {
        // A port that was free a moment ago.
        let address = try StubServer.with([:]) { $0.address }
        let list = try Program.run(["list", "--server", address])
        #expect(list.status == 69)
        #expect(list.errors.contains("cannot reach http://\(address)"), "\(list)")
        #expect(list.errors.contains("is modeld running?"))
        #expect(try Program.run(["health", "--server", address]).status == 1)
    }

    @Test func anotherProgram_isRecognised() throws {
        let answers: [String: StubServer.Answer] = [
            "POST /v2/repository/index": (200, "<html>hello</html>"), "GET /v2/models/a": (200, "[]"),
        ]
        try StubServer.with(answers) { stub in
            for command in [["list"], ["show", "a"]] {
                let outcome = try Program.run(command + ["--server", stub.address])
                #expect(outcome.status == 76, "\(outcome)")
            }
        }
    }

    @Test(arguments: [
        ["lsit"], ["list", "--sever", "x"], ["show"], ["show", "a@b"], ["show", "a", "--file", "b"],
        ["predict"],
        ["predict", "m", "--row", "a=1", "--json", "{}"], ["predict", "m", "--batch", "0"], ["verify"],
        ["list", "--server", "https://x"], ["list", "--server", "http://"], ["list", "--timeout", "0"],
        ["list", "--output", "xml"],
    ])
    func wrongUsage_exitsWith64(arguments: [String]) throws {
        let outcome = try Program.run(arguments)
        #expect(outcome.status == 64, "\(outcome)")
        #expect(!outcome.errors.isEmpty)
    }

    @Test func helpAndVersion_succeed() throws {
        #expect(try Program.run(["--version"]).output == ModelControl.version + "\n")
        for command in ["list", "show", "predict", "verify", "health"] {
            let outcome = try Program.run([command, "--help"])
            #expect(outcome.status == 0 && outcome.output.contains("OVERVIEW"))
        }
    }
}
