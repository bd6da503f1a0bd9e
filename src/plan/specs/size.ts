import type { Container, Job } from "../../kube/builtin.ts";

/** The kernel's limit of one argument or variable (MAX_ARG_STRLEN), with the NUL that ends it. */
const MAX_STRING_BYTES = 128 * 1024;
/** Of all of them: a quarter of the usual 8 MiB of stack, less what an image and a node add. */
const MAX_START_BYTES = 2 * 1024 * 1024 - 256 * 1024;
/** etcd takes no larger request; the API server adds status and managed fields to what is sent. */
const MAX_OBJECT_BYTES = 1536 * 1024 - 128 * 1024;
/** The kernel keeps a pointer for each string. */
const POINTER_BYTES = 8;

/** Why no node could start a Job's containers, or no API server store it; undefined if they can. */
export function tooLarge(job: Job): string | undefined {
  const { initContainers = [], containers } = job.spec.template.spec;
  for (const container of [...initContainers, ...containers]) {
    const found = tooLargeToStart(container);
    if (found !== undefined) return found;
  }
  const size = bytesOf(JSON.stringify(job));
  return size > MAX_OBJECT_BYTES
    ? `the Job would have ${size} bytes, and an API server stores at most ${MAX_OBJECT_BYTES}`
    : undefined;
}

function tooLargeToStart({
  name: container,
  command = [],
  args = [],
  env = [],
}: Container): string | undefined {
  const strings = [
    ...[...command, ...args].map((text, index) => ({ what: `argument ${index}`, text })),
    ...env.map(({ name, value = "" }) => ({ what: `variable ${name}`, text: `${name}=${value}` })),
  ];
  let sum = 0;
  for (const { what, text } of strings) {
    // The kubelet makes one `$` of two.
    const size = bytesOf(text.replaceAll("$$", "$")) + 1;
    if (size > MAX_STRING_BYTES)
      return `${what} of container ${container} would have ${size} bytes, and a program can be given at most ${MAX_STRING_BYTES}`;
    sum += size + POINTER_BYTES;
  }
  return sum > MAX_START_BYTES
    ? `the arguments and variables of container ${container} would have ${sum} bytes together, and a program can be given at most ${MAX_START_BYTES}`
    : undefined;
}

const encoder = new TextEncoder();

function bytesOf(text: string): number {
  return encoder.encode(text).length;
}
