import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Container } from "../../kube/builtin.ts";
import type { ContainerAction } from "../../kube/actions.ts";
import { portOf } from "./pods/probes.ts";
import { TIMED_OUT, type Exec } from "./container-exec.ts";

/** What an action is taken in: the container and how to reach it. */
export interface ActionPlace {
  container: Container;
  /** Where its ports are, unless an action says otherwise. */
  ip: string;
  exec: Exec;
}

/** Takes the action. Resolves to undefined when it went well, else to the problem. */
export async function takeAction(
  place: ActionPlace,
  action: ContainerAction,
  timeoutMs: number,
): Promise<string | undefined> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    if (action.exec !== undefined) return await execute(place, action.exec.command ?? [], timeoutMs);
    if (action.httpGet !== undefined) return await get(place, action.httpGet, signal);
    if (action.tcpSocket !== undefined) await dial(place, action.tcpSocket, signal);
    if (action.sleep !== undefined) await sleep(Math.min(action.sleep.seconds * 1000, timeoutMs));
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return signal.aborted ? `timed out after ${timeoutMs / 1000}s` : why;
  }
}

async function execute(
  { exec }: ActionPlace,
  command: readonly string[],
  timeoutMs: number,
): Promise<string | undefined> {
  const result = await exec(command, timeoutMs);
  // Whoever asked sees its end.
  if (result === undefined) return "";
  if (result.exitCode === 0) return undefined;
  const what = JSON.stringify(command.join(" "));
  if (result.exitCode === TIMED_OUT) return `command timed out: ${what} timed out after ${timeoutMs / 1000}s`;
  return result.output.trim();
}

function get(
  { container, ip }: ActionPlace,
  { scheme, host = ip, port, path = "/", httpHeaders = [] }: NonNullable<ContainerAction["httpGet"]>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const headers = Object.fromEntries(httpHeaders.map(({ name, value }) => [name, value]));
  const options = { host, port: portOf(container, port), path, headers, signal, agent: false };
  // As the kubelet: whose certificate it is does not matter to a probe.
  const request =
    scheme === "HTTPS" ? requestHttps({ ...options, rejectUnauthorized: false }) : requestHttp(options);
  request.once("error", reject).once("response", (response) => {
    response.resume();
    const { statusCode = 0 } = response;
    resolve(
      statusCode >= 200 && statusCode < 400 ? undefined : `HTTP probe failed with statuscode: ${statusCode}`,
    );
  });
  request.end();
  return promise;
}

async function dial(
  { container, ip }: ActionPlace,
  { host = ip, port }: NonNullable<ContainerAction["tcpSocket"]>,
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ host, port: portOf(container, port) });
  signal.addEventListener("abort", reject);
  socket.once("connect", resolve).once("error", reject);
  await promise.finally(() => socket.destroy());
}
