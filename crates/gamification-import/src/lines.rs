//! Lines of events, read and understood in chunks, on a thread of their own.

use std::{
    io::{self, BufRead, BufReader, Read},
    str,
};

use gamification_app::{Clock, EventContent, EventMistake, EventMistakeKind, IdGenerator, IncomingEvent};
use gamification_events::{MalformedMessage, read_structured};
use time::{Duration, OffsetDateTime};
use tokio::sync::mpsc;

use crate::source::Source;

/// The longest line, in bytes, with its end: far more than an event needs, and little enough to hold.
const MAX_LINE: u64 = 1024 * 1024;

/// How many lines make a chunk: as many facts as a transaction takes.
pub(crate) const CHUNK_LINES: usize = 1_000;

/// How many chunks are read ahead: the next one is ready when the database is.
const AHEAD: usize = 2;

/// A line that says something.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Its number in the source, from 1.
    pub(crate) number: u64,
    pub(crate) event: IncomingEvent,
}

impl AsRef<IncomingEvent> for Line {
    fn as_ref(&self) -> &IncomingEvent {
        &self.event
    }
}

/// Some lines that follow one another.
#[derive(Debug, Default)]
pub(crate) struct LineChunk {
    /// The number of the first of them, blank or not.
    pub(crate) first_line: u64,
    /// The number of the first after them.
    pub(crate) next_line: u64,
    /// How many bytes they are.
    pub(crate) bytes: u64,
    /// All of them but the blank ones.
    pub(crate) lines: Vec<Line>,
}

/// Reads a source to its end, as fast as chunks are taken. After an error comes nothing more.
///
/// The thread is not one of the runtime's: standard input may stay open for ever, and the program must be able
/// to end meanwhile.
pub(crate) fn read(
    source: Source,
    system: impl Clock + IdGenerator,
) -> io::Result<mpsc::Receiver<io::Result<LineChunk>>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    std::thread::Builder::new().name("lines".to_owned()).spawn(move || {
        let mut lines = Lines::new(BufReader::new(source.reader), system);
        while let Some(chunk) = lines.next_chunk().transpose() {
            let failed = chunk.is_err();
            if sender.blocking_send(chunk).is_err() || failed {
                break;
            }
        }
    })?;
    Ok(receiver)
}

struct Lines<R, E> {
    reader: R,
    system: E,
    /// The number of the line read last.
    line: u64,
    /// When the line read last was received.
    received_at: OffsetDateTime,
    buffer: Vec<u8>,
}

impl<R: BufRead, E: Clock + IdGenerator> Lines<R, E> {
    fn new(reader: R, system: E) -> Self {
        Self { reader, system, line: 0, received_at: OffsetDateTime::UNIX_EPOCH, buffer: Vec::new() }
    }

    /// The next lines; none at the end.
    fn next_chunk(&mut self) -> io::Result<Option<LineChunk>> {
        let mut chunk = LineChunk { first_line: self.line + 1, ..LineChunk::default() };
        for _ in 0..CHUNK_LINES {
            let bytes = self.next_line()?;
            if bytes == 0 {
                break;
            }
            chunk.bytes += bytes;
            self.line += 1;
            if let Some(event) = self.understand() {
                chunk.lines.push(Line { number: self.line, event });
            }
        }
        chunk.next_line = self.line + 1;
        Ok((chunk.bytes > 0).then_some(chunk))
    }

    /// Reads a line into the buffer, and gives how many bytes it takes up; 0 at the end. Of one that is too long, the
    /// rest is skipped.
    fn next_line(&mut self) -> io::Result<u64> {
        self.buffer.clear();
        let read = self.reader.by_ref().take(MAX_LINE + 1).read_until(b'\n', &mut self.buffer)?;
        let mut bytes = u64::try_from(read).unwrap_or(u64::MAX);
        if bytes > MAX_LINE && !self.buffer.ends_with(b"\n") {
            bytes += u64::try_from(self.reader.skip_until(b'\n')?).unwrap_or(u64::MAX);
        }
        Ok(bytes)
    }

    /// What the line in the buffer says; nothing, when it is blank.
    fn understand(&mut self) -> Option<IncomingEvent> {
        if u64::try_from(self.buffer.len()).is_ok_and(|length| length > MAX_LINE) {
            return Some(not_an_event(format!("longer than {MAX_LINE} bytes")));
        }
        let text = match str::from_utf8(&self.buffer) {
            Ok(text) => text,
            Err(error) => {
                return Some(not_an_event(format!("not UTF-8, at byte {}", error.valid_up_to() + 1)));
            }
        };
        // Some programs begin a file with a byte order mark.
        let text = if self.line == 1 { text.trim_start_matches('\u{feff}') } else { text };
        let text = text.trim_ascii_end();
        if text.is_empty() {
            return None;
        }
        // Each line is received after the one before it, so that changes without a time keep the order of the lines.
        self.received_at = self.system.now().max(self.received_at + Duration::microseconds(1));
        Some(read_structured(text.as_bytes(), self.received_at).unwrap_or_else(|malformed| match malformed {
            MalformedMessage::NotJson(error) => not_an_event(not_json(&error)),
            other => not_an_event(other.to_string()),
        }))
    }
}

