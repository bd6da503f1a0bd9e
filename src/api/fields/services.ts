import { emptyDirPath, servicePortsApart } from "../rules/services.ts";
import { dnsLabel } from "../rules/names.ts";
import { integer, list, object, text } from "../schema/fields.ts";
import { argv, resources } from "./common.ts";
import { image, plainEnv } from "./pod.ts";

const port = (description: string) => integer({ description, minimum: 1, maximum: 65_535 });

const readiness = object(
  {
    tcp: port("It is ready if this port takes a connection on the pod's address.").optional(),
    http: object(
      {
        port: port("Port of the request, on the pod's address."),
        path: text({
          description: "Path of the request. Default: /.",
          minLength: 1,
          maxLength: 1024,
        }).optional(),
      },
      { description: "It is ready if a GET request is answered with a status from 200 to 399." },
    ).optional(),
    command: argv(
      "It is ready if this program ends with exit code 0. It runs in the service's container.",
    ).optional(),
  },
  {
    description:
      "When the service is ready. Default: its first port takes a connection; without ports, once it has started.",
    rules: [
      {
        rule: "[has(self.tcp), has(self.http), has(self.command)].exists_one(given, given)",
        message: "set exactly one of tcp, http and command",
      },
    ],
  },
);

const service = object(
  {
    name: text({
      description: "Name of the service. Its container is named service-<name>.",
      minLength: 1,
      maxLength: 40,
      rules: [dnsLabel],
    }),
    image: image("Image of the container."),
    command: argv(
      "Program and arguments. Default: those of the image. Nothing in them is expanded.",
    ).optional(),
    env: plainEnv("Environment variables of the service. It has none of the run's.").optional(),
    ports: list(port("A port."), {
      description: "Ports that it listens on. No two services have the same one.",
      maxItems: 16,
      type: "set",
    }).optional(),
    readiness: readiness.optional(),
    resources: resources(
      "Resources of the container. Default: requests of 100m and 256Mi, a memory limit of 1Gi.",
    ).optional(),
    runAsUser: integer({
      description: "User id of the container. Default: the pod's.",
      minimum: 0,
      maximum: 2147483647,
      format: "int64",
    }).optional(),
    emptyDirs: list(
      text({ description: "An absolute path.", minLength: 2, maxLength: 255, rules: [emptyDirPath] }),
      {
        description: "Directories that the service can write to, empty at first and gone with the pod.",
        maxItems: 8,
        type: "set",
      },
    ).optional(),
  },
  { description: "One service." },
);

/** `services` of an AgentRun. */
export const services = list(service, {
  description:
    "Programs that run beside the agent, such as a database, and that it reaches at localhost. They start after the clone and before setup, one after the other, each once the one before it is ready. The verification has its own. They need Kubernetes 1.29.",
  maxItems: 8,
  type: "map",
  keys: ["name"],
  rules: [servicePortsApart],
});
