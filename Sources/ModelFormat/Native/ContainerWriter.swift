// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography

/// Puts tensors and metadata into the bytes of a native file; the same input gives the same bytes.
struct ContainerWriter {
    /// In the order in which they will stand in the file.
    private var tensors: [(name: String, tensor: Tensor)] = []

    mutating func add(_ name: String, _ tensor: Tensor) { tensors.append((name, tensor)) }

    /// The whole file. `metadata` follows the digest in its order.
    func finish(metadata: [(key: String, value: String)]) throws(FormatError) -> [UInt8] {
        var header = ByteBuffer(capacity: 4096)
        for byte in Container.prefix { header.append(byte) }
        for _ in Container.digestRange { header.append(UInt8(ascii: "0")) }
        header.append("\"")
        for (key, value) in metadata {
            header.append(",")
            header.append(quoted: key)
            header.append(":")
            header.append(quoted: value)
        }
        header.append("}")
        let dataSize = appendEntries(to: &header)
        header.append("}")
        for _ in 0..<Container.padding(after: Container.lengthSize + header.count) {
            header.append(UInt8(ascii: " "))
        }
        if header.count > Container.headerSizeMax {
            throw .headerTooLarge(length: UInt64(header.count), limit: Container.headerSizeMax)
        }
        return assemble(header.bytes, dataSize: dataSize)
    }

    /// Writes an entry a tensor and a padding, and returns the size of all.
    private func appendEntries(to header: inout ByteBuffer) -> Int {
        var offset = 0
        var paddingCount = 0
        for (index, (name, tensor)) in tensors.enumerated() {
            appendEntry(name, type: tensor.type, shape: tensor.shape, offset, tensor.byteCount, to: &header)
            offset += tensor.byteCount
            let padding = index + 1 < tensors.count ? Container.padding(after: offset) : 0
            if padding == 0 { continue }
            let paddingName = Container.paddingPrefix + String(paddingCount)
            appendEntry(paddingName, type: .uint8, shape: [padding], offset, padding, to: &header)
            offset += padding
            paddingCount += 1
        }
        return offset
    }

    // Not inlined: Swift 6.3.1 dies on it in release builds (its ownership verifier, after copy propagation).
    @inline(never)
    private func appendEntry(
        _ name: String, type: TensorType, shape: [Int], _ offset: Int, _ size: Int,
        to header: inout ByteBuffer
    ) {
        header.append(",")
        header.append(quoted: name)
        header.append(#":{"dtype":""#)
        header.append(type.rawValue)
        header.append(#"","shape":["#)
        for (index, size) in shape.enumerated() {
            if index > 0 { header.append(",") }
            header.append(decimal: Int64(size))
        }
        header.append(#"],"data_offsets":["#)
        header.append(decimal: Int64(offset))
        header.append(",")
        header.append(decimal: Int64(offset + size))
        header.append("]}")
    }

    private func assemble(_ header: Span<UInt8>, dataSize: Int) -> [UInt8] {
        var file: [UInt8] = []
        file.reserveCapacity(Container.lengthSize + header.count + dataSize)
        let length = UInt64(header.count)
        for index in 0..<Container.lengthSize {
            file.append(UInt8(truncatingIfNeeded: length >> UInt64(8 * index)))
        }
        for index in 0..<header.count { file.append(header[index]) }
        for (index, (_, tensor)) in tensors.enumerated() {
            tensor.append(to: &file)
            if index + 1 == tensors.count { break }
            file.append(contentsOf: repeatElement(0, count: Container.padding(after: file.count)))
        }
        let digest = Container.digest(of: file.span).hexadecimalBytes
        file.replaceSubrange(Container.digestRange, with: digest)
        return file
    }
}
