import { stat } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import type { AgentRun } from "../api/agent-run.ts";
import { printableLine } from "../kube/printable.ts";
import { findCheckout, type Checkout, type Remote } from "./checkout.ts";
import { UsageError } from "./command.ts";
import type { CommandContext } from "./context.ts";
import type { RunValues } from "./run-options.ts";
import type { Source } from "./task.ts";

type Chosen = Pick<RunValues, "repo" | "branch" | "workspace" | "worktree">;

/**
 * Where the run's files come from: a workspace, a URL, a folder's remote, or what the manifest says. `say` gets what the
 * user should know of a folder that is used: work that its remote does not have.
 */
export async function sourceOf(
  values: Chosen,
  given: { name: string; manifest: AgentRun | undefined; say: (line: string) => void },
  { config }: Pick<CommandContext, "config">,
): Promise<Source> {
  const { manifest } = given;
  if (values.workspace !== undefined || values.worktree !== undefined) return workspaceSource(values, given);
  const branch = values.branch === undefined ? {} : { branch: values.branch };
  if (values.repo !== undefined && isUrl(values.repo))
    return { repository: { ...credentials(manifest), url: values.repo, ...branch } };
  if (values.repo === undefined && manifest?.spec.workspaceRef !== undefined) return {};
  const own = manifest?.spec.repository;
  if (values.repo === undefined && own !== undefined)
    return values.branch === undefined ? {} : { repository: { ...own, ...branch } };
  const directory = resolve(config.workingDirectory, values.repo ?? ".");
  const checkout = await checkoutIn(config, directory, values.repo);
  const remote = remoteOf(checkout, directory);
  const url = withoutPassword(remote.url, given.say);
  if (values.branch !== undefined) return { repository: { ...credentials(manifest), url, ...branch } };
  await refuseLocal(url, remote, directory);
  sayWhatIsMissing(checkout, remote, given.say);
  return { repository: { ...credentials(manifest), url, branch: remote.branch } };
}

/** `scheme://…` and scp-like `user@host:path`, as git tells them from paths. */
export function isUrl(where: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(where) || /^[^/]+@[^/:]+:/.test(where);
}

function workspaceSource(
  { workspace, worktree }: Chosen,
  { name, manifest }: { name: string; manifest: AgentRun | undefined },
): Source {
  const workspaceRef = workspace ?? manifest?.spec.workspaceRef;
  if (workspaceRef === undefined) throw new UsageError("--worktree needs a workspace: --workspace NAME");
  const before = manifest?.spec.worktree;
  return { workspaceRef, worktree: { ...before, branch: worktree ?? before?.branch ?? `agent/${name}` } };
}

/** What a manifest says of access stays if the command line names another URL. */
function credentials(manifest: AgentRun | undefined): object {
  const { url: _u, branch: _b, commit: _c, ...access } = manifest?.spec.repository ?? { url: "" };
  return access;
}

async function checkoutIn(
  config: CommandContext["config"],
  directory: string,
  asked: string | undefined,
): Promise<Checkout> {
  const isFolder = await stat(directory).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new UsageError(`--repo: ${asked} is neither a URL nor a folder`);
  const checkout = await findCheckout(config, directory);
  if (checkout) return checkout;
  throw new UsageError(
    asked === undefined
      ? "this folder is in no git repository; name one with --repo URL, or a workspace with --workspace NAME"
      : `--repo: ${asked} is in no git repository`,
  );
}

function remoteOf({ branch, remote, root }: Checkout, directory: string): Remote {
  if (branch === undefined)
    throw new Error(`${directory} is on no branch (detached HEAD); check one out, or name it with --branch`);
  if (remote === undefined)
    throw new Error(
      `${root} has no remote that a cluster could fetch from; name one with --repo URL, or run it here with --local`,
    );
  return remote;
}

/** A path is of this machine; `file://` is as well, but a cluster may have the same one. */
async function refuseLocal(url: string, { name }: Remote, directory: string): Promise<void> {
  if (isUrl(url) || !(isAbsolute(url) || url.startsWith("."))) return;
  throw new Error(
    `the remote ${name} of ${directory} is a folder of this machine, which a cluster cannot reach; name another with --repo URL, or run it here with --local`,
  );
}

function sayWhatIsMissing(
  { branch, changedFiles }: Checkout,
  remote: Remote,
  say: (line: string) => void,
): void {
  const { name, unpushed } = remote;
  if (unpushed === undefined)
    throw new Error(
      `branch ${branch} is not on the remote ${name}; push it first: git push -u ${name} ${branch}`,
    );
  const missing = [
    ...(unpushed > 0 ? [`${unpushed} commit(s) that are not pushed yet: git push`] : []),
    ...(changedFiles > 0 ? [`changes in ${changedFiles} file(s) that are not committed`] : []),
  ];
  if (missing.length > 0) say(printableLine(`the run does not have ${missing.join("; and ")}`));
}

/** A password in a remote's URL is the user's own: the run needs a Secret. */
function withoutPassword(url: string, say: (line: string) => void): string {
  const [, scheme, user, rest] = /^(https?:\/\/)([^/@]*(?::[^/@]*)?)@(.*)$/i.exec(url) ?? [];
  if (user === undefined || !user.includes(":")) return url;
  say(
    "the password in the remote's URL is left out; the run reads it from a Secret: repository.credentialsSecretRef",
  );
  return `${scheme}${rest}`;
}
