import { createClient } from "../../client/client.ts";
import { ApiError } from "../../client/errors.ts";
import { kubeconfigTransport } from "../../client/kubeconfig.ts";
import type { DoctorValues } from "../options.ts";
import type { CommandContext } from "../context.ts";
import type { Style } from "../output.ts";
import { checks } from "./doctor-checks.ts";
import type { Check, Finding, CheckContext } from "./doctor-findings.ts";

const SIGNS: Record<Finding["status"], [string, Style]> = {
  ok: ["ok     ", "green"],
  warning: ["warning", "yellow"],
  problem: ["problem", "red"],
};

/** Looks a cluster over and changes nothing. Exit code 1 if something keeps runs from working. */
export async function runDoctor(values: DoctorValues, { config, out }: CommandContext): Promise<number> {
  const { transport, namespace } = await kubeconfigTransport({
    paths: config.kubeconfigPaths,
    environment: config.environment,
  });
  const context: CheckContext = {
    client: createClient(transport),
    namespace: values.namespace ?? namespace,
    operatorNamespace: values["operator-namespace"],
    operatorAccount: values["operator-account"],
    now: Date.now(),
  };
  const findings: Finding[] = [];
  try {
    for (const check of checks) findings.push(...(await attempt(check, context)));
  } finally {
    transport.close();
  }
  if (values.json) out.line(JSON.stringify(findings, undefined, 2));
  else for (const finding of findings) for (const line of lines(finding, out.style)) out.line(line);
  return findings.some(({ status }) => status === "problem") ? 1 : 0;
}

/** What may not be looked at is a finding too; an API server that does not answer ends it all. */
async function attempt(check: Check, context: CheckContext): Promise<Finding[]> {
  try {
    return await check(context);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 403) throw error;
    const remedy = "Ask with the permissions of an administrator.";
    return [{ status: "warning", subject: "Not looked at", message: error.message, remedy }];
  }
}

function lines(
  { status, subject, message, remedy }: Finding,
  style: (style: Style, text: string) => string,
): string[] {
  const [sign, colour] = SIGNS[status];
  const first = `${style(colour, sign)}  ${subject}: ${message}`;
  return remedy === undefined ? [first] : [first, `         ${style("dim", remedy)}`];
}
