import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { type MutableObject } from "../../answers/json-object.ts";
import { objectsAt, objectAt, textAt } from "../../../../kube/json.ts";
import { portNameErrors, regexError } from "../../../../kube/names.ts";

const HANDLERS = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"];
const PROBES = ["livenessProbe", "readinessProbe", "startupProbe"];
const HEADER = "a valid HTTP header must consist of alphanumeric characters or '-'";
const HOOKS = ["postStart", "preStop"];
const COUNTS = [
  "initialDelaySeconds",
  "timeoutSeconds",
  "periodSeconds",
  "successThreshold",
  "failureThreshold",
];

/** The probes and hooks of a container, which an ordinary init container may not have. */
export function validateProbes(
  container: MutableObject,
  at: string,
  { isInit, grace }: { isInit: boolean; grace: number },
): FieldError[] {
  const named = ["lifecycle", ...PROBES].filter((name) => name in container);
  if (isInit && textAt(container, "restartPolicy") !== "Always") {
    const why = "may not be set for init containers without restartPolicy=Always";
    return named.map((name) => field.forbidden(`${at}.${name}`, why));
  }
  return named.flatMap((name) =>
    name === "lifecycle"
      ? validateLifecycle(objectAt(container, name), `${at}.${name}`, grace)
      : validateProbe(objectAt(container, name), `${at}.${name}`, name),
  );
}

function validateLifecycle(lifecycle: MutableObject, at: string, grace: number): FieldError[] {
  return HOOKS.filter((name) => name in lifecycle).flatMap((name) => {
    const hook = objectAt(lifecycle, name);
    const errors = validateHandler(hook, `${at}.${name}`);
    const seconds = Number(objectAt(hook, "sleep")["seconds"] ?? 0);
    if (seconds >= 0 && seconds <= grace) return errors;
    const words = `must be non-negative and less than terminationGracePeriodSeconds (${grace})`;
    return [...errors, field.invalid(`${at}.${name}.sleep`, seconds, words)];
  });
}

function validateProbe(probe: MutableObject, at: string, kind: string): FieldError[] {
  const errors = validateHandler(probe, at);
  for (const name of COUNTS) {
    const value = Number(probe[name] ?? 0);
    if (value < 0) errors.push(field.invalid(`${at}.${name}`, value, "must be greater than or equal to 0"));
  }
  const successes = Number(probe["successThreshold"] ?? 1);
  if (kind !== "readinessProbe" && successes !== 1) {
    errors.push(field.invalid(`${at}.successThreshold`, successes, "must be 1"));
  }
  const grace = probe["terminationGracePeriodSeconds"];
  if (grace === undefined) return errors;
  const path = `${at}.terminationGracePeriodSeconds`;
  if (Number(grace) <= 0) errors.push(field.invalid(path, grace, "must be greater than 0"));
  if (kind === "readinessProbe") {
    errors.push(field.invalid(path, grace, "must not be set for readinessProbes"));
  }
  return errors;
}

function validateHandler(handler: MutableObject, at: string): FieldError[] {
  const [first, ...more] = HANDLERS.filter((name) => name in handler);
  if (first === undefined) return [field.required(at, "must specify a handler type")];
  const tooMany = more.map((name) =>
    field.forbidden(`${at}.${name}`, "may not specify more than 1 handler type"),
  );
  return [...validateAction(objectAt(handler, first), `${at}.${first}`, first), ...tooMany];
}

function validateAction(action: MutableObject, at: string, kind: string): FieldError[] {
  if (kind === "exec") {
    const command = action["command"];
    return Array.isArray(command) && command.length > 0 ? [] : [field.required(`${at}.command`)];
  }
  if (kind === "sleep") return [];
  const errors = validatePort(action["port"], `${at}.port`);
  const scheme = textAt(action, "scheme");
  if (kind === "httpGet" && scheme !== "HTTP" && scheme !== "HTTPS") {
    errors.push(field.notSupported(`${at}.scheme`, scheme, ["HTTP", "HTTPS"]));
  }
  const names = objectsAt(action, "httpHeaders").map((header) => textAt(header, "name"));
  for (const name of names.filter((header) => !/^[-A-Za-z0-9]+$/.test(header))) {
    const words = regexError(HEADER, "[-A-Za-z0-9]+", "X-Header-Name");
    errors.push(field.invalid(`${at}.httpHeaders`, name, words));
  }
  return errors;
}

function validatePort(port: unknown, at: string): FieldError[] {
  if (typeof port === "string") return portNameErrors(port).map((detail) => field.invalid(at, port, detail));
  const number = Number(port ?? 0);
  if (number >= 1 && number <= 65535) return [];
  return [field.invalid(at, number, "must be between 1 and 65535, inclusive")];
}
