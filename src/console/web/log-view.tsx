import { useEffect, useRef, useState } from "preact/hooks";
import { printable } from "../../kube/printable.ts";
import type { ContainerPlace } from "./api.ts";
import { followLog, type LogReader } from "./container-log.ts";

/** What is kept on the screen, of a log that can have any length. */
const [MAX_LINES, MAX_LINE, DRAW_MS] = [1000, 4000, 80];

interface Drawn {
  lines: readonly string[];
  dropped: number;
}

/** A container's log as it is written. */
export function LogView({ place, hasEnded }: { place: ContainerPlace; hasEnded: boolean }) {
  const [drawn, setDrawn] = useState<Drawn>({ lines: [], dropped: 0 });
  const [end, setEnd] = useState("");
  const box = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    const stop = new AbortController();
    let log = createLog();
    const draw = (): void => {
      const next = log.changed();
      if (next) setDrawn(next);
    };
    const timer = setInterval(draw, DRAW_MS);
    const read = async (): Promise<void> => {
      const how = await followLog(
        place,
        () => (log = createLog()),
        () => hasEnded,
        stop.signal,
      ).catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
      clearInterval(timer);
      if (stop.signal.aborted) return;
      draw();
      setEnd(how === "gone" ? "The pod is gone, and its log with it." : how === "ended" ? "empty" : how);
    };
    void read();
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [place.namespace, place.pod, place.container, hasEnded]);
  useEffect(() => {
    if (box.current && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [drawn]);
  const { lines, dropped } = drawn;
  if (lines.length === 0)
    return (
      <p class="muted">
        {end === "" ? "Nothing written yet." : end === "empty" ? "It has written nothing." : end}
      </p>
    );
  return (
    <>
      {dropped > 0 && (
        <p class="muted">{dropped} earlier lines are not shown. `kubectl logs` prints them all.</p>
      )}
      <pre
        class="log"
        ref={box}
        tabIndex={0}
        role="group"
        aria-label={`Log of ${place.container} in ${place.pod}`}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) =>
          void (isAtEnd.current = scrollTop + clientHeight > scrollHeight - 24)
        }
      >
        <bdi>{lines.join("\n")}</bdi>
      </pre>
      {end !== "" && end !== "empty" && <p class="muted">{end}</p>}
    </>
  );
}

/** The last lines of a log; `changed` has them if there are new ones since it was asked last. */
function createLog(): LogReader & { changed(): Drawn | undefined } {
  const lines: string[] = [];
  let dropped = 0;
  let isNew = false;
  return {
    push(line) {
      lines.push(printable(line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)} …` : line));
      if (lines.length > 2 * MAX_LINES) dropped += lines.splice(0, lines.length - MAX_LINES).length;
      isNew = true;
    },
    changed() {
      if (!isNew) return undefined;
      isNew = false;
      const shown = lines.slice(-MAX_LINES);
      return { lines: shown, dropped: dropped + lines.length - shown.length };
    },
  };
}
