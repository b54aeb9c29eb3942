// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Testing

@testable import Registry

struct PolicyFileTests {
    private func parse(_ text: String) throws(PolicyDefect) -> ModelPolicy {
        let bytes = Array(text.utf8)
        return try PolicyFile.parse(bytes.span)
    }

    @Test(arguments: ["", "# nothing\n", "~\n", "{}\n"])
    func anEmptyFile_statesNothing(text: String) throws {
        #expect(try parse(text) == ModelPolicy())
    }

    @Test func otherForms_areRead() throws {
        #expect(try parse("versions: all").versions == .all)
        #expect(try parse("versions: [3, 0]").versions == .listed([ModelVersion(3), ModelVersion(0)]))
        #expect(try parse("default: 7").defaultTarget == .version(ModelVersion(7)))
        #expect(try parse("default: latest").defaultTarget == .latest)
        #expect(try parse("sticky: body").stickiness == .body)
        #expect(try parse("shadow: {to: latest, percent: 0.5}").shadow == .init(.latest, percent: 0.5))
        #expect(try parse("load: first_use").load == .firstUse)
        #expect(try parse("best_iteration: true").usesBestIteration)
        #expect(try parse("limits: {memory: 65536}").limits.memory == 65536)
        #expect(try parse("limits: {deadline: 2s}").limits.deadline == 2_000_000_000)
        #expect(try parse("limits: {queue_policy: reject}").limits.queuePolicy == .reject)
        #expect(try parse("dynamic_batching: {enabled: false}").dynamicBatching?.isEnabled == false)
        let batching = try parse("dynamic_batching: {preferred_batch_size: [9, 4], max_queue_delay: 0ms}")
        #expect(batching.dynamicBatching?.preferredBatchSizes == [4, 9])
        #expect(batching.dynamicBatching?.maxQueueDelay == 0)
        let warmUp = try parse("warm_up: {inputs: [[1, '1', ~, nan]]}").warmUp
        guard case .number(let last)? = warmUp?.inputs[0].last else {
            Issue.record("\(String(describing: warmUp))")
            return
        }
        #expect(last.isNaN && warmUp?.inputs[0].dropLast() == [.number(1), .category("1"), .missing])
    }

    @Test(arguments: [
        ("[]", 1, "", "keys with values"),
        ("version: all", 1, "version", "did you mean versions?"),
        ("limits:\n  concurency: 4", 2, "limits.concurency", "did you mean concurrency?"),
        ("colour: red", 1, "colour", "known are: versions"),
        ("versions: some", 1, "versions", "allowed: all"),
        ("versions: []", 1, "versions", "empty"),
        ("versions: {latest: 0}", 1, "versions.latest", "from 1 to 1000"),
        ("versions: [1, 02]", 1, "versions[1]", "leading zero"),
        ("default: 1st", 1, "default", "no alias"),
        ("\ndefault: champion", 2, "default", "there is no alias 'champion'"),
        ("aliases: {latest: 3}", 1, "aliases.latest", "no name for an alias"),
        ("aliases: {7: 3}", 1, "aliases.7", "no name for an alias"),
        ("aliases:\n  a: b", 2, "aliases.a", "no version"),
        ("split: {1: 1, 2: -1}", 1, "split.2", "whole number"),
        ("split: {1: 0, 2: 0}", 1, "split", "every share is 0"),
        ("split:\n  1: 1\n  canary: 1", 3, "split.canary", "there is no alias"),
        ("sticky: {cookie: a}", 1, "sticky.cookie", "header"),
        ("sticky: {header: 'a b'}", 1, "sticky.header", "no name of a header"),
        ("sticky: yes", 1, "sticky", "allowed: body"),
        ("shadow: {percent: 5}", 1, "shadow", "needs to"),
        ("shadow: {to: 1, percent: 101}", 1, "shadow.percent", "at most 100"),
        ("shadow: {to: 1, percent: nan}", 1, "shadow.percent", "at most 100"),
        ("warm_up: {repeat: 3}", 1, "warm_up", "needs inputs"),
        ("warm_up: {inputs: [1]}", 1, "warm_up.inputs[0]", "a list is needed"),
        ("warm_up: {inputs: [[[1]]]}", 1, "warm_up.inputs[0][0]", "single values"),
        ("limits: {concurrency: 0}", 1, "limits.concurrency", "from 1"),
        ("limits: {deadline: 50}", 1, "limits.deadline", "with its unit"),
        ("limits: {deadline: 25h}", 1, "limits.deadline", "longer than a day"),
        ("limits: {memory: 9999999999GiB}", 1, "limits.memory", "such as"),
        ("limits: {queue_policy: drop}", 1, "limits.queue_policy", "reject, wait"),
        ("dynamic_batching: on", 1, "dynamic_batching", "keys with values"),
        ("dynamic_batching: {max_batch: 4}", 1, "dynamic_batching.max_batch", "did you mean max_batch_size?"),
        ("dynamic_batching: {max_batch_size: 0}", 1, "dynamic_batching.max_batch_size", "from 1 to 65536"),
        ("dynamic_batching: {preferred_batch_size: []}", 1, "dynamic_batching.preferred_batch_size", "empty"),
        (
            "dynamic_batching: {preferred_batch_size: [0]}", 1, "dynamic_batching.preferred_batch_size[0]",
            "from 1"
        ),
        (
            "dynamic_batching: {max_queue_delay: 11s}", 1, "dynamic_batching.max_queue_delay",
            "longer than 10 s"
        ),
        (
            "dynamic_batching:\n  max_batch_size: 4\n  preferred_batch_size: [8]", 2, "dynamic_batching",
            "has 8"
        ),
        ("best_iteration: yes", 1, "best_iteration", "true, false"),
        ("load: never", 1, "load", "start, first_use, explicit"),
        ("pinned:", 1, "pinned", "nothing"),
        ("pinned: true\npinned: false", 2, "", "already given"),
        ("a: &x 1", 1, "", "anchors"),
    ])
    func whatIsWrong_isSaidWithItsPlace(text: String, line: Int, key: String, reason: String) {
        do {
            Issue.record("read as \(try parse(text))")
        } catch {
            #expect(error.line == line, "\(error)")
            #expect(error.key == key, "\(error)")
            #expect(error.reason.contains(reason), "\(error)")
        }
    }

    @Test func aHugeFile_isRefused() {
        #expect(throws: PolicyDefect.self) {
            try parse(String(repeating: "# ", count: 1 << 20))
        }
    }
}
