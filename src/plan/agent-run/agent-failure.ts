import type { AgentError, AgentErrorKind } from "../../agents/agent.ts";
import type { Reason } from "../../api/reasons.ts";
import type { JobFacts } from "../specs/facts.ts";

/** Why the agent failed, by what it said itself. */
export interface AgentFailure {
  reason: Reason;
  message: string;
}

/** The reason and message for an agent's own error: what happened, at which provider, and what to look at. */
export function explainAgentError(error: AgentError, facts: JobFacts, exitCode: number): AgentFailure {
  const explain = EXPLANATIONS[error.kind];
  return explain ? explain(error, facts) : otherFailure(exitCode, error.message);
}

/** Whether the agent itself knows what it failed of. */
export function isExplained(error: AgentError | undefined): boolean {
  return error !== undefined && EXPLANATIONS[error.kind] !== undefined;
}

/** An end of the agent that none of its own errors explains. */
export function otherFailure(exitCode: number, said: string): AgentFailure {
  if (exitCode === 0) return { reason: "AgentError", message: said };
  return { reason: "AgentFailed", message: `the agent ended with ${describeExit(exitCode)}: ${said}` };
}

/** 128 + the number of a signal is how a shell reports one. */
function describeExit(exitCode: number): string {
  const signal = SIGNALS[exitCode - 128];
  return signal === undefined ? `exit code ${exitCode}` : `exit code ${exitCode} (${signal})`;
}

const SIGNALS: Readonly<Record<number, string>> = {
  4: "SIGILL",
  6: "SIGABRT",
  7: "SIGBUS",
  9: "SIGKILL",
  11: "SIGSEGV",
  15: "SIGTERM",
};

type Explanation = (error: AgentError, facts: JobFacts) => AgentFailure;

const EXPLANATIONS: Readonly<Partial<Record<AgentErrorKind, Explanation>>> = {
  Authentication: (error, facts) => ({
    reason: "AuthenticationFailed",
    message: `${providerOf(facts)} refused the credential${statusOf(error)}: ${credentialOf(facts)}. ${error.message}`,
  }),
  RateLimited: (error, facts) => ({
    reason: "RateLimited",
    message: `${providerOf(facts)} refuses further requests for now${statusOf(error)}: ${error.message}`,
  }),
  Overloaded: (error, facts) => ({
    reason: "Overloaded",
    message: `${providerOf(facts)} is overloaded${statusOf(error)}: ${error.message}`,
  }),
  TurnLimit: (error) => ({ reason: "TurnLimit", message: error.message }),
  Model: (error, facts) => ({
    reason: "AgentFailed",
    message: `${providerOf(facts)} does not know ${modelOf(facts)}${statusOf(error)}: set spec.model, or correct the provider's model or base URL. ${error.message}`,
  }),
  Api: (error, facts) => ({
    reason: "AgentFailed",
    message: `${providerOf(facts)} did not answer as it should${statusOf(error)}: look at its base URL, and whether pods reach it. ${error.message}`,
  }),
};

function providerOf({ provider }: JobFacts): string {
  return provider === undefined ? "the model's endpoint" : `provider ${provider}`;
}

function modelOf({ model }: JobFacts): string {
  return model === undefined ? "the model that the agent asks for" : `model ${model}`;
}

function credentialOf({ credential }: JobFacts): string {
  const [secret, key] = credential?.split("/") ?? [];
  return secret === undefined
    ? "the run has no provider with a Secret; look at the variable that the run sets itself"
    : `check key ${key} of Secret ${secret}`;
}

function statusOf({ status }: AgentError): string {
  return status === undefined ? "" : ` (${status})`;
}
