import type { AgentWorkspace } from "../../api/agent-workspace.ts";
import { agentWorkspaces } from "../../api/resources.ts";
import { inOrder, nameIn, RunLink, When } from "./kind-parts.tsx";
import type { Row } from "./rows.ts";
import { Hostile, Phase, SafeLink, Section } from "./text.tsx";
import { useNow, useObjects, useRuns } from "./use-runs.ts";
import { Empty, namespaceIn, ViewPage, type ViewProps } from "./view.tsx";

const MOST_WORKTREES = 200;

/** Each workspace with its worktrees, their branches, and who works in which. */
export function WorkspacesPage({ place, session }: ViewProps) {
  const namespace = namespaceIn(place, session);
  const workspaces = useObjects(agentWorkspaces, namespace);
  const runs = useRuns(namespace);
  const now = useNow(10_000);
  return (
    <ViewPage place={place} session={session} lives={[workspaces, runs]}>
      {workspaces.value.size === 0 && (
        <Empty>
          <p>There is no workspace: a checkout that many runs share, each in a worktree of its own.</p>
          <p>Make one and name it in the workspaceRef of runs.</p>
          <pre>
            <code>kubectl apply -f config/samples/workspace.yaml</code>
          </pre>
        </Empty>
      )}
      {inOrder(workspaces.value).map((workspace) => (
        <Workspace
          key={workspace.metadata.uid}
          workspace={workspace}
          title={nameIn(workspace, namespace)}
          runs={runs.value}
          now={now}
        />
      ))}
    </ViewPage>
  );
}

function Workspace({
  workspace: { metadata, spec, status },
  title,
  runs,
  now,
}: {
  workspace: AgentWorkspace;
  title: string;
  runs: ReadonlyMap<string, Row>;
  now: number;
}) {
  const worktrees = status?.worktrees ?? [];
  const isHere = (row: Row): boolean =>
    row.namespace === metadata.namespace && row.workspace === metadata.name;
  const waiting = [...runs.values()].filter((row) => isHere(row) && row.phase === "Pending").length;
  return (
    <Section title={title} aside={<Phase phase={status?.phase ?? "Pending"} />}>
      {status?.message !== undefined && status.phase !== "Ready" && (
        <p class="lines">
          <Hostile text={status.message} lines />
        </p>
      )}
      <dl class="facts inline">
        <div>
          <dt>repository</dt>
          <dd>
            <SafeLink url={spec.repository.url} />
          </dd>
        </div>
        <div>
          <dt>at work</dt>
          <dd>
            {status?.runningRuns ?? 0}
            {waiting > 0 && `, ${waiting} waiting`}
          </dd>
        </div>
        <div>
          <dt>fetched</dt>
          <dd>
            <When at={status?.lastFetch} now={now} />
          </dd>
        </div>
      </dl>
      {worktrees.length === 0 ? (
        <p class="muted">It has no worktree yet: each run that names it makes one.</p>
      ) : (
        <div class="scroll" tabIndex={0} role="group" aria-label={`Worktrees of ${title}`}>
          <table class="figures">
            <caption class="unseen">Worktrees of {title}</caption>
            <thead>
              <tr>
                {["Branch", "Run", "State", "Commit", "Seen"].map((name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {worktrees.slice(0, MOST_WORKTREES).map(({ run, branch, head, observedAt }) => {
                const row = runs.get(`${metadata.namespace}/${run}`);
                return (
                  <tr key={run}>
                    <th scope="row">
                      <Hostile text={branch ?? "no branch"} />
                    </th>
                    <td>
                      {row ? <RunLink namespace={metadata.namespace} name={run} /> : <Hostile text={run} />}
                    </td>
                    <td>{row ? <Phase phase={row.phase} /> : <span class="muted">run deleted</span>}</td>
                    <td>
                      <code>
                        <Hostile text={head?.slice(0, 12)} />
                      </code>
                    </td>
                    <td>
                      <When at={observedAt} now={now} />
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {worktrees.length > MOST_WORKTREES && <p class="muted">and {worktrees.length - MOST_WORKTREES} more</p>}
    </Section>
  );
}