/// A line from which not even JSON can be read.
fn not_an_event(detail: String) -> IncomingEvent {
    let mistake = EventMistake { kind: EventMistakeKind::Invalid, pointer: "#".to_owned(), detail };
    IncomingEvent { id: None, content: EventContent::Invalid { event_type: None, mistake } }
}

/// The parser counts lines too, and there is only one for it.
fn not_json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    format!("not JSON: {}, at column {}", text.strip_suffix(&place).unwrap_or(&text), error.column())
}

#[cfg(test)]
mod tests {
    use gamification_app::System;

    use super::*;

    const POST: &str = r#"{"specversion":"1.0","id":"e","source":"/s","type":"PostCreated","data":{"community_id":"0192f0c1-5c1e-7f4e-8f4b-4b1d3c7a9e01","post_id":"0192f0c1-5c1e-7f4e-8f4b-4b1d3c7a9e02","author_id":"0192f0c1-5c1e-7f4e-8f4b-4b1d3c7a9e03"}}"#;

    fn chunks(text: &[u8]) -> Vec<LineChunk> {
        let mut lines = Lines::new(text, System);
        std::iter::from_fn(|| lines.next_chunk().unwrap()).collect()
    }

    fn rejected(text: &[u8]) -> Vec<(u64, String)> {
        let lines = chunks(text).into_iter().flat_map(|chunk| chunk.lines);
        let rejected = lines.filter_map(|line| match line.event.content {
            EventContent::Invalid { mistake, .. } => Some((line.number, mistake.detail)),
            EventContent::Fact(_) | EventContent::UnknownType => None,
        });
        rejected.collect()
    }

    #[test]
    fn lines_end_in_any_way_and_blank_ones_count_but_say_nothing() {
        for text in [
            format!("{POST}\n\n{POST}\n"),
            format!("{POST}\r\n \t\r\n{POST}"),
            format!("\u{feff}{POST}\n\n  {POST}  "),
        ] {
            let chunks = chunks(text.as_bytes());
            let [chunk] = chunks.as_slice() else { panic!("{chunks:?}") };
            let lines: Vec<u64> = chunk.lines.iter().map(|line| line.number).collect();
            assert_eq!((lines.as_slice(), chunk.bytes), (&[1, 3][..], text.len() as u64), "{text:?}");
            assert_eq!(rejected(text.as_bytes()), []);
        }
        assert!(chunks(b"").is_empty());
    }

    #[test]
    fn what_is_wrong_with_a_line_is_told_with_its_number() {
        let broken = b"\xff\n{\"a\":\n[]\n{\"specversion\":\"1.0\"}\nnull x\n\xef\xbb\xbf{}";
        let told = [
            (1, "not UTF-8, at byte 1"),
            (2, "not JSON: EOF while parsing a value, at column 5"),
            (3, "an event must be a JSON object"),
            (4, "id is missing"),
            (5, "not JSON: trailing characters, at column 6"),
            (6, "not JSON: expected value, at column 1"),
        ];
        assert_eq!(rejected(broken), told.map(|(line, detail)| (line, detail.to_owned())));
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_and_the_next_is_read() {
        let limit = usize::try_from(MAX_LINE).unwrap();
        let padded = |length: usize| format!("{POST}{}\n", " ".repeat(length - POST.len() - 1));
        assert!(rejected(padded(limit).as_bytes()).is_empty());
        for too_long in [limit + 1, limit + 2, 3 * limit] {
            let text = format!("{}{POST}", padded(too_long));
            assert_eq!(
                rejected(text.as_bytes()),
                [(1, format!("longer than {MAX_LINE} bytes"))],
                "{too_long}"
            );
            assert_eq!(chunks(text.as_bytes())[0].lines.len(), 2);
            assert_eq!(chunks(text.as_bytes())[0].bytes, text.len() as u64);
        }
    }

    #[test]
    fn batches_are_bounded_and_lines_are_received_one_after_the_other() {
        let text = format!("{POST}\n").repeat(CHUNK_LINES + 1);
        let chunks = chunks(text.as_bytes());
        assert_eq!(chunks.iter().map(|chunk| chunk.lines.len()).collect::<Vec<_>>(), [CHUNK_LINES, 1]);
        let lines = chunks.iter().flat_map(|chunk| &chunk.lines);
        let received: Vec<OffsetDateTime> = lines
            .filter_map(|line| match &line.event.content {
                EventContent::Fact(record) => Some(record.metadata.received_at),
                EventContent::UnknownType | EventContent::Invalid { .. } => None,
            })
            .collect();
        assert_eq!(received.len(), CHUNK_LINES + 1);
        assert!(received.is_sorted_by(|one, next| one < next));
    }
}
