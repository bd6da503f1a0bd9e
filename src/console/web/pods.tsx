import { useRef, useState } from "preact/hooks";
import type { AgentRun } from "../../api/agent-run.ts";
import { LABEL_COMPONENT } from "../../api/labels.ts";
import type { Job, Pod } from "../../kube/builtin.ts";
import { readJobs, type Action, type RunPlace } from "./api.ts";
import { containersOf, jobState, whyNoJob, whyNoPod, type ContainerView } from "./containers.ts";
import { LogView } from "./log-view.tsx";
import { Hostile, Notice, Section } from "./text.tsx";
import { useNow, usePods, useReading } from "./use-runs.ts";

/** The Jobs of a run, their pods, and what each container writes. */
export function Pods({
  run,
  at,
  allowed,
}: {
  run: AgentRun;
  at: RunPlace;
  allowed: ReadonlySet<Action> | undefined;
}) {
  if (allowed === undefined) return null;
  return (
    <Section title="Jobs and pods">
      {allowed.has("list its pods") ? (
        <Children run={run} at={at} allowed={allowed} />
      ) : (
        <p class="muted">You may not list pods here.</p>
      )}
    </Section>
  );
}

function Children({ run, at, allowed }: { run: AgentRun; at: RunPlace; allowed: ReadonlySet<Action> }) {
  const seesJobs = allowed.has("list its Jobs");
  const pods = usePods(at);
  // No watch: a browser has few connections. A Job ends a moment after its pod, and may do so after its run.
  const now = useNow(2000);
  const isSettled = useRef(false);
  const jobs = useReading(
    (signal) => (seesJobs ? readJobs(at, signal) : Promise.resolve([])),
    [run.metadata.resourceVersion, pods.value.size, seesJobs, isSettled.current ? 0 : now],
  );
  isSettled.current = jobs.value?.every((job) => jobState(job) !== "active") === true;
  const error = pods.error?.message ?? jobs.error;
  if (error !== "") return <Notice kind="error">{error}</Notice>;
  if (!pods.isListed || jobs.value === undefined) return <p class="muted">Reading …</p>;
  const all = [...pods.value.values()].toSorted(byAge);
  const owned = new Set<Pod>();
  const groups = jobs.value.toSorted(byAge).map((job) => {
    const own = all.filter(({ metadata }) =>
      metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid),
    );
    for (const pod of own) owned.add(pod);
    return { job, own };
  });
  const orphans = all.filter((pod) => !owned.has(pod));
  const logs = { at, mayRead: allowed.has("read its logs") };
  return (
    <>
      {!seesJobs && <p class="muted">You may not list Jobs here.</p>}
      {groups.map(({ job, own }) => (
        <div key={job.metadata.uid} class="job">
          <h3>
            <Hostile text={job.metadata.labels?.[LABEL_COMPONENT]} /> <span class="muted">Job</span>{" "}
            <code>{job.metadata.name}</code> <span class="muted">{jobState(job)}</span>
          </h3>
          {own.length === 0 && <p class="muted">{whyNoPod(job)}</p>}
          {own.map((pod) => (
            <PodView key={pod.metadata.uid} pod={pod} {...logs} />
          ))}
        </div>
      ))}
      {orphans.map((pod) => (
        <PodView key={pod.metadata.uid} pod={pod} {...logs} />
      ))}
      {groups.length + orphans.length === 0 && (
        <p class="muted">
          <Hostile text={whyNoJob(run)} />
        </p>
      )}
    </>
  );
}

function byAge(a: Job | Pod, b: Job | Pod): number {
  const [first = "", second = ""] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  return first.localeCompare(second);
}

function PodView({ pod, at, mayRead }: { pod: Pod; at: RunPlace; mayRead: boolean }) {
  const { metadata, spec, status } = pod;
  const why = [status?.reason, status?.message].filter(Boolean).join(": ");
  return (
    <div class="pod">
      <p>
        <span class="muted">Pod</span> <code>{metadata.name}</code>{" "}
        <span class="muted">
          {metadata.deletionTimestamp === undefined ? status?.phase : "Terminating"}
          {spec.nodeName !== undefined && ` on ${spec.nodeName}`}
        </span>
      </p>
      {why !== "" && (
        <p class="muted lines">
          <Hostile text={why} lines />
        </p>
      )}
      {containersOf(pod).map((container) => (
        <ContainerRow
          key={container.name}
          container={container}
          place={{ namespace: at.namespace, pod: metadata.name ?? "", container: container.name }}
          mayRead={mayRead}
        />
      ))}
    </div>
  );
}

function ContainerRow({
  container: { name, mark, state, hasStarted, hasEnded },
  place,
  mayRead,
}: {
  container: ContainerView;
  place: { namespace: string; pod: string; container: string };
  mayRead: boolean;
}) {
  const [isOpen, setOpen] = useState(false);
  const head = (
    <>
      <span class={`container-mark mark-${mark}`} aria-hidden="true">
        {{ waits: "○", runs: "●", done: "✓", failed: "✕" }[mark]}
      </span>{" "}
      <code>{name}</code> <Hostile text={state} />
    </>
  );
  if (!hasStarted || !mayRead)
    return (
      <div class="container">
        {head}
        {hasStarted && <span class="muted"> You may not read logs here.</span>}
      </div>
    );
  return (
    <details class="container" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{head}</summary>
      {isOpen && <LogView key={`${hasEnded}`} place={place} hasEnded={hasEnded} />}
    </details>
  );
}
