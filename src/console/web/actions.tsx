import { useEffect, useState } from "preact/hooks";
import type { AgentRun } from "../../api/agent-run.ts";
import { nameForRetry, retried } from "../../plan/agent-run/retried.ts";
import { isFinished } from "../../plan/agent-run/status.ts";
import { hashOf } from "./address.ts";
import {
  CallError,
  cancelRun,
  createRun,
  currentUser,
  deleteRun,
  readAccess,
  type Action,
  type RunPlace,
} from "./api.ts";
import { Dialog } from "./help.tsx";

const CONFLICT = 409;
const MOST_NAMES = 50;
const CHANGES = ["cancel", "retry", "delete"] as const satisfies readonly Action[];

/** What the user may do here; undefined until the API server has answered. */
export function useAccess(namespace: string): ReadonlySet<Action> | undefined {
  const [allowed, setAllowed] = useState<ReadonlySet<Action> | undefined>(undefined);
  useEffect(() => {
    const stop = new AbortController();
    // Without an answer the buttons stay away: no action is better than one that fails after the click.
    readAccess(namespace, stop.signal).then(setAllowed, () => undefined);
    return () => stop.abort();
  }, [namespace]);
  return allowed;
}

/** Buttons for what can be done to the run now, and a word about what this user may not do. */
export function Actions({
  run,
  at,
  allowed,
  back,
}: {
  run: AgentRun;
  at: RunPlace;
  allowed: ReadonlySet<Action> | undefined;
  back: string;
}) {
  const [said, setSaid] = useState("");
  const [asked, setAsked] = useState(false);
  const uid = run.metadata.uid ?? "";
  const possible: Action[] = isFinished(run) ? ["retry", "delete"] : ["cancel", "delete"];
  const act = (work: () => Promise<string>): void => {
    setSaid("…");
    work().then(setSaid, (error: unknown) => setSaid(error instanceof Error ? error.message : String(error)));
  };
  const acts: Record<(typeof CHANGES)[number], () => void> = {
    cancel: () =>
      act(async () => {
        await cancelRun(at, uid);
        return "Asked to stop. Its work so far is kept.";
      }),
    retry: () =>
      act(async () => {
        const name = await createRetry(run);
        location.hash = hashOf({ page: "run", namespace: at.namespace, name });
        return `Created ${name}.`;
      }),
    delete: () => setAsked(true),
  };
  if (allowed === undefined) return <div class="actions" />;
  const forbidden = possible.filter((action) => !allowed.has(action));
  return (
    <div class="actions">
      {CHANGES.filter((action) => possible.includes(action) && allowed.has(action)).map((action) => (
        <button
          key={action}
          type="button"
          class={action === "delete" ? "danger" : undefined}
          onClick={acts[action]}
        >
          {action[0]?.toUpperCase()}
          {action.slice(1)}
        </button>
      ))}
      {allowed.has("retry") &&
        (["again", "resume"] as const).map((how) => (
          <a
            key={how}
            class="button"
            href={hashOf({ page: "new", namespace: at.namespace, from: at.name, how })}
          >
            {how === "again" ? "Start again …" : "Resume …"}
          </a>
        ))}
      {forbidden.length > 0 && <span class="muted">You may not {forbidden.join(" or ")} runs here.</span>}
      <span role="status" class="said">
        {said}
      </span>
      {asked && (
        <Dialog title={`Delete ${at.name}?`} close={() => setAsked(false)}>
          <p>
            The run goes with its Job and its claim: its log, and work that was not published, cannot be had
            back.
          </p>
          <div class="actions">
            <button
              type="button"
              class="danger"
              onClick={() => {
                setAsked(false);
                act(async () => {
                  await deleteRun(at, uid);
                  location.hash = back;
                  return "";
                });
              }}
            >
              Delete
            </button>
            <button type="button" onClick={() => setAsked(false)}>
              Keep
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}

/** Under the first name that is free, which only the server knows. */
async function createRetry(run: AgentRun): Promise<string> {
  const user = await currentUser();
  const taken = new Set<string>();
  for (;;) {
    const name = nameForRetry(run.metadata.name ?? "", (each) => taken.has(each));
    try {
      await createRun(retried(run, { name, user }));
      return name;
    } catch (error) {
      const isTaken = error instanceof CallError && error.code === CONFLICT && taken.size < MOST_NAMES;
      if (!isTaken) throw error;
      taken.add(name);
    }
  }
}
