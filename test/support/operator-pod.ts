import { cp, mkdir, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Pod, PodSpec } from "../../src/kube/builtin.ts";
import { shippedProgram } from "./program.ts";

/**
 * Makes `directory` one in which containers of the embedded cluster find `agent-operator`, the same
 * program that is in the operator's image. Resolves to what the cluster is given as tool directories.
 */
export async function bundledTools(directory: string): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  // Containers see this directory, not where the program was bundled.
  await cp(dirname(shippedProgram), directory, { recursive: true });
  await symlink(basename(shippedProgram), join(directory, "agent-operator"));
  return [directory, dirname(process.execPath)];
}

/** What a pod of the embedded cluster lacks: an image with an entry point, and its own network. */
export interface PodSurroundings {
  name: string;
  ports: { health: number; metrics: number };
}

/** A replica as the Deployment's controller and a node would make it of this template. */
export function operatorPod(
  template: { metadata: Pod["metadata"]; spec: PodSpec },
  { name, ports }: PodSurroundings,
): Pod {
  const spec = structuredClone(template.spec);
  for (const container of spec.containers) {
    container.command = ["agent-operator"];
    // Pods share this machine's network, so each needs its own ports; its probes find them by their names.
    container.ports = Object.entries(ports).map(([name, containerPort]) => ({ name, containerPort }));
    container.args = container.args?.map((arg) =>
      arg
        .replace(/^(--health-probe-bind-address)=.*/, `$1=127.0.0.1:${ports.health}`)
        .replace(/^(--metrics-bind-address)=.*/, `$1=127.0.0.1:${ports.metrics}`),
    );
  }
  return { apiVersion: "v1", kind: "Pod", metadata: { ...template.metadata, name }, spec };
}
