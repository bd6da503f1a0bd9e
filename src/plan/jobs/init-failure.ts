import { TOKEN_REFUSALS } from "../../api/publish-reasons.ts";
import type { Reason } from "../../api/reasons.ts";
import { ADDITIONAL_CONTAINERS, additionalOf, SETUP_CONTAINER, TOKEN_CONTAINER } from "../specs/names.ts";
import { CONTRACT, SCRIPTS_DIR } from "../specs/scripts.ts";
import { parseStepReport } from "../specs/step-report.ts";
import type { Terminated } from "./pod-state.ts";
import type { Failure } from "./start-problem.ts";

/** Why a container before the main one failed: in git's own words, or those of setup. */
export function initFailure(container: string, end: Terminated): Failure {
  const repository = additionalOf(container);
  if (repository === undefined) return failureOf(container, end);
  const isToken = container.startsWith(ADDITIONAL_CONTAINERS.token);
  const { message, ...failed } = failureOf(isToken ? TOKEN_CONTAINER : container, end);
  return { ...failed, message: `additional repository ${repository}: ${message}` };
}

function failureOf(container: string, end: Terminated): Failure {
  const words = end.message?.trim() ?? "";
  const said = words === "" ? `container ${container} ended with exit code ${end.exitCode}` : words;
  if (end.reason === "OOMKilled")
    return failure("OutOfMemory", `container ${container} used more memory than its limit`);
  if (couldNotStart(end)) {
    return words.includes(`${SCRIPTS_DIR}/`)
      ? failure("InvalidImage", `${FOREIGN_GIT_IMAGE}; container ${container}: ${said}`)
      : failure("StartError", `container ${container} could not be started: ${said}`);
  }
  const refusal = container === TOKEN_CONTAINER ? parseStepReport(words) : undefined;
  if (refusal?.kind === "refused") {
    const known = TOKEN_REFUSALS.find((reason) => reason === refusal.reason);
    return failure(known ?? "GitHubTokenFailed", refusal.message);
  }
  if (container === TOKEN_CONTAINER) return failure("GitHubTokenFailed", said);
  if (container === SETUP_CONTAINER) return setupFailure(end, words);
  return failure(INIT_EXIT_REASONS[end.exitCode] ?? "CloneFailed", said);
}

const FOREIGN_GIT_IMAGE = `the git image does not fit the operator: it has no scripts in ${SCRIPTS_DIR}, the operator needs those with contract ${CONTRACT}. Use the git image of the operator's version`;

/** Exit codes of the scripts; every other one is git's. */
const INIT_EXIT_REASONS: Readonly<Record<number, Reason>> = {
  65: "VolumeNotWritable",
  66: "InvalidImage",
  67: "BranchInUse",
};

/** As timeout(1) has it. */
const TIMED_OUT = 124;

function setupFailure({ exitCode }: Terminated, words: string): Failure {
  const did =
    exitCode === TIMED_OUT ? "setup was stopped at its timeout" : `setup failed with exit code ${exitCode}`;
  return failure(
    exitCode === TIMED_OUT ? "SetupTimedOut" : "SetupFailed",
    words === "" ? did : `${did}; its last lines: ${words}`,
  );
}

/** Whether the container's command could not be run at all. */
export function couldNotStart({ reason }: Terminated): boolean {
  return reason === "StartError" || reason === "ContainerCannotRun";
}

function failure(reason: Reason, message: string): Failure {
  return { phase: "Failed", reason, message };
}
