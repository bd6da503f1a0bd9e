/** What a parser answers: a value, or Kubernetes' own words on why there is none. */
export type Parsed<T> =
  | { readonly value: T; readonly error?: undefined }
  | { readonly error: string; readonly value?: undefined };
