import type { PodSecurityContext, SecurityContext } from "../../kube/builtin.ts";

/** The user and group that every container of a run has. */
const ID = 1000;

/** Pod Security "restricted", with the run's own fields over it. */
export function podSecurity(own: PodSecurityContext = {}): PodSecurityContext {
  return {
    runAsUser: ID,
    runAsGroup: ID,
    // A run that asks for uid 0 has said so; the kubelet would refuse it with `true`.
    runAsNonRoot: own.runAsUser !== 0,
    fsGroup: ID,
    fsGroupChangePolicy: "OnRootMismatch",
    seccompProfile: { type: "RuntimeDefault" },
    ...own,
  };
}

/** What restricted asks of each container. */
export const containerSecurity: SecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
};
