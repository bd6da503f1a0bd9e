import type { Agent, Activity, Detail } from "../agents/agent.ts";

/** Reads an agent's log line by line. */
export interface Transcript {
  push(line: string): void;
  /** What was said in parts and has not been passed on. */
  end(): void;
}

/**
 * Calls `heard` with what the agent says and does; a text that comes in parts once it is whole. `detailed`: called with
 * what it thinks and what its tools answer.
 */
export function createTranscript(
  agent: Agent,
  heard: (activity: Activity) => void,
  detailed: (detail: Detail) => void = () => undefined,
): Transcript {
  let parts = "";
  const end = (): void => {
    const text = parts.trim();
    parts = "";
    if (text !== "") heard({ kind: "text", text });
  };
  return {
    push: (line) => {
      const activities = agent.activities(line);
      // An event that says nothing ends a text as well; words between the events do not.
      if (activities.length === 0 && line.startsWith("{")) end();
      for (const activity of activities) {
        if (activity.kind === "thinking" || activity.kind === "output") {
          end();
          detailed(activity);
        } else if (activity.isPart) parts += activity.text;
        else {
          end();
          heard(activity);
        }
      }
    },
    end,
  };
}
