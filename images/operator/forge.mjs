// Stands for the file of this name in the operator's image, in containers of the embedded cluster: the sources as they are.
await import("/app-sources/src/cli/forge-step.ts");
