import type { ForgeAnswer, ForgeCheck, ForgeRequest, ForgeState } from "./forge.ts";
import type { GitHubDescription } from "./github-description.ts";

const CHECKS = "/repos/{owner}/{repo}/check-runs";

/** Answers what is asked of check runs as GitHub does; undefined: it is about something else. */
export function answerAboutChecks(
  described: GitHubDescription,
  operation: string,
  state: ForgeState,
  { path, query, body = {} }: ForgeRequest,
): ForgeAnswer | undefined {
  const example = <T extends Record<string, unknown>>(status: number): T =>
    described.example<T>(operation, status);
  switch (operation) {
    case "GET /repos/{owner}/{repo}/commits/{ref}/check-runs": {
      const found = state.checks
        .filter(({ commit }) => path.endsWith(`commits/${commit}/check-runs`))
        .filter(({ name }) => name === (query.get("check_name") ?? name))
        .toReversed();
      const isLatest = (check: ForgeCheck): boolean =>
        found.find(({ app, name }) => app === check.app && name === check.name) === check;
      const wanted = query.get("filter") === "all" ? found : found.filter(isLatest);
      const page = wanted.slice(0, Number(query.get("per_page") ?? 30));
      const [one = {}] = example<{ check_runs: Record<string, unknown>[] }>(200).check_runs;
      const shown = page.map((each) => show(structuredClone(one), each));
      return { status: 200, body: { total_count: wanted.length, check_runs: shown } };
    }
    case `POST ${CHECKS}`: {
      if (state.app === undefined) return refused("You must authenticate via a GitHub App.");
      const check: ForgeCheck = {
        id: state.checks.length + 1,
        app: state.app,
        commit: String(body["head_sha"]),
        name: String(body["name"]),
        externalId: String(body["external_id"] ?? ""),
        status: "queued",
        title: "",
        summary: "",
        writes: 0,
      };
      state.checks.push(check);
      write(check, body);
      return { status: 201, body: show(example(201), check) };
    }
    case `PATCH ${CHECKS}/{check_run_id}`: {
      const check = state.checks.find(({ id }) => path.endsWith(`/${id}`));
      if (check?.app !== state.app)
        return refused(
          "Invalid app_id `1` - check run can only be modified by the GitHub App that created it.",
        );
      if (!check) return undefined;
      write(check, body);
      return { status: 200, body: show(example(200), check) };
    }
    default:
      return undefined;
  }
}

function write(check: ForgeCheck, body: Record<string, unknown>): void {
  const { status, conclusion, details_url: url } = body as Record<string, string | undefined>;
  const { title, summary } = (body["output"] ?? {}) as Partial<Record<string, string>>;
  check.status = conclusion === undefined ? (status ?? check.status) : "completed";
  if (conclusion !== undefined) check.conclusion = conclusion;
  if (url !== undefined) check.url = url;
  check.title = title ?? check.title;
  check.summary = summary ?? check.summary;
  check.writes += 1;
}

function show(example: Record<string, unknown>, check: ForgeCheck): Record<string, unknown> {
  const { id, commit, name, externalId, status, conclusion = null, title, summary, url } = check;
  return {
    ...example,
    id,
    name,
    head_sha: commit,
    external_id: externalId,
    status,
    conclusion,
    details_url: url ?? "https://example.com",
    output: { ...(example["output"] as object), title, summary },
    app: { ...(example["app"] as object), slug: check.app },
  };
}

function refused(message: string): ForgeAnswer {
  const documentation = "https://docs.github.com/rest/checks/runs";
  return { status: 403, body: { message, documentation_url: documentation, status: "403" } };
}
