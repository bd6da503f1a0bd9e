import type { AgentTriggerSpec } from "../../api/agent-trigger.ts";
import type { AppTokenTask } from "../specs/app-token-task.ts";

/** What a trigger's token of a GitHub App needs: to see who may write and whose a pull request is, and to report. */
export function appPermissions({
  report,
}: Pick<AgentTriggerSpec, "report">): Pick<AppTokenTask, "permissions" | "wished"> {
  const { comment = false, status = false } = report ?? {};
  return {
    permissions: {
      metadata: "read",
      pull_requests: comment ? "write" : "read",
      ...(comment && { issues: "write" as const }),
      ...(status && { checks: "write" as const }),
    },
    // To list the events of a private repository.
    wished: { contents: "read" },
  };
}
