import { type MutableObject } from "../answers/json-object.ts";
import { objectsAt, objectAt, textAt } from "../../../kube/json.ts";

/** Pod Security Standards. Source: k8s.io/pod-security-admission policy. */

/** A level of the Pod Security Standards. */
export type PodSecurityLevel = "privileged" | "baseline" | "restricted";

type Check = (pod: PodView) => string | undefined;

interface Named {
  name: string;
  container: MutableObject;
  security: MutableObject;
}

interface PodView {
  spec: MutableObject;
  security: MutableObject;
  containers: Named[];
}

/** What the pod's spec violates of the level, in the order and words of a real server. */
export function podSecurityViolations(spec: MutableObject, level: PodSecurityLevel): string[] {
  if (level === "privileged") return [];
  const containers = ["initContainers", "containers"].flatMap((list) =>
    objectsAt(spec, list).map((container) => ({
      name: textAt(container, "name"),
      container,
      security: objectAt(container, "securityContext"),
    })),
  );
  const view: PodView = { spec, security: objectAt(spec, "securityContext"), containers };
  const checks = level === "baseline" ? baseline : restricted;
  return checks.map((check) => check(view)).filter((violation) => violation !== undefined);
}

function listed(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(", ");
}

function containersText(found: readonly Named[]): string {
  return `container${found.length === 1 ? "" : "s"} ${listed(found.map(({ name }) => name))}`;
}

/** Where it is set: in the pod, in containers, or both. */
function setters(view: PodView, isBad: (security: MutableObject) => boolean): string | undefined {
  const found = view.containers.filter(({ security }) => isBad(security));
  const parts = isBad(view.security) ? ["pod"] : [];
  if (found.length > 0) parts.push(containersText(found));
  return parts.length === 0 ? undefined : parts.join(" and ");
}

const allowPrivilegeEscalation: Check = ({ containers }) => {
  const found = containers.filter(({ security }) => security["allowPrivilegeEscalation"] !== false);
  if (found.length === 0) return undefined;
  return `allowPrivilegeEscalation != false (${containersText(found)} must set securityContext.allowPrivilegeEscalation=false)`;
};

const BASELINE_CAPABILITIES = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);

function capabilities({ security }: Named, which: "add" | "drop"): string[] {
  const list = objectAt(security, "capabilities")[which];
  return Array.isArray(list) ? list.map(String) : [];
}

const baselineCapabilities: Check = ({ containers }) => {
  const bad = (named: Named) => capabilities(named, "add").filter((name) => !BASELINE_CAPABILITIES.has(name));
  const found = containers.filter((named) => bad(named).length > 0);
  if (found.length === 0) return undefined;
  const names = [...new Set(found.flatMap(bad))].sort();
  return `non-default capabilities (${containersText(found)} must not include ${listed(names)} in securityContext.capabilities.add)`;
};

const restrictedCapabilities: Check = ({ containers }) => {
  const missing = containers.filter((named) => !capabilities(named, "drop").includes("ALL"));
  const bad = (named: Named) => capabilities(named, "add").filter((name) => name !== "NET_BIND_SERVICE");
  const adding = containers.filter((named) => bad(named).length > 0);
  const parts: string[] = [];
  if (missing.length > 0) {
    parts.push(`${containersText(missing)} must set securityContext.capabilities.drop=["ALL"]`);
  }
  if (adding.length > 0) {
    const names = [...new Set(adding.flatMap(bad))].sort();
    parts.push(
      `${containersText(adding)} must not include ${listed(names)} in securityContext.capabilities.add`,
    );
  }
  return parts.length === 0 ? undefined : `unrestricted capabilities (${parts.join("; ")})`;
};

const hostNamespaces: Check = ({ spec }) => {
  const set = ["hostNetwork", "hostPID", "hostIPC"].filter((name) => spec[name] === true);
  return set.length === 0 ? undefined : `host namespaces (${set.map((name) => `${name}=true`).join(", ")})`;
};

const hostPathVolumes: Check = ({ spec }) => {
  const names = objectsAt(spec, "volumes")
    .filter((volume) => "hostPath" in volume)
    .map((volume) => textAt(volume, "name"));
  if (names.length === 0) return undefined;
  return `hostPath volumes (volume${names.length === 1 ? "" : "s"} ${listed(names)})`;
};

const hostPorts: Check = ({ containers }) => {
  const ports = (named: Named) =>
    objectsAt(named.container, "ports")
      .map((port) => Number(port["hostPort"] ?? 0))
      .filter((port) => port !== 0);
  const found = containers.filter((named) => ports(named).length > 0);
  if (found.length === 0) return undefined;
  const all = [...new Set(found.flatMap(ports))].sort((a, b) => a - b);
  return `hostPort (${containersText(found)} use${found.length === 1 ? "s" : ""} hostPort${all.length === 1 ? "" : "s"} ${all.join(", ")})`;
};

function hostsOf({ container }: Named): string[] {
  const lifecycle = objectAt(container, "lifecycle");
  const actions = [
    ...["livenessProbe", "readinessProbe", "startupProbe"].map((name) => objectAt(container, name)),
    ...["postStart", "preStop"].map((name) => objectAt(lifecycle, name)),
  ];
  return actions
    .flatMap((action) => ["httpGet", "tcpSocket"].map((name) => textAt(objectAt(action, name), "host")))
    .filter((host) => host !== "");
}

