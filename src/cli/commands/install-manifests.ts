import { join } from "node:path";
import { stringify } from "yaml";
import type { Deployment } from "../../kube/cluster-kinds.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { OPERATOR_NAMESPACE } from "../../local/service-account.ts";
import { imagesIn, type Images } from "../../operator/images.ts";
import { readKustomization, type Manifest } from "./manifests.ts";

export interface InstallChoices {
  /** Where the operator runs. */
  namespace: string;
  /** Where the images of this version are; default: on the nodes, by their bare names. */
  registry?: string | undefined;
  /** These images whatever the registry. */
  images?: { readonly [Name in keyof Images]?: string | undefined };
}

/** What is applied, in its order. */
export interface InstallManifests {
  /** config/crd */
  definitions: Manifest[];
  /** config/default */
  operator: Manifest[];
}

interface Binding extends KubeObject {
  subjects?: { namespace?: string }[];
}

/** The objects of config/ as they are to be applied: in another namespace, with other images. */
export async function installManifests(
  configDirectory: string,
  choices: InstallChoices,
): Promise<InstallManifests> {
  const read = async (part: string): Promise<Manifest[]> =>
    (await readKustomization(join(configDirectory, part))).map(({ type, object }) => ({
      type,
      object: withImages(inNamespace(object, choices.namespace), choices),
    }));
  return { definitions: await read("crd"), operator: await read("default") };
}

/** As one file for `kubectl apply -f`, which waits for no definition: of the operator's kinds it holds no object. */
export function installFile({ definitions, operator }: InstallManifests): string {
  return [...definitions, ...operator]
    .map(({ object }) =>
      // Quoted so that readers of YAML 1.1, which kubectl has, see the same values.
      stringify(object, { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false }),
    )
    .join("---\n");
}

/** The object itself, the namespace that config/ has, and the accounts of bindings. */
function inNamespace(object: KubeObject, namespace: string): KubeObject {
  const moved: Binding = structuredClone(object);
  if (moved.metadata.namespace === OPERATOR_NAMESPACE) moved.metadata.namespace = namespace;
  if (moved.kind === "Namespace" && moved.metadata.name === OPERATOR_NAMESPACE)
    moved.metadata.name = namespace;
  for (const subject of moved.subjects ?? [])
    if (subject.namespace === OPERATOR_NAMESPACE) subject.namespace = namespace;
  return moved;
}

/** The Deployment with the images that were chosen; everything else as it is. */
function withImages(object: KubeObject, { registry, images = {} }: InstallChoices): KubeObject {
  if (object.kind !== "Deployment") return object;
  const deployment = structuredClone(object) as Deployment;
  const given = registry === undefined ? undefined : imagesIn(registry);
  const operator = images.operator ?? given?.operator;
  for (const container of deployment.spec.template?.spec?.containers ?? []) {
    if (operator !== undefined) container.image = operator;
    for (const name of ["git", "agent"] as const) {
      const image = images[name] ?? given?.[name];
      if (image !== undefined) container.args = [...(container.args ?? []), `--${name}-image=${image}`];
    }
    if (operator !== undefined) container.args = [...(container.args ?? []), `--operator-image=${operator}`];
  }
  return deployment;
}
