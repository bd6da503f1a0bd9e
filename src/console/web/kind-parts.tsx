import type { Condition } from "../../kube/objects.ts";
import { hashOf } from "./address.ts";
import { shortDuration } from "./rows.ts";
import { Hostile } from "./text.tsx";

/** Whether an object is ready, and why not. */
export function Ready({ conditions = [] }: { conditions: readonly Condition[] | undefined }) {
  const ready = conditions.find(({ type }) => type === "Ready");
  if (ready === undefined) return <span class="muted">not looked at yet</span>;
  const isReady = ready.status === "True";
  return (
    <>
      <span class={`phase ${isReady ? "phase-Succeeded" : "phase-Failed"}`}>
        <span class="mark" aria-hidden="true">
          {isReady ? "✓" : "✕"}
        </span>
        {isReady ? "Ready" : <Hostile text={ready.reason} />}
      </span>
      {!isReady && (
        <div class="muted clamp" title={ready.message}>
          <Hostile text={ready.message} />
        </div>
      )}
    </>
  );
}

/** How long ago, or how soon, with the time itself on the pointer. */
export function When({ at, now }: { at: string | undefined; now: number }) {
  if (at === undefined) return <span class="muted">never</span>;
  const ms = now - Date.parse(at);
  return (
    <time dateTime={at} title={at}>
      {ms < 0 ? `in ${shortDuration(-ms)}` : `${shortDuration(ms)} ago`}
    </time>
  );
}

/** A link to a run of this namespace, whose name an object gives. */
export function RunLink({ namespace = "", name }: { namespace: string | undefined; name: string }) {
  return (
    <a href={hashOf({ page: "run", namespace, name })}>
      <Hostile text={name} />
    </a>
  );
}

/** The name of an object; with its namespace if all are shown. */
export function nameIn(
  { metadata: { name = "", namespace = "" } }: { metadata: { name?: string; namespace?: string } },
  shown: string | undefined,
): string {
  return shown === undefined ? `${namespace}/${name}` : name;
}

/** By namespace and name, as kubectl lists them. */
export function inOrder<T>(objects: ReadonlyMap<string, T>): T[] {
  return [...objects].toSorted(([a], [b]) => a.localeCompare(b)).map(([, object]) => object);
}
