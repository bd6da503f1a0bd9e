import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { domainToASCII } from "node:url";
import { agentRunKind } from "../../../src/api/agent-run.ts";
import { schemaOf } from "../../../src/api/schema/crd.ts";
import { compileSchema } from "../../../src/kube/schema/compile.ts";
import { run } from "../../support/run.ts";
import { type HostilePlace, inputTable, type Random } from "../table.ts";

const schema = compileSchema(schemaOf(agentRunKind));

function accepts(url: string): boolean {
  const spec = { repository: { url }, prompt: "Do it" };
  return schema.validate({ metadata: { name: "r" }, spec }).length === 0;
}

const SCHEMES = [
  "https://",
  "http://",
  "ssh://",
  "git+ssh://",
  "ssh+git://",
  "git://",
  "file://",
  "",
  "",
  "",
];
const ODD_SCHEMES = [
  "ext::",
  "foo::",
  "fd::",
  "https::",
  "ftp://",
  "HTTP://",
  "ssh:",
  "ssh:/",
  "x+y://",
  "-",
];
const USERS = ["", "", "", "git@", "u.x@corp.example@", "u%40c@", "%2du@", "-u@", "[u@", "u:p@", "[", "u@["];
const HOSTS = [
  "good.example",
  "bücher.example",
  "[::1]",
  "[good.example]",
  "[good.example:22]",
  "127.0.0.1",
  "-h",
  "h",
];
const ENDS = ["/", ":", "/~", ":/", ":22/", ":99999/", "]:", "", "//", "::", "?", "#"];
const PATHS = [
  "repo.git",
  "a/b",
  "-x",
  "~u/r",
  "x@v1",
  "日本",
  "a%20b",
  "..",
  "a:b",
  "@[evil.example]/p",
  "://evil/p",
];
const ODD = [
  "@evil.example/",
  "%40[evil.example]",
  "%5b",
  "\\",
  "\n",
  "\u0000",
  "\u001b",
  "\u202e",
  " ",
  "%0a",
  "@[",
  "]",
];

function url(random: Random): string {
  const pick = (usual: readonly string[]): string => random.pick(random.below(10) === 0 ? ODD : usual);
  const scheme = random.below(8) === 0 ? random.pick(ODD_SCHEMES) : pick(SCHEMES);
  return `${scheme}${pick(USERS)}${pick(HOSTS)}${pick(ENDS)}${random.text(PATHS, 1, 2)}${random.below(6) === 0 ? random.pick(ODD) : ""}`;
}

/** What a reader takes for the transport and the host. */
function read(text: string): { transport: string; host: string } {
  const [, scheme, authority = ""] = /^([a-z+]+):\/\/([^/]*)/.exec(text) ?? [];
  if (scheme === "file") return { transport: "file", host: "" };
  const address = scheme === undefined ? text.slice(0, text.search(/:(?![^[\]]*\])/)) : authority;
  const host = address.replace(/\]$/, "").replace(/^.*(@\[?|^\[)/, "");
  const bare = /^[^:]*:[0-9]+$/.test(host) ? host.replace(/:[0-9]+$/, "") : host.replace(/\](:[0-9]+)?$/, "");
  return { transport: scheme?.includes("ssh") === false ? scheme : "ssh", host: bare };
}

/** Says which host git would let ssh go to, without going there. */
const SSH = `#!/bin/sh
while getopts o:p: option; do :; done
shift $((OPTIND - 1))
printf 'HOST %s\\n' "$1" >&2
exit 1
`;

const SCRIPT = `printf '%s' "$SSH" >ssh && chmod 755 ssh
for url do
  printf 'ALLOWED '; GIT_ALLOW_PROTOCOL= git ls-remote -- "$url" 2>&1 | tr '\\n' ' '; echo
  printf 'SSH '; GIT_ALLOW_PROTOCOL=ssh GIT_SSH=./ssh GIT_SSH_VARIANT=ssh git ls-remote -- "$url" 2>&1 | tr '\\n' ' '; echo
  printf 'HTTP '; GIT_ALLOW_PROTOCOL=http git -c http.proxy="$PROXY" ls-remote -- "$url" 2>&1 | tr '\\n' ' '; echo
done`;

/** A proxy that reaches nothing and says in its answer which host it was asked for. */
async function proxy(): Promise<AsyncDisposable & { url: string }> {
  const server = createServer(({ url: asked = "" }, response) => {
    response.writeHead(401, { "www-authenticate": `Basic realm="${new URL(asked).hostname}"` }).end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function judge(urls: readonly string[], { directory }: HostilePlace): Promise<string[]> {
  const admitted = urls.filter(accepts);
  await using asked = await proxy();
  const env = {
    PATH: process.env["PATH"],
    HOME: directory,
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    SSH,
    PROXY: asked.url,
  };
  const { stdout } = await run("sh", ["-c", SCRIPT, "sh", ...admitted], {
    cwd: directory,
    env,
    timeoutMs: 60_000,
  });
  const lines = stdout.split("\n");
  return admitted.flatMap((text, index) => breaches(text, lines.slice(index * 3, index * 3 + 3)));
}

function breaches(text: string, [allowed = "", ssh = "", http = ""]: readonly string[]): string[] {
  const { transport, host } = read(text);
  const found: string[] = [];
  const used = /transport '([^']*)' not allowed/.exec(allowed)?.[1];
  if (used !== transport) found.push(`read as ${transport}, git says ${allowed}`);
  if (transport === "ssh" && /HOST (\S*)/.exec(ssh)?.[1]?.replace(/^.*@/, "") !== host)
    found.push(`read as ${host}, git says ${ssh}`);
  if (transport === "http" && !http.includes(`http://${host}`) && !http.includes(domainToASCII(host)))
    found.push(`read as ${host}, git says ${http}`);
  return found.map((what) => `${JSON.stringify(text)}: ${what}`);
}

/** URLs made of what git and curl read in different ways, judged by the compiled schema and by git itself. */
export const table = inputTable({
  name: "repository URLs, against git",
  never: "A URL is admitted that git takes for an option, a remote helper or another host's.",
  count: 6000,
  sample: 400,
  generate: url,
  judge,
});
