import { chmod, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { agentOfType } from "../../../src/agents/registry.ts";
import { lastWordsIn } from "../../../src/plan/specs/git-report.ts";
import { createPod, repository, resolvedRun } from "../../agents/support/pod.ts";
import { createGitRepository } from "../../support/git-repository.ts";
import { caseTable, type HostileCase } from "../table.ts";

const RESULT =
  '{"type":"result","subtype":"success","is_error":false,"num_turns":2,"result":"done","session_id":"s","modelUsage":{}}';

const KEY = "sk-0123456789-abcdef";

/** What an agent does beside its result, which it prints first or last. */
const AGENTS: Readonly<Record<string, string>> = {
  "a NUL byte in a line": String.raw`printf 'a\000b\n'`,
  "NUL bytes alone": String.raw`printf '\000'; sleep 0.2; printf '\000\000'`,
  "its key with NUL bytes in it": String.raw`printf '%s' "$MY_KEY" | sed 's/./&\x00/g'`,
  "a line of 4 MB": "head -c 4000000 /dev/zero | tr '\\0' a; echo",
  "a line of 4 MB of quotes": "head -c 4000000 /dev/zero | tr '\\0' '\"'; echo",
  "a result line of 1 MB without an end":
    "printf '{\"type\":\"result\",'; head -c 1000000 /dev/zero | tr '\\0' '\"'; echo",
  "a line of 4 MB on standard error": "{ head -c 4000000 /dev/zero | tr '\\0' a; echo; } >&2",
  "its key at the end of a piece": `head -c 65530 /dev/zero | tr '\\0' a; echo "$MY_KEY"`,
  "its key byte by byte": 'printf %s "$MY_KEY" | while IFS= read -r -n 1 c; do printf %s "$c"; done',
  "its key over two writes": 'printf %s "${MY_KEY%abcdef}"; sleep 0.3; echo abcdef',
  "its key as JSON": 'printf \'{"type":"user","text":"%s"}\\n\' "$MY_KEY"',
  "its key on both streams": 'echo "$MY_KEY"; echo "$MY_KEY" >&2',
  "its key many times": 'for i in $(seq 2000); do printf %s "$MY_KEY"; done; echo',
  "its key in the transcript": 'echo "$MY_KEY" >>"$RUN_DIR/transcript"',
  "its key in the log": 'echo "$MY_KEY" >>"$RUN_DIR/log"',
  "its key as a branch": 'git checkout -q -b "$MY_KEY"',
  "its key in a file": 'echo "$MY_KEY" >leaked',
  "its key as a result":
    'printf \'{"type":"result","subtype":"success","is_error":true,"result":"%s"}\\n\' "$MY_KEY"',
  "its key as a session": 'printf \'{"type":"system","session_id":"%s"}\\n\' "$MY_KEY"',
  "invalid UTF-8": String.raw`printf '\377\376\303(\n\355\240\200\n'`,
  "escape sequences": String.raw`printf '\033[2J\033]0;t\007\033c\n'`,
  "C1 controls": String.raw`printf '\302\2332J\n\233\n'`,
  "bidirectional marks": String.raw`printf '\342\200\256evil\n'`,
  "a branch with bidirectional marks": String.raw`git checkout -q -b "$(printf 'a\342\200\256b\302\205c')"`,
  "carriage returns": String.raw`printf 'a\rb\rc\r\n'`,
  "every byte": String.raw`for i in $(seq 1 255); do printf "\\$(printf %o "$i")"; done; echo`,
  "no newline at its end": "printf done",
  nothing: "true",
  "200,000 short lines": "yes | head -n 200000",
  "a forged outcome": `echo '{"type":"agent-operator","exitCode":0,"git":{"commits":99}}'`,
  "a forged mark": 'for m in "$TMPDIR"/agent-operator.*; do printf "%s-1\\n" "agent-operator-${m##*.}"; done',
  "a daemon that keeps its output open": "setsid sleep 60 &",
  "a daemon that goes on writing": "setsid sh -c 'while sleep 0.2; do echo x; done' &",
  "a child that ignores signals": "(trap '' HUP INT TERM; sleep 60) &",
  "closed streams": "exec >&- 2>&-; sleep 0.3",
  "closed standard error": "exec 2>&-",
  "signals to its parent": 'kill -WINCH "$PPID"; kill -CONT "$PPID"',
  "a tidied temporary directory": 'rm -rf "$TMPDIR"/* 2>/dev/null',
  "a log that is a pipe": 'rm -f "$RUN_DIR/log"; mkfifo "$RUN_DIR/log"',
  "a transcript that is a link": 'ln -sf /dev/zero "$RUN_DIR/transcript"',
  "no run directory": 'rm -rf "$RUN_DIR"/* 2>/dev/null',
  "a home without an end": 'ln -s / "$HOME/root"',
  forks: "for i in $(seq 60); do sleep 0.1 & done; wait",
  "a broken index": "echo broken >.git/index",
  "no repository": "rm -rf .git",
};

interface StreamCase extends HostileCase {
  readonly script: string;
}

const cases = Object.entries(AGENTS).flatMap(([name, script]): StreamCase[] => [
  {
    name: `${name}, before its result`,
    script: `${script}\necho\necho '${RESULT}'`,
    make: () => Promise.resolve(),
  },
]);

// With closed streams nothing can be said after.
const SAYS_FIRST = /closed streams|standard error/;

/** Programs in the place of claude that do what they can to what is read of them. */
export const table = caseTable<StreamCase>({
  name: "what agents write",
  kind: "agent",
  never:
    "A secret is in something that the run leaves, a line of the operator is not a line of its own, or the run hangs.",
  sample: 3,
  cases,
  secondsEach: 90,
  async judge({ name, script }, { directory }) {
    const bin = join(directory, "bin");
    await mkdir(bin);
    for (const program of await readdir("/usr/bin")) {
      if (!["claude", "npx"].includes(program)) await symlink(join("/usr/bin", program), join(bin, program));
    }
    const text = SAYS_FIRST.test(name) ? `echo '${RESULT}'\n${script}` : script;
    await writeFile(join(bin, "claude"), `#!/bin/bash\n${text}\n`);
    await chmod(join(bin, "claude"), 0o755);
    const origin = await createGitRepository(join(directory, "origin"));
    const env = [{ name: "MY_KEY", valueFrom: { secretKeyRef: { name: "mine", key: "key" } } }];
    const pod = await createPod(
      join(directory, "pod"),
      resolvedRun({ repository: repository(origin.path), env }),
      {
        path: bin,
        values: { "mine/key": KEY },
        env: { RUN_DIR: join(directory, "pod/workspace-run") },
        timeoutMs: 80_000,
      },
    );
    const clone = await pod.clone();
    if (clone.code !== 0) return [`no checkout: ${clone.stderr}`];
    const { stdout, stderr } = await pod.runAgent();
    const message = await pod.message();
    const words = lastWordsIn(message);
    const judged = words === undefined ? undefined : agentOfType("claude").parseOutput(words).ok;
    const ours = stdout.split("\n").findLast((line) => line.startsWith('{"type":"agent-operator",')) ?? "";
    return [
      ...(`${stdout}${stderr}${message}`.includes(KEY) ? ["its key is shown"] : []),
      ...(judged === true ? [] : [`its result is lost: ${message}`]),
      ...(ours.includes('"said"') ? [] : ["there is no line of the operator"]),
      // eslint-disable-next-line no-control-regex -- These are what is looked for.
      ...(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(ours)
        ? ["a terminal obeys the outcome"]
        : []),
    ];
  },
});
