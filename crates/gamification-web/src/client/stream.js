/** @import { Clock } from "../types.js" */

/** The service sends a comment every 15 seconds: a connection that is silent for longer is dead. */
const SILENCE = 45_000;

/**
 * Server-sent events. `EventSource` can't send a token in a header, and in an address it would be logged.
 * @type {(body: ReadableStream<Uint8Array>, clock: Clock) => AsyncGenerator<{ event: string, data: string }>}
 */
export async function* messages(body, clock) {
  // Decodes as a stream: a chunk may end within a character, as well as within a line.
  const reader = body.pipeThrough(/** @type {ReadableWritablePair} */ (new TextDecoderStream())).getReader();
  let rest = "";
  let message = { event: "", data: "" };
  try {
    for (;;) {
      const heard = clock.after(SILENCE, () => reader.cancel());
      const { done, value } = await reader.read().finally(heard);
      if (done) return;
      // A CR at the end may be half of a line end.
      const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? "";
      for (const line of lines) {
        // U+2028 and U+2029 end no line here, but would end what a dot matches.
        const [, field, text = ""] = /^(event|data): ?(.*)$/s.exec(line) ?? [];
        if (field === "event") message.event = text;
        if (field === "data") message.data += (message.data && "\n") + text;
        if (line) continue;
        if (message.event || message.data) yield message;
        message = { event: "", data: "" };
      }
    }
  } finally {
    reader.cancel().catch(() => {}); // hang up
  }
}
