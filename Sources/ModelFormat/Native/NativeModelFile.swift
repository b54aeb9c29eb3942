// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography
import Glibc

/// A native file, read once from its beginning to its end: each tensor straight into the array that the model
/// keeps, and into the digests on the way. So a file of a gigabyte takes a gigabyte, not two.
package struct NativeModelFile: Sendable {
    /// SHA-256 of the file, lower-case hexadecimal.
    package let sha256: String
    /// Bytes.
    package let size: Int
    private let metadata: [String: String]
    private let entries: [Container.Entry]
    private var tensors: [String: any Sendable] = [:]

    /// Nil for what is no whole, valid native file, or cannot be read: `NativeModel.read` says what is wrong.
    ///
    /// - Parameter file: an open regular file, at its beginning.
    package init?(reading file: borrowing FileDescriptor) {
        var facts = stat()
        // Safe because fstat only writes the struct that it is given.
        guard unsafe fstat(file.number, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
        size = Int(facts.st_size)
        var pass = SequentialPass(file.number)
        guard let lengthField = pass.numbers(UInt8.self, count: Container.lengthSize, isDigested: false)
        else {
            return nil
        }
        let length = (0..<Container.lengthSize).reduce(UInt64(0)) {
            $0 | UInt64(lengthField[$1]) << UInt64(8 * $1)
        }
        guard length <= UInt64(Container.headerSizeMax), length <= UInt64(max(0, size - lengthField.count)),
            let rest = pass.numbers(UInt8.self, count: Int(length), isDigested: false)
        else { return nil }
        let header = lengthField + rest
        guard let container = try? ContainerReader(header: header.span, fileSize: size) else { return nil }
        pass.digest(header: header.span)
        for entry in container.entries {
            let bytes = entry.range.count
            let values: (any Sendable)? =
                switch entry.type {
                case .float64: pass.numbers(Double.self, count: bytes / 8)
                case .float32: pass.numbers(Float.self, count: bytes / 4)
                case .int64: pass.numbers(Int64.self, count: bytes / 8)
                case .int32: pass.numbers(Int32.self, count: bytes / 4)
                case .float16: pass.numbers(UInt16.self, count: bytes / 2)
                case .int16: pass.numbers(Int16.self, count: bytes / 2)
                case .int8: pass.numbers(Int8.self, count: bytes)
                case .uint8, .bool: pass.numbers(UInt8.self, count: bytes)
                }
            guard let values else { return nil }
            if entry.name.hasPrefix(Container.paddingPrefix) {
                guard let zeros = values as? [UInt8], zeros.allSatisfy({ $0 == 0 }) else { return nil }
            } else {
                tensors[entry.name] = values
            }
        }
        let digests = pass.finish()
        guard String(validating: header.span.extracting(Container.digestRange)) == digests.own else {
            return nil
        }
        sha256 = digests.whole
        metadata = container.metadata
        entries = container.entries.filter { !$0.name.hasPrefix(Container.paddingPrefix) }
    }

    /// The graph that the file holds; its document and every value are checked.
    package consuming func graph() throws(FormatError) -> ModelGraph {
        let reader = GraphReader(tensors, entries: entries)
        tensors = [:]
        return try NativeModel.graph(metadata, reader)
    }
}

/// A file on its way into memory and two digests.
private struct SequentialPass: ~Copyable {
    private let number: CInt
    private var whole = SHA256()
    private var own = SHA256()
    /// Bytes that are digested while the cache still has them.
    private static let pieceSize = 1 << 18

    init(_ number: CInt) { self.number = number }

    /// The next `count` numbers of the file, nil when it ends before or cannot be read.
    mutating func numbers<Number: BitwiseCopyable>(
        _: Number.Type, count: Int, isDigested: Bool = true
    ) -> [Number]? {
        var isWhole = true
        // Safe because `fill` writes the buffer's bytes only, all of them where it says so, and any bits are
        // a number.
        let numbers = unsafe [Number](unsafeUninitializedCapacity: count) { buffer, initialized in
            let bytes = unsafe UnsafeMutableRawBufferPointer(
                rebasing: UnsafeMutableRawBufferPointer(buffer)[..<(count * MemoryLayout<Number>.stride)])
            isWhole = unsafe fill(bytes, isDigested)
            initialized = isWhole ? count : 0
        }
        return isWhole ? numbers : nil
    }

    private mutating func fill(_ bytes: UnsafeMutableRawBufferPointer, _ isDigested: Bool) -> Bool {
        var done = 0
        // Safe because the pieces lie inside the buffer.
        while done < bytes.count {
            let wanted = min(Self.pieceSize, bytes.count - done)
            let got = unsafe read(number, bytes.baseAddress.map { unsafe $0 + done }, wanted)
            if got < 0 && errno == EINTR { continue }
            if got <= 0 { return false }
            if isDigested {
                let piece = unsafe UnsafeRawBufferPointer(rebasing: bytes[done..<done + got])
                let span = unsafe Span<UInt8>(_unsafeBytes: piece)
                whole.update(span)
                own.update(span)
            }
            done += got
        }
        return true
    }

    /// The file's beginning, which holds its own digest: that is read as zeros.
    mutating func digest(header: Span<UInt8>) {
        whole.update(header)
        let zeros = [UInt8](repeating: 48, count: Container.digestRange.count)
        own.update(header.extracting(0..<Container.digestRange.lowerBound))
        own.update(zeros.span)
        own.update(header.extracting(Container.digestRange.upperBound..<header.count))
    }

    consuming func finish() -> (whole: String, own: String) {
        (whole.finish().hexadecimal, own.finish().hexadecimal)
    }
}
