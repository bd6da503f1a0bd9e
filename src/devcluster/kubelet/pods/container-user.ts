import type { Container, Pod } from "../../../kube/builtin.ts";
import { ContainerConfigError } from "./environment.ts";

/** The user and privileges of a container's process. */
export interface ContainerUser {
  uid: number;
  gid: number;
  supplementalGroups: number[];
  allowPrivilegeEscalation: boolean;
  capabilities: string[];
}

/** What container runtimes leave to uid 0. Source: containerd's default spec. */
const DEFAULT_CAPABILITIES = [
  "chown",
  "dac_override",
  "fowner",
  "fsetid",
  "kill",
  "setgid",
  "setuid",
  "setpcap",
  "net_bind_service",
  "net_raw",
  "sys_chroot",
  "mknod",
  "audit_write",
  "setfcap",
];

function capabilitiesOf(container: Container): string[] {
  const { privileged, capabilities } = container.securityContext ?? {};
  if (privileged === true) return ["all"];
  const plain = (name: string): string => name.toLowerCase().replace(/^cap_/, "");
  const dropped = new Set((capabilities?.drop ?? []).map(plain));
  const kept = dropped.has("all") ? [] : DEFAULT_CAPABILITIES.filter((name) => !dropped.has(name));
  return [...new Set([...kept, ...(capabilities?.add ?? []).map(plain)])];
}

/**
 * Who a container runs as; an image's own user is taken to be uid 0. Throws ContainerConfigError if
 * runAsNonRoot forbids that.
 */
export function containerUser(pod: Pod, container: Container): ContainerUser {
  const ofPod = pod.spec.securityContext ?? {};
  const own = container.securityContext ?? {};
  const uid = own.runAsUser ?? ofPod.runAsUser;
  if ((own.runAsNonRoot ?? ofPod.runAsNonRoot) === true && (uid ?? 0) === 0) {
    const { name, namespace, uid: podUid } = pod.metadata;
    const where = `(pod: "${name}_${namespace}(${podUid})", container: ${container.name})`;
    throw new ContainerConfigError(
      uid === undefined
        ? `container has runAsNonRoot and image will run as root ${where}`
        : `container's runAsUser breaks non-root policy ${where}`,
    );
  }
  const groups = [
    ...(ofPod.supplementalGroups ?? []),
    ...(ofPod.fsGroup === undefined ? [] : [ofPod.fsGroup]),
  ];
  return {
    uid: uid ?? 0,
    gid: own.runAsGroup ?? ofPod.runAsGroup ?? 0,
    supplementalGroups: [...new Set(groups)],
    allowPrivilegeEscalation: own.allowPrivilegeEscalation ?? true,
    capabilities: capabilitiesOf(container),
  };
}
