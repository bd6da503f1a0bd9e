import { config, provider, run, type RefusedManifest } from "./manifest.ts";

const filled = (count: number, size: number): { name: string; value: string }[] =>
  Array.from({ length: count }, (_, index) => ({ name: `V${index}`, value: "x".repeat(size) }));
const ENV =
  "names and values must have at most 256 KiB together; put what is larger into a ConfigMap or the repository";

export const sizes: RefusedManifest[] = [
  {
    what: "a run's variables that are together too large to start",
    manifest: run({ env: filled(9, 32_000) }),
    says: `spec.env: Forbidden: ${ENV}`,
  },
  {
    what: "variables of an AgentConfig that are together too large to start",
    manifest: config({ env: filled(9, 32_000) }),
    says: `spec.env: Forbidden: ${ENV}`,
  },
  {
    what: "a provider's environment that is together too large to start",
    manifest: provider({
      environment: Object.fromEntries(filled(40, 8_000).map(({ name, value }) => [name, value])),
    }),
    says: `spec.environment: Forbidden: ${ENV}`,
  },
  {
    what: "a variable that is small in characters and large in bytes",
    manifest: run({ env: [{ name: "A", value: "🎉".repeat(10_000) }] }),
    says: "spec.env[0].value: Forbidden: must be at most 32768 bytes of UTF-8 (32 KiB)",
  },
  {
    what: "MCP servers that are together too large to start",
    manifest: run({
      mcpServers: filled(4, 0).map(({ name }, index) => ({
        name: name.toLowerCase(),
        command: "x",
        args: ["x".repeat(4_000), "y".repeat(4_000), "z".repeat(4_000)],
        env: filled(index, 4_000),
      })),
    }),
    says: "spec.mcpServers: Forbidden: all servers must have at most 48 KiB together; let a server read what is larger from a file",
  },
];
