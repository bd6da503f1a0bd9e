import type { Service } from "../../../kube/cluster-kinds.ts";

/** The Service by which pods find the API server. Source: pkg/controlplane/controller/kubernetesservice. */
export function kubernetesService(ip: string, port: number): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "kubernetes",
      namespace: "default",
      labels: { component: "apiserver", provider: "kubernetes" },
    },
    spec: {
      type: "ClusterIP",
      clusterIP: ip,
      clusterIPs: [ip],
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
      internalTrafficPolicy: "Cluster",
      sessionAffinity: "None",
      ports: [{ name: "https", protocol: "TCP", port, targetPort: port }],
    },
  };
}

/** What a pod's environment says of a Service. Source: FromServices of pkg/kubelet/envvars. */
export function serviceVariables({ metadata, spec }: Service): Record<string, string> {
  const screaming = (name: string): string => name.toUpperCase().replaceAll("-", "_");
  const name = screaming(metadata.name ?? "");
  const host = spec.clusterIP;
  const [first] = spec.ports;
  const variables: Record<string, string> = { [`${name}_SERVICE_HOST`]: host };
  if (first !== undefined) {
    const { protocol = "TCP", port } = first;
    variables[`${name}_SERVICE_PORT`] = String(port);
    variables[`${name}_PORT`] = `${protocol.toLowerCase()}://${host}:${port}`;
  }
  for (const { name: portName, protocol = "TCP", port } of spec.ports) {
    const prefix = `${name}_PORT_${port}_${protocol}`;
    if (portName !== undefined) variables[`${name}_SERVICE_PORT_${screaming(portName)}`] = String(port);
    variables[prefix] = `${protocol.toLowerCase()}://${host}:${port}`;
    variables[`${prefix}_PROTO`] = protocol.toLowerCase();
    variables[`${prefix}_PORT`] = String(port);
    variables[`${prefix}_ADDR`] = host;
  }
  return variables;
}
