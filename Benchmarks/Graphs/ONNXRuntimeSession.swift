// SPDX-License-Identifier: Apache-2.0
import Glibc

/// ONNX Runtime through its C interface, one thread: a table of functions that are known by their places,
/// which no version has moved.
@safe final class ONNXRuntimeSession {
    private typealias Table = UnsafePointer<UnsafeRawPointer?>
    private typealias Status = UnsafeMutableRawPointer?
    private typealias Handle = UnsafeMutableRawPointer
    private typealias Slot = UnsafeMutablePointer<UnsafeMutableRawPointer?>
    private typealias Name = UnsafePointer<CChar>
    private typealias CreateTensor =
        @convention(c) (
            Handle, UnsafeMutableRawPointer, Int, UnsafePointer<Int64>, Int, Int32, Slot
        ) -> Status
    private typealias Run =
        @convention(c) (
            Handle, Handle?, UnsafePointer<Name?>, UnsafePointer<UnsafeRawPointer?>, Int,
            UnsafePointer<Name?>, Int, Slot
        ) -> Status
    private typealias Release = @convention(c) (UnsafeMutableRawPointer?) -> Void

    private let table: Table
    private let session: Handle
    private let memory: Handle
    private let createTensor: CreateTensor
    private let runSession: Run
    private let releaseValue: Release
    private var inputNames: [Name?] = unsafe []
    private var outputNames: [Name?] = unsafe []
    private var outputs: [UnsafeMutableRawPointer?] = unsafe []

    init(_ library: String, model: String) {
        typealias Base = @convention(c) () -> Table
        // Safe because this and all that follow are the documented signatures of the functions; the strings
        // live for the calls, and everything that is opened lives as long as the program.
        guard let file = unsafe dlopen(library, RTLD_NOW | RTLD_LOCAL),
            let symbol = unsafe dlsym(file, "OrtGetApiBase")
        else {
            print("cannot open \(library)")
            exit(66)
        }
        let base = unsafe unsafeBitCast(symbol, to: Base.self)()
        typealias GetTable = @convention(c) (UInt32) -> Table?
        guard let table = unsafe unsafeBitCast(base[0], to: GetTable.self)(17) else {
            print("\(library) knows no interface 17")
            exit(66)
        }
        unsafe self.table = table
        func function<Function>(_ place: Int, _: Function.Type) -> Function {
            unsafe unsafeBitCast(table[place], to: Function.self)
        }
        func check(_ status: Status) {
            guard let status = unsafe status else { return }
            typealias Message = @convention(c) (UnsafeMutableRawPointer) -> Name
            print(unsafe String(cString: function(2, Message.self)(status)))
            exit(70)
        }
        func made(_ body: (Slot) -> Status) -> Handle {
            var handle: UnsafeMutableRawPointer?
            unsafe check(body(&handle))
            guard let handle = unsafe handle else { exit(70) }
            return unsafe handle
        }
        let environment = unsafe made {
            unsafe function(3, (@convention(c) (Int32, Name, Slot) -> Status).self)(3, "benchmark", $0)
        }
        let options = unsafe made { unsafe function(10, (@convention(c) (Slot) -> Status).self)($0) }
        unsafe check(function(24, (@convention(c) (Handle, Int32) -> Status).self)(options, 1))
        unsafe session = made {
            unsafe function(7, (@convention(c) (Handle, Name, Handle, Slot) -> Status).self)(
                environment, model, options, $0)
        }
        unsafe memory = made {
            unsafe function(69, (@convention(c) (Int32, Int32, Slot) -> Status).self)(1, 0, $0)
        }
        let allocator = unsafe made { unsafe function(78, (@convention(c) (Slot) -> Status).self)($0) }
        unsafe createTensor = function(49, CreateTensor.self)
        unsafe runSession = function(9, Run.self)
        unsafe releaseValue = function(96, Release.self)
        for (counting, naming, isInput) in [(30, 36, true), (31, 37, false)] {
            var count = 0
            typealias Count = @convention(c) (Handle, UnsafeMutablePointer<Int>) -> Status
            unsafe check(function(counting, Count.self)(session, &count))
            for index in 0..<count {
                typealias GetName =
                    @convention(c) (Handle, Int, Handle, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>)
                    -> Status
                var name: UnsafeMutablePointer<CChar>?
                unsafe check(function(naming, GetName.self)(session, index, allocator, &name))
                if isInput { unsafe inputNames.append(name) } else { unsafe outputNames.append(name) }
            }
        }
        unsafe outputs = Array(repeating: nil, count: outputNames.count)
    }

    /// Answers one tensor of Float32 numbers; the answers live until the next call.
    func run(_ numbers: UnsafeMutablePointer<Float>, count: Int, shape: [Int64]) {
        var input: UnsafeMutableRawPointer?
        // Safe because the caller's memory holds as many numbers as the shape says; 1 is Float32.
        let made = unsafe createTensor(memory, numbers, count * 4, shape, shape.count, 1, &input)
        precondition(unsafe made == nil, "ONNX Runtime makes no tensor")
        release()
        let inputs: [UnsafeRawPointer?] = unsafe [UnsafeRawPointer(input)]
        let status = unsafe runSession(
            session, nil, inputNames, inputs, 1, outputNames, outputNames.count, &outputs)
        precondition(unsafe status == nil, "ONNX Runtime fails")
        unsafe releaseValue(input)
    }

    private func release() {
        for index in unsafe outputs.indices {
            unsafe releaseValue(outputs[index])
            unsafe outputs[index] = nil
        }
    }

    /// The first `count` numbers of an output, which must be Float32.
    func answer(_ output: Int, count: Int) -> [Float] {
        typealias GetData =
            @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>) ->
            Status
        var data: UnsafeMutableRawPointer?
        // Safe because the output is one of the last run, and has as many numbers as this library's.
        let status = unsafe unsafeBitCast(table[51], to: GetData.self)(outputs[output], &data)
        precondition(unsafe status == nil, "ONNX Runtime shows no numbers")
        return (0..<count).map { unsafe data?.load(fromByteOffset: $0 * 4, as: Float.self) ?? .nan }
    }
}
