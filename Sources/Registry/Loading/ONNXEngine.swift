// SPDX-License-Identifier: Apache-2.0
internal import Inference
internal import ModelFormat

/// What runs ONNX models.
package struct ONNXEngine: Sendable, Equatable {
    package enum Choice: String, Sendable, CaseIterable {
        /// Our own operators; ONNX Runtime for models that hold others.
        case auto
        case native
        case onnxruntime
    }

    package var choice = Choice.auto
    /// The path of `libonnxruntime.so`; nil: where the system finds it.
    package var libraryPath: String?

    package init(choice: Choice = .auto, libraryPath: String? = nil) {
        self.choice = choice
        self.libraryPath = libraryPath
    }
}

extension ONNXEngine {
    /// The model in `bytes`, by the engine that is chosen. `native` makes it with our own operators.
    ///
    /// - Parameter external: gives tensors that lie in other files; ONNX Runtime gets them with the model.
    func compile(
        _ bytes: Span<UInt8>, path: String, external: any ExternalTensorData,
        native: () throws(RegistryError) -> CompiledModel
    ) throws(RegistryError) -> CompiledModel {
        switch choice {
        case .native: return try native()
        case .onnxruntime:
            return try run(
                bytes, path: path, external: external, because: "onnx.engine is onnxruntime")
        case .auto:
            do {
                return try native()
            } catch {
                guard let reason = error.neededOperator else { throw error }
                return try run(bytes, path: path, external: external, because: reason)
            }
        }
    }

    private func run(
        _ bytes: Span<UInt8>, path: String, external: any ExternalTensorData, because reason: String
    ) throws(RegistryError) -> CompiledModel {
        let library: ONNXRuntimeLibrary
        do {
            library = try ONNXRuntimeLibrary.open(path: libraryPath)
        } catch {
            throw .runtimeMissing(file: path, reason: reason, library: error.reason)
        }
        var whole: [UInt8]?
        var found: ModelGraph?
        do {
            do {
                found = try ModelFile.onnxInterface(bytes)
            } catch .unsupported {
                // A tensor lies in another file, which the library would open by whatever path is named.
                let all = try ModelFile.onnxWhole(bytes, external: external)
                found = try ModelFile.onnxInterface(all.span)
                whole = all
            }
        } catch {
            throw .format(file: path, error)
        }
        guard let graph = found, case .operatorGraph(let interface) = graph.estimator else {
            throw .runtimeFailed(file: path, reason: "the file has no graph")
        }
        let session: ONNXRuntimeSession
        do {
            if let whole {
                session = try ONNXRuntimeSession(whole.span, interface: interface, library: library)
            } else {
                session = try ONNXRuntimeSession(bytes, interface: interface, library: library)
            }
        } catch {
            throw .runtimeFailed(file: path, reason: "\(reason); ONNX Runtime: \(error.reason)")
        }
        do {
            return try CompiledModel(graph, session: session)
        } catch {
            throw .inference(file: path, error)
        }
    }
}

extension RegistryError {
    /// Why our own operators do not run a sound ONNX model, when that is the reason.
    fileprivate var neededOperator: String? {
        switch self {
        case .inference(_, .graph(let error)) where error.kind == .unsupportedOperator: error.description
        case .format(_, .unsupported(let part, _)): "\(part) is not supported natively"
        default: nil
        }
    }
}
