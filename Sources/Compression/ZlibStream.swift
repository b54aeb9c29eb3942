// SPDX-License-Identifier: Apache-2.0
import Base
import CZlib

/// zlib's state, with one owner. It lies on the heap because zlib keeps a pointer back to it.
// Safe because the state has one owner, and moves with it from thread to thread.
@safe struct ZlibStream: ~Copyable, @unchecked Sendable {
    enum Direction { case inflate, deflate }

    /// What one call came to.
    struct Step {
        var code: Int32
        var consumed: Int
        var produced: Int
    }

    private let state: UnsafeMutablePointer<z_stream>
    private let direction: Direction

    /// nil when there is no memory.
    init?(_ direction: Direction, _ format: CompressionFormat, level: Int32 = 0) {
        self.direction = direction
        // Safe because this value alone owns the memory and frees it in `deinit`.
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(to: z_stream())
        let code =
            switch direction {
            case .inflate: unsafe czlib_inflate_init(state, format.windowBits)
            case .deflate: unsafe czlib_deflate_init(state, level, format.windowBits)
            }
        if code != Z_OK {
            unsafe state.deallocate()
            return nil
        }
    }

    deinit {
        // Safe because the state was initialised, and nothing can use it after its only owner is gone.
        switch direction {
        case .inflate: _ = unsafe inflateEnd(state)
        case .deflate: _ = unsafe deflateEnd(state)
        }
        unsafe state.deallocate()
    }

    /// Makes it as new.
    mutating func reset() {
        // Safe because the state was initialised.
        switch direction {
        case .inflate: _ = unsafe inflateReset(state)
        case .deflate: _ = unsafe deflateReset(state)
        }
    }

    /// One call of zlib: reads from `input`, appends at most `room` bytes to `output`.
    mutating func step(
        _ input: Span<UInt8>, into output: inout ByteBuffer, room: Int, flush: Int32
    ) -> Step {
        // What does not fit into zlib's 32 bits waits for the next call.
        let available = min(input.count, 1 << 30)
        var code: Int32 = Z_OK
        var consumed = 0
        var produced = 0
        let direction = direction
        // Safe because zlib reads at most `available` bytes of the span, which lives through the closure, and
        // writes at most `room` bytes, which the buffer has reserved.
        let state = unsafe state
        unsafe input.withUnsafeBufferPointer { source in
            unsafe output.withFreeSpace(room) { target in
                unsafe state.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                unsafe state.pointee.avail_in = UInt32(available)
                unsafe state.pointee.next_out = target
                unsafe state.pointee.avail_out = UInt32(room)
                code =
                    switch direction {
                    case .inflate: unsafe CZlib.inflate(state, flush)
                    case .deflate: unsafe CZlib.deflate(state, flush)
                    }
                consumed = available - Int(unsafe state.pointee.avail_in)
                produced = room - Int(unsafe state.pointee.avail_out)
                unsafe state.pointee.next_in = nil
                unsafe state.pointee.next_out = nil
                return produced
            }
        }
        return Step(code: code, consumed: consumed, produced: produced)
    }
}
