import type { Filter } from "./rows.ts";

/** Pages about a namespace as a whole, beside the table. */
export const VIEWS = ["overview", "workspaces", "providers", "schedules", "triggers", "config"] as const;
export type View = (typeof VIEWS)[number];

/** What the address says: which page, and for the table what is looked for. */
export type Place =
  | { page: "runs"; namespace: string; filter: Filter }
  | { page: View; namespace: string }
  | { page: "run"; namespace: string; name: string }
  | { page: "new"; namespace: string; from: string; how: Beginning };

/** What a new run begins with: nothing, all of another run, or the place where another run has worked. */
export type Beginning = "" | "again" | "resume";

export const NO_FILTER: Filter = { text: "", phase: "", agent: "", provider: "", label: "" };
/** In the address, where no namespace is all of them. */
export const DEFAULT_NAMESPACE = "~";

/** Reads what is behind the # of the address; anything that it does not know is the table. */
export function readPlace(hash: string): Place {
  const [path = "", search = ""] = hash.replace(/^#/, "").split("?");
  const [, page, namespace, name] = path.split("/");
  if (page === "runs" && namespace && name)
    return { page: "run", namespace: decoded(namespace), name: decoded(name) };
  const query = new URLSearchParams(search);
  const view = VIEWS.find((each) => each === page);
  if (view) return { page: view, namespace: query.get("namespace") ?? DEFAULT_NAMESPACE };
  if (page === "new") {
    const how = (["again", "resume"] as const).find((each) => query.has(each)) ?? "";
    const from = how === "" ? "" : (query.get(how) ?? "");
    return { page, namespace: query.get("namespace") ?? DEFAULT_NAMESPACE, from, how };
  }
  const filter = { ...NO_FILTER };
  for (const field of ["text", "phase", "agent", "provider", "label"] as const)
    filter[field] = query.get(field) ?? "";
  return { page: "runs", namespace: query.get("namespace") ?? DEFAULT_NAMESPACE, filter };
}

/** The address of a place. */
export function hashOf(place: Place): string {
  if (place.page === "run")
    return `#/runs/${encodeURIComponent(place.namespace)}/${encodeURIComponent(place.name)}`;
  const query = new URLSearchParams();
  if (place.page === "runs")
    for (const [name, value] of Object.entries(place.filter)) if (value !== "") query.set(name, value);
  if (place.page === "new" && place.how !== "") query.set(place.how, place.from);
  if (place.namespace !== DEFAULT_NAMESPACE) query.set("namespace", place.namespace);
  return `#/${place.page}${query.size === 0 ? "" : `?${query}`}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
