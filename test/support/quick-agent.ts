import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * In the agent's place, where what is tested is the cluster or the operator around it: ends at once with a
 * result, if the prompt says `change` with a new file; if it says `wait`, when it is asked to. What real agents
 * do is tested elsewhere.
 */
const QUICK_AGENT = `#!/bin/sh
prompt=$(cat)
case $prompt in *change*) echo changed > changed.txt ;; *wait*) trap 'kill $!; exit 143' TERM INT; sleep 600 & wait $! ;; esac
data=
case "$*" in *--json-schema*) data=',"structured_output":{"risk":"low","files":[]}' ;; esac
echo '{"type":"result","subtype":"success","is_error":false,"result":"Done","num_turns":1,"session_id":"quick","total_cost_usd":0,"usage":{"input_tokens":1,"output_tokens":1}'"$data"'}'
`;

/** Writes it as `claude` into a new directory that a cluster is given among its tool directories. */
export async function quickAgentTools(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "claude"), QUICK_AGENT, { mode: 0o755 });
  return directory;
}
