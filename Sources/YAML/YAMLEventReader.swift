// SPDX-License-Identifier: Apache-2.0
import CYAML

/// One step of a document, as libyaml reports it.
enum YAMLEvent: Equatable {
    case documentStart
    case documentEnd
    case streamEnd
    case scalar(String, isPlain: Bool)
    case sequenceStart
    case sequenceEnd
    case mappingStart
    case mappingEnd
}

/// libyaml's parser with one owner; the only code that calls libyaml.
///
/// libyaml scans iteratively and builds no tree of its own, so that the limits of `YAMLDocument` hold for it
/// too: reading stops at the first event beyond them.
@safe struct YAMLEventReader: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeBufferPointer<UInt8>

    /// Reads from `input`, which must stay valid and unchanged while this value lives; nil when memory is
    /// short.
    @unsafe init?(_ input: UnsafeBufferPointer<UInt8>) {
        // Safe because the parser's memory is owned by this value alone; it is freed here when libyaml has
        // not initialised it, and in `deinit` otherwise.
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            unsafe parser.deallocate()
            return nil
        }
        unsafe self.parser = unsafe parser
        unsafe self.input = unsafe input
        // The encoding is fixed: UTF-16, which libyaml would guess from a byte-order mark, is not read.
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        // Safe because `init` succeeded only with an initialised parser and nobody else holds the pointer.
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
    }

    /// The next event and where it begins; anchors, aliases and tags are refused here.
    mutating func next() throws(YAMLError) -> (event: YAMLEvent, mark: YAMLMark) {
        while true {
            // Safe because the parser is initialised (see `init`) and the event, empty at first, is deleted
            // on every way out; the scalar's text is copied before that.
            var event = unsafe yaml_event_t()
            guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw parserError() }
            defer { unsafe yaml_event_delete(&event) }
            let mark = unsafe YAMLMark(event.start_mark)
            if unsafe cyaml_has_anchor(&event) != 0 { throw YAMLError(.anchorOrAlias, at: mark) }
            if unsafe cyaml_has_tag(&event) != 0 { throw YAMLError(.tag, at: mark) }
            switch unsafe event.type {
            case YAML_STREAM_START_EVENT, YAML_NO_EVENT: continue
            case YAML_STREAM_END_EVENT: return (.streamEnd, mark)
            case YAML_DOCUMENT_START_EVENT: return (.documentStart, mark)
            case YAML_DOCUMENT_END_EVENT: return (.documentEnd, mark)
            case YAML_SEQUENCE_START_EVENT: return (.sequenceStart, mark)
            case YAML_SEQUENCE_END_EVENT: return (.sequenceEnd, mark)
            case YAML_MAPPING_START_EVENT: return (.mappingStart, mark)
            case YAML_MAPPING_END_EVENT: return (.mappingEnd, mark)
            case YAML_SCALAR_EVENT:
                let bytes = unsafe UnsafeBufferPointer(
                    start: cyaml_scalar_text(&event), count: cyaml_scalar_length(&event))
                let text = unsafe String(decoding: bytes, as: UTF8.self)
                return (.scalar(text, isPlain: unsafe cyaml_scalar_is_plain(&event) != 0), mark)
            default: throw YAMLError(.anchorOrAlias, at: mark)
            }
        }
    }

    /// libyaml's complaint as an error of ours; encoding errors carry an offset instead of a mark.
    private func parserError() -> YAMLError {
        // Safe because the parser is initialised, and its problem text is a C string literal of libyaml or
        // null.
        let state = unsafe parser.pointee
        if unsafe state.error == YAML_MEMORY_ERROR {
            return unsafe YAMLError(.outOfMemory, at: YAMLMark(state.mark))
        }
        let problem = unsafe state.problem
        let words = if let problem = unsafe problem { unsafe String(cString: problem) } else { "unreadable" }
        if unsafe state.error == YAML_READER_ERROR {
            return unsafe YAMLError(.syntax(words), at: mark(ofByte: Int(clamping: state.problem_offset)))
        }
        return unsafe YAMLError(.syntax(words), at: YAMLMark(state.problem_mark))
    }

    private func mark(ofByte offset: Int) -> YAMLMark {
        var mark = YAMLMark(line: 1, column: 1)
        // Safe because the input outlives this value (see `init`) and each index lies inside it.
        let length = unsafe min(offset, input.count)
        for index in 0..<length {
            let byte = unsafe input[index]
            if byte == UInt8(ascii: "\n") {
                mark = YAMLMark(line: mark.line + 1, column: 1)
            } else if byte & 0xC0 != 0x80 {
                mark.column += 1
            }
        }
        return mark
    }
}

extension YAMLMark {
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(clamping: mark.line) + 1, column: Int(clamping: mark.column) + 1)
    }
}
