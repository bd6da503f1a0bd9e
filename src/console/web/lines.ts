/** Above what a server stores as one object; an agent can write what it likes. */
const LONGEST_LINE = 16 * 1024 * 1024;

/** The lines of a body as they arrive; a last one without a newline too. One that is too long comes empty. */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  let parts: string[] = [];
  let length = 0;
  const add = (text: string): void => {
    length += text.length;
    if (length > LONGEST_LINE) parts = [];
    else parts.push(text);
  };
  const take = (): string => {
    const line = parts.join("");
    parts = [];
    length = 0;
    return line;
  };
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const [first = "", ...more] = value.split("\n");
      add(first);
      const last = more.pop();
      if (last === undefined) continue;
      yield take();
      yield* more;
      add(last);
    }
    if (length > 0) yield take();
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