const probeHosts: Check = ({ containers }) => {
  const found = containers.filter((named) => hostsOf(named).length > 0);
  if (found.length === 0) return undefined;
  const hosts = [...new Set(found.flatMap(hostsOf))].sort();
  return `probe or lifecycle host (${containersText(found)} use${found.length === 1 ? "s" : ""} probe or lifecycle host${hosts.length === 1 ? "" : "s"} ${listed(hosts)})`;
};

const appArmor: Check = (view) => {
  const who = setters(view, (part) => textAt(objectAt(part, "appArmorProfile"), "type") === "Unconfined");
  if (who === undefined) return undefined;
  const several = who.startsWith("pod and ") || who.startsWith("containers ");
  return `forbidden AppArmor profile${several ? "s" : ""} (${who} must not set AppArmor profile type to "Unconfined")`;
};

const privileged: Check = ({ containers }) => {
  const found = containers.filter(({ security }) => security["privileged"] === true);
  if (found.length === 0) return undefined;
  return `privileged (${containersText(found)} must not set securityContext.privileged=true)`;
};

const procMount: Check = ({ containers }) => {
  const mount = ({ security }: Named) => textAt(security, "procMount");
  const found = containers.filter((named) => !["", "Default"].includes(mount(named)));
  if (found.length === 0) return undefined;
  return `procMount (${containersText(found)} must not set securityContext.procMount to ${listed([...new Set(found.map(mount))])})`;
};

const RESTRICTED_VOLUMES = new Set([
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
  "image",
]);

const restrictedVolumes: Check = ({ spec }) => {
  const typeOf = (volume: MutableObject) => Object.keys(volume).find((name) => name !== "name") ?? "";
  const found = objectsAt(spec, "volumes").filter((volume) => !RESTRICTED_VOLUMES.has(typeOf(volume)));
  if (found.length === 0) return undefined;
  const names = listed(found.map((volume) => textAt(volume, "name")));
  const types = [...new Set(found.map(typeOf))].sort();
  return `restricted volume types (volume${found.length === 1 ? "" : "s"} ${names} use${found.length === 1 ? "s" : ""} restricted volume type${types.length === 1 ? "" : "s"} ${listed(types)})`;
};

const runAsNonRoot: Check = ({ security, containers }) => {
  const isSet = security["runAsNonRoot"] === true;
  const explicit = containers.filter((named) => named.security["runAsNonRoot"] === false);
  const implicit = containers.filter((named) => named.security["runAsNonRoot"] === undefined && !isSet);
  const bad: string[] = [];
  if (security["runAsNonRoot"] === false) bad.push("pod");
  if (explicit.length > 0) bad.push(containersText(explicit));
  if (bad.length > 0) {
    return `runAsNonRoot != true (${bad.join(" and ")} must not set securityContext.runAsNonRoot=false)`;
  }
  if (implicit.length === 0) return undefined;
  return `runAsNonRoot != true (pod or ${containersText(implicit)} must set securityContext.runAsNonRoot=true)`;
};

const runAsUser: Check = (view) => {
  const who = setters(view, (security) => security["runAsUser"] === 0);
  return who === undefined ? undefined : `runAsUser=0 (${who} must not set runAsUser=0)`;
};

const SELINUX_TYPES = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

const seLinuxOptions: Check = (view) => {
  const who = setters(view, (security) => {
    const options = objectAt(security, "seLinuxOptions");
    const { user, role } = options;
    return !SELINUX_TYPES.includes(textAt(options, "type")) || user !== undefined || role !== undefined;
  });
  return who === undefined
    ? undefined
    : `seLinuxOptions (${who} set forbidden securityContext.seLinuxOptions)`;
};

function seccompType(security: MutableObject): string {
  return textAt(objectAt(security, "seccompProfile"), "type");
}

const baselineSeccomp: Check = (view) => {
  const who = setters(view, (security) => seccompType(security) === "Unconfined");
  if (who === undefined) return undefined;
  return `seccompProfile (${who} must not set securityContext.seccompProfile.type to "Unconfined")`;
};

const restrictedSeccomp: Check = (view) => {
  const unconfined = baselineSeccomp(view);
  if (unconfined !== undefined) return unconfined;
  if (seccompType(view.security) !== "") return undefined;
  const unset = view.containers.filter(({ security }) => seccompType(security) === "");
  if (unset.length === 0) return undefined;
  return `seccompProfile (pod or ${containersText(unset)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`;
};

const SAFE_SYSCTLS = new Set([
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.ping_group_range",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_syncookies",
]);

const sysctls: Check = ({ security }) => {
  const names = objectsAt(security, "sysctls")
    .map((sysctl) => textAt(sysctl, "name"))
    .filter((name) => !SAFE_SYSCTLS.has(name));
  return names.length === 0 ? undefined : `forbidden sysctls (${names.join(", ")})`;
};

const baseline: readonly Check[] = [
  appArmor,
  baselineCapabilities,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  probeHosts,
  privileged,
  procMount,
  seLinuxOptions,
  baselineSeccomp,
  sysctls,
];

/** Of the baseline what no stricter check replaces, then the stricter ones. */
const restricted: readonly Check[] = [
  appArmor,
  hostNamespaces,
  hostPorts,
  probeHosts,
  privileged,
  procMount,
  seLinuxOptions,
  sysctls,
  allowPrivilegeEscalation,
  restrictedCapabilities,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  restrictedSeccomp,
];
