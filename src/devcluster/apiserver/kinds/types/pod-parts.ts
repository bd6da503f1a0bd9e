import type { TypeTable } from "./notation.ts";

/** core/v1 types of probes, hooks and projected volumes. Source: k8s.io/api/core/v1. */
export const podPartTypes: TypeTable = {
  Probe: {
    exec: "*ExecAction @1.1",
    httpGet: "*HTTPGetAction @1.2",
    tcpSocket: "*TCPSocketAction @1.3",
    grpc: "*GRPCAction @1.4",
    initialDelaySeconds: "int32 @2",
    timeoutSeconds: "int32 @3",
    periodSeconds: "int32 @4",
    successThreshold: "int32 @5",
    failureThreshold: "int32 @6",
    terminationGracePeriodSeconds: "*int64 @7",
  },
  Lifecycle: { postStart: "*LifecycleHandler @1", preStop: "*LifecycleHandler @2", stopSignal: "*string @3" },
  LifecycleHandler: {
    exec: "*ExecAction @1",
    httpGet: "*HTTPGetAction @2",
    tcpSocket: "*TCPSocketAction @3",
    sleep: "*SleepAction @4",
  },
  ExecAction: { command: "[]string atomic @1" },
  HTTPGetAction: {
    path: "string @1",
    port: "!intOrString @2",
    host: "string @3",
    scheme: "string @4",
    httpHeaders: "[]HTTPHeader atomic @5",
  },
  HTTPHeader: { name: "!string @1", value: "!string @2" },
  TCPSocketAction: { port: "!intOrString @1", host: "string @2" },
  GRPCAction: { port: "!int32 @1", service: "*string @2" },
  SleepAction: { seconds: "!int64 @1" },
  DownwardAPIVolumeSource: { items: "[]DownwardAPIVolumeFile atomic @1", defaultMode: "*int32 @2" },
  DownwardAPIVolumeFile: {
    path: "!string @1",
    fieldRef: "*ObjectFieldSelector atomic @2",
    resourceFieldRef: "*ResourceFieldSelector atomic @3",
    mode: "*int32 @4",
  },
  ProjectedVolumeSource: { sources: "![]VolumeProjection atomic @1", defaultMode: "*int32 @2" },
  VolumeProjection: {
    secret: "*KeysProjection @1",
    downwardAPI: "*DownwardAPIProjection @2",
    configMap: "*KeysProjection @3",
    serviceAccountToken: "*ServiceAccountTokenProjection @4",
    clusterTrustBundle: "*any @5",
    podCertificate: "*any @6",
  },
  KeysProjection: { name: "string @1.1", items: "[]KeyToPath atomic @2", optional: "*bool @4" },
  DownwardAPIProjection: { items: "[]DownwardAPIVolumeFile atomic @1" },
  ServiceAccountTokenProjection: {
    audience: "string @1",
    expirationSeconds: "*int64 @2",
    path: "!string @3",
  },
};
