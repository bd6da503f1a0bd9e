import type { Readable } from "node:stream";
import { accessOf, accessRefusal } from "./access/access-request.ts";
import { badRequest, failure, notServed, StatusError } from "./answers/status-error.ts";
import type { ApiContext } from "./context.ts";
import type { ApiRequest, ApiResponse, Channels } from "./http/request.ts";
import type { ExecSession, OpenExec } from "./pod-session.ts";
import type { PodLogs } from "./pod-logs.ts";
import { readObject } from "./kinds/served-object.ts";
import { chooseContainer } from "./request/log-options.ts";
import { isTrue, parseRequestInfo } from "./request/request-info.ts";
import type { Target } from "./request/target.ts";
import { getObject } from "./verbs/list.ts";

/** The subprotocols by which kubectl names its channels. */
const PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
const CHANNELS = { stdin: 0, stdout: 1, stderr: 2, error: 3, close: 255 } as const;

/** `pods/NAME/exec` and `pods/NAME/attach`, over a WebSocket; throws in the server's words. */
export async function openPodChannels(
  context: ApiContext,
  target: Target,
  request: ApiRequest,
): Promise<ApiResponse> {
  const { resource, subresource } = target;
  const { openExec, podLogs } = context;
  if (openExec === undefined || podLogs === undefined) throw notServed(`pods/${subresource}`);
  // A WebSocket begins with a GET, whatever is done through it. As a real server, ask for the right to create.
  const info = parseRequestInfo("POST", request.path, request.query);
  if (info !== undefined && !context.authorizer.isAllowed(request.user, accessOf(info))) {
    throw accessRefusal(request.user, info);
  }
  const pod = readObject(resource, await getObject(context, target, new URLSearchParams()));
  const container = chooseContainer(pod, request.query.get("container") ?? "");
  if (isTrue(request.query.get("tty"))) {
    throw badRequest("the development cluster has no terminals: leave out --tty (-t)");
  }
  const serve =
    subresource === "attach"
      ? await logOf(podLogs, target, container, request.signal)
      : await commandIn(openExec, target, container, request.query);
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((text) => text.trim());
  const protocol = PROTOCOLS.find((known) => offered.includes(known));
  if (protocol === undefined)
    throw badRequest(`pods/${subresource} is served over WebSockets only: ${PROTOCOLS.join(", ")}`);
  return {
    status: 101,
    headers: {},
    body: "",
    upgrade: { protocol, channels: (channels) => void serve(channels) },
  };
}

type Serve = (channels: Channels) => Promise<void>;

async function logOf(
  podLogs: PodLogs,
  { namespace, name }: Target,
  container: string,
  signal: AbortSignal,
): Promise<Serve> {
  const tail = { container, follow: true, previous: false, timestamps: false, tailLines: 0, signal };
  const log = await podLogs.open(namespace, name, tail);
  if ("status" in log) throw new StatusError(log.status);
  return (channels) => sendLog(channels, log.chunks);
}

async function commandIn(
  openExec: OpenExec,
  { namespace, name }: Target,
  container: string,
  query: URLSearchParams,
): Promise<Serve> {
  const command = query.getAll("command");
  if (command.length === 0) throw badRequest("you must specify at least one command for the container");
  const found = await openExec(namespace, name, { container, command });
  if ("status" in found) throw new StatusError(found.status);
  return (channels) => connect(channels, found.start(), isTrue(query.get("stdin")));
}

async function sendLog(channels: Channels, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const send = async (): Promise<void> => {
    for await (const chunk of chunks) await channels.send(CHANNELS.stdout, chunk);
  };
  // A log that breaks off ends the stream, as it ends `kubectl logs`.
  await send().catch(() => undefined);
  await finish(channels, 0);
}

async function connect(channels: Channels, session: ExecSession, isInteractive: boolean): Promise<void> {
  const { stdin, stdout, stderr } = session;
  // The command may end before it has read all.
  stdin.on("error", () => undefined);
  if (!isInteractive) stdin.end();
  const pump = async (channel: number, stream: Readable): Promise<void> => {
    for await (const chunk of stream) await channels.send(channel, chunk as Uint8Array);
  };
  const receive = async (): Promise<void> => {
    for await (const { channel, bytes } of channels.messages()) {
      if (channel === CHANNELS.close && bytes[0] === CHANNELS.stdin) stdin.end();
      if (channel !== CHANNELS.stdin || bytes.length === 0 || stdin.write(bytes)) continue;
      await Promise.race([session.ended, new Promise((resolve) => stdin.once("drain", resolve))]);
    }
  };
  // Whoever goes away ends the command.
  void receive()
    .catch(() => undefined)
    .finally(() => session.kill());
  await Promise.allSettled([pump(CHANNELS.stdout, stdout), pump(CHANNELS.stderr, stderr)]);
  await finish(channels, await session.ended);
}

/** Sends how it ended, as a Status, and closes. */
async function finish(channels: Channels, end: number | string): Promise<void> {
  await channels.send(CHANNELS.error, Buffer.from(JSON.stringify(statusOf(end))));
  channels.close();
}

function statusOf(end: number | string): object {
  if (end === 0) return { metadata: {}, status: "Success" };
  if (typeof end === "string") {
    return failure(
      500,
      "InternalError",
      `Internal error occurred: error executing command in container: ${end}`,
    ).status;
  }
  const message = `command terminated with non-zero exit code: exit status ${end}`;
  const causes = [{ reason: "ExitCode", message: String(end) }];
  return { metadata: {}, status: "Failure", message, reason: "NonZeroExitCode", details: { causes } };
}
