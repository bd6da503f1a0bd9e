/** Gives the answer to a question, asked anew or remembered. */
export type Memory<T> = (question: string, ask: () => Promise<T>) => Promise<T>;

/**
 * Asks each question at most once in `keptMs`, of `most` questions at a time. An answer that fails is not remembered, and
 * one that is too old is forgotten at the next question, whichever that is. `now` is a monotonic clock in milliseconds.
 */
export function createMemory<T>(options: { keptMs: number; most?: number; now: () => number }): Memory<T> {
  const { keptMs, most = Infinity, now } = options;
  /** Oldest first. */
  const known = new Map<string, { until: number; answer: Promise<T> }>();
  return (question, ask) => {
    const at = now();
    for (const [each, { until }] of known) {
      if (until > at) break;
      known.delete(each);
    }
    const found = known.get(question);
    if (found) return found.answer;
    const [oldest] = known.keys();
    if (known.size >= most && oldest !== undefined) known.delete(oldest);
    const answer = ask();
    known.set(question, { until: at + keptMs, answer });
    answer.catch(() => known.delete(question));
    return answer;
  };
}
