// SPDX-License-Identifier: Apache-2.0

/// Writes zip archives of stored files, for tests.
package enum StoredZip {
    package static func archive(_ files: [(name: String, bytes: [UInt8])]) -> [UInt8] {
        var archive: [UInt8] = []
        var directory: [UInt8] = []
        for file in files {
            let name = Array(file.name.utf8)
            let facts =
                number(checksum(file.bytes), 4) + number(UInt32(file.bytes.count), 4)
                + number(UInt32(file.bytes.count), 4) + number(UInt32(name.count), 2) + [0, 0]
            let offset = archive.count
            archive += number(0x0403_4B50, 4) + [20, 0, 0, 0, 0, 0, 0, 0, 0, 0] + facts + name + file.bytes
            directory += number(0x0201_4B50, 4) + [20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0] + facts
            directory += [UInt8](repeating: 0, count: 10) + number(UInt32(offset), 4) + name
        }
        let count = number(UInt32(files.count), 2)
        let start = number(UInt32(archive.count), 4)
        return archive + directory + number(0x0605_4B50, 4) + [0, 0, 0, 0] + count + count
            + number(UInt32(directory.count), 4) + start + [0, 0]
    }

    private static func number(_ value: UInt32, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
    }

    /// CRC-32, bit by bit.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var sum: UInt32 = .max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return ~sum
    }
}
