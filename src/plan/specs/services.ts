import type { Container, ResourceRequirements, Volume } from "../../kube/builtin.ts";
import type { Probe } from "../../kube/actions.ts";
import type { Services } from "../resolved-run.ts";
import { literal } from "./env.ts";
import { serviceContainerName } from "./names.ts";
import { containerSecurity } from "./security.ts";

type Service = Services[number];

/** How long a service may take until it is ready. */
export const READY_SECONDS = 300;

/** Complete in its requests, so that a ResourceQuota refuses no pod for a service. */
const RESOURCES: ResourceRequirements = {
  requests: { cpu: "100m", memory: "256Mi" },
  limits: { memory: "1Gi" },
};

/**
 * Native sidecars: each starts once the one before it is ready, and the node ends them when the main container has ended.
 * They mount only what is theirs.
 */
export function serviceContainers(services: Services = []): Container[] {
  return services.map((service) => ({
    name: serviceContainerName(service.name),
    image: service.image,
    ...(service.command ? { command: service.command.map(literal) } : {}),
    ...(service.env ? { env: service.env } : {}),
    ...(service.ports ? { ports: service.ports.map((containerPort) => ({ containerPort })) } : {}),
    ...probeOf(service),
    resources: service.resources ?? RESOURCES,
    volumeMounts: (service.emptyDirs ?? []).map((mountPath, index) => ({
      name: volumeName(service, index),
      mountPath,
    })),
    securityContext: {
      ...containerSecurity,
      ...(service.runAsUser === undefined
        ? {}
        : { runAsUser: service.runAsUser, runAsNonRoot: service.runAsUser !== 0 }),
    },
    restartPolicy: "Always",
    terminationMessagePolicy: hasSecret(service) ? "File" : "FallbackToLogsOnError",
  }));
}

/** The directories of the services. */
export function serviceVolumes(services: Services = []): Volume[] {
  return services.flatMap((service) =>
    (service.emptyDirs ?? []).map((_, index) => ({ name: volumeName(service, index), emptyDir: {} })),
  );
}

function volumeName({ name }: Service, index: number): string {
  return `${serviceContainerName(name)}-${index}`;
}

/** Its last lines are then not for a status. */
function hasSecret({ env = [] }: Service): boolean {
  return env.some(({ valueFrom }) => valueFrom?.secretKeyRef);
}

function probeOf({ readiness, ports }: Service): Pick<Container, "startupProbe"> {
  const action = actionOf(readiness ?? (ports?.[0] === undefined ? {} : { tcp: ports[0] }));
  return action
    ? { startupProbe: { ...action, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: READY_SECONDS } }
    : {};
}

function actionOf({ tcp, http, command }: NonNullable<Service["readiness"]>): Probe | undefined {
  if (tcp !== undefined) return { tcpSocket: { port: tcp } };
  if (http) return { httpGet: { path: http.path ?? "/", port: http.port } };
  return command && { exec: { command } };
}
