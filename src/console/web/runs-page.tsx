import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { DEFAULT_NAMESPACE, hashOf, NO_FILTER, type Place } from "./address.ts";
import type { Session } from "./api.ts";
import { NamespaceField } from "./namespace-field.tsx";
import { filterRows, type Filter, type Row } from "./rows.ts";
import { RunsTable } from "./table.tsx";
import { Notice } from "./text.tsx";
import { useKeys } from "./use-keys.ts";
import { useNow, useRuns, type Live } from "./use-runs.ts";

const PHASES = ["Pending", "Initializing", "Running", "Succeeded", "Failed", "TimedOut"] as const;

/** The table of runs, with what is looked for in the address. */
export function RunsPage({
  place,
  session,
  selection,
}: {
  place: Extract<Place, { page: "runs" }>;
  session: Session;
  /** The run that was opened from here: it has the focus again. */
  selection: string | undefined;
}) {
  const namespace = place.namespace === DEFAULT_NAMESPACE ? session.namespace : place.namespace;
  const live = useRuns(namespace === "" ? undefined : namespace);
  const rows = useMemo(() => filterRows(live.value.values(), place.filter), [live, place.filter]);
  const [selected, setSelected] = useState<string | undefined>(selection);
  const now = useNow(1000);
  const search = useRef<HTMLInputElement>(null);
  const index = rows.findIndex(({ key }) => key === selected);
  const move = (by: number): void => {
    const next = rows[Math.min(rows.length - 1, Math.max(0, index + by))];
    if (next) setSelected(next.key);
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    "/": () => search.current?.focus(),
  });
  useEffect(() => void (document.title = "Runs · Agent Operator"), []);
  return (
    <main class="runs">
      <h1 class="unseen">Runs</h1>
      <FilterBar place={place} namespace={namespace} session={session} rows={live.value} search={search} />
      <Connection live={live} shown={rows.length} />
      {rows.length === 0 ? (
        <Nothing live={live} namespace={namespace} place={place} />
      ) : (
        <RunsTable
          rows={rows}
          withNamespace={namespace === ""}
          selected={index === -1 ? undefined : index}
          now={now}
        />
      )}
    </main>
  );
}

function go(place: Place): void {
  history.replaceState(null, "", hashOf(place));
  dispatchEvent(new HashChangeEvent("hashchange"));
}

function FilterBar({
  place,
  namespace,
  session,
  rows,
  search,
}: {
  place: Extract<Place, { page: "runs" }>;
  namespace: string;
  session: Session;
  rows: ReadonlyMap<string, Row>;
  search: { current: HTMLInputElement | null };
}) {
  const { filter } = place;
  const set = (part: Partial<Filter>): void => go({ ...place, filter: { ...filter, ...part } });
  const named = (field: "agent" | "provider"): string[] =>
    [...new Set([...rows.values()].map((row) => row[field]).filter(Boolean))].toSorted();
  return (
    <form class="filters" role="search" aria-label="Runs" onSubmit={(event) => event.preventDefault()}>
      <input
        ref={search}
        type="search"
        aria-label="Search by name, task, reason, branch or model"
        placeholder="Search  /"
        value={filter.text}
        onInput={({ currentTarget }) => set({ text: currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <Choice label="Phase" value={filter.phase} values={PHASES} choose={(phase) => set({ phase })} />
      <Choice label="Agent" value={filter.agent} values={named("agent")} choose={(agent) => set({ agent })} />
      <Choice
        label="Provider"
        value={filter.provider}
        values={named("provider")}
        choose={(provider) => set({ provider })}
      />
      <LabelField value={filter.label} rows={rows} choose={(label) => set({ label })} />
      <a class="button" href={hashOf({ page: "new", namespace: place.namespace, from: "", how: "" })}>
        New run
      </a>
      <NamespaceField
        key={namespace}
        namespace={namespace}
        choose={(next) => go({ ...place, namespace: next === session.namespace ? DEFAULT_NAMESPACE : next })}
      />
    </form>
  );
}

const MAX_LABELS = 200;

function LabelField({
  value,
  rows,
  choose,
}: {
  value: string;
  rows: ReadonlyMap<string, Row>;
  choose: (label: string) => void;
}) {
  const [isUsed, setUsed] = useState(false);
  const known = isUsed ? new Set([...rows.values()].flatMap(({ labels }) => labels)) : [];
  return (
    <label>
      <span>Label</span>
      <input
        list="labels"
        placeholder="name=value"
        spellcheck={false}
        value={value}
        onFocus={() => setUsed(true)}
        onInput={({ currentTarget }) => choose(currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <datalist id="labels">
        {[...known].slice(0, MAX_LABELS).map((label) => (
          <option key={label} value={label} />
        ))}
      </datalist>
    </label>
  );
}

function Choice({
  label,
  value,
  values,
  choose,
}: {
  label: string;
  value: string;
  values: readonly string[];
  choose: (value: string) => void;
}) {
  const all = value !== "" && !values.includes(value) ? [...values, value] : values;
  return (
    <label>
      <span>{label}</span>
      <select value={value} onChange={({ currentTarget }) => choose(currentTarget.value)}>
        <option value="">any</option>
        {all.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </label>
  );
}

function Connection({ live, shown }: { live: Live<ReadonlyMap<string, Row>>; shown: number }) {
  const total = live.value.size;
  const count = shown === total ? `${total}` : `${shown} of ${total}`;
  return (
    <p class="state" role="status">
      {live.lost === undefined
        ? live.isListed
          ? `${count} ${total === 1 ? "run" : "runs"}, live`
          : "Reading the runs …"
        : `Connection lost: ${live.lost} What you see may be old. Trying again.`}
    </p>
  );
}

function Nothing({
  live,
  namespace,
  place,
}: {
  live: Live<unknown>;
  namespace: string;
  place: Extract<Place, { page: "runs" }>;
}) {
  if (live.error)
    return (
      <Notice kind="error">
        <p>{live.error.message}</p>
        {namespace === "" && <p>You may be allowed to see the runs of one namespace: name it above.</p>}
      </Notice>
    );
  if (!live.isListed) return null;
  const isFiltered = Object.values(place.filter).some((value) => value !== "");
  if (isFiltered)
    return (
      <Notice>
        <p>No run is like that.</p>
        <p>
          <a href={hashOf({ ...place, filter: NO_FILTER })}>Show all runs</a>
        </p>
      </Notice>
    );
  return (
    <Notice>
      <p>There is no run {namespace === "" ? "in this cluster" : `in the namespace ${namespace}`} yet.</p>
      <p>Start one in a shell, in the repository that it is about. It is here as soon as it exists.</p>
      <pre>
        <code>{`agent-operator run${namespace === "" ? "" : ` -n ${namespace}`} "Fix the failing test"`}</code>
      </pre>
      {namespace !== "" && (
        <p>
          <a href={hashOf({ ...place, namespace: "" })}>Look at all namespaces</a>
        </p>
      )}
    </Notice>
  );
}
