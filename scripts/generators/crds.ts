import { stringify } from "yaml";
import { API_GROUP } from "../../src/api/group.ts";
import { customResourceDefinitions } from "../../src/api/kinds.ts";
import { type Generator, NOTICE } from "./generator.ts";
import { renderReleaseRole, renderReleaseRoleBinding } from "./roles.ts";

const FOLDER = "config/crd";

/** Quoted so that readers of YAML 1.1, which kubectl has, see the same values. */
function yaml(value: unknown): string {
  return stringify(value, { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false });
}

async function files(): Promise<Map<string, string>> {
  const made = new Map<string, string>();
  for (const crd of customResourceDefinitions()) {
    made.set(`${FOLDER}/${API_GROUP}_${crd.spec.names.plural}.yaml`, `# ${NOTICE}\n${yaml(crd)}`);
  }
  made.set(`${FOLDER}/release-role.yaml`, renderReleaseRole());
  made.set(`${FOLDER}/release-role-binding.yaml`, renderReleaseRoleBinding());
  const resources = [...made.keys()].map((path) => path.slice(FOLDER.length + 1));
  const kustomization = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources,
  };
  return made.set(`${FOLDER}/kustomization.yaml`, `# ${NOTICE}\n${yaml(kustomization)}`);
}

/** `kubectl apply -k config/crd` */
export const crds: Generator = { files, folder: FOLDER };
