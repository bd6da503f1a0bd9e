/** The API group of every kind of this project. */
export const API_GROUP = "agent.xonovex.com";

/** The one version that is served and stored. */
export const API_VERSION = "v1alpha1";
