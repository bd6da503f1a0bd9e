import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { DEFAULT_NAMESPACE, hashOf, NO_FILTER, VIEWS, type Place, type View } from "./address.ts";
import type { Session } from "./api.ts";
import { NamespaceField } from "./namespace-field.tsx";
import { Notice } from "./text.tsx";
import type { Live } from "./use-runs.ts";

const TITLES: Readonly<Record<"runs" | View, string>> = {
  overview: "Overview",
  runs: "Runs",
  workspaces: "Workspaces",
  providers: "Providers",
  schedules: "Schedules",
  triggers: "Triggers",
  config: "Defaults",
};

/** The pages about a namespace, which they keep. */
export function pageLinks(place: Place): { title: string; page: "runs" | View; to: Place }[] {
  const namespace = place.page === "run" ? DEFAULT_NAMESPACE : place.namespace;
  const [first, ...more] = VIEWS;
  return ([first, "runs", ...more] as const).map((page) => ({
    title: TITLES[page],
    page,
    to: page === "runs" ? { page, namespace, filter: NO_FILTER } : { page, namespace },
  }));
}

/** Links to all pages. */
export function Navigation({ place }: { place: Place }) {
  return (
    <nav class="pages" aria-label="Pages">
      {pageLinks(place).map(({ title, page, to }) => (
        <a key={page} href={hashOf(to)} aria-current={page === place.page ? "page" : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}

/** The namespace that the place is about; undefined: all. */
export function namespaceIn({ namespace }: { namespace: string }, session: Session): string | undefined {
  const named = namespace === DEFAULT_NAMESPACE ? session.namespace : namespace;
  return named === "" ? undefined : named;
}

/** What each page about a namespace is given. */
export interface ViewProps {
  place: { page: View; namespace: string };
  session: Session;
}

/** A page about a namespace: its heading, the namespace, what is lost or refused, and what it shows once it is listed. */
export function ViewPage({
  place,
  session,
  lives,
  children,
}: ViewProps & { lives: readonly Live<unknown>[]; children: ComponentChildren }) {
  const title = TITLES[place.page];
  useEffect(() => void (document.title = `${title} · Agent Operator`), [title]);
  const error = lives.find((live) => live.error)?.error;
  const lost = lives.find((live) => live.lost !== undefined)?.lost;
  const isListed = lives.every((live) => live.isListed);
  return (
    <main class="view">
      <div class="title">
        <h1>{title}</h1>
        <NamespaceField
          key={place.namespace}
          namespace={namespaceIn(place, session) ?? ""}
          choose={(next) => {
            location.hash = hashOf({
              ...place,
              namespace: next === session.namespace ? DEFAULT_NAMESPACE : next,
            });
          }}
        />
      </div>
      <p class="state" role="status">
        {lost !== undefined
          ? `Connection lost: ${lost} What you see may be old. Trying again.`
          : error === undefined && (isListed ? "Live" : "Reading …")}
      </p>
      {error ? (
        <Notice kind="error">
          <p>{error.message}</p>
          {namespaceIn(place, session) === undefined && (
            <p>You may be allowed to see one namespace: name it above.</p>
          )}
        </Notice>
      ) : (
        isListed && children
      )}
    </main>
  );
}

/** What to do next if there is nothing to show. */
export function Empty({ children }: { children: ComponentChildren }) {
  return <Notice>{children}</Notice>;
}
