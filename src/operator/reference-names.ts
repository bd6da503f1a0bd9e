/** Names under which `Dependencies` remembers what an object has read. */

export function toSecret(namespace: string, name: string): string {
  return `Secret ${namespace}/${name}`;
}

export function toProvider(namespace: string, name: string): string {
  return `AgentProvider ${namespace}/${name}`;
}

export function toWorkspace(namespace: string, name: string): string {
  return `AgentWorkspace ${namespace}/${name}`;
}

/** Which AgentConfig counts depends on all of a namespace. */
export function toConfigs(namespace: string): string {
  return `AgentConfig ${namespace}`;
}

export function toRun(namespace: string, name: string): string {
  return `AgentRun ${namespace}/${name}`;
}
